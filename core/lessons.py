"""What instruments show of runs, from their checkpoints alone: for the pages and the hand-out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.checkpoints import Checkpoint
from core.config import ALL_LABELS, DataConfig
from core.data import MissingData, read_test_images
from core.data.classes import class_names
from core.explore import sampling
from core.explore.traversal import code_ruler, most_first, prior_ruler
from core.figures import theme
from core.figures.plane import square_extent
from core.instruments import Entry, path, planes, prior_of
from core.instruments.parts import Part
from core.instruments.sliders import Latents
from core.metrics.latents import active
from core.opening import Run
from core.verdicts import traversals as verdicts
from core.verdicts.traversals import Ranking

SOURCES = {"point": "box", "fixed": "box"}
"""Kind of posterior -> where its model's random codes come from; the prior when left out."""

Floats = NDArray[np.floating]


def entries_of(runs: Sequence[Checkpoint], *, encoder: bool = False) -> list[Entry]:
    """Return runs as a bundle holds them, each in the colour of its model and with a short name.

    Args:
        runs: read from disk.
        encoder: whether their encoders come along.
    """
    entries = []
    for run in runs:
        name = run.config.model.name
        color = theme.MODEL_COLORS.get(name, theme.MUTED)
        options = {"color": color, "short": ALL_LABELS[name]}
        entries.append(Entry(run.config, run.weights, encoder=encoder, options=options))
    return entries


def random_path(runs: Sequence[Checkpoint], pairs: int) -> Part:
    """Return the ways from the codes of the first test images to the first random codes of seed 0.

    Args:
        runs: of one data set and number of latents.
        pairs: how many ways.
    """
    data = runs[0].config.data
    return path.part(
        np.stack([run.codes["mean"][:pairs] for run in runs], 1),
        {"uniform box or prior": np.stack([_random_codes(run, pairs) for run in runs], 1)},
        images_of(data, slice(pairs)),
        names=image_names(data, runs[0].codes["label"], range(pairs)),
        ends=("the code of a real image", "a random code"),
        title="The way from the code of a real image to a random code",
        another="Another pair",
        place=1.0,
    )


def _random_codes(run: Checkpoint, count: int) -> Floats:
    """Return random codes (count, L), from the model's box or from its prior."""
    name = SOURCES.get(run.config.model.posterior, "prior")
    if name == "prior":
        return prior_of(run.config, run.weights).sample(count, seed=0)
    return sampling.sampler(name, training_codes(run)).sample(count, seed=0)


def training_codes(run: Checkpoint) -> Floats:
    """Return a code (N, L) from the posterior of each training image whose codes are kept."""
    return sampling.aggregate_posterior(run.codes["train_mean"], run.codes["train_std"])


def code_planes(runs: Sequence[Checkpoint], points: int) -> Part:
    """Return the codes of the first test images on a plane for each run.

    Args:
        runs: of one data set and two latents.
        points: how many test images.
    """
    data = runs[0].config.data
    names = class_names(data)
    return planes.part(
        np.stack([run.codes["mean"][:points] for run in runs]),
        [_half_width(run.codes["mean"]) for run in runs],
        runs[0].codes["label"][:points],
        images_of(data, slice(points)),
        classes=names,
        colors=[theme.label_color(i) for i in range(len(names))],
        normal=[run.config.model.prior == "normal" for run in runs],
        prior=theme.PRIOR,
    )


def _half_width(codes: Floats) -> float:
    """Return half the width of the square that holds all but the outermost codes, and 3 σ."""
    reach = float(np.quantile(np.abs(codes), 0.998))
    return square_extent(np.array([[-reach, -reach], [reach, reach]]), prior=True)[1]


def ranking(run: Checkpoint | Run) -> Ranking:
    """Return the latents of a run by KL, or by their codes' variance where there is no KL."""
    model, mean = run.config.model, run.codes["mean"]
    normal = model.prior == "normal"
    priced = normal and model.posterior == "learned"
    drawn = normal and model.posterior in ("learned", "recognised")
    amounts = mean.astype(np.float64).var(axis=0)
    if priced:
        amounts = np.array(run.metrics["kl_per_latent"])
    ruler = prior_ruler(mean.shape[1]) if drawn else code_ruler(mean)
    used = active(mean, run.codes["std"])
    return Ranking(most_first(amounts), amounts, used, ruler, priced, drawn)


def latents_of(run: Checkpoint, name: str) -> Latents:
    """Return a slider for each latent of a run, in the order of its `ranking`.

    Args:
        run: whose latents.
        name: of the run beside its stop.
    """
    label, ranked = run.config.model.label, ranking(run)
    note = f"{verdicts.activity(label, ranked)} {verdicts.unit_of_steps(label, ranked)}"
    return Latents(
        name, ranked.order, ranked.amounts, ranked.unit, ranked.active, ranked.ruler, note
    )


def image_names(data: DataConfig, labels: NDArray[np.integer], index: Sequence[int]) -> list[str]:
    """Return the number and the class of some test images in words.

    Args:
        data: the data set.
        labels: class of each test image (N,).
        index: which test images.
    """
    names = class_names(data)
    return [f"test image {image}, “{names[labels[image]]}”" for image in index]


def images_of(data: DataConfig, index: NDArray[np.integer] | slice) -> NDArray[np.uint8] | None:
    """Return some test images (N, H, W), or None where a file of theirs is gone or damaged.

    A lab without them shows what decoders make, and nothing else is lost.

    Args:
        data: the data set.
        index: which test images.
    """
    try:
        return read_test_images(data, index)
    except MissingData:
        return None
