"""The steps of the Higgins score: by how much two codes differ, and what a linear classifier makes of it."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme

_REGION = 0.16
"""Opacity of what the classifier names a place."""


def difference_bars(
    differences: NDArray[np.floating], alive: NDArray[np.bool_], *, color: str, name: str
) -> go.Figure:
    """Return a bar for each latent: by how much codes differ in it; the smallest of those in use
    stands out.

    Args:
        differences: absolute differences (L,), in units of the codes.
        alive: which latents are in use (L,); the others never differ much.
        color: of the smallest.
        name: of the values, for the axis.
    """
    least = int(np.where(alive, differences, np.inf).argmin()) if alive.any() else -1
    latents = [f"z{j + 1}" for j in range(len(differences))]
    figure = go.Figure(
        go.Bar(
            x=latents,
            y=np.float32(differences),
            marker={
                "color": [color if j == least else theme.MUTED for j in range(len(latents))],
                "cornerradius": 3,
            },
            hovertemplate=f"%{{x}}: %{{y:.3f}}<extra>{name}</extra>",
        )
    )
    theme.layout(figure, 260, legend=False).update_layout(bargap=0.25, dragmode=False)
    return figure.update_yaxes(title_text=name, rangemode="tozero", nticks=5).update_xaxes(
        showgrid=False
    )


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
    """Return points on the plane that a classifier looks at most, on the colours of what it names
    each place.

    Args:
        points: (N, 2).
        factors: which factor each point is of, (N,), an index of `names`.
        names: of the factors.
        regions: what the classifier names each place of a grid (R, R), from the bottom left, row
            by row upwards.
        extent: left, right, bottom and top of the grid.
        picked: (2,) a point that is marked.
        height: in pixels.
    """
    across, up = (np.linspace(low, high, len(regions)) for low, high in (extent[:2], extent[2:]))
    figure = go.Figure(_region(regions, across, up, len(names)))
    for factor, name in enumerate(names):
        x, y = points[factors == factor].astype(np.float32).T
        marker = {"color": theme.label_color(factor), "size": 6, "opacity": 0.85}
        figure.add_trace(
            go.Scatter(
                x=x,
                y=y,
                mode="markers",
                name=name,
                marker=marker,
                hovertemplate=f"shared: {name}<extra></extra>",
            )
        )
    if picked is not None:
        ring = {"color": theme.CLEAR, "size": 16, "line": {"color": theme.MUTED, "width": 3}}
        figure.add_trace(
            go.Scatter(
                x=[picked[0]],
                y=[picked[1]],
                mode="markers",
                name="the point above",
                marker=ring,
                hoverinfo="name",
            )
        )
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


def _region(
    regions: NDArray[np.integer],
    across: NDArray[np.floating],
    up: NDArray[np.floating],
    count: int,
) -> go.Heatmap:
    colors = [theme.faded(theme.label_color(k), _REGION) for k in range(count)]
    scale = [(edge / count, color) for k, color in enumerate(colors) for edge in (k, k + 1)]
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
