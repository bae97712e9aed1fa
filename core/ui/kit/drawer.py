"""The drawer that holds the menu in a narrow window: it closes once a page is chosen."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_mount = st.components.v2.component(  # pyright: ignore[reportAttributeAccessIssue]
    "latent_lab_drawer",
    css=".st-key-drawer { display: none; }",
    js=Path(__file__).with_suffix(".js").read_text(),
    isolate_styles=False,  # the rule is for what Streamlit puts around it
)


def close_after_choice() -> None:
    """Close the drawer after a tap on a page in it; this draws nothing and takes no room."""
    _mount(key="drawer")
