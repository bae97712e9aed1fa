"""One quantity against another over the settings of a number, with a dot for each seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from core.figures import theme

_RING = 19
"""Diameter of the ring around the chosen stop, in pixels."""


@dataclass(frozen=True)
class Stop:
    """The measurements of one setting.

    Args:
        name: name of the setting, such as `β = 4`.
        x: horizontal quantity of each seed.
        y: vertical quantity of each seed.
        color: colour of its marks.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    color: str = theme.MODEL_COLORS["beta-vae"]


def tradeoff(
    stops: Sequence[Stop],
    *,
    x_name: str,
    y_name: str,
    chosen: int | None = None,
    height: int = 380,
) -> go.Figure:
    """Return the stops along a line, with a dot for each seed and a mark for their mean.

    Args:
        stops: the stops, in the order in which they are joined.
        x_name: name of the horizontal axis, with its unit.
        y_name: name of the vertical axis, with its unit.
        chosen: index of the stop with a ring around it; no stop has one when None.
        height: height in pixels.
    """
    figure = go.Figure()
    means = [(float(np.mean(stop.x)), float(np.mean(stop.y))) for stop in stops]
    figure.add_trace(_line(means))
    figure.add_traces([_seeds(stop) for stop in stops])
    if chosen is not None:
        figure.add_trace(_ring(means[chosen]))
    figure.add_trace(_means(stops, means))
    theme.layout(figure, height, legend=False)
    figure.update_xaxes(title_text=x_name, zeroline=False)
    return figure.update_yaxes(title_text=y_name, zeroline=False)


def counts(
    stops: Sequence[Stop],
    *,
    x_name: str,
    y_name: str,
    most: int,
    chosen: int | None = None,
    height: int = 380,
) -> go.Figure:
    """Return a count against a setting on a logarithmic axis.

    Args:
        stops: `x` is the setting, above 0, the same for each seed; `y` is the count.
        x_name: name of the setting.
        y_name: name of the count.
        most: greatest possible count; the vertical axis runs from 0 to it.
        chosen: index of the stop with a ring around it; no stop has one when None.
        height: height in pixels.
    """
    figure = tradeoff(stops, x_name=x_name, y_name=y_name, chosen=chosen, height=height)
    values = [stop.x[0] for stop in stops]
    figure.update_xaxes(type="log", tickvals=values, ticktext=[f"{value:g}" for value in values])
    return figure.update_yaxes(range=[-0.04 * most, 1.08 * most], dtick=max(1, round(most / 5)))


def _line(means: Sequence[tuple[float, float]]) -> go.Scatter:
    x, y = zip(*means, strict=True)
    return go.Scatter(
        x=x, y=y, mode="lines", line={"color": theme.MUTED, "width": 1.5}, hoverinfo="skip"
    )


def _seeds(stop: Stop) -> go.Scatter:
    return go.Scatter(
        x=list(stop.x),
        y=list(stop.y),
        mode="markers",
        marker={"color": theme.faded(stop.color, 0.55), "size": 6},
        hoverinfo="skip",
    )


def _means(stops: Sequence[Stop], means: Sequence[tuple[float, float]]) -> go.Scatter:
    x, y = zip(*means, strict=True)
    return go.Scatter(
        x=x,
        y=y,
        mode="markers+text",
        text=[stop.name for stop in stops],
        textposition="top right",
        cliponaxis=False,
        marker={"color": [stop.color for stop in stops], "size": 11, "symbol": "diamond"},
        hovertemplate="%{text}: %{x:.3~f}, %{y:.3~f}<extra></extra>",
    )


def _ring(place: tuple[float, float]) -> go.Scatter:
    marker = {"color": theme.CLEAR, "size": _RING, "line": {"color": theme.POSTERIOR, "width": 3}}
    return go.Scatter(
        x=place[:1], y=place[1:], mode="markers", name="chosen", marker=marker, hoverinfo="skip"
    )
