"""Tables of numbers as colours, such as of each latent against each factor."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme

_TELLING = 0.3
"""Share of the highest value from which a cell is drawn full."""

_DARK = "#11161f"
"""Colour of the numbers on full cells."""

# Grey numbers on faint cells and dark numbers on full ones can be read on a light and on a dark
# page; on cells between the two neither could.
_OPACITIES = ((0, 0), (_TELLING, 0.2), (_TELLING, 0.7), (1, 1))


def heatmap(
    values: NDArray[np.floating],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    name: str,
    highest: float = 1.0,
    color: str = theme.POSTERIOR,
    digits: int = 2,
    height: int = 420,
) -> go.Figure:
    """Return a table of cells, each with its value and the fuller the further that is from 0.

    Args:
        values: (R, C) numbers, at most `highest` in size.
        rows: R names, the first on top.
        columns: C names.
        name: name of the values, with their unit, for the pointer.
        highest: size of the value whose cell is quite full.
        color: colour of a full cell, as `#rrggbb`.
        digits: digits after the point of the numbers in the cells.
        height: height in pixels.

    Raises:
        ValueError: the names do not fit the values.
    """
    if np.shape(values) != (len(rows), len(columns)):
        raise ValueError(f"values should be {len(rows)} x {len(columns)}, got {np.shape(values)}")
    across, down = np.arange(len(columns)), np.arange(len(rows))
    values = np.asarray(values)
    cells = go.Heatmap(
        z=np.abs(values, dtype=np.float32),
        customdata=np.broadcast_to(np.array(rows)[:, None], np.shape(values)),
        text=np.broadcast_to(np.array(columns), np.shape(values)),
        zmin=0,
        zmax=highest,
        colorscale=[(share, theme.faded(color, opacity)) for share, opacity in _OPACITIES],
        showscale=False,
        xgap=2,
        ygap=2,
        hovertemplate=f"%{{customdata}}, %{{text}}<br>{name} %{{z:.3f}}<extra></extra>",
    )
    figure = theme.layout(
        go.Figure([cells, *_numbers(values, highest, digits)]), height, legend=False
    )
    figure.update_xaxes(
        tickvals=across, ticktext=list(columns), side="top", showgrid=False, zeroline=False
    )
    figure.update_yaxes(
        tickvals=down, ticktext=list(rows), autorange="reversed", showgrid=False, zeroline=False
    )
    return figure


def _numbers(values: NDArray[np.floating], highest: float, digits: int) -> list[go.Scatter]:
    # The numbers are traces of their own: a heat map's texts take their colour from the cell as
    # if that were opaque.
    full = np.abs(values) >= _TELLING * highest
    return [_texts(values, ~full, None, digits), _texts(values, full, _DARK, digits)]


def _texts(
    values: NDArray[np.floating], where: NDArray[np.bool_], color: str | None, digits: int
) -> go.Scatter:
    down, across = np.nonzero(where)
    return go.Scatter(
        x=across,
        y=down,
        mode="text",
        text=[f"{value:.{digits}f}" for value in values[where]],
        textfont={"color": color},
        hoverinfo="skip",
        showlegend=False,
    )
