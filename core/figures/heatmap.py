"""Tables of numbers as colours: what each latent has to do with each factor."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme

_TELLING = 0.3
_DARK = "#11161f"
# The numbers can be read on a light and on a dark page: grey on what is faint, dark on what is
# full, nothing between.
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
    """Return a table whose cells are the fuller the further their value is from 0, with the value
    written in each.

    Args:
        values: (R, C).
        rows: R names, the first on top.
        columns: C names.
        name: of the values, with their unit, for the pointer.
        highest: size of the value of a full cell.
        color: of a full cell, as `#rrggbb`.
        digits: after the point of what is written in the cells.
        height: in pixels.

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
    # Texts of their own, since a heat map's take their colour from the cell as if that were
    # opaque.
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
