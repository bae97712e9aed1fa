"""The decoded plane: what a decoder makes of every place of two latents, as a picture on axes.

Plotly takes longer to draw it anew than a decoder takes to decode it, which is felt with a finger
on a slider.
"""

from __future__ import annotations

from base64 import b64encode
from math import floor, log10
from pathlib import Path
from typing import Literal

import streamlit as st

from core.figures import theme
from core.verdicts.phrases import with_minus

_HERE = Path(__file__).parent
_HTML = """
<div class="plane">
<svg role="img"></svg>
<button type="button" aria-label="Save the decoded plane">Save</button>
</div>
"""
_mount = st.components.v2.component(  # pyright: ignore[reportAttributeAccessIssue]
    "latent_lab_plane",
    html=_HTML,
    css=(_HERE / "plane.css").read_text(),
    js=(_HERE / "plane.js").read_text(),
)


def plane(
    png: bytes,
    half_width: float,
    title: str,
    key: str,
    *,
    circles: bool,
    kind: Literal["png", "svg"] = "png",
) -> None:
    """Draw a picture of a square of codes around the origin, with the codes along its edges.

    Args:
        png: the picture.
        half_width: from the origin to its edges, in units of the codes.
        title: of the picture, for those who do not see it.
        key: of the plane, unique on the page.
        circles: whether to draw 1, 2 and 3 sigma of the standard normal prior.
        kind: of file that it is saved as.
    """
    data = {
        "src": "data:image/png;base64," + b64encode(png).decode(),
        "half": half_width,
        "ticks": [{"code": code, "name": name} for code, name in ticks(half_width)],
        "prior": theme.PRIOR if circles else None,
        "title": title,
        "kind": kind,
    }
    _mount(data=data, key=key)


def ticks(half_width: float) -> list[tuple[float, str]]:
    """Return at most nine round numbers within a distance of 0, and how they are written.

    Args:
        half_width: that distance, above 0.

    >>> [name for _, name in ticks(2.4)]
    ['−2', '−1', '0', '1', '2']
    >>> [code for code, _ in ticks(0.31)]
    [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]
    """
    least = half_width / 4 * (1 - 1e-9)
    power = 10.0 ** floor(log10(least))
    step = next(first * power for first in (1, 2, 5, 10) if first * power >= least)
    count, digits = floor(half_width / step * (1 + 1e-9)), max(0, -floor(log10(step) + 1e-9))
    codes = [round(place * step, digits) for place in range(-count, count + 1)]
    return [(code, with_minus(f"{code:.{digits}f}")) for code in codes]
