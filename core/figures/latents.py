"""Codes on a plane: the codes of all images, and the surroundings of one code."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme
from core.figures.plane import AXES, Extent, ellipse, equal_axes, prior_traces, square_extent

_SVG_LIMIT = 1000
"""Most points that are drawn as SVG, which is sharper; a browser draws more of them too slowly."""


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
        codes: (N, 2) codes in two latents.
        labels: (N,) class of each image, from 0.
        label_names: name of each class.
        prior_circles: whether to draw 1, 2 and 3 sigma of the standard normal prior.
        extent: edges of the plane; a square around the codes when left out.
        axes: names of the axes.
        marker_size: size of a point, in pixels.
        height: height in pixels.
        quiet: whether to leave legend and axis names out, for small panels side by side.
    """
    figure = go.Figure(_class_points(codes, labels, label_names, size=marker_size))
    if prior_circles:
        figure.add_traces(prior_traces())
    theme.layout(figure, height, legend=not quiet)
    extent = extent or square_extent(codes, prior=prior_circles)
    return equal_axes(figure, extent, ("", "") if quiet else axes)


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
        codes: (N, 2) codes in two latents.
        values: (N,) values of the factor.
        name: name of the factor, with its unit.
        prior_circles: whether to draw 1, 2 and 3 sigma of the standard normal prior.
        extent: edges of the plane; a square around the codes when left out.
        axes: names of the axes.
        marker_size: size of a point, in pixels.
        height: height in pixels.
        quiet: whether to leave colour bar and axis names out, for small panels side by side.
    """
    bar = {"title": {"text": name, "side": "right"}, "thickness": 10, "outlinewidth": 0}
    color = {
        "color": np.float32(values),
        "colorscale": theme.color_scale(),
        "showscale": not quiet,
        "colorbar": bar,
    }
    hover = f"{name} %{{marker.color:.3~g}}, image %{{customdata}}<extra></extra>"
    every = np.arange(len(codes))
    points = _points(codes, every, marker_size, color, showlegend=False, hovertemplate=hover)
    figure = go.Figure(points)
    if prior_circles:
        figure.add_traces(prior_traces())
    theme.layout(figure, height, legend=not quiet)
    extent = extent or square_extent(codes, prior=prior_circles)
    return equal_axes(figure, extent, ("", "") if quiet else axes)


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
    """Return the surroundings of one code: its posterior and the codes next to it.

    Args:
        point: (2,) the code.
        mean: (2,) mean of its posterior; the code itself when left out.
        std: (2,) standard deviations of its posterior; no ellipses when left out.
        neighbours: (k, 2) codes of its nearest neighbours; none when left out.
        neighbour_labels: (k,) their classes, for their colours; grey when left out.
        axes: names of the axes.
        height: height in pixels.
    """
    mean = point if mean is None else mean
    around = [point[None]]
    figure = go.Figure()
    if std is not None:
        figure.add_traces([ellipse(mean, std, 2), ellipse(mean, std, 1)])
        around += [mean[None] - 2 * std, mean[None] + 2 * std]
    if neighbours is not None:
        figure.add_trace(_neighbour_points(neighbours, neighbour_labels))
        around.append(neighbours)
    figure.add_trace(_cross(point))
    extent = square_extent(*around, prior=False, margin=0.1)
    return equal_axes(theme.layout(figure, height), extent, axes)


def _points(
    codes: NDArray[np.floating],
    index: NDArray[np.integer],
    size: float,
    color: dict[str, Any],
    **options: Any,
) -> go.Scatter | go.Scattergl:
    """Return the codes at an index (n,); a click reports a code's number."""
    kind = go.Scattergl if len(codes) > _SVG_LIMIT else go.Scatter
    x, y = codes[index].astype(np.float32).T
    return kind(
        x=x,
        y=y,
        customdata=index.astype(np.uint16 if len(codes) <= 2**16 else np.uint32),
        mode="markers",
        marker={"size": size, "opacity": 0.8, **color},
        selected={"marker": {"size": 3 * size, "opacity": 1}},
        unselected={"marker": {"opacity": 0.5}},
        **options,
    )


def _class_points(
    codes: NDArray[np.floating],
    labels: NDArray[np.integer],
    names: Sequence[str],
    *,
    size: float,
) -> list[go.Scatter | go.Scattergl]:
    return [
        _points(
            codes,
            np.flatnonzero(labels == label),
            size,
            {"color": theme.label_color(label)},
            name=name,
            legendgroup=name,
            hovertemplate=f"{name}, image %{{customdata}}<extra></extra>",
        )
        for label, name in enumerate(names)
    ]


def _neighbour_points(
    codes: NDArray[np.floating], labels: NDArray[np.integer] | None
) -> go.Scatter:
    colors = theme.MUTED if labels is None else [theme.label_color(int(label)) for label in labels]
    x, y = codes.astype(np.float32).T
    index = np.arange(len(codes), dtype=np.int32)
    marker = {"color": colors, "size": 9}
    hover = "neighbour %{customdata}<extra></extra>"
    return go.Scatter(
        x=x,
        y=y,
        customdata=index,
        mode="markers",
        name="neighbours",
        marker=marker,
        hovertemplate=hover,
    )


def _cross(point: NDArray[np.floating]) -> go.Scatter:
    marker = {"symbol": "cross-thin", "size": 14, "line": {"color": theme.POSTERIOR, "width": 3}}
    return go.Scatter(
        x=point[:1], y=point[1:], mode="markers", name="picked", marker=marker, hoverinfo="skip"
    )
