"""The frame: what stands around every page, and how a page finds what the visitor looks at."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from pathlib import Path

import streamlit as st

from core.checkpoints import CheckpointError
from core.runtime import share_freed_memory
from core.ui.kit import address, cache, crowd, drawer
from core.ui.kit.picker import View, pick_run
from core.verdicts import family as verdicts

PAGES = {
    "pages/overview.py": ("Overview", ":material/home:"),
    "pages/latent_space.py": ("Latent space", ":material/scatter_plot:"),
    "pages/sampling.py": ("Sampling", ":material/casino:"),
    "pages/noise.py": ("Noise", ":material/grain:"),
    "pages/likelihood.py": ("Likelihood", ":material/functions:"),
    "pages/priors.py": ("Priors", ":material/landscape:"),
    "pages/traversals.py": ("Traversals", ":material/tune:"),
    "pages/interpolations.py": ("Interpolations", ":material/timeline:"),
    "pages/disentanglement.py": ("Disentanglement", ":material/category:"),
    "pages/train.py": ("Train", ":material/model_training:"),
}
"""File -> title and icon, in the order of the lecture; the first one is the front page."""
PLANES = ("Latent space", "Likelihood", "Priors")
"""Titles of the pages that live from two latents: codes, posteriors and densities on a plane."""

PROJECT = Path(__file__).resolve().parents[3]
ICON = Path(__file__).parent / "icon.png"
_VIEW = "view"


def page_file(path: str) -> str:
    """Return the whole path of one of `PAGES`; Streamlit looks for others beside its script."""
    return str(PROJECT / path)


def draw_frame() -> None:
    """Draw navigation and picker, and run the page that the address names."""
    _once_per_server()
    _set_aside(with_torch="torch" in sys.modules)
    with crowd.turn():
        _draw_page()


def _draw_page() -> None:
    st.set_page_config(page_title="Latent Lab", page_icon=str(ICON), layout="wide")
    page = st.navigation(_pages(), position="top")
    drawer.close_after_choice()
    with st.container(horizontal=True, vertical_alignment="bottom", key="picker"):
        view = pick_run(page.title, 2 if page.title in PLANES else 10)
        if view:
            address.complete(view.picked)
    if view is None:
        st.error(
            "There is no trained run to show. Train one with `python -m core train digits vae`,"
            " then reload."
        )
        return
    if not view.picked.model.in_family:
        st.caption(verdicts.BESIDE)
    st.session_state[_VIEW] = view
    try:
        page.run()
    except CheckpointError as error:  # a file was damaged after the shelf was looked through
        if cache.lost_a_run():
            st.rerun()
        st.error(f"{error}.")


@st.cache_resource(max_entries=1, show_spinner=False)
def _once_per_server() -> None:
    """Load pandas before a page does, and let the threads share the memory that they free.

    Streamlit loads pandas with the first table. Where that is in one visitor's thread, another's,
    drawing a chart, finds half of it: plotly looks for its classes as soon as there is a module of
    that name.
    """
    share_freed_memory()
    import_module("pandas")


@st.cache_resource(max_entries=2, show_spinner=False)
def _set_aside(*, with_torch: bool) -> None:
    """Set aside what is imported, which is never freed: once, and once more after torch came.

    Python looks through all that may be garbage now and then, and stops everyone meanwhile: for a
    tenth of a second where that includes torch's modules. The first page that decodes or measures
    loads them.

    Args:
        with_torch: whether torch was imported.
    """
    gc.collect()
    gc.freeze()


def current_view() -> View:
    """Return what the visitor looks at; called once at the top of every page.

    A fresh server runs the page that a deep link names without `dashboard.py`. The page then finds
    no view, says which pages there are, and runs again through the frame with the link intact.
    """
    view = st.session_state.pop(_VIEW, None)
    if view is None:
        # Without icons: until the frame sets the lab's own, the browser asks Google for that of
        # the page.
        st.navigation([page_file(path) for path in PAGES], position="hidden")
        st.rerun()
    return view


def _pages() -> list:
    return [
        st.Page(page_file(path), title=title, icon=icon, default=place == 0)
        for place, (path, (title, icon)) in enumerate(PAGES.items())
    ]
