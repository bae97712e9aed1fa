"""Rate against distortion, the two parts of the rate, and nll against squared error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
"""Prior, as in `core.config.PRIORS` -> plotly's name of its mark."""

OTHER_SYMBOL = "cross"
"""Mark of a prior that has none of its own."""

_REACH = 0.13
"""Half the length of a line through a model, as a share of the width of the plane."""


@dataclass(frozen=True)
class Place:
    """The place of one model in the plane.

    Args:
        name: name in the legend and under the pointer; places of one name share an entry.
        x: rate of each seed, in nats per image.
        y: distortion of each seed, in nats per image.
        slope: slope of the line through the place, at most 0; None for no line.
        text: text beside the mark; none when left out.
        color: colour of mark and line.
        symbol: plotly's name of the mark.
        family: places of one family are joined, in their order; an empty one joins none.
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

    Source: Alemi et al. 2018, Fixing a Broken ELBO, https://arxiv.org/abs/1711.00464.

    Args:
        places: the models.
        x_name: name of the horizontal axis, with its unit.
        y_name: name of the vertical axis, with its unit.
        chosen: index of the place with a ring around it and a line across the plane; no place has
            them when left out.
        height: height in pixels.
    """
    middles = np.array([place.middle for place in places])  # (P, 2)
    width = max(float(np.ptp(middles[:, 0])), 1.0)

    figure = go.Figure()
    families = {place.family: None for place in places if place.family}
    figure.add_traces([_joined(family, places) for family in families])
    for index, place in enumerate(places):
        figure.add_traces(_line(place, width, strong=index == chosen))

    named: set[str] = set()
    for place in places:
        side = "left" if place.middle[0] > middles[:, 0].mean() else "right"
        figure.add_traces([_seeds(place), _mark(place, side, legend=place.name not in named)])
        named.add(place.name)
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
    """The two parts of one model's rate, in nats per image, for each seed.

    Args:
        name: name of the model.
        information: mutual information of image and code.
        marginal: KL(aggregate posterior || prior).
        open: whether there were too few images to tell the two apart.
    """

    name: str
    information: Sequence[float]
    marginal: Sequence[float]
    open: bool = False


@dataclass(frozen=True)
class _Part:
    name: str
    color: str
    values: NDArray[np.floating]
    pattern: str = ""


def rate_bars(splits: Sequence[Split], *, limit: float, limit_name: str) -> go.Figure:
    """Return stacked bars of the parts of each model's rate, and a mark for each seed's rate.

    A bar is the average over seeds.

    Source: Hoffman and Johnson 2016, ELBO surgery,
        http://approximateinference.org/accepted/HoffmanJohnson2016.pdf.

    Args:
        splits: the models, the first one on top.
        limit: most information that can be found, in nats.
        limit_name: name of the limit, in a few letters.
    """
    names = [split.name for split in splits]
    information = np.array([np.mean(split.information) for split in splits])
    marginal = np.array([np.mean(split.marginal) for split in splits])
    is_open = np.array([split.open for split in splits])
    parts = (
        _Part("information, image and code", theme.POSTERIOR, information),
        _Part("KL(aggregate posterior ‖ prior)", theme.PRIOR, np.where(is_open, 0, marginal)),
        _Part("either: too few images to say", theme.MUTED, np.where(is_open, marginal, 0), "/"),
    )
    figure = go.Figure([_bars(names, part) for part in parts if part.values.any()])
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
        error: (N,) squared error of each image, summed over pixels.
        nll: (N,) nll of each image, in nats.
        slope: slope of the line, in nats per unit of squared error.
        intercept: nll of the line at no error, in nats.
        exact: whether the likelihood says that images lie on the line; otherwise it is the closest
            line, and dotted.
        height: height in pixels.
    """
    ends = np.array([0.0, float(error.max()) * 1.05])
    line = {"color": theme.MUTED, "width": 2, "dash": "solid" if exact else "dot"}
    name = "SSE/2σ² + D/2 log 2πσ²" if exact else "closest line"
    likelihood = go.Scatter(
        x=ends, y=intercept + slope * ends, mode="lines", name=name, line=line, hoverinfo="skip"
    )
    points = go.Scatter(
        x=np.float32(error),
        y=np.float32(nll),
        mode="markers",
        name="test images",
        marker={"color": theme.faded(theme.MODEL_COLORS["vae"], 0.6), "size": 6},
        hovertemplate="SSE %{x:.2f}, nll %{y:.2f} nats<extra></extra>",
    )
    figure = theme.layout(go.Figure([likelihood, points]), height)
    figure.update_xaxes(title_text="squared error, summed", rangemode="tozero", zeroline=False)
    return figure.update_yaxes(title_text="nll, nats", zeroline=False)


def _joined(family: str, places: Sequence[Place]) -> go.Scatter:
    middles = [place.middle for place in places if place.family == family]
    x, y = zip(*middles, strict=True)
    look = {"color": theme.faded(theme.MUTED, 0.5), "width": 1}
    return go.Scatter(x=x, y=y, mode="lines", line=look, showlegend=False, hoverinfo="skip")


def _line(place: Place, width: float, *, strong: bool) -> list[go.Scatter]:
    """Return the line through a place; none where it has no slope.

    A strong one reaches as far to either side as the plane is wide, another a part of that.
    """
    if place.slope is None:
        return []
    x, y = place.middle
    reach = width if strong else _REACH * width
    ends = np.array([-reach, reach])
    look = {
        "color": theme.faded(place.color, 1 if strong else 0.55),
        "width": 1.5,
        "dash": "dot" if strong else "solid",
    }
    line = go.Scatter(
        x=x + ends,
        y=y + place.slope * ends,
        mode="lines",
        line=look,
        showlegend=False,
        hoverinfo="skip",
    )
    return [line]


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
        x=np.float32(part.values),
        orientation="h",
        name=part.name,
        marker=marker,
        hovertemplate=f"%{{y}}, {part.name}: %{{x:.2f}} nats<extra></extra>",
    )


def _rates(splits: Sequence[Split]) -> go.Scatter:
    names: list[str] = []
    rates: list[float] = []
    for split in splits:
        for information, marginal in zip(split.information, split.marginal, strict=True):
            names.append(split.name)
            rates.append(information + marginal)
    marker = {
        "color": theme.MUTED,
        "size": 7,
        "symbol": "line-ns",
        "line": {"color": theme.MUTED, "width": 2},
    }
    return go.Scatter(
        y=names,
        x=rates,
        mode="markers",
        name="rate of one training",
        marker=marker,
        hovertemplate="rate %{x:.2f} nats<extra></extra>",
    )


def _limit(limit: float, name: str, names: list[str]) -> go.Scatter:
    ends = names if len(names) > 1 else names * 2  # a line has two ends
    return go.Scatter(
        x=[limit] * len(ends),
        y=ends,
        mode="lines",
        name=name,
        line={"color": theme.MUTED, "dash": "dash", "width": 2},
        hovertemplate=f"{name}: %{{x:.2f}} nats<extra></extra>",
    )
