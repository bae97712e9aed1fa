"""Captions where test images are training images too."""

from __future__ import annotations

import streamlit as st

from core.config import DataConfig
from core.data.twins import has_twins
from core.experiments.kept import compared, numbers_of
from core.experiments.twins import TWINS
from core.ui.kit import cache
from core.ui.kit.picker import View
from core.verdicts import twins as verdicts


def share(data: DataConfig) -> str:
    """Return a sentence of how many test images have a twin; nothing where none has one."""
    return verdicts.share(compared(TWINS, data, cache.SHELF)) if has_twins(data) else ""


def note_of(data: DataConfig) -> None:
    """Draw how many test images of a data set have a twin, where some have."""
    if sentence := share(data):
        st.caption(sentence)


def note(view: View) -> None:
    """Draw how many test images have a twin, and the family's nll on those that have none."""
    sentence = share(view.picked.data)
    if not sentence:
        return
    measured = {}
    for name, config in view.family.items():
        if numbers := numbers_of(TWINS, config, cache.SHELF):
            measured[name] = numbers
    st.caption(f"{sentence} {verdicts.without_twins(measured)}")
