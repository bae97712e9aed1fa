"""A value that a figure is read against, drawn through it with its name."""

from typing import Any

import plotly.graph_objects as go

from core.figures import theme


def level_line(figure: go.Figure, value: float, name: str, *, upright: bool = False) -> go.Figure:
    """Draw a dotted line at a value and return the figure.

    Args:
        figure: is changed in place.
        value: on the vertical axis.
        name: is written at the line's end.
        upright: whether the value is on the horizontal axis instead.
    """
    line = {"color": theme.MUTED, "dash": "dot", "width": 2}
    if upright:
        # A name would stretch the axis that it is written along, so the axis is held to what is
        # drawn.
        drawn = [value, *_across(figure)]
        low, high = min(drawn), max(drawn)
        figure.update_xaxes(range=[low - 0.06 * (high - low), high + 0.06 * (high - low)])
        side = "right" if value > (low + high) / 2 else "left"
        name_of = {"text": name, "xanchor": side, "yanchor": "bottom", "showarrow": False}
        return figure.add_vline(x=value, line=line, annotation=name_of)
    return figure.add_hline(y=value, line=line, annotation={"text": name, "showarrow": False})


def _across(figure: Any) -> list[float]:
    """Return where the points of all traces lie on the horizontal axis."""
    traces = [trace for trace in figure.data if trace.x is not None]
    return [float(x) for trace in traces for x in trace.x if x is not None]
