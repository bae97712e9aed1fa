"""The block of the Train page where images to train on are missing: fetch them, and watch."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core import jobs
from core.config import DataConfig
from core.data import MissingData, mnist
from core.jobs.fetching import NAME, Fetcher
from core.ui.kit import cache, crowd, widgets
from core.ui.train import studio
from core.verdicts import training

REFRESH = 1.0
"""Seconds between two looks at a download."""


@st.cache_resource(max_entries=1, show_spinner=False)
def _fetcher_at(path: str) -> Fetcher:
    return Fetcher(Path(path), studio.queue().limits)


def fetcher() -> Fetcher:
    """Return what fetches on this server, shared by all visitors."""
    return _fetcher_at(str(mnist.downloads() / NAME))


def draw(data: DataConfig) -> None:
    """Say that images are missing; offer to fetch them where that helps, and show how far it is.

    Nothing is drawn where they are here.
    """
    sentence = cache.missing_images(data)
    if sentence is None:
        return
    if problem := st.session_state.pop("unfetched", None):
        st.error(f"{problem}.")
    if not (mnist.can_be_fetched() and studio.queue().limits.training):
        widgets.images_missing(sentence)
        return
    if _is_running():
        st.fragment(_watch, run_every=REFRESH * crowd.slowness())()
        return
    _offer(sentence)


def _is_running() -> bool:
    download = fetcher().look()
    return download is not None and download.state == "running"


def _offer(sentence: str) -> None:
    """Draw the button that fetches, below how the last attempt ended."""
    download = fetcher().look()
    if download:
        st.error(training.not_fetched(download))
    widgets.images_missing(sentence)
    st.button(
        "Fetch the images (10 MB)" if download is None else "Try again",
        key="fetch",
        on_click=_start,
        icon=":material/download:",
    )


def _start() -> None:
    """Start the download; a refusal is drawn the next time."""
    try:
        fetcher().start()
    except (jobs.TooMany, MissingData) as error:
        st.session_state["unfetched"] = str(error)


@crowd.turn()
def _watch() -> None:
    download = fetcher().look()
    if download is None or download.state != "running":
        st.rerun()  # all is here, or it failed
    st.caption("MNIST's images to train on are fetched, once for everybody.")
    st.progress(*training.fetching(download))
