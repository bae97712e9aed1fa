"""Bars of one number for each latent, dots of one for each model and sampler."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme


def kl_bars(
    kl: NDArray[np.floating],
    active: NDArray[np.bool_],
    *,
    color: str = theme.POSTERIOR,
    height: int = 280,
) -> go.Figure:
    """Return a bar of the KL of each latent, the collapsed latents in grey.

    Args:
        kl: (L,) KL of each latent, in nats per image.
        active: (L,) whether a latent is active.
        color: colour of the active latents' bars, as `#rrggbb`.
        height: height in pixels.
    """
    names = np.array([f"z<sub>{i + 1}</sub>" for i in range(len(kl))])
    figure = go.Figure()
    figure.add_trace(_bars(names[active], kl[active], "active", color))
    figure.add_trace(_bars(names[~active], kl[~active], "collapsed", theme.MUTED))
    figure.update_xaxes(categoryorder="array", categoryarray=names, showgrid=False)
    figure.update_yaxes(title_text="KL, nats per image", rangemode="tozero")
    return theme.layout(figure, height).update_layout(bargap=0.25)


def score_dots(
    scores: NDArray[np.floating],
    models: Sequence[theme.Look],
    samplers: Sequence[str],
    *,
    name: str,
    ceiling: float | None = None,
    spread: NDArray[np.floating] | None = None,
    height: int = 320,
) -> go.Figure:
    """Return a dot for the score of each model under each sampler.

    Args:
        scores: (M, S) scores; NaN where a model has no such sampler.
        models: labels and colours of the M models.
        samplers: names of the S samplers, the first one on top.
        name: name of the score, with its unit.
        ceiling: score of real images against other real images, drawn as a line.
        spread: (M, S) half width of each dot's error bar; no bars when left out.
        height: height in pixels.
    """
    figure = go.Figure()
    for i, look in enumerate(models):
        # Dots of one sampler are set a little apart, or equal scores would hide each other.
        y = np.arange(len(samplers)) + 0.12 * (i - (len(models) - 1) / 2)
        error = None if spread is None else spread[i]
        figure.add_trace(_dots(scores[i], y, look, error))
    if ceiling is not None:
        figure.add_trace(_ceiling(ceiling, len(samplers)))
    theme.layout(figure, height)
    figure.update_xaxes(title_text=name, zeroline=False, showgrid=True)
    places = {
        "tickvals": np.arange(len(samplers)),
        "ticktext": list(samplers),
        "range": [len(samplers) - 0.5, -0.5],
    }
    return figure.update_yaxes(**places, zeroline=False, ticklabelstandoff=8)


def _bars(latents: NDArray[np.str_], kl: NDArray[np.floating], name: str, color: str) -> go.Bar:
    return go.Bar(
        x=latents,
        y=np.float32(kl),
        name=name,
        marker={"color": color, "cornerradius": 3},
        hovertemplate="%{x}: %{y:.3f} nats<extra></extra>",
    )


def _dots(
    scores: NDArray[np.floating],
    y: NDArray[np.floating],
    look: theme.Look,
    spread: NDArray[np.floating] | None,
) -> go.Scatter:
    error = None
    if spread is not None:
        error = {"array": np.float32(spread), "color": look.color, "thickness": 1.5}
    return go.Scatter(
        x=np.float32(scores),
        y=np.float32(y),
        mode="markers",
        name=look.label,
        marker={"color": look.color, "size": 11},
        error_x=error,
        hovertemplate=f"{look.label}: %{{x:.3f}}<extra></extra>",
    )


def _ceiling(score: float, samplers: int) -> go.Scatter:
    # The line is a trace: plotly leaves lines on the layout out when it chooses a range.
    return go.Scatter(
        x=[score, score],
        y=[-0.5, samplers - 0.5],
        mode="lines",
        name="real against real",
        line={"color": theme.MUTED, "dash": "dash", "width": 2},
        hovertemplate="real against real: %{x:.3f}<extra></extra>",
    )
