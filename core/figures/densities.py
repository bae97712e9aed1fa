"""Curves over one number: likelihoods, densities, and the integrand of a KL divergence."""

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
"""Points of a line over the number of observations; more cannot be told apart."""


@dataclass(frozen=True)
class Curve:
    """A line in a colour.

    Args:
        name: name in the legend.
        y: (S,) heights; the line ends where they are not finite.
        color: colour as `#rrggbb`.
    """

    name: str
    y: Floats
    color: str


@dataclass(frozen=True)
class Mark:
    """A place on the horizontal axis.

    Args:
        name: name in the legend.
        x: the place.
        color: colour of its line.
        dash: plotly's name of the line's dash.
    """

    name: str
    x: float
    color: str = theme.MUTED
    dash: str = "dash"


def running_likelihood(series: Sequence[Curve], *, height: int = 380) -> go.Figure:
    """Return ln of the likelihood over the number of observations.

    A line that ends in 0 or in infinity has a cross at its last finite point.

    Args:
        series: ln of the likelihood of the first n observations, n = 1 to N, in nats, each (N,).
        height: height in pixels.
    """
    figure = go.Figure([_line(*_thinned(curve.y), curve) for curve in series])
    ending = [curve for curve in series if _ends(curve.y)]
    figure.add_traces([_end(curve) for curve in ending])
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
        x: (S,) the number.
        series: the lines, each (S,).
        marks: vertical lines.
        x_name: name of the horizontal axis, with its unit.
        y_name: name of the vertical axis, with its unit.
        filled: whether the area down to 0 is tinted.
        height: height in pixels.
    """
    figure = go.Figure()
    for curve in series:
        tint = _tint(curve.color) if filled else {}
        figure.add_trace(_line(x, curve.y, curve, **tint))
    low, high = _ends_of_axis(series, filled=filled)
    figure.add_traces([_upright(mark, low, high) for mark in marks])
    theme.layout(figure, height)
    # A product has exponents such as 10⁻¹⁸⁰; plotly would write them with SI prefixes.
    figure.update_yaxes(title_text=y_name, exponentformat="power", zeroline=False)
    if not low < high:  # a product that is 0 everywhere
        figure.update_yaxes(range=[low, low + 1])
    return figure.update_xaxes(title_text=x_name, zeroline=False)


def divergence(
    x: Floats, q: Floats, p: Floats, integrand: Floats, *, height: int = 480
) -> go.Figure:
    """Return two densities, and below them the integrand of their KL divergence.

    The integrand above 0 and the integrand below 0 are filled in different colours.

    Args:
        x: (S,) places.
        q: (S,) density of the posterior.
        p: (S,) density of the prior.
        integrand: (S,) q ln(q / p), in nats.
        height: height in pixels.
    """
    densities = [Curve("q", q, theme.POSTERIOR), Curve("p", p, theme.PRIOR)]
    figure = go.Figure([_line(x, curve.y, curve, **_tint(curve.color)) for curve in densities])
    parts = [
        Curve("adds", np.maximum(integrand, 0), theme.POSTERIOR),
        Curve("takes away", np.minimum(integrand, 0), theme.MUTED),
    ]
    for curve in parts:
        area = _line(x, curve.y, curve, **_tint(curve.color, 0.35))
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
    """Return a bar for the probability of each class, the right class in colour.

    Args:
        probability: (K,) probabilities that a classifier gives.
        label: index of the right class.
        names: names of the K classes.
        height: height in pixels.
    """
    colors = [theme.faded(theme.MUTED, 0.7)] * len(names)
    colors[label] = FITTED
    bars = go.Bar(
        x=list(names),
        y=np.float32(probability),
        marker={"color": colors, "cornerradius": 3},
        hovertemplate="%{x}: %{y:.4f}<extra></extra>",
    )
    figure = theme.layout(go.Figure(bars), height, legend=False)
    figure.update_xaxes(type="category", showgrid=False)
    return figure.update_yaxes(title_text="probability", range=[0, 1.02])


def _ends_of_axis(series: Sequence[Curve], *, filled: bool) -> tuple[float, float]:
    """Return the least and the greatest finite height, 0 counted where areas are filled."""
    finite = np.concatenate([curve.y[np.isfinite(curve.y)] for curve in series])
    if not len(finite):
        return 0.0, 0.0
    low, high = float(finite.min()), float(finite.max())
    return (min(low, 0.0) if filled else low), high


def _thinned(y: Floats) -> tuple[Floats, Floats]:
    """Return at most `_MOST_POINTS` n with their likelihood, the last finite one always."""
    count = int(np.isfinite(y).sum())
    places = np.unique(np.linspace(0, max(count - 1, 0), min(count, _MOST_POINTS)).astype(int))
    return places + 1.0, y[places]


def _ends(y: Floats) -> bool:
    """Return whether a line begins, and ends before its last place."""
    finite = np.isfinite(y)
    return bool(not finite.all() and finite[0])


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
    # The line is a trace: plotly leaves lines on the layout out when it chooses a range.
    return go.Scatter(
        x=[mark.x, mark.x],
        y=[low, high],
        mode="lines",
        name=mark.name,
        line={"color": mark.color, "dash": mark.dash, "width": 2},
        hovertemplate=f"{mark.name}: %{{x:.4g}}<extra></extra>",
    )
