"""A line with a name, drawn through a figure at a value to compare with."""

from typing import Any

import plotly.graph_objects as go

from core.figures import theme


def level_line(figure: go.Figure, value: float, name: str, *, upright: bool = False) -> go.Figure:
    """Draw a dotted line at a value and return the figure.

    Args:
        figure: figure that is changed in place.
        value: place on the vertical axis.
        name: name that is written at the line's end.
        upright: whether the value is a place on the horizontal axis instead.
    """
    line = {"color": theme.MUTED, "dash": "dot", "width": 2}
    words: dict[str, Any] = {"text": name, "showarrow": False}
    if not upright:
        return figure.add_hline(y=value, line=line, annotation=words)
    # A name would stretch the axis along which it is written, so the axis is held to the points.
    places = [value, *_across(figure)]
    low, high = min(places), max(places)
    room = 0.06 * (high - low)
    figure.update_xaxes(range=[low - room, high + room])
    side = "right" if value > (low + high) / 2 else "left"
    words |= {"xanchor": side, "yanchor": "bottom"}
    return figure.add_vline(x=value, line=line, annotation=words)


def _across(figure: Any) -> list[float]:
    """Return the horizontal places of the points of all traces."""
    traces = [trace for trace in figure.data if trace.x is not None]
    return [float(x) for trace in traces for x in trace.x if x is not None]
