"""The link to what is on the screen: whole at any time, and copied by a button."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.config import RunConfig

_HERE = Path(__file__).parent
_mount = st.components.v2.component(  # pyright: ignore[reportAttributeAccessIssue]
    "latent_lab_address",
    html="""<button type="button" title="Copy the link to this screen">Copy link</button>""",
    css=(_HERE / "address.css").read_text(),
    js=(_HERE / "address.js").read_text(),
)
_RUNS = "runs of the script"


def complete(config: RunConfig) -> None:
    """Draw the button that copies the link, and let the link say data set and latents.

    A link that does not say them would show something else as soon as the lab opens with another
    data set. The browser writes them, without a step in its history.

    Args:
        config: of the run on the screen.
    """
    # Streamlit may have written the address anew, so the browser looks at it after every run.
    count = st.session_state.get(_RUNS, 0) + 1
    st.session_state[_RUNS] = count
    said = {"data": config.data.name, "latents": str(config.model.latent_dim)}
    _mount(data={"said": said, "run": count}, key="address")
