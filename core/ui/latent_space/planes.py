"""Models of two latents: their codes on planes under the finger, and a pad to draw on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core import checkpoints
from core.config import RunConfig
from core.data import MissingData, read_test_images
from core.figures import images as pictures
from core.figures import theme
from core.figures.plane import square_extent
from core.instruments import decode, encodable, pad, planes
from core.instruments.parts import bundle
from core.ui.kit import cache
from core.ui.kit.instrument import entries_of, instrument

POINTS = 1000
"""Test images whose codes are drawn: the first ones."""


def draw(configs: tuple[RunConfig, ...]) -> None:
    """Draw the codes of some runs of two latents, and the pad where its drawing can be encoded.

    Args:
        configs: runs of one data set, at least one.
    """
    instrument("planes", _planes_of(configs), "planes")
    data = configs[0].data.name
    if data in pad.CENTRED and all(map(encodable, configs)):
        drawing = st.toggle("Draw a digit, and see where its code lies", key="pad")
        if drawing:
            instrument("pad", _pad_of(configs), "drawing")


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=cache.BY_KEY)
def _planes_of(configs: tuple[RunConfig, ...]) -> bytes:
    runs = _open(configs)
    names = cache.label_names(configs[0].data)
    part = planes.part(
        np.stack([run.codes["mean"][:POINTS] for run in runs]),
        [half_width(run.codes["mean"]) for run in runs],
        runs[0].codes["label"][:POINTS],
        _images(configs[0]),
        classes=names,
        colors=[theme.label_color(i) for i in range(len(names))],
        normal=[config.model.prior == "normal" for config in configs],
        prior=theme.PRIOR,
    )
    return bundle(entries_of(runs), [part], _still(runs))


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=cache.BY_KEY)
def _pad_of(configs: tuple[RunConfig, ...]) -> bytes:
    runs = _open(configs)
    part = pad.part(configs[0].data.name)
    return bundle(entries_of(runs, encoder=True), [part], _still(runs))


def _still(runs: Sequence[checkpoints.Checkpoint]) -> bytes:
    """Return the reconstructions of the first test images, a row for each run, as a PNG."""
    rows = [decode(run.config, run.weights, run.codes["mean"][:12]) for run in runs]
    return pictures.rows_png(rows)


def half_width(codes: NDArray[np.floating]) -> float:
    """Return half the width of the square that holds all but the outermost codes (N, 2), and 3 σ.

    It is in units of the codes.
    """
    reach = float(np.quantile(np.abs(codes), 0.998))
    return square_extent(np.array([[-reach, -reach], [reach, reach]]), prior=True)[1]


def _open(configs: Sequence[RunConfig]) -> list[checkpoints.Checkpoint]:
    return [checkpoints.load(cache.SHELF, config.key) for config in configs]


def _images(config: RunConfig) -> NDArray[np.uint8] | None:
    try:
        return read_test_images(config.data, slice(POINTS))
    except MissingData:
        return None
