"""Sliders over the latents of a run, and a scrub through the models of every β."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import checkpoints
from core.config import RunConfig
from core.figures import images as pictures
from core.instruments import decode, sliders
from core.instruments.parts import bundle
from core.instruments.sliders import Latents
from core.ui.kit import cache, starts
from core.ui.kit.instrument import entries_of, instrument
from core.ui.kit.picker import View
from core.ui.traversals.strips import ranking
from core.verdicts import traversals as verdicts

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
        [_latents_of(config) for config in configs],
        np.stack([run.codes["mean"][list(index)] for run in runs], axis=1),
        starts.images_of(picked.data, index),
        index=index,
        names=starts.names_of(picked.data, runs[0].codes["label"], index),
        scrub="β",
        picked=configs.index(picked),
        size=picked.data.size,
    )
    return bundle(entries_of(runs), [part], still)


def _latents_of(config: RunConfig) -> Latents:
    model, ranked = config.model, ranking(config)
    return Latents(
        f"β = {model.beta:g}" if model.posterior == "learned" else model.label,
        ranked.order,
        ranked.amounts,
        ranked.unit,
        ranked.active,
        ranked.ruler,
        f"{verdicts.activity(model.label, ranked)} {verdicts.unit_of_steps(model.label, ranked)}",
    )
