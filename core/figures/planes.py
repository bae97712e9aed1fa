"""Rate against distortion, what the rate is made of, and squared error against nll: nats on both axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme

SYMBOLS = {
    "normal": "circle",
    "uniform": "square",
    "mixture": "diamond",
    "vamp": "star-triangle-up",
}
"""Prior -> mark, of those in `core.config.PRIORS`."""

OTHER_SYMBOL = "cross"
"""Mark of a prior that has none of its own."""

_REACH = 0.13
"""Half the length of a line through a run, as a part of the width of the plane."""


@dataclass(frozen=True)
class Place:
    """Where one model is in the plane.

    Args:
        name: in the legend and under the pointer; places of one name share an entry.
        x: rate, in nats per image, for each seed.
        y: distortion, for each seed.
        slope: of the line through it, at most 0; None for no line.
        text: beside the mark, if any.
        color: of mark and line.
        symbol: one of plotly's.
        family: places of one family are joined, in their order; none where empty.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    slope: float | None
    text: str = ""
    color: str = theme.MODEL_COLORS["vae"]
    symbol: str = "circle"
    family: str = ""

    @property
    def middle(self) -> tuple[float, float]:
        """The mean over seeds."""
        return float(np.mean(self.x)), float(np.mean(self.y))


def rate_distortion(
    places: Sequence[Place],
    *,
    x_name: str,
    y_name: str,
    chosen: int | None = None,
    height: int = 440,
) -> go.Figure:
    """Return models in a plane, each with a line along which its own objective is the same.

    Args:
        places: of the models.
        x_name: of the horizontal axis, with its unit.
        y_name: of the vertical axis, with its unit.
        chosen: index of the place with a ring around it and a line across the plane, if any.
        height: in pixels.
    """
    figure = go.Figure()
    middles = np.array([place.middle for place in places])
    width = max(float(np.ptp(middles[:, 0])), 1.0)
    figure.add_traces(
        [_joined(name, places) for name in dict.fromkeys(p.family for p in places) if name]
    )
    for index, place in enumerate(places):
        if place.slope is not None:
            figure.add_trace(
                _line(place, width * (1 if index == chosen else _REACH), strong=index == chosen)
            )
    shown: set[str] = set()
    for place in places:
        side = "left" if place.middle[0] > middles[:, 0].mean() else "right"
        figure.add_traces([_seeds(place), _mark(place, side, legend=place.name not in shown)])
        shown.add(place.name)
    if chosen is not None:
        figure.add_trace(_ring(middles[chosen]))
    theme.layout(figure, height)
    low, high = middles.min(0), middles.max(0)
    room = 0.1 * np.maximum(high - low, 1e-3 * np.abs(high) + 1e-6)
    figure.update_xaxes(
        title_text=x_name, zeroline=False, range=[low[0] - room[0], high[0] + 1.8 * room[0]]
    )
    return figure.update_yaxes(
        title_text=y_name, zeroline=False, range=[low[1] - room[1], high[1] + room[1]]
    )


@dataclass(frozen=True)
class Split:
    """What one model's rate is made of, in nats per image, for each seed.

    Args:
        name: of the model.
        information: of image and code.
        marginal: KL(aggregate posterior || prior).
        open: there were too few images to tell the two apart.
    """

    name: str
    information: Sequence[float]
    marginal: Sequence[float]
    open: bool = False


@dataclass(frozen=True)
class _Part:
    name: str
    color: str
    values: list[float] = field(default_factory=list)
    pattern: str = ""


def rate_bars(splits: Sequence[Split], *, limit: float, limit_name: str) -> go.Figure:
    """Return stacked bars, one for each model, the first on top, averaged over seeds, with each
    seed's rate as a dot.

    Args:
        splits: of the models.
        limit: most information that can be found, in nats.
        limit_name: what it is, in a few letters.
    """
    names = [split.name for split in splits]
    means = [
        (float(np.mean(split.information)), float(np.mean(split.marginal)), split.open)
        for split in splits
    ]
    parts = (
        _Part("information, image and code", theme.POSTERIOR, [told for told, _, _ in means]),
        _Part(
            "KL(aggregate posterior ‖ prior)",
            theme.PRIOR,
            [0 if vague else rest for _, rest, vague in means],
        ),
        _Part(
            "either: too few images to say",
            theme.MUTED,
            [rest if vague else 0 for _, rest, vague in means],
            "/",
        ),
    )
    figure = go.Figure([_bars(names, part) for part in parts if any(part.values)])
    figure.add_trace(_rates(splits))
    figure.add_trace(_limit(limit, limit_name, names))
    theme.layout(figure, 110 + 38 * len(names))
    figure.update_layout(barmode="relative", bargap=0.35)
    figure.update_xaxes(
        title_text="nats per image", zeroline=False, showgrid=True, rangemode="tozero"
    )
    return figure.update_yaxes(autorange="reversed", ticklabelstandoff=8, showgrid=False)


def error_to_nats(
    error: NDArray[np.floating],
    nll: NDArray[np.floating],
    slope: float,
    intercept: float,
    *,
    exact: bool,
    height: int = 280,
) -> go.Figure:
    """Return test images by squared error and nll, and a line.

    Args:
        error: squared, summed over pixels, (N,).
        nll: nats, (N,).
        slope: of the line, in nats per unit of squared error.
        intercept: nats.
        exact: whether the line is what the likelihood says; otherwise it is only the closest one,
            and dotted.
        height: in pixels.
    """
    ends = np.array([0.0, float(error.max()) * 1.05])
    line = {"color": theme.MUTED, "width": 2, "dash": "solid" if exact else "dot"}
    name = "SSE/2σ² + D/2 log 2πσ²" if exact else "closest line"
    points = {"color": theme.faded(theme.MODEL_COLORS["vae"], 0.6), "size": 6}
    figure = go.Figure(
        [
            go.Scatter(
                x=ends,
                y=intercept + slope * ends,
                mode="lines",
                name=name,
                line=line,
                hoverinfo="skip",
            ),
            go.Scatter(
                x=np.float32(error),
                y=np.float32(nll),
                mode="markers",
                name="test images",
                marker=points,
                hovertemplate="SSE %{x:.2f}, nll %{y:.2f} nats<extra></extra>",
            ),
        ]
    )
    theme.layout(figure, height)
    figure.update_xaxes(title_text="squared error, summed", rangemode="tozero", zeroline=False)
    return figure.update_yaxes(title_text="nll, nats", zeroline=False)


def _joined(family: str, places: Sequence[Place]) -> go.Scatter:
    x, y = zip(*[place.middle for place in places if place.family == family], strict=True)
    look = {"color": theme.faded(theme.MUTED, 0.5), "width": 1}
    return go.Scatter(x=x, y=y, mode="lines", line=look, showlegend=False, hoverinfo="skip")


def _line(place: Place, reach: float, *, strong: bool) -> go.Scatter:
    assert place.slope is not None
    x, y = place.middle
    ends = np.array([-reach, reach])
    look = {
        "color": theme.faded(place.color, 1 if strong else 0.55),
        "width": 1.5,
        "dash": "dot" if strong else "solid",
    }
    return go.Scatter(
        x=x + ends,
        y=y + place.slope * ends,
        mode="lines",
        line=look,
        showlegend=False,
        hoverinfo="skip",
    )


def _seeds(place: Place) -> go.Scatter:
    marker = {"color": theme.faded(place.color, 0.4), "size": 5, "symbol": place.symbol}
    return go.Scatter(
        x=list(place.x),
        y=list(place.y),
        mode="markers",
        marker=marker,
        showlegend=False,
        hoverinfo="skip",
    )


def _mark(place: Place, side: str, *, legend: bool) -> go.Scatter:
    x, y = place.middle
    return go.Scatter(
        x=[x],
        y=[y],
        mode="markers+text",
        text=[place.text],
        textposition=f"top {side}",
        cliponaxis=False,
        name=place.name,
        legendgroup=place.name,
        showlegend=legend,
        marker={"color": place.color, "size": 11, "symbol": place.symbol},
        hovertemplate=(
            f"{place.name} {place.text}<br>rate %{{x:.2f}}, distortion %{{y:.2f}}<extra></extra>"
        ),
    )


def _ring(place: NDArray[np.floating]) -> go.Scatter:
    marker = {"color": theme.CLEAR, "size": 21, "line": {"color": theme.POSTERIOR, "width": 3}}
    return go.Scatter(
        x=place[:1],
        y=place[1:],
        mode="markers",
        name="picked",
        marker=marker,
        showlegend=False,
        hoverinfo="skip",
    )


def _bars(names: list[str], part: _Part) -> go.Bar:
    fill = theme.faded(part.color, 0.35) if part.pattern else part.color
    marker = {
        "color": fill,
        "pattern": {"shape": part.pattern, "fgcolor": theme.MUTED, "fillmode": "overlay"},
    }
    return go.Bar(
        y=names,
        x=np.asarray(part.values, np.float32),
        orientation="h",
        name=part.name,
        marker=marker,
        hovertemplate=f"%{{y}}, {part.name}: %{{x:.2f}} nats<extra></extra>",
    )


def _rates(splits: Sequence[Split]) -> go.Scatter:
    rows = [
        (s.name, told + rest)
        for s in splits
        for told, rest in zip(s.information, s.marginal, strict=True)
    ]
    marker = {
        "color": theme.MUTED,
        "size": 7,
        "symbol": "line-ns",
        "line": {"color": theme.MUTED, "width": 2},
    }
    return go.Scatter(
        y=[name for name, _ in rows],
        x=[rate for _, rate in rows],
        mode="markers",
        name="rate of one training",
        marker=marker,
        hovertemplate="rate %{x:.2f} nats<extra></extra>",
    )


def _limit(limit: float, name: str, names: list[str]) -> go.Scatter:
    return go.Scatter(
        x=[limit] * len(names) if len(names) > 1 else [limit, limit],
        y=names if len(names) > 1 else names * 2,
        mode="lines",
        name=name,
        line={"color": theme.MUTED, "dash": "dash", "width": 2},
        hovertemplate=f"{name}: %{{x:.2f}} nats<extra></extra>",
    )
