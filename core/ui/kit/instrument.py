"""An instrument in a page: what a finger moves is decoded in the browser, not on the server."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from core.instruments.scripts import files_of, script, style

_MOUNT = (Path(__file__).parent / "instrument.js").read_text()


@cache
def _component(name: str) -> Any:
    """Return the component of an instrument, made once per server."""
    files = files_of(name)
    return st.components.v2.component(  # pyright: ignore[reportAttributeAccessIssue]
        f"latent_lab_{name}",
        html=f'<div class="instrument {name}" data-name="{name}"></div>',
        css=style(*files),
        js=f"{script('engine', 'stage', *files)}\nconst INSTRUMENT = {name}\n{_MOUNT}",
    )


def instrument(name: str, bundle: bytes, key: str) -> None:
    """Draw an instrument; dragging in it sends nothing, and its state is in the link on release.

    Args:
        name: of the instrument, one of `core.instruments.scripts.PUBLIC`.
        bundle: what it shows, see `core.instruments.bundle`. Other bytes are sent whole and start
            it anew, so everything that a finger moves is in them.
        key: of the instrument, unique on the page.
    """
    _component(name)(data=bundle, key=key)
