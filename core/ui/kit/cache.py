"""The library's functions as pages call them, from memory where they were called before.

All visitors share the results. Every cache is bounded, and keyed by runs and plain choices.
Nothing is keyed by an array: Streamlit hashes only a sample of a large one. A run is keyed by the
key of its config, a study by the version of its file. A result must not be changed.

Reading needs no torch: a function that trains, measures or decodes imports it when it is called.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.checkpoints import DOCUMENT, SHELF, CheckpointError, forget_what_was_seen, survey
from core.config import DataConfig, RunConfig
from core.data import MissingData, classes, load, missing, read_test_images
from core.data.shapes import draw
from core.experiments import STUDIES, kept
from core.experiments import samples as sampled
from core.experiments.kept import Numbers, Study
from core.explore import layers, projection, sampling
from core.figures import images as pictures
from core.metrics.latents import active
from core.opening import Run, open_run

if TYPE_CHECKING:
    from core.data import Split
    from core.experiments.measuring.reference import Reference

RUNS = 16
"""Runs kept in memory, of some 5 MB each."""

Floats = NDArray[np.floating]

BY_KEY: dict[str | type, Callable[[Any], Any]] = {
    RunConfig: lambda config: config.key,
    Study: lambda study: (study.name, kept.version(study, SHELF)),
}
"""How a cache tells arguments apart, for `hash_funcs`.

A key is hashed thirty times faster than the fields of a config. A study is another one as soon as
its numbers change.
"""

_KNOWN: dict[str, int] = {}
"""The versions of runs that `shelf` last saw, by key."""

P = ParamSpec("P")
T = TypeVar("T")


class Fresh(Generic[P, T]):
    """A function that is cached until the numbers of a study change, see `fresh`."""

    def __init__(self, function: Callable[P, T], studies: tuple[Study, ...], entries: int) -> None:
        # Streamlit tells functions apart by name and source, which `wraps` hands on.
        @st.cache_data(max_entries=entries, show_spinner=False, hash_funcs=BY_KEY)
        @wraps(function)
        def cached(studies: tuple[Study, ...], *args: P.args, **kwargs: P.kwargs) -> T:
            return function(*args, **kwargs)

        self._studies, self._cached = studies, cached

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what the function returns, from memory where it is there."""
        return self._cached(self._studies, *args, **kwargs)

    def clear(self) -> None:
        """Forget all results."""
        self._cached.clear()


def fresh(*studies: Study, max_entries: int) -> Callable[[Callable[P, T]], Fresh[P, T]]:
    """Cache a function until the numbers of a study change.

    Args:
        studies: whose numbers it reads.
        max_entries: results that are kept at most.

    Returns:
        A decorator. The function's arguments must be configs and plain choices.
    """
    return lambda function: Fresh(function, studies, max_entries)


def _versions() -> dict[str, int]:
    """Return the versions of all runs by key; every look at a training asks for them."""
    versions = {}
    with contextlib.suppress(OSError), os.scandir(SHELF) as folders:
        for folder in folders:
            if not folder.name.startswith("."):
                # A file, a folder that is not a run, or one just removed has no document.
                with contextlib.suppress(OSError):
                    versions[folder.name] = Path(folder.path, DOCUMENT).stat().st_mtime_ns
    return versions


def version(config: RunConfig) -> int:
    """Return a number that changes whenever a run is replaced, and 0 where there is none."""
    try:
        return Path(SHELF, config.key, DOCUMENT).stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_resource(max_entries=1, show_spinner=False)
def _shelf_at(versions: tuple[tuple[str, int], ...]) -> tuple[tuple[RunConfig, ...], list[str]]:
    """Look through the shelf, see `shelf`.

    Where a run was replaced or removed, all that was cached is forgotten first; a new one takes
    nothing away.
    """
    if not _KNOWN.items() <= dict(versions).items():
        st.cache_data.clear()
        for cached in (run, sampler):
            cached.clear()
    _kept_trainings.clear()
    _KNOWN.clear()
    _KNOWN.update(versions)
    looked_at = [entry for _, entry in survey(SHELF)]
    configs = tuple(entry for entry in looked_at if isinstance(entry, RunConfig))
    return configs, [str(entry) for entry in looked_at if isinstance(entry, CheckpointError)]


def shelf() -> tuple[tuple[RunConfig, ...], list[str]]:
    """Return the configs of all runs, and a sentence about each run that is refused."""
    return _shelf_at(tuple(sorted(_versions().items())))


def is_there(config: RunConfig) -> bool:
    """Return whether a run is on the shelf and not refused."""
    return config in shelf()[0]


def damaged_studies() -> list[str]:
    """Return the sentences about files of measured numbers that cannot be read."""
    return [sentence for study in STUDIES if (sentence := kept.damage_of(study, SHELF))]


def lost_a_run() -> bool:
    """Look at every run anew, and return whether one that was on the shelf is refused now."""
    before, _ = shelf()
    forget_what_was_seen()
    _shelf_at.clear()
    now, _ = shelf()
    return not set(before) <= set(now)


@st.cache_resource(max_entries=RUNS, show_spinner=False, hash_funcs=BY_KEY)
def run(config: RunConfig) -> Run:
    """Return an opened run; its model is made when it is first asked for."""
    return open_run(config.key, SHELF, channels_last=True)


@st.cache_resource(max_entries=3, show_spinner=False)
def _split(data: DataConfig) -> Split:
    return load(data)


def split(data: DataConfig) -> Split | None:
    """Return the images of a data set, or None where `missing_images` says what is missing."""
    try:
        return _split(data)
    except MissingData:
        return None


def sprites(data: DataConfig, factors: NDArray[np.integer]) -> Floats:
    """Return the sprites with these factors (N, K) as images (N, H, W)."""
    return draw(factors, data.size).astype(np.float32) / np.float32(255)


def missing_images(data: DataConfig) -> str | None:
    """Return None where the images are here, else what is missing and how to get it."""
    return missing(data)


def test_images(data: DataConfig, index: NDArray[np.integer] | slice) -> Floats | None:
    """Return test images (B, H, W), or None where they are not on this machine."""
    try:
        return _held_out(data)[index].astype(np.float32) / np.float32(255)
    except MissingData:
        return None


@st.cache_resource(max_entries=3, show_spinner=False)
def _held_out(data: DataConfig) -> NDArray[np.uint8]:
    """Return all test images (N, H, W), 0 black and 255 white."""
    return read_test_images(data, slice(None))


def scale_of(data: DataConfig) -> int:
    """Return how many screen pixels a pixel takes in a sheet, which is some 96 pixels high."""
    return max(1, 96 // data.size)


def label_names(data: DataConfig) -> tuple[str, ...]:
    """Return the name of each class."""
    return classes.class_names(data)


def factor_names(data: DataConfig) -> tuple[str, ...]:
    """Return the names of the factors that truly vary, none where they are not known."""
    return classes.factor_names(data)


def active_latents(config: RunConfig) -> NDArray[np.bool_]:
    """Return which latents of a run are in use (L,)."""
    codes = run(config).codes
    return active(codes["mean"], codes["std"])


@st.cache_data(max_entries=64, show_spinner=False)
def originals_png(data: DataConfig, count: int, columns: int) -> bytes | None:
    """Return the first test images as one picture, or None where they are not on this machine."""
    originals = test_images(data, slice(count))
    return None if originals is None else pictures.sheet_png(originals, columns, scale_of(data))


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_KEY)
def reconstructions_png(config: RunConfig, count: int, columns: int) -> bytes:
    """Return the reconstructions of the first test images, decoded from their kept codes."""
    opened = run(config)
    images = layers.decode(config, opened.weights, opened.codes["mean"][:count])
    return pictures.sheet_png(images, columns, scale_of(config.data))


def reconstruction(config: RunConfig, index: int) -> Floats:
    """Return the reconstruction (1, H, W) of a test image, decoded from its kept code."""
    return decoded_codes(config, (index,))


def decoded_codes(config: RunConfig, index: tuple[int, ...]) -> Floats:
    """Return the reconstructions (B, H, W) of some test images, decoded from their kept codes."""
    opened = run(config)
    return layers.decode(config, opened.weights, opened.codes["mean"][list(index)])


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=BY_KEY)
def sampler(config: RunConfig, name: str) -> sampling.Sampler:
    """Return a source of codes for a run, its box, Gaussian or mixture fitted to the codes."""
    return sampling.sampler_of(run(config), name)


def fitted_half_width(config: RunConfig) -> float:
    """Return the half-width of the box that holds 99 % of a run's codes."""
    box = sampler(config, "box")
    assert isinstance(box, sampling.Box)
    return box.half_width


def samples(
    config: RunConfig, name: str, half_width: float | None, seed: int, count: int
) -> tuple[Floats, Floats]:
    """Return random codes (count, L) and what they decode to (count, H, W).

    Args:
        config: a run.
        name: of a sampler, see `core.explore.sampling.SAMPLERS`.
        half_width: half the width of the box; fitted to the codes when None.
        seed: seed of the codes.
        count: number of codes.
    """
    source = sampler(config, name)
    if name == "box" and half_width is not None:
        source = sampling.Box(half_width, config.model.latent_dim)
    codes = source.sample(count, seed)
    return codes, layers.decode(config, run(config).weights, codes)


@st.cache_data(max_entries=256, show_spinner=False, hash_funcs=BY_KEY)
def samples_png(
    config: RunConfig, name: str, half_width: float | None, seed: int, count: int, columns: int
) -> bytes:
    """Return decoded random codes as one picture; arguments as in `samples`."""
    _, images = samples(config, name, half_width, seed, count)
    return pictures.sheet_png(images, columns, scale_of(config.data))


@st.cache_data(
    max_entries=64, show_spinner="Looking through the training images ...", hash_funcs=BY_KEY
)
def samples_beside_nearest_png(
    config: RunConfig, name: str, half_width: float | None, seed: int, count: int
) -> tuple[bytes, float]:
    """Return samples above their nearest training images, and the median distance per pixel.

    Its arguments are those of `samples`.

    Raises:
        MissingData: the training images are not on this machine.
    """
    import torch

    from core.explore.neighbours import nearest_images

    _, images = samples(config, name, half_width, seed, count)
    training = _split(config.data).train
    index, distance = nearest_images(training, images)
    nearest = training.images(torch.from_numpy(index)).squeeze(1).numpy()
    png = pictures.rows_png([images, nearest], scale_of(config.data))
    return png, float(np.median(distance))


@st.cache_resource(max_entries=3, show_spinner=False)
def _reference(data: DataConfig) -> Reference:
    from core.experiments.measuring.reference import load_classifier

    return load_classifier(SHELF, data)


def kept_trainings(
    configs: tuple[RunConfig, ...],
) -> dict[tuple[RunConfig, str], sampled.Trained | None]:
    """Return the measured sample quality of runs and their further seeds, by run and sampler.

    It is None where it was not measured.
    """
    return _kept_trainings(sampled.SAMPLES, configs)


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=BY_KEY)
def _kept_trainings(
    study: Study, configs: tuple[RunConfig, ...]
) -> dict[tuple[RunConfig, str], sampled.Trained | None]:
    return {
        (config, name): sampled.kept_trainings(config, name, SHELF)
        for config in configs
        for name in sampling.SAMPLERS
    }


@st.cache_data(max_entries=256, show_spinner=False, hash_funcs=BY_KEY)
def by_seed(study: Study, config: RunConfig) -> dict[int, Numbers]:
    """Return the numbers of a run and of its further seeds by seed.

    It is `core.experiments.kept.by_seed`, read once.
    """
    return kept.by_seed(study, config, SHELF)


def over_seeds(study: Study, config: RunConfig) -> list[Numbers]:
    """Return the numbers of a run and of its further seeds as `by_seed`, in order."""
    return list(by_seed(study, config).values())


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_KEY)
def measured_quality(config: RunConfig, name: str, half_width: float | None) -> sampled.Quality:
    """Return the sample quality of a run, measured now with one seed."""
    from core.experiments.measuring.samples import measure_samples

    reference = _reference(config.data)
    return measure_samples(run(config), reference, name, half_width=half_width, seeds=(0,))


def ceiling(data: DataConfig) -> dict[str, float] | None:
    """Return what real images score against real images, by score, or None."""
    quality = sampled.kept_ceiling(data, SHELF)
    return None if quality is None else asdict(quality)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_KEY)
def principal_components(config: RunConfig) -> tuple[Floats, Floats]:
    """Return the test codes' first two principal components (N, 2) and their shares (2,)."""
    return projection.principal_components(run(config).codes["mean"])


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_KEY)
def tsne(config: RunConfig, stage: int = projection.TSNE_STAGES) -> Floats:
    """Return the t-SNE map (N, 2) of the first test codes after some of its stages, each kept."""
    start = tsne(config, stage - 1) if stage > 1 else None
    return projection.tsne_stage(run(config).codes["mean"][: projection.TSNE_POINTS], start)


def widest_pair(config: RunConfig) -> list[int]:
    """Return the two latents whose codes vary most, or the only one, from 0 on, in order."""
    return sorted(run(config).codes["mean"].var(axis=0).argsort()[-2:].tolist())
