"""A value that a figure is read against, drawn through it with its name."""

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
        return figure.add_vline(x=value, line=line, annotation={"text": name, "yanchor": "bottom", "showarrow": False})
    return figure.add_hline(y=value, line=line, annotation={"text": name, "showarrow": False})
