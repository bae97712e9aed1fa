"""Two test images to pick, and every model's pictures on the way from one to the other."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core import checkpoints, lessons
from core.config import RunConfig
from core.figures import images as pictures
from core.figures import theme
from core.instruments import decode, passage
from core.instruments.parts import bundle
from core.ui.kit import cache, starts
from core.ui.kit.instrument import instrument
from core.ui.kit.picker import View
from core.verdicts.interpolations import BLENDING

IMAGES, PAIRS = 60, 48
"""Images of the gallery, and pairs that *two at random* goes through."""


def draw(view: View) -> None:
    """Draw the gallery, and the way between the two images that are picked in it."""
    configs = tuple(view.family.values())
    labels = cache.run(configs[0]).codes["label"]
    usual = starts.of_each_class(labels, IMAGES)
    index = starts.with_link(usual, len(labels) - 1, "first", "second")
    instrument("passage", bundle_of(configs, index), "passage")


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=cache.BY_KEY)
def bundle_of(configs: tuple[RunConfig, ...], index: tuple[int, ...]) -> bytes:
    """Return the decoders of some runs, and the codes of some test images in each.

    Args:
        configs: of one data set and number of latents.
        index: of the test images, 0 and 1 among them.
    """
    runs = [checkpoints.load(cache.SHELF, config.key) for config in configs]
    data, labels = configs[0].data, runs[0].codes["label"]
    names = [config.model.name for config in configs]
    classes = len(np.unique(labels))
    part = passage.part(
        np.stack([run.codes["mean"][list(index)] for run in runs], axis=1),
        lessons.images_of(data, np.array(index)),
        index=index,
        names=lessons.image_names(data, labels, index),
        pairs=random_pairs(labels[list(index)]),
        picked=(index.index(0), index.index(1)),
        stand_in=names.index("vae") if "vae" in names else 0,
        blending=(BLENDING, theme.MUTED),
        columns=classes * (12 // classes),
    )
    halfway = [
        decode(run.config, run.weights, run.codes["mean"][:2].mean(axis=0, keepdims=True))
        for run in runs
    ]
    still = pictures.sheet_png(np.concatenate(halfway), len(runs), scale=6)
    return bundle(lessons.entries_of(runs), [part], still)


def random_pairs(labels: NDArray[np.integer]) -> list[tuple[int, int]]:
    """Return the places of pairs of images that differ in their labels, the same every time.

    >>> {labels for pair in random_pairs(np.array([3, 5])) for labels in pair}
    {0, 1}
    """
    random = np.random.default_rng(0)
    pairs = []
    for _ in range(PAIRS):
        first = random.integers(len(labels))
        second = random.choice(np.flatnonzero(labels != labels[first]))
        pairs.append((int(first), int(second)))
    return pairs
