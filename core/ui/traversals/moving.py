"""Sliders over the latents of a run, and a scrub through the models of every β."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import checkpoints, lessons
from core.config import RunConfig
from core.figures import images as pictures
from core.instruments import decode, sliders
from core.instruments.parts import bundle
from core.ui.kit import cache, starts
from core.ui.kit.instrument import instrument
from core.ui.kit.picker import View

IMAGES = 20
"""Test images to start from."""


def draw(view: View) -> None:
    """Draw a slider for each latent of the picked run and of every β beside it."""
    labels = cache.run(view.picked).codes["label"]
    index = starts.with_link(starts.of_each_class(labels, IMAGES), len(labels) - 1, "image")
    instrument("sliders", bundle_of(stops(view), view.picked, index), "sliders")


def stops(view: View) -> tuple[RunConfig, ...]:
    """Return the runs that the scrub goes through: every β, the picked one first if it has none.

    An autoencoder pays no KL, and InfoGAN has no β.
    """
    with_beta = tuple(view.stops("beta").values())
    return with_beta if view.picked in with_beta else (view.picked, *with_beta)


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=cache.BY_KEY)
def bundle_of(configs: tuple[RunConfig, ...], picked: RunConfig, index: tuple[int, ...]) -> bytes:
    """Return the decoders of some runs, and the codes of some test images in each.

    Args:
        configs: of one data set and number of latents.
        picked: the one that is seen first.
        index: of the test images.
    """
    runs = [checkpoints.load(cache.SHELF, config.key) for config in configs]
    first = [decode(run.config, run.weights, run.codes["mean"][:1]) for run in runs]
    still = pictures.sheet_png(np.concatenate(first), len(runs), scale=6)
    part = sliders.part(
        [lessons.latents_of(run, _name_of(run.config)) for run in runs],
        np.stack([run.codes["mean"][list(index)] for run in runs], axis=1),
        lessons.images_of(picked.data, np.array(index)),
        index=index,
        names=lessons.image_names(picked.data, runs[0].codes["label"], index),
        scrub="β",
        picked=configs.index(picked),
        size=picked.data.size,
    )
    return bundle(lessons.entries_of(runs), [part], still)


def _name_of(config: RunConfig) -> str:
    """Return the name of a stop: its β, or the model where it has none."""
    model = config.model
    return f"β = {model.beta:g}" if model.posterior == "learned" else model.label
