"""Every call of the library that a page makes: keyed by run and plain choices, bounded, shared by
all visitors.

Nothing is keyed by an array: Streamlit hashes only a sample of a large one. What comes back is
shared and must not be changed.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import streamlit as st
import torch
from numpy.typing import NDArray

from core.checkpoints import DOCUMENT, SHELF, CheckpointError, forget_what_was_seen, survey
from core.config import DataConfig, RunConfig
from core.data import ImageSet, MissingData, Split, load, missing
from core.data.shapes import draw
from core.experiments import STUDIES, kept
from core.experiments import samples as sampled
from core.experiments.kept import Numbers, Study
from core.experiments.measuring import samples as measuring
from core.experiments.measuring.reference import Reference, load_classifier
from core.explore import decoding, neighbours, projection, sampling
from core.figures import images as pictures
from core.film import plane_codes
from core.metrics.latents import active
from core.runs import Run, open_run

RUNS = 16
"""Runs kept in memory, of some 5 MB each."""

Floats = NDArray[np.floating]

_KNOWN: dict[str, int] = {}
"""The stamp that `shelf_index` last saw."""


def shelf_stamp() -> tuple[tuple[str, int], ...]:
    """Return what changes whenever a run is added, replaced or removed; asked for by every look at a training."""
    found = []
    with contextlib.suppress(OSError), os.scandir(SHELF) as folders:
        for folder in folders:
            if not folder.name.startswith("."):
                with contextlib.suppress(
                    OSError
                ):  # a file, a folder that is not a run, or one just removed
                    found.append((folder.name, Path(folder.path, DOCUMENT).stat().st_mtime_ns))
    return tuple(sorted(found))


@st.cache_resource(max_entries=1, show_spinner=False)
def shelf_index(stamp: tuple[tuple[str, int], ...]) -> tuple[dict[str, RunConfig], list[str]]:
    """Return the configs of all runs by key, and the sentences about those that were refused.

    Where a run was replaced or removed, what was cached is forgotten first; one that is new takes
    nothing away.
    """
    if not _KNOWN.items() <= dict(stamp).items():
        st.cache_data.clear()
        for cached in (run, sampler):
            cached.clear()
    _kept_trainings.clear()
    _KNOWN.clear()
    _KNOWN.update(stamp)
    found = list(survey(SHELF))
    configs = {key: config for key, config in found if isinstance(config, RunConfig)}
    return configs, [str(problem) for _, problem in found if isinstance(problem, CheckpointError)]


def damaged_studies() -> list[str]:
    """Return the sentences about files of measured numbers that cannot be read."""
    return [
        sentence for sentence in (kept.damage_of(study, SHELF) for study in STUDIES) if sentence
    ]


def lost_a_run() -> bool:
    """Look at every run anew, and return whether one that was on the shelf is refused now."""
    stamp = shelf_stamp()
    before = shelf_index(stamp)[0].keys()
    forget_what_was_seen()
    shelf_index.clear()
    return bool(before - shelf_index(stamp)[0].keys())


@st.cache_resource(max_entries=RUNS, show_spinner=False)
def run(key: str) -> Run:
    """Return an opened run, its convolutions laid out in memory as they are fastest on a CPU."""
    opened = open_run(key, SHELF)
    opened.model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return opened


@st.cache_resource(max_entries=3, show_spinner=False)
def _split(data: DataConfig) -> Split:
    return load(data)


def split(data: DataConfig) -> Split | None:
    """Return the images of a data set, or None where they are not on this machine; see `missing_images`."""
    try:
        return _split(data)
    except MissingData:
        return None


def sprites(data: DataConfig, factors: NDArray[np.integer]) -> Floats:
    """Return the sprites with these factors (N, K) as images (N, H, W)."""
    return draw(factors, data.size or 32).astype(np.float32) / np.float32(255)


def missing_images(data: DataConfig) -> str | None:
    """Return None where the images are here, else what is missing and how to get it."""
    return missing(data)


def test_images(data: DataConfig, index: NDArray[np.integer] | slice) -> Floats | None:
    """Return test images (B, H, W), or None where they are not on this machine."""
    found = split(data)
    return None if found is None else _read(found.test, index)


def _read(images: ImageSet, index: NDArray[np.integer] | slice) -> Floats:
    where = index if isinstance(index, slice) else torch.from_numpy(np.asarray(index, np.int64))
    return images.images(where).squeeze(1).numpy()


def scale_of(data: DataConfig) -> int:
    """Return how many screen pixels a pixel takes in a sheet: enough to look crisp, few enough to travel fast."""
    return max(1, 96 // (data.size or 96))


def label_names(data: DataConfig) -> tuple[str, ...]:
    """Return the name of each class."""
    return ("square", "ellipse", "heart") if data.name == "sprites" else tuple("0123456789")


def factor_names(data: DataConfig) -> tuple[str, ...]:
    """Return the names of the factors that truly vary, none where they are not known."""
    return ("shape", "scale", "orientation", "x", "y") if data.name == "sprites" else ()


def active_latents(key: str) -> NDArray[np.bool_]:
    """Return which latents of a run are in use (L,)."""
    codes = run(key).codes
    return active(codes["mean"], codes["std"])


@st.cache_data(max_entries=64, show_spinner=False)
def originals_png(data: DataConfig, count: int, columns: int) -> bytes | None:
    """Return the first test images as one picture, or None where they are not on this machine."""
    originals = test_images(data, slice(count))
    return None if originals is None else pictures.sheet_png(originals, columns, scale_of(data))


@st.cache_data(max_entries=128, show_spinner=False)
def reconstructions_png(key: str, count: int, columns: int) -> bytes:
    """Return the reconstructions of the first test images, decoded from the codes that are kept with the run."""
    opened = run(key)
    return pictures.sheet_png(
        decoding.decode(opened.model, opened.codes["mean"][:count]),
        columns,
        scale_of(opened.config.data),
    )


def reconstruction(key: str, index: int) -> Floats:
    """Return the reconstruction (1, H, W) of a test image, decoded from its kept code."""
    return decoded_codes(key, (index,))


def decoded_codes(key: str, index: tuple[int, ...]) -> Floats:
    """Return the reconstructions (B, H, W) of some test images, decoded from their kept codes."""
    opened = run(key)
    return decoding.decode(opened.model, opened.codes["mean"][list(index)])


@st.cache_resource(max_entries=64, show_spinner=False)
def sampler(key: str, name: str) -> sampling.Sampler:
    """Return a source of codes for a run, its box, Gaussian or mixture fitted to the codes."""
    return measuring.sampler_of(run(key), name)


def fitted_half_width(key: str) -> float:
    """Return the half-width of the box that holds 99 % of a run's codes."""
    box = sampler(key, "box")
    assert isinstance(box, sampling.Box)
    return box.half_width


@st.cache_data(max_entries=256, show_spinner=False)
def share_outside(key: str, half_width: float) -> float:
    """Return the share of a run's codes, with the posterior's noise, that a box does not contain."""
    return sampling.share_outside(measuring.codes_of(run(key), "train_"), half_width)


def samples(
    key: str, name: str, half_width: float | None, seed: int, count: int
) -> tuple[Floats, Floats]:
    """Return random codes (count, L) and what they decode to (count, H, W).

    Args:
        key: of the run.
        name: of the sampler.
        half_width: of the box; fitted when None.
        seed: of the codes.
        count: how many.
    """
    opened = run(key)
    source = sampler(key, name)
    if name == "box" and half_width is not None:
        source = sampling.Box(half_width, opened.config.model.latent_dim)
    codes = source.sample(count, seed)
    return codes, decoding.decode(opened.model, codes)


@st.cache_data(max_entries=256, show_spinner=False)
def samples_png(
    key: str, name: str, half_width: float | None, seed: int, count: int, columns: int
) -> bytes:
    """Return decoded random codes as one picture; arguments as in `samples`."""
    decoded = samples(key, name, half_width, seed, count)[1]
    return pictures.sheet_png(decoded, columns, scale_of(run(key).config.data))


@st.cache_data(max_entries=64, show_spinner="Looking through the training images ...")
def samples_beside_nearest_png(
    key: str, name: str, half_width: float | None, seed: int, count: int
) -> tuple[bytes, float]:
    """Return samples above their nearest training images, and the median distance per pixel;
    arguments as in `samples`.

    Raises:
        MissingData: the training images are not on this machine.
    """
    data = run(key).config.data
    decoded = samples(key, name, half_width, seed, count)[1]
    found = _split(data)
    index, distance = neighbours.nearest_images(found.train, decoded)
    return pictures.rows_png([decoded, _read(found.train, index)], scale_of(data)), float(
        np.median(distance)
    )


@st.cache_resource(max_entries=3, show_spinner=False)
def _reference(data: DataConfig) -> Reference:
    return load_classifier(SHELF, data)


def kept_trainings(keys: tuple[str, ...]) -> dict[tuple[str, str], sampled.Trained | None]:
    """Return the sample quality that was measured of each run and its further seeds, or None, by key and sampler."""
    return _kept_trainings(keys, measured_stamp(sampled.SAMPLES))


def measured_stamp(study: Study) -> int:
    """Return what changes whenever the numbers of a study do."""
    path = study.path(SHELF)
    return path.stat().st_mtime_ns if path.is_file() else 0


def by_seed(study: Study, config: RunConfig) -> dict[int, Numbers]:
    """Return what was measured of a run and of its further seeds, by seed.

    It is `core.experiments.kept.by_seed`, read once.
    """
    return _by_seed(study.name, config.key, measured_stamp(study))


def over_seeds(study: Study, config: RunConfig) -> list[Numbers]:
    """Return what was measured of a run and of its further seeds as `by_seed`, in order."""
    return list(by_seed(study, config).values())


@st.cache_data(max_entries=256, show_spinner=False)
def _by_seed(study: str, key: str, stamp: int) -> dict[int, Numbers]:
    known = {one.name: one for one in STUDIES}
    return kept.by_seed(known[study], run(key).config, SHELF)


@st.cache_resource(max_entries=64, show_spinner=False)
def _kept_trainings(
    keys: tuple[str, ...], stamp: int
) -> dict[tuple[str, str], sampled.Trained | None]:
    return {
        (key, name): sampled.kept_trainings(run(key).config, name, SHELF)
        for key in keys
        for name in sampling.SAMPLERS
    }


@st.cache_data(max_entries=128, show_spinner=False)
def measured_quality(key: str, name: str, half_width: float | None) -> sampled.Quality:
    """Return the sample quality of a run, measured now with one seed."""
    reference = _reference(run(key).config.data)
    return measuring.measure_samples(run(key), reference, name, half_width=half_width, seeds=(0,))


def ceiling(data: DataConfig) -> dict[str, float] | None:
    """Return what real images score against real images, by score, or None."""
    found = sampled.kept_ceiling(data, SHELF)
    return None if found is None else asdict(found)


@st.cache_data(max_entries=32, show_spinner=False)
def plane_png(key: str, half_width: float, resolution: int) -> bytes:
    """Return what a two-latent run decodes a square of codes around the origin to, some 500 pixels wide or more."""
    extent = (-half_width, half_width, -half_width, half_width)
    decoded = decoding.decode(run(key).model, plane_codes(extent, resolution))
    return pictures.sheet_png(
        decoded, resolution, scale=max(1, round(500 / (resolution * decoded.shape[-1]))), pad=0
    )


@st.cache_data(max_entries=32, show_spinner=False)
def principal_components(key: str) -> tuple[Floats, Floats]:
    """Return the test codes' first two principal components (N, 2) and their shares of variance (2,)."""
    return projection.principal_components(run(key).codes["mean"])


@st.cache_data(max_entries=64, show_spinner=False)
def tsne(key: str, stage: int = projection.TSNE_STAGES) -> Floats:
    """Return the t-SNE map (N, 2) of the first test codes after some of its stages, each kept."""
    start = tsne(key, stage - 1) if stage > 1 else None
    return projection.tsne_stage(run(key).codes["mean"][: projection.TSNE_POINTS], start)


def widest_pair(key: str) -> list[int]:
    """Return the two latents of a run whose codes vary most, or its only one, counted from 0, in order."""
    return sorted(run(key).codes["mean"].var(axis=0).argsort()[-2:].tolist())
