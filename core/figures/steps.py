"""Paths from one image to another: quantities along them, and how real their middle looks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme
from core.figures.curves import Series, lines

_ENDS = ("circle-open", "end images")
_FADED = ("x-thin", "cross-fade of them, halfway")
_HALFWAY = ("diamond", "halfway")


@dataclass(frozen=True)
class Halfway:
    """Distances of a row's pictures from the nearest real image.

    A distance is the root of the mean squared difference over pixels.

    Args:
        look: label of the row, and colour of its marks.
        ends: distance of the end images.
        faded: distance of the average of the two end images.
        halfway: distance of the middle of the path, a number for each seed; none where the
            cross-fade is the only path.
        spread: quartiles of the middle's distance over pairs; None for no error bar.
    """

    look: theme.Look
    ends: float
    faded: float
    halfway: tuple[float, ...] = ()
    spread: tuple[float, float] | None = None


def along_path(
    x: NDArray[np.floating],
    series: Iterable[Series],
    *,
    y_name: str,
    height: int = 320,
) -> go.Figure:
    """Return lines along the path.

    Args:
        x: (S,) places, 0 at the start and 1 at the end.
        series: the lines.
        y_name: name of the vertical axis, with its unit.
        height: height in pixels.
    """
    figure = lines(x, series, x_name="place on the path", y_name=y_name, height=height)
    return figure.update_xaxes(tickformat=".0%", range=[-0.02, 1.02])


def halfway_dots(rows: Sequence[Halfway], *, height: int = 320) -> go.Figure:
    """Return for each row the end images' distance, their cross-fade's and the path's middle's.

    Args:
        rows: the rows, the first one on top.
        height: height in pixels.
    """
    figure = go.Figure()
    for place, row in enumerate(rows):
        figure.add_trace(_span(row, place))
        figure.add_trace(_dots([row.ends], place, row, *_ENDS))
        figure.add_trace(_dots([row.faded], place, row, *_FADED))
        if row.halfway:
            figure.add_trace(_middle(row, place))
    figure.add_traces([_legend(*mark) for mark in (_ENDS, _FADED, _HALFWAY)])
    theme.layout(figure, height)
    figure.update_xaxes(
        title_text="distance to the nearest training image, per pixel",
        zeroline=False,
        showgrid=True,
    )
    names = {"tickvals": list(range(len(rows))), "ticktext": [row.look.label for row in rows]}
    return figure.update_yaxes(
        **names, range=[len(rows) - 0.5, -0.5], zeroline=False, ticklabelstandoff=8
    )


def _span(row: Halfway, place: int) -> go.Scatter:
    line = {"color": theme.faded(row.look.color, 0.35), "width": 4}
    return go.Scatter(
        x=[row.ends, row.faded],
        y=[place, place],
        mode="lines",
        line=line,
        showlegend=False,
        hoverinfo="skip",
    )


def _middle(row: Halfway, place: int) -> go.Scatter:
    mean = float(np.mean(row.halfway))
    dots = _dots([mean], place, row, *_HALFWAY)
    if row.spread:
        low, high = (abs(edge - mean) for edge in row.spread)
        bar = {"array": [high], "arrayminus": [low], "color": row.look.color, "thickness": 1.5}
        dots.error_x = bar  # pyright: ignore[reportAttributeAccessIssue]
    return dots


def _dots(values: list[float], place: int, row: Halfway, symbol: str, name: str) -> go.Scatter:
    return go.Scatter(
        x=values,
        y=[place] * len(values),
        mode="markers",
        marker=_marker(symbol, row.look.color),
        showlegend=False,
        hovertemplate=f"{row.look.label}, {name}: %{{x:.4f}}<extra></extra>",
    )


def _marker(symbol: str, color: str) -> dict[str, Any]:
    return {"symbol": symbol, "size": 11, "color": color, "line": {"width": 2, "color": color}}


def _legend(symbol: str, name: str) -> go.Scatter:
    return go.Scatter(
        x=[None], y=[None], mode="markers", name=name, marker=_marker(symbol, theme.MUTED)
    )
