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
"""Left, right, bottom, top, in units of the codes."""

AXES = ("z<sub>1</sub>", "z<sub>2</sub>")


def square_extent(
    *codes: NDArray[np.floating], prior: bool = True, margin: float = 0.05
) -> Extent:
    """Return the smallest square around all codes, for figures that should share their axes.

    Args:
        codes: any number of arrays (N, 2).
        prior: whether the prior's 3 sigma circle has to fit in as well.
        margin: added on every side, as a part of the width.
    """
    points = np.concatenate([*codes, *([[(-3, -3), (3, 3)]] if prior else [])])
    low, high = points.min(axis=0), points.max(axis=0)
    half = (0.5 + margin) * max((high - low).max(), 1e-6)
    x, y = (low + high) / 2
    return float(x - half), float(x + half), float(y - half), float(y + half)


def prior_traces(width: float = 1.5, **options: Any) -> list[go.Scatter]:
    """Return 1, 2 and 3 sigma of the standard normal prior as one line, and what is written on it.

    Args:
        width: of the line, in pixels.
        options: any fields of both traces.
    """
    radii = (1, 2, 3)
    gap = np.full((1, 2), np.nan)
    x, y = (
        np.concatenate([part for radius in radii for part in (_circle(radius), gap)])
        .astype(np.float32)
        .T
    )
    line = {"color": theme.PRIOR, "width": width}
    common = {"name": "prior", "legendgroup": "prior", "hoverinfo": "skip", **options}
    circles = go.Scatter(x=x, y=y, mode="lines", line=line, **common)
    x, y = np.stack([_circle(radius)[0] for radius in radii], axis=1)
    words = {
        "text": [f"{radius}σ" for radius in radii],
        "textfont": {"color": theme.PRIOR, "size": 11},
    }
    words["unselected"] = {
        "textfont": {"color": theme.PRIOR}
    }  # or a click elsewhere would fade them
    common["showlegend"] = False
    return [
        circles,
        go.Scatter(x=x, y=y, mode="text", textposition="middle right", **words, **common),
    ]


def ellipse(
    mean: NDArray[np.floating],
    std: NDArray[np.floating],
    times: float,
    color: str = theme.POSTERIOR,
) -> go.Scatter:
    """Return the outline of a Gaussian with independent latents, lightly filled.

    Args:
        mean: (2,).
        std: (2,).
        times: how many standard deviations out.
        color: of line and filling.
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
    """Show an extent with the same length for one unit on both axes.

    Args:
        figure: is changed in place.
        extent: left, right, bottom, top.
        axes: names of the axes.
    """
    figure.update_xaxes(range=extent[:2], title_text=axes[0], constrain="domain", showgrid=True)
    return figure.update_yaxes(
        range=extent[2:], title_text=axes[1], constrain="domain", scaleanchor="x", scaleratio=1
    )


def _circle(radius: float) -> NDArray[np.floating]:
    # From 45 degrees on, where the label of a prior's circle hides the least.
    angle = np.pi / 4 + np.linspace(0, 2 * np.pi, 97)
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (97, 2)


def axis_names(pair: Sequence[int]) -> tuple[str, str]:
    """Return the names of two latents, counted from 0, as axes are labelled."""
    return f"z<sub>{pair[0] + 1}</sub>", f"z<sub>{pair[1] + 1}</sub>"
