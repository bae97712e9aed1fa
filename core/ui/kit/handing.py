"""A button that hands the models of a page out, as one file that needs no server."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from core import checkpoints, handout
from core.config import RunConfig
from core.ui.kit import cache


def button(configs: Iterable[RunConfig]) -> None:
    """Draw the button; the file is made when it is pressed.

    Args:
        configs: of one data set and number of latents; those outside the family are left out, and
            there is no button where none is left.
    """
    family = [config for config in configs if config.model.in_family]
    if not family:
        return

    def content() -> bytes:
        runs = [checkpoints.load(cache.SHELF, config.key) for config in family]
        return handout.page(runs).encode()

    st.download_button(
        "Hand out as one file",
        content,
        f"latent-lab-{family[0].data.name}.html",
        "text/html",
        key="hand out",
        on_click="ignore",
        icon=":material/ios_share:",
        help="The models of this page in one HTML file: it decodes in any browser, without a"
        " server or a network.",
    )
