"""The nll of binary MNIST: digits that are binarised, and our numbers beside the literature's."""

from __future__ import annotations

import streamlit as st

from core.config import DataConfig
from core.data import read_test_images
from core.data.binarised import binarise
from core.experiments.evidence import EVIDENCE
from core.experiments.kept import Numbers, numbers_of
from core.figures import images as pictures
from core.recipes import with_prior
from core.ui.kit import cache, widgets
from core.verdicts import literature as verdicts

DRAWN = 6
"""Digits that are binarised."""

MNIST, STATIC = DataConfig(name="mnist"), DataConfig(name="mnist-static")


def draw() -> None:
    """Draw binarised digits, and our nll of binary MNIST beside the literature's."""
    st.subheader("When are nats those of the papers?", anchor=False)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(verdicts.BINARY)
    with right:
        caption = "From above: grey, three dynamic draws, and the static one"
        widgets.image_row(caption, binary_png())
    cases = [(data, prior) for data in verdicts.DATA for prior in ("normal", "vamp")]
    ours = {case: evidence(*case) for case in cases}
    st.dataframe(verdicts.rows(ours), hide_index=True, height="content")
    st.markdown(verdicts.sentences(ours))
    st.caption(verdicts.note(ours))


@st.cache_data(max_entries=2, show_spinner=False)
def binary_png() -> bytes:
    """Return test digits in grey, drawn three times, and as the static set draws them once."""
    grey = read_test_images(MNIST, slice(DRAWN))
    static = read_test_images(STATIC, slice(DRAWN))
    rows = [grey, *(binarise(grey, seed) for seed in (1, 2, 3)), static]
    return pictures.rows_png([row / 255 for row in rows], cache.scale_of(MNIST))


@cache.fresh(EVIDENCE, max_entries=16)
def evidence(data: str, prior: str) -> Numbers | None:
    """Return the bound on log p(x) of our model of binary images; None if it was not measured."""
    return numbers_of(EVIDENCE, with_prior(data, verdicts.LATENTS, prior), cache.SHELF)
