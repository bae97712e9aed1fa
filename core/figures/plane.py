"""The plane of two latents: equal axes, the prior's circles, a posterior's ellipse.

Axes are always equal, because a distance in latent space means the same in every direction.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme

Extent = tuple[float, float, float, float]
"""Left, right, bottom and top edge, in units of the codes."""

AXES = ("z<sub>1</sub>", "z<sub>2</sub>")
"""Names of the axes of two latents."""


def square_extent(
    *codes: NDArray[np.floating], prior: bool = True, margin: float = 0.05
) -> Extent:
    """Return the smallest square around all codes, for figures that should share their axes.

    Args:
        codes: any number of arrays (N, 2).
        prior: whether the prior's 3 sigma circle has to fit in as well.
        margin: room on every side, as a share of the width.
    """
    corners = [[(-3, -3), (3, 3)]] if prior else []
    points = np.concatenate([*codes, *corners])
    low, high = points.min(axis=0), points.max(axis=0)
    half = (0.5 + margin) * max((high - low).max(), 1e-6)
    x, y = (low + high) / 2
    return float(x - half), float(x + half), float(y - half), float(y + half)


def prior_traces(width: float = 1.5, **options: Any) -> list[go.Scatter]:
    """Return circles of 1, 2 and 3 sigma of the standard normal prior, and their labels.

    Args:
        width: width of the line, in pixels.
        options: any fields of both traces.
    """
    radii = (1, 2, 3)
    circles = [_circle(radius) for radius in radii]
    gap = np.full((1, 2), np.nan)  # ends a circle, so that one line draws all three
    parts = [part for circle in circles for part in (circle, gap)]
    x, y = np.concatenate(parts).astype(np.float32).T
    line = {"color": theme.PRIOR, "width": width}
    common = {"name": "prior", "legendgroup": "prior", "hoverinfo": "skip", **options}
    outlines = go.Scatter(x=x, y=y, mode="lines", line=line, **common)

    x, y = np.stack([circle[0] for circle in circles], axis=1)
    common["showlegend"] = False
    labels = go.Scatter(
        x=x,
        y=y,
        mode="text",
        textposition="middle right",
        text=[f"{radius}σ" for radius in radii],
        textfont={"color": theme.PRIOR, "size": 11},
        unselected={"textfont": {"color": theme.PRIOR}},  # or a click elsewhere would fade them
        **common,
    )
    return [outlines, labels]


def ellipse(
    mean: NDArray[np.floating],
    std: NDArray[np.floating],
    times: float,
    color: str = theme.POSTERIOR,
) -> go.Scatter:
    """Return the outline of a Gaussian with independent latents, lightly filled.

    Args:
        mean: (2,) mean.
        std: (2,) standard deviations.
        times: distance of the outline from the mean, in standard deviations.
        color: colour of line and filling.
    """
    x, y = (mean + std * _circle(times)).astype(np.float32).T
    look = {
        "line": {"color": color, "width": 1.5},
        "fill": "toself",
        "fillcolor": theme.faded(color, 0.15),
    }
    group = {"legendgroup": "posterior", "showlegend": times == 1, "hoverinfo": "skip"}
    return go.Scatter(x=x, y=y, mode="lines", name="posterior, 1σ 2σ", **look, **group)


def equal_axes(figure: go.Figure, extent: Extent, axes: tuple[str, str] = AXES) -> go.Figure:
    """Show an extent with the same length for one unit on both axes, and return the figure.

    Args:
        figure: figure that is changed in place.
        extent: left, right, bottom and top edge.
        axes: names of the axes.
    """
    figure.update_xaxes(range=extent[:2], title_text=axes[0], constrain="domain", showgrid=True)
    return figure.update_yaxes(
        range=extent[2:], title_text=axes[1], constrain="domain", scaleanchor="x", scaleratio=1
    )


def axis_names(pair: Sequence[int]) -> tuple[str, str]:
    """Return the names that the axes of two latents carry.

    Args:
        pair: numbers of the two latents, from 0.

    >>> axis_names((0, 9))
    ('z<sub>1</sub>', 'z<sub>10</sub>')
    """
    first, second = pair
    return f"z<sub>{first + 1}</sub>", f"z<sub>{second + 1}</sub>"


def _circle(radius: float) -> NDArray[np.floating]:
    # A circle begins at 45 degrees, where the label of a prior's circle hides the least.
    angle = np.pi / 4 + np.linspace(0, 2 * np.pi, 97)
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (97, 2)
