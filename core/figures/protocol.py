"""The steps of the Higgins score: differences of codes, and a linear classifier of them.

Source: Higgins et al. 2017, β-VAE, section 3, https://openreview.net/forum?id=Sy2fzU9gl.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme

_REGION = 0.16
"""Opacity of the colours of the classifier's regions."""


def difference_bars(
    differences: NDArray[np.floating], alive: NDArray[np.bool_], *, color: str, name: str
) -> go.Figure:
    """Return a bar for the difference of codes in each latent, the smallest in a colour.

    Args:
        differences: (L,) absolute differences, in units of the codes.
        alive: (L,) whether a latent is active; the others never differ much and stay grey.
        color: colour of the smallest difference.
        name: name of the differences, for the axis.
    """
    colors = [theme.MUTED] * len(differences)
    if alive.any():
        colors[int(np.where(alive, differences, np.inf).argmin())] = color
    bars = go.Bar(
        x=[f"z{j + 1}" for j in range(len(differences))],
        y=np.float32(differences),
        marker={"color": colors, "cornerradius": 3},
        hovertemplate=f"%{{x}}: %{{y:.3f}}<extra>{name}</extra>",
    )
    figure = theme.layout(go.Figure(bars), 260, legend=False)
    figure.update_layout(bargap=0.25, dragmode=False)
    figure.update_yaxes(title_text=name, rangemode="tozero", nticks=5)
    return figure.update_xaxes(showgrid=False)


def classifier_plane(
    points: NDArray[np.floating],
    factors: NDArray[np.integer],
    names: Sequence[str],
    *,
    regions: NDArray[np.integer],
    extent: tuple[float, float, float, float],
    picked: NDArray[np.floating] | None = None,
    height: int = 420,
) -> go.Figure:
    """Return points on the plane where a classifier's classes differ most, on its regions.

    A place of the plane has the colour of the factor that the classifier names there.

    Args:
        points: (N, 2) places of differences of codes.
        factors: (N,) factor of each point, an index of `names`.
        names: names of the factors.
        regions: (R, R) factor that the classifier names at each place of a grid, from the bottom
            left, row by row upwards.
        extent: left, right, bottom and top edge of the grid.
        picked: (2,) a point with a ring around it; no ring when left out.
        height: height in pixels.
    """
    left, right, bottom, top = extent
    across = np.linspace(left, right, len(regions))
    up = np.linspace(bottom, top, len(regions))
    figure = go.Figure(_region(regions, across, up, len(names)))
    for factor, name in enumerate(names):
        color = theme.label_color(factor)
        figure.add_trace(_factor_points(points[factors == factor], name, color))
    if picked is not None:
        figure.add_trace(_ring(picked))
    theme.layout(figure, height)
    figure.update_xaxes(
        title_text="first direction of the classifier",
        range=extent[:2],
        showgrid=False,
        zeroline=False,
    )
    return figure.update_yaxes(
        title_text="second direction", range=extent[2:], showgrid=False, zeroline=False
    )


def _factor_points(points: NDArray[np.floating], name: str, color: str) -> go.Scatter:
    x, y = points.astype(np.float32).T
    return go.Scatter(
        x=x,
        y=y,
        mode="markers",
        name=name,
        marker={"color": color, "size": 6, "opacity": 0.85},
        hovertemplate=f"shared: {name}<extra></extra>",
    )


def _ring(place: NDArray[np.floating]) -> go.Scatter:
    marker = {"color": theme.CLEAR, "size": 16, "line": {"color": theme.MUTED, "width": 3}}
    return go.Scatter(
        x=[place[0]],
        y=[place[1]],
        mode="markers",
        name="the point above",
        marker=marker,
        hoverinfo="name",
    )


def _region(
    regions: NDArray[np.integer],
    across: NDArray[np.floating],
    up: NDArray[np.floating],
    count: int,
) -> go.Heatmap:
    scale: list[tuple[float, str]] = []
    for k in range(count):
        color = theme.faded(theme.label_color(k), _REGION)
        scale += [(k / count, color), ((k + 1) / count, color)]
    return go.Heatmap(
        z=regions.astype(np.uint8),
        x=across,
        y=up,
        zmin=-0.5,
        zmax=count - 0.5,
        colorscale=scale,
        showscale=False,
        hoverinfo="skip",
    )
