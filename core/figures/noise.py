"""Quantities over the size of the noise on codes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme


@dataclass(frozen=True)
class Line:
    """A line through means, with a band from the least to the most.

    Args:
        name: name in the legend.
        color: colour as `#rrggbb`.
        x: S places on the horizontal axis.
        values: S lists of a number for each seed; an empty list where nothing was measured.
        dash: plotly's name of the line's dash.
        symbol: plotly's name of the markers; no markers when left out.
    """

    name: str
    color: str
    x: Sequence[float]
    values: Sequence[Sequence[float]]
    dash: str = "solid"
    symbol: str = ""


def spread_lines(
    lines: Sequence[Line],
    *,
    x_name: str,
    y_name: str,
    ticks: Sequence[str] = (),
    log_x: bool = False,
    log_y: bool = False,
    height: int = 360,
) -> go.Figure:
    """Return lines over a common axis, each with its band.

    Args:
        lines: the lines.
        x_name: name of the horizontal axis, with its unit.
        y_name: name of the vertical axis, with its unit.
        ticks: names of the places 0, 1, 2, ... on the horizontal axis, for numbers that no axis
            could space well.
        log_x: whether the horizontal axis is logarithmic.
        log_y: whether the vertical axis is logarithmic; otherwise it begins at 0.
        height: height in pixels.
    """
    figure = go.Figure()
    for line in lines:
        figure.add_traces(_traces(line))
    theme.layout(figure, height)
    # Below the plot the legend may take as many rows as a phone needs without covering the lines.
    figure.update_layout(legend={"y": 0, "yanchor": "bottom"}, margin={"t": 12}, dragmode=False)
    if ticks:
        figure.update_xaxes(tickvals=np.arange(len(ticks)), ticktext=list(ticks), zeroline=False)
    if log_x:
        places = chain.from_iterable(line.x for line in lines)
        figure.update_xaxes(type="log", **_ticks(places))
    if log_y:
        seeds = chain.from_iterable(line.values for line in lines)
        figure.update_yaxes(type="log", **_ticks(chain.from_iterable(seeds)))
    else:
        figure.update_yaxes(rangemode="tozero")
    return figure.update_xaxes(title_text=x_name).update_yaxes(title_text=y_name)


_STEPS = ((2, (1, 2, 5)), (3, (1, 3)), (np.inf, (1,)))
"""Decades that an axis spans, at most -> the numbers of each decade that are written."""


def _ticks(values: Iterable[float]) -> dict[str, Any]:
    """Return ticks for a logarithmic axis in full numbers, where plotly would write 2 for 200."""
    logs = np.log10([value for value in values if value > 0] or [1.0])
    # The more decades there are, the fewer numbers each has.
    steps = next(steps for most, steps in _STEPS if np.ptp(logs) < most)
    decades = range(int(np.floor(logs.min())) - 1, int(np.ceil(logs.max())) + 1)
    places = [step * 10.0**decade for decade in decades for step in steps]
    return {"tickvals": places, "ticktext": [f"{place:,.12g}" for place in places]}


def _traces(line: Line) -> list[go.Scatter]:
    measured = [(x, values) for x, values in zip(line.x, line.values, strict=True) if len(values)]
    rows = [(x, np.mean(values), min(values), max(values)) for x, values in measured]
    x, mean, low, high = np.array(rows, np.float32).reshape(-1, 4).T
    middle = go.Scatter(
        x=x,
        y=mean,
        mode="lines+markers" if line.symbol else "lines",
        name=line.name,
        legendgroup=line.name,
        line={"color": line.color, "width": 2, "dash": line.dash},
        marker={"color": line.color, "size": 7, "symbol": line.symbol or "circle"},
        hovertemplate=f"{line.name}: %{{y:.4~g}}<extra></extra>",
    )
    if (high > low).any():
        return [_band(x, low, high, line), middle]
    return [middle]


def _band(
    x: NDArray[np.number], low: NDArray[np.floating], high: NDArray[np.floating], line: Line
) -> go.Scatter:
    return go.Scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([high, low[::-1]]),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=theme.faded(line.color, 0.18),
        legendgroup=line.name,
        showlegend=False,
        hoverinfo="skip",
    )
