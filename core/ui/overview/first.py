"""The first screen: from the code of a real image to a random code, in every model at once."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import checkpoints, lessons
from core.config import RunConfig
from core.experiments.samples import SAMPLES, kept_quality, scores_by_seed
from core.figures import images as pictures
from core.instruments import decode
from core.instruments.parts import bundle
from core.ui.kit import cache, handing
from core.ui.kit.instrument import instrument
from core.ui.kit.picker import View
from core.ui.kit.scheme import scheme
from core.verdicts import overview as verdicts

PAIRS = 24
"""Ways from a code to a code."""


def draw(view: View) -> None:
    """Draw the path, the answer, and what image, code and image are."""
    configs = tuple(view.family.values())
    instrument("path", bundle_of(configs), "path")
    st.markdown(answer(view.family.get("ae"), view.family.get("vae")))
    scheme(*_scheme_of(view.picked), "scheme")
    handing.button(configs)


@cache.fresh(SAMPLES, max_entries=32)
def answer(ae: RunConfig | None, vae: RunConfig | None) -> str:
    """Return the answer of the page, of an AE and a VAE of the same family."""
    if ae is None or vae is None:
        return verdicts.INCOMPLETE
    box, mixture = _scores(ae, "box"), _scores(ae, "mixture")
    quality = kept_quality(ae, "box", cache.SHELF)
    prior = _scores(vae, "prior")
    if quality is None or not prior:
        return verdicts.UNMEASURED
    asked = f"{ae.data.name} with {ae.model.latent_dim} latents"
    return verdicts.answer(asked, box, prior, mixture, quality.n)


def _scores(config: RunConfig, sampler: str) -> verdicts.Scores:
    by_seed = scores_by_seed(config, cache.SHELF)
    return {seed: scores[sampler] for seed, scores in by_seed.items()}


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=cache.BY_KEY)
def bundle_of(configs: tuple[RunConfig, ...]) -> bytes:
    """Return what the browser draws the path of some runs of one data set from."""
    runs = [checkpoints.load(cache.SHELF, config.key) for config in configs]
    part = lessons.random_path(runs, PAIRS)
    first = [
        decode(run.config, run.weights, part.tensors["to"][0, 0, place][None])
        for place, run in enumerate(runs)
    ]
    still = pictures.sheet_png(np.concatenate(first), len(runs), scale=6)
    return bundle(lessons.entries_of(runs), [part], still)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=cache.BY_KEY)
def _scheme_of(config: RunConfig) -> tuple[bytes | None, list[float], bytes]:
    """Return the first test image, its code and its reconstruction."""
    run = checkpoints.load(cache.SHELF, config.key)
    code = run.codes["mean"][0]
    images = lessons.images_of(config.data, slice(1))
    image = None if images is None else pictures.sheet_png(images / 255, 1, 4)
    decoded = decode(config, run.weights, code[None])
    return image, code.tolist(), pictures.sheet_png(decoded, 1, 4)
