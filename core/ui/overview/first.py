"""The first screen: from the code of a real image to a random code, in every model at once."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core import checkpoints
from core.config import RunConfig
from core.data import MissingData, read_test_images
from core.experiments.samples import SAMPLES, kept_quality, scores_by_seed
from core.explore import sampling
from core.figures import images as pictures
from core.instruments import decode, path, prior_of
from core.instruments.parts import bundle
from core.ui.kit import cache
from core.ui.kit.instrument import entries_of, instrument
from core.ui.kit.picker import View
from core.ui.kit.scheme import scheme
from core.verdicts import overview as verdicts

PAIRS = 24
"""Ways from a code to a code: from the first test images to the first random codes of seed 0."""
SOURCES = {"point": "box", "fixed": "box"}
"""Kind of posterior -> where its model's random codes come from; the prior when left out."""

Floats = NDArray[np.floating]


def draw(view: View) -> None:
    """Draw the path, the answer, and what image, code and image are."""
    configs = tuple(view.family.values())
    instrument("path", bundle_of(configs), "path")
    st.markdown(answer(view.family.get("ae"), view.family.get("vae")))
    scheme(*_scheme_of(view.picked), "scheme")


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
    return verdicts.answer(box, prior, mixture, quality.n)


def _scores(config: RunConfig, sampler: str) -> verdicts.Scores:
    by_seed = scores_by_seed(config, cache.SHELF)
    return {seed: scores[sampler] for seed, scores in by_seed.items()}


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=cache.BY_KEY)
def bundle_of(configs: tuple[RunConfig, ...]) -> bytes:
    """Return what the browser draws the path of some runs of one data set from."""
    runs = [checkpoints.load(cache.SHELF, config.key) for config in configs]
    images = _images(configs[0])
    names = cache.label_names(configs[0].data)
    labels = runs[0].codes["label"][:PAIRS]
    part = path.part(
        np.stack([run.codes["mean"][:PAIRS] for run in runs], 1),
        {"uniform box or prior": np.stack([_random_codes(run) for run in runs], 1)},
        images,
        names=[f"test image {i}, “{names[label]}”" for i, label in enumerate(labels)],
        ends=("the code of a real image", "a random code"),
        title="The way from the code of a real image to a random code",
        another="Another pair",
        place=1.0,
    )
    entries = entries_of(runs)
    first = [
        decode(run.config, run.weights, part.tensors["to"][0, 0, place][None])
        for place, run in enumerate(runs)
    ]
    still = pictures.sheet_png(np.concatenate(first), len(runs), scale=6)
    return bundle(entries, [part], still)


def _images(config: RunConfig) -> NDArray[np.uint8] | None:
    try:
        return read_test_images(config.data, slice(PAIRS))
    except MissingData:
        return None


def _random_codes(run: checkpoints.Checkpoint) -> Floats:
    """Return random codes (PAIRS, L), from the model's box or from its prior."""
    name = SOURCES.get(run.config.model.posterior, "prior")
    if name == "prior":
        return prior_of(run.config, run.weights).sample(PAIRS, seed=0)
    codes = sampling.aggregate_posterior(run.codes["train_mean"], run.codes["train_std"])
    return sampling.sampler(name, codes).sample(PAIRS, seed=0)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=cache.BY_KEY)
def _scheme_of(config: RunConfig) -> tuple[bytes | None, list[float], bytes]:
    """Return the first test image, its code and its reconstruction."""
    run = checkpoints.load(cache.SHELF, config.key)
    code = run.codes["mean"][0]
    original = _images(config)
    image = None if original is None else pictures.sheet_png(original[:1] / 255, 1, 4)
    decoded = decode(config, run.weights, code[None])
    return image, code.tolist(), pictures.sheet_png(decoded, 1, 4)
