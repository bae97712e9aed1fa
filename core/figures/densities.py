"""Curves over one number: likelihoods as observations come in and over a parameter, densities, what a KL adds up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme

Floats = NDArray[np.floating]

SINGLE, DOUBLE, LOGS = theme.SEQUENTIAL[5], theme.SEQUENTIAL[3], theme.SEQUENTIAL[0]
"""Colours of a product in single and in double precision, and of a sum of logs."""

FITTED = theme.SEQUENTIAL[0]
"""Colour of a parameter that was fitted."""

_MOST_POINTS = 500


@dataclass(frozen=True)
class Curve:
    """A line in a colour.

    Args:
        name: for the legend.
        y: (S,); the line ends where it is not finite.
        color: as `#rrggbb`.
    """

    name: str
    y: Floats
    color: str


@dataclass(frozen=True)
class Mark:
    """A place on the horizontal axis.

    Args:
        name: for the legend.
        x: where.
        color: of its line.
        dash: as plotly calls it.
    """

    name: str
    x: float
    color: str = theme.MUTED
    dash: str = "dash"


def running_likelihood(series: Sequence[Curve], *, height: int = 380) -> go.Figure:
    """Return ln of the likelihood over the number of observations; a cross where a line ends in 0
    or in infinity.

    Args:
        series: each (N,), for n = 1 to N, in nats.
        height: in pixels.
    """
    figure = go.Figure([_line(*_thinned(one.y), one) for one in series])
    figure.add_traces(
        [_end(one) for one in series if not np.isfinite(one.y).all() and np.isfinite(one.y[0])]
    )
    theme.layout(figure, height)
    figure.update_xaxes(title_text="observations n", rangemode="tozero", zeroline=False)
    return figure.update_yaxes(title_text="ln of the likelihood, nats")


def curves(
    x: Floats,
    series: Sequence[Curve],
    marks: Sequence[Mark] = (),
    *,
    x_name: str,
    y_name: str,
    filled: bool = False,
    height: int = 320,
) -> go.Figure:
    """Return lines over one number, with places marked on its axis.

    Args:
        x: (S,).
        series: each (S,).
        marks: vertical lines.
        x_name: of the horizontal axis, with its unit.
        y_name: of the vertical axis, with its unit.
        filled: whether the area down to 0 is tinted.
        height: in pixels.
    """
    figure = go.Figure(
        [_line(x, one.y, one, **(_tint(one.color) if filled else {})) for one in series]
    )
    finite = np.concatenate([one.y[np.isfinite(one.y)] for one in series])
    finite = finite if len(finite) else np.zeros(1)
    low, high = float(min(finite.min(), 0.0 if filled else np.inf)), float(finite.max())
    figure.add_traces([_upright(mark, low, high) for mark in marks])
    theme.layout(figure, height)
    # Exponents such as 10⁻¹⁸⁰ are the point of a product; plotly would write them with SI
    # prefixes.
    figure.update_yaxes(title_text=y_name, exponentformat="power", zeroline=False)
    if not low < high:  # a product that is 0 everywhere
        figure.update_yaxes(range=[low, low + 1])
    return figure.update_xaxes(title_text=x_name, zeroline=False)


def divergence(
    x: Floats, q: Floats, p: Floats, integrand: Floats, *, height: int = 480
) -> go.Figure:
    """Return two densities, and below them what is added up to their KL divergence, above and
    below 0.

    Args:
        x: (S,).
        q: density of the posterior's part, (S,).
        p: density of the prior's part, (S,).
        integrand: q ln(q / p), (S,).
        height: in pixels.
    """
    densities = [Curve("q", q, theme.POSTERIOR), Curve("p", p, theme.PRIOR)]
    figure = go.Figure([_line(x, one.y, one, **_tint(one.color)) for one in densities])
    for name, part, color in (
        ("adds", np.maximum(integrand, 0), theme.POSTERIOR),
        ("takes away", np.minimum(integrand, 0), theme.MUTED),
    ):
        area = _line(x, part, Curve(name, part, color), **_tint(color, 0.35))
        area.yaxis = "y2"
        figure.add_trace(area)
    theme.layout(figure, height)
    figure.update_layout(
        xaxis={"anchor": "y2", "title": "z", "zeroline": False},
        yaxis={"domain": [0.46, 1], "title": "density", "rangemode": "tozero"},
        yaxis2={
            "domain": [0, 0.38],
            "title": "q ln(q / p), nats",
            "zeroline": True,
            "zerolinecolor": theme.MUTED,
        },
    )
    return figure


def class_bars(
    probability: Floats, label: int, names: Sequence[str], *, height: int = 260
) -> go.Figure:
    """Return the probability that a classifier gives to each class, that of the label in colour.

    Args:
        probability: (classes,).
        label: the right class.
        names: of the classes.
        height: in pixels.
    """
    colors = [
        FITTED if place == label else theme.faded(theme.MUTED, 0.7) for place in range(len(names))
    ]
    bars = go.Bar(
        x=list(names),
        y=np.float32(probability),
        marker={"color": colors, "cornerradius": 3},
        hovertemplate="%{x}: %{y:.4f}<extra></extra>",
    )
    figure = theme.layout(go.Figure(bars), height, legend=False)
    figure.update_xaxes(type="category", showgrid=False)
    return figure.update_yaxes(title_text="probability", range=[0, 1.02])


def _thinned(y: Floats) -> tuple[Floats, Floats]:
    """Return n and the likelihood of at most some hundred n, always the last one that is finite among them."""
    count = int(np.isfinite(y).sum()) if not np.isfinite(y).all() else len(y)
    places = np.unique(np.linspace(0, max(count - 1, 0), min(count, _MOST_POINTS)).astype(int))
    return places + 1.0, y[places]


def _line(x: Floats, y: Floats, curve: Curve, **fill: Any) -> go.Scatter:
    return go.Scatter(
        x=x,
        y=np.where(np.isfinite(y), y, np.nan),
        mode="lines",
        name=curve.name,
        line={"color": curve.color, "width": 2},
        hovertemplate=f"{curve.name}: %{{y:.4g}}<extra></extra>",
        **fill,
    )


def _tint(color: str, opacity: float = 0.15) -> dict[str, str]:
    return {"fill": "tozeroy", "fillcolor": theme.faded(color, opacity)}


def _end(curve: Curve) -> go.Scatter:
    place = int(np.flatnonzero(~np.isfinite(curve.y))[0])
    what = "0" if curve.y[place] < 0 else "infinite"
    marker = {"symbol": "x", "size": 10, "color": curve.color}
    return go.Scatter(
        x=[place],
        y=[float(curve.y[place - 1])],
        mode="markers+text",
        text=[f"{what} from n = {place + 1:,}"],
        textposition="top right",
        marker=marker,
        showlegend=False,
        hoverinfo="skip",
    )


def _upright(mark: Mark, low: float, high: float) -> go.Scatter:
    # A trace, because plotly leaves lines drawn on the layout out when it chooses a range.
    return go.Scatter(
        x=[mark.x, mark.x],
        y=[low, high],
        mode="lines",
        name=mark.name,
        line={"color": mark.color, "dash": mark.dash, "width": 2},
        hovertemplate=f"{mark.name}: %{{x:.4g}}<extra></extra>",
    )
