"""Bars and dots: one number for each latent, or for each model and sampler."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.config import MODEL_LABELS
from core.figures import theme


def kl_bars(
    kl: NDArray[np.floating],
    active: NDArray[np.bool_],
    *,
    color: str = theme.POSTERIOR,
    height: int = 280,
) -> go.Figure:
    """Return how many nats each latent carries, the collapsed ones in grey.

    Args:
        kl: (L,) of each latent, in nats per image.
        active: (L,) whether a latent is active.
        color: of the active ones.
        height: in pixels.
    """
    names = np.array([f"z<sub>{i + 1}</sub>" for i in range(len(kl))])
    figure = go.Figure()
    for what, chosen, fill in (("active", active, color), ("collapsed", ~active, theme.MUTED)):
        figure.add_trace(_bars(names[chosen], kl[chosen], what, fill))
    figure.update_xaxes(categoryorder="array", categoryarray=names, showgrid=False)
    figure.update_yaxes(title_text="KL, nats per image", rangemode="tozero")
    return theme.layout(figure, height).update_layout(bargap=0.25)


def score_dots(
    scores: NDArray[np.floating],
    models: Sequence[str],
    samplers: Sequence[str],
    *,
    name: str,
    ceiling: float | None = None,
    spread: NDArray[np.floating] | None = None,
    height: int = 320,
) -> go.Figure:
    """Return a score for each model and way of sampling, and what real images reach.

    Args:
        scores: (M, S); NaN where a model has no such sampler.
        models: names or labels of the M models.
        samplers: names of the S samplers, the first one on top.
        name: of the score, with its unit.
        ceiling: score of real images against other real images.
        spread: (M, S) half width of an error bar.
        height: in pixels.
    """
    figure = go.Figure()
    for i, model in enumerate(models):
        # Dots of one sampler are set a little apart, or equal scores would hide each other.
        y = np.arange(len(samplers)) + 0.12 * (i - (len(models) - 1) / 2)
        figure.add_trace(
            _dots(
                scores[i],
                y,
                model,
                theme.color_of(model, i),
                None if spread is None else spread[i],
            )
        )
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


def _bars(names: NDArray[np.str_], kl: NDArray[np.floating], what: str, color: str) -> go.Bar:
    return go.Bar(
        x=names,
        y=np.float32(kl),
        name=what,
        marker={"color": color, "cornerradius": 3},
        hovertemplate="%{x}: %{y:.3f} nats<extra></extra>",
    )


def _dots(
    scores: NDArray[np.floating],
    y: NDArray[np.floating],
    model: str,
    color: str,
    spread: NDArray[np.floating] | None,
) -> go.Scatter:
    label = MODEL_LABELS.get(model, model)
    return go.Scatter(
        x=np.float32(scores),
        y=np.float32(y),
        mode="markers",
        name=label,
        marker={"color": color, "size": 11},
        error_x=(
            None
            if spread is None
            else {"array": np.float32(spread), "color": color, "thickness": 1.5}
        ),
        hovertemplate=f"{label}: %{{x:.3f}}<extra></extra>",
    )


def _ceiling(score: float, samplers: int) -> go.Scatter:
    # A trace, because plotly leaves lines drawn on the layout out when it chooses a range.
    return go.Scatter(
        x=[score, score],
        y=[-0.5, samplers - 0.5],
        mode="lines",
        name="real against real",
        line={"color": theme.MUTED, "dash": "dash", "width": 2},
        hovertemplate="real against real: %{x:.3f}<extra></extra>",
    )
