"""Codes on a plane: where a model puts the images, what surrounds a point, what the decoder makes of the plane.

Axes are always equal, because a distance in latent space means the same in every direction.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme
from core.figures.images import click_grid, place_image, sheet_png

Extent = tuple[float, float, float, float]
"""Left, right, bottom, top, in units of the codes."""

AXES = ("z<sub>1</sub>", "z<sub>2</sub>")
# SVG points are sharper, but a browser draws more than about a thousand of them too slowly.
_SVG_LIMIT = 1000


def square_extent(*codes: NDArray[np.floating], prior: bool = True, margin: float = 0.05) -> Extent:
    """Return the smallest square around all codes, for figures that should share their axes.

    Args:
        codes: any number of arrays (N, 2).
        prior: whether the prior's 3 sigma circle has to fit in as well.
        margin: added on every side, as a part of the width.
    """
    points = np.concatenate([*codes, *([[(-3, -3), (3, 3)]] if prior else [])])
    low, high = points.min(axis=0), points.max(axis=0)
    half = (0.5 + margin) * max((high - low).max(), 1e-6)
    (x, y) = (low + high) / 2
    return float(x - half), float(x + half), float(y - half), float(y + half)


def latent_scatter(
    codes: NDArray[np.floating],
    labels: NDArray[np.integer],
    label_names: Sequence[str],
    *,
    prior_circles: bool = True,
    extent: Extent | None = None,
    axes: tuple[str, str] = AXES,
    marker_size: float = 4,
    height: int = 560,
    quiet: bool = False,
) -> go.Figure:
    """Return the codes coloured by class; a click reports the image's index as `customdata`.

    Args:
        codes: (N, 2).
        labels: (N,) class of each image, from 0.
        label_names: name of each class.
        prior_circles: whether to draw 1, 2 and 3 sigma of the standard normal prior.
        extent: what the axes show; a square around the codes when left out.
        axes: names of the axes.
        marker_size: of a point, in pixels.
        height: in pixels.
        quiet: without legend and axis names, for small panels side by side.
    """
    figure = go.Figure([_class_points(codes, labels, i, name, marker_size) for i, name in enumerate(label_names)])
    return _finish(figure, codes, prior_circles, extent, axes, height, quiet)


def factor_scatter(
    codes: NDArray[np.floating],
    values: NDArray[np.number],
    name: str,
    *,
    prior_circles: bool = True,
    extent: Extent | None = None,
    axes: tuple[str, str] = AXES,
    marker_size: float = 4,
    height: int = 560,
    quiet: bool = False,
) -> go.Figure:
    """Return the codes coloured by a factor or another quantity on the sequential scale.

    Args:
        codes: (N, 2).
        values: (N,) of the factor.
        name: of the factor, with its unit.
        prior_circles: whether to draw 1, 2 and 3 sigma of the standard normal prior.
        extent: what the axes show; a square around the codes when left out.
        axes: names of the axes.
        marker_size: of a point, in pixels.
        height: in pixels.
        quiet: without colour bar and axis names, for small panels side by side.
    """
    points = _points(codes, np.arange(len(codes)), name, marker_size)
    points.update(showlegend=False, hovertemplate=f"{name} %{{marker.color}}, image %{{customdata}}<extra></extra>")
    bar = {"title": {"text": name, "side": "right"}, "thickness": 10, "outlinewidth": 0}
    color = {"color": np.float32(values), "colorscale": theme.color_scale(), "showscale": not quiet, "colorbar": bar}
    points.update(marker=color)
    return _finish(go.Figure(points), codes, prior_circles, extent, axes, height, quiet)


def picked_point(
    point: NDArray[np.floating],
    mean: NDArray[np.floating] | None = None,
    std: NDArray[np.floating] | None = None,
    neighbours: NDArray[np.floating] | None = None,
    *,
    neighbour_labels: NDArray[np.integer] | None = None,
    axes: tuple[str, str] = AXES,
    height: int = 320,
) -> go.Figure:
    """Return the surrounding of one code: its posterior and the codes next to it.

    Args:
        point: (2,) the code.
        mean: (2,) of its posterior; the point itself when left out.
        std: (2,) of its posterior; no ellipses when left out.
        neighbours: (k, 2) codes of its nearest neighbours.
        neighbour_labels: (k,) their classes, for their colours.
        axes: names of the axes.
        height: in pixels.
    """
    mean = point if mean is None else mean
    around = [point[None]]
    figure = go.Figure()
    if std is not None:
        figure.add_traces([ellipse(mean, std, 2, theme.POSTERIOR), ellipse(mean, std, 1, theme.POSTERIOR)])
        around += [mean[None] - 2 * std, mean[None] + 2 * std]
    if neighbours is not None:
        figure.add_trace(_neighbour_points(neighbours, neighbour_labels))
        around.append(neighbours)
    figure.add_trace(_cross(point))
    extent = square_extent(*around, prior=False, margin=0.15)
    return equal_axes(theme.layout(figure, height), extent, axes)


def decoded_plane(
    images: NDArray[np.floating],
    extent: Extent,
    *,
    columns: int | None = None,
    prior_circles: bool = False,
    axes: tuple[str, str] = AXES,
    height: int = 560,
) -> go.Figure:
    """Return what the decoder makes of a grid of codes, each image centred on its code.

    Args:
        images: (R*C, 1, H, W) or (R*C, H, W), in [0, 1], row by row from the top left: the second latent falls from
            row to row, the first one rises along a row.
        extent: codes of the outermost images: left, right, bottom, top.
        columns: C; as many as rows when left out.
        prior_circles: whether to draw 1, 2 and 3 sigma of the standard normal prior on top.
        axes: names of the axes.
        height: in pixels.
    """
    columns = columns or round(len(images) ** 0.5)
    rows = len(images) // columns
    left, right, bottom, top = extent
    x, y = np.meshgrid(np.linspace(left, right, columns), np.linspace(top, bottom, rows))
    half_x, half_y = (right - left) / (columns - 1) / 2, (top - bottom) / (rows - 1) / 2
    edges = (left - half_x, right + half_x, bottom - half_y, top + half_y)
    hover = f"{axes[0]} %{{x:.2f}}, {axes[1]} %{{y:.2f}}"
    grid = click_grid(x.ravel(), y.ravel(), np.arange(x.size), size=0.8 * height / rows, hover=hover)
    figure = go.Figure([*([prior_trace()] if prior_circles else []), grid])
    place_image(figure, sheet_png(images, columns, scale=2, pad=0), edges)
    equal_axes(theme.layout(figure, height, legend=prior_circles), edges, axes)
    return figure.update_xaxes(showgrid=False, zeroline=False).update_yaxes(showgrid=False, zeroline=False)


def prior_trace() -> go.Scatter:
    """Return 1, 2 and 3 sigma of the standard normal prior as one line."""
    circles = [np.append(_circle(radius), [[np.nan, np.nan]], axis=0) for radius in (1, 2, 3)]
    x, y = np.concatenate(circles).astype(np.float32).T
    line = {"color": theme.PRIOR, "width": 1.5}
    return go.Scatter(x=x, y=y, mode="lines", line=line, name="prior, 1 2 3 σ", hoverinfo="skip")


def ellipse(mean: NDArray[np.floating], std: NDArray[np.floating], times: float, color: str) -> go.Scatter:
    """Return the outline of a Gaussian with independent latents, lightly filled.

    Args:
        mean: (2,).
        std: (2,).
        times: how many standard deviations out.
        color: of line and filling.
    """
    x, y = (mean + std * _circle(times)).astype(np.float32).T
    name = "posterior, 1 2 σ"
    look = {"line": {"color": color, "width": 1.5}, "fill": "toself", "fillcolor": theme.faded(color, 0.15)}
    group = {"legendgroup": "posterior", "showlegend": times == 1, "hoverinfo": "skip"}
    return go.Scatter(x=x, y=y, mode="lines", name=name, **look, **group)


def equal_axes(figure: go.Figure, extent: Extent, axes: tuple[str, str] = AXES) -> go.Figure:
    """Show an extent with the same length for one unit on both axes.

    Args:
        figure: is changed in place.
        extent: left, right, bottom, top.
        axes: names of the axes.
    """
    figure.update_xaxes(range=extent[:2], title_text=axes[0], constrain="domain")
    return figure.update_yaxes(range=extent[2:], title_text=axes[1], constrain="domain", scaleanchor="x", scaleratio=1)


def _circle(radius: float) -> NDArray[np.floating]:
    angle = np.linspace(0, 2 * np.pi, 97)
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (97, 2)


def _points(
    codes: NDArray[np.floating], index: NDArray[np.integer], name: str, size: float
) -> go.Scatter | go.Scattergl:
    kind = go.Scattergl if len(codes) > _SVG_LIMIT else go.Scatter
    x, y = codes[index].astype(np.float32).T
    return kind(
        x=x,
        y=y,
        customdata=np.int32(index),
        mode="markers",
        name=name,
        marker={"size": size, "opacity": 0.7},
        selected={"marker": {"size": 3 * size, "opacity": 1}},
        unselected={"marker": {"opacity": 0.4}},
        hovertemplate=f"{name}, image %{{customdata}}<extra></extra>",
    )


def _class_points(
    codes: NDArray[np.floating], labels: NDArray[np.integer], label: int, name: str, size: float
) -> go.Scatter | go.Scattergl:
    points = _points(codes, np.flatnonzero(labels == label), name, size)
    return points.update(marker_color=theme.label_color(label))


def _neighbour_points(codes: NDArray[np.floating], labels: NDArray[np.integer] | None) -> go.Scatter:
    colors = theme.MUTED if labels is None else [theme.label_color(int(label)) for label in labels]
    x, y = codes.astype(np.float32).T
    index = np.arange(len(codes), dtype=np.int32)
    marker = {"color": colors, "size": 9}
    hover = "neighbour %{customdata}<extra></extra>"
    return go.Scatter(x=x, y=y, customdata=index, mode="markers", name="neighbours", marker=marker, hovertemplate=hover)


def _cross(point: NDArray[np.floating]) -> go.Scatter:
    marker = {"symbol": "cross-thin", "size": 14, "line": {"color": theme.POSTERIOR, "width": 3}}
    return go.Scatter(x=point[:1], y=point[1:], mode="markers", name="picked", marker=marker, hoverinfo="skip")


def _finish(
    figure: go.Figure,
    codes: NDArray[np.floating],
    prior_circles: bool,
    extent: Extent | None,
    axes: tuple[str, str],
    height: int,
    quiet: bool,
) -> go.Figure:
    if prior_circles:
        figure.add_trace(prior_trace())
    theme.layout(figure, height, legend=not quiet)
    return equal_axes(figure, extent or square_extent(codes, prior=prior_circles), ("", "") if quiet else axes)
