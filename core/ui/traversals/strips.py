"""The latents of a run in order, and decoded traversals for files: a sheet, a film."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core import lessons
from core.config import RunConfig
from core.explore.decoding import decode
from core.explore.traversal import steps, traverse, traverse_each
from core.ui.kit import cache
from core.verdicts.traversals import Ranking

FRAMES, SECONDS = 91, 2.4
"""Frames of a film and seconds from its first to its last: 38 a second."""

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Choice:
    """The start, reach and number of steps of the traversals.

    Args:
        image: index of the test image to start from; the origin when None.
        reach: steps to either side, in standard deviations.
        count: pictures in a row.
    """

    image: int | None
    reach: float = 3.0
    count: int = 11


@st.cache_data(max_entries=48, show_spinner=False, hash_funcs=cache.BY_KEY)
def ranking(config: RunConfig) -> Ranking:
    """Return the latents of a run by KL, or by their codes' variance where there is no KL."""
    return lessons.ranking(cache.run(config))


def start(config: RunConfig, image: int | None) -> Floats:
    """Return the code (L,) of a test image, or the origin."""
    mean = cache.run(config).codes["mean"]
    return np.zeros(mean.shape[1], np.float32) if image is None else mean[image]


def sheet_images(config: RunConfig, image: int | None, reach: float, count: int) -> Floats:
    """Return the decoded traversals (L*S, H, W), a row per latent, most KL or variance first.

    Args:
        config: of the run.
        image: index of the test image to start from; the origin when None.
        reach: steps to either side, in standard deviations.
        count: pictures in a row.
    """
    ranked = ranking(config)
    codes = traverse_each(start(config, image), ranked.order, ranked.ruler, steps(reach, count))
    return decode(cache.run(config).model, codes)


def film(config: RunConfig, latent: int, image: int | None, reach: float) -> Floats:
    """Return the frames (FRAMES, H, W) of one latent that moves from end to end."""
    values = ranking(config).ruler.at(latent, steps(reach, FRAMES))
    return decode(cache.run(config).model, traverse(start(config, image), latent, values))


def step_names(choice: Choice) -> list[str]:
    """Return the steps as text.

    >>> step_names(Choice(None, 3, 5))
    ['-3', '-1.5', '0', '+1.5', '+3']
    """
    return [f"{step:+.2g}" if step else "0" for step in steps(choice.reach, choice.count)]
