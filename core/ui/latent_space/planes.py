"""Models of two latents: their codes on planes under the finger, and a pad to draw on."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import checkpoints, lessons
from core.config import RunConfig
from core.figures import images as pictures
from core.instruments import decode, encodable, pad
from core.instruments.parts import bundle
from core.ui.kit import cache, handing
from core.ui.kit.instrument import instrument

POINTS = 1000
"""Test images whose codes are drawn: the first ones."""


def draw(configs: tuple[RunConfig, ...]) -> None:
    """Draw the codes of some runs of two latents, and the pad where its drawing can be encoded.

    Args:
        configs: runs of one data set, at least one.
    """
    instrument("planes", _planes_of(configs), "planes")
    handing.button(configs)
    data = configs[0].data.name
    if data in pad.CENTRED and all(map(encodable, configs)):
        drawing = st.toggle("Draw a digit, and see where its code lies", key="pad")
        if drawing:
            instrument("pad", _pad_of(configs), "drawing")


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=cache.BY_KEY)
def _planes_of(configs: tuple[RunConfig, ...]) -> bytes:
    runs = _open(configs)
    part = lessons.code_planes(runs, POINTS)
    return bundle(lessons.entries_of(runs), [part], _still(runs))


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=cache.BY_KEY)
def _pad_of(configs: tuple[RunConfig, ...]) -> bytes:
    runs = _open(configs)
    part = pad.part(configs[0].data.name)
    return bundle(lessons.entries_of(runs, encoder=True), [part], _still(runs))


def _still(runs: Sequence[checkpoints.Checkpoint]) -> bytes:
    """Return the reconstructions of the first test images, a row for each run, as a PNG."""
    rows = [decode(run.config, run.weights, run.codes["mean"][:12]) for run in runs]
    return pictures.rows_png(rows)


def _open(configs: Sequence[RunConfig]) -> list[checkpoints.Checkpoint]:
    return [checkpoints.load(cache.SHELF, config.key) for config in configs]
