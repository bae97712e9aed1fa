"""A sheet of traversals: a row of pictures and an amount for each latent; a click picks a row."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_HTML = """<div class="sheet" role="group"></div>"""
_mount = st.components.v2.component(  # pyright: ignore[reportAttributeAccessIssue]
    "latent_lab_sheet",
    html=_HTML,
    css=(_HERE / "sheet.css").read_text(),
    js=(_HERE / "sheet.js").read_text(),
)


@dataclass(frozen=True)
class Row:
    """What stands beside a row of pictures.

    Args:
        name: of the latent.
        amount: what it carries, as text.
        share: of the longest bar, 0 to 1.
        muted: whether the row is greyed.
        note: for the pointer.
    """

    name: str
    amount: str
    share: float
    muted: bool = False
    note: str = ""


def sheet(
    png: bytes,
    rows: Sequence[Row],
    columns: Sequence[str],
    title: str,
    key: str,
    *,
    unit: str,
    color: str,
    picked: int | None = None,
    on_pick: Callable[[int], None] | None = None,
) -> None:
    """Draw a picture of equally high rows of pictures, with names beside and above it.

    Args:
        png: R x C pictures, all of the same size.
        rows: what stands beside each row, R.
        columns: what stands above each column, C.
        title: of the picture, for those who do not see it.
        key: of the sheet, unique on the page.
        unit: of the amounts, above them.
        color: `#rrggbb` of the bars.
        picked: the row that is marked, if any.
        on_pick: told which row was clicked.
    """
    data = {
        "src": "data:image/png;base64," + b64encode(png).decode(),
        "rows": [asdict(row) for row in rows],
        "columns": list(columns),
        "title": title,
        "unit": unit,
        "color": color,
        "picked": picked,
    }

    def clicked() -> None:
        row = st.session_state[key].row
        if on_pick and row is not None:
            on_pick(int(row))

    _mount(data=data, key=key, on_row_change=clicked)
