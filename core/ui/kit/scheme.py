"""Image, code, image: what every model of the lab does, drawn once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.ui.kit.pictures import data_url

_HERE = Path(__file__).parent
_mount = st.components.v2.component(  # pyright: ignore[reportAttributeAccessIssue]
    "latent_lab_scheme",
    html="""<div class="scheme"></div>""",
    css=(_HERE / "scheme.css").read_text(),
    js=(_HERE / "scheme.js").read_text(),
)


def scheme(image: bytes | None, code: Sequence[float], decoded: bytes, key: str) -> None:
    """Draw an image, its code as bars, and what the code decodes to.

    Args:
        image: PNG of the image; left out where it cannot be read.
        code: its numbers (L,).
        decoded: PNG of the reconstruction.
        key: of the drawing, unique on the page.
    """
    data = {
        "image": image and data_url(image),
        "code": [round(float(number), 3) for number in code],
        "decoded": data_url(decoded),
    }
    _mount(data=data, key=key)
