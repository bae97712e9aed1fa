"""What a file shows of some runs: a path, sliders, a grid, and planes where they have two latents.

It is made of checkpoints alone, without torch and without caches.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.checkpoints import Checkpoint
from core.data import MissingData, classes, read_test_images
from core.explore import sampling
from core.explore.traversal import code_ruler, most_first, prior_ruler
from core.figures import theme
from core.figures.plane import square_extent
from core.instruments import grid, path, planes, prior_of, sliders
from core.instruments.parts import Part
from core.instruments.sheet import Source
from core.instruments.sliders import Latents
from core.metrics.latents import active
from core.verdicts import traversals as verdicts
from core.verdicts.family import recipe_of
from core.verdicts.traversals import Ranking

PAIRS, POINTS, STARTS = 12, 500, 10
"""Ways of the path, codes on a plane, and images that the sliders start from: the first ones."""

DRAWS, COUNT, COLUMNS = 3, 18, 6
"""Draws of the grid, pictures of each, and pictures in a row."""

Floats = NDArray[np.floating]


def parts_of(runs: Sequence[Checkpoint]) -> list[Part]:
    """Return the parts of a file in the order of the page.

    Args:
        runs: of one data set and number of latents, at least one.
    """
    parts = [_path(runs), _sliders(runs), _grid(runs)]
    if runs[0].config.model.latent_dim == 2:
        parts.insert(1, _planes(runs))
    return parts


def _path(runs: Sequence[Checkpoint]) -> Part:
    return path.part(
        np.stack([run.codes["mean"][:PAIRS] for run in runs], 1),
        {"uniform box or prior": np.stack([_random_codes(run) for run in runs], 1)},
        _images(runs[0], PAIRS),
        names=_names(runs[0], PAIRS),
        ends=("the code of a real image", "a random code"),
        title="The way from the code of a real image to a random code",
        another="Another pair",
        place=1.0,
    )


def _random_codes(run: Checkpoint) -> Floats:
    """Return random codes (PAIRS, L), from the model's box or from its prior."""
    if run.config.model.posterior in ("point", "fixed"):
        return sampling.sampler("box", _aggregate(run)).sample(PAIRS, seed=0)
    return prior_of(run.config, run.weights).sample(PAIRS, seed=0)


def _planes(runs: Sequence[Checkpoint]) -> Part:
    names = classes.class_names(runs[0].config.data)
    return planes.part(
        np.stack([run.codes["mean"][:POINTS] for run in runs]),
        [_half_width(run.codes["mean"]) for run in runs],
        runs[0].codes["label"][:POINTS],
        _images(runs[0], POINTS),
        classes=names,
        colors=[theme.label_color(i) for i in range(len(names))],
        normal=[run.config.model.prior == "normal" for run in runs],
        prior=theme.PRIOR,
    )


def _half_width(codes: Floats) -> float:
    reach = float(np.quantile(np.abs(codes), 0.998))
    return square_extent(np.array([[-reach, -reach], [reach, reach]]), prior=True)[1]


def _sliders(runs: Sequence[Checkpoint]) -> Part:
    return sliders.part(
        [_latents(run) for run in runs],
        np.stack([run.codes["mean"][:STARTS] for run in runs], 1),
        _images(runs[0], STARTS),
        index=range(STARTS),
        names=_names(runs[0], STARTS),
        scrub="model",
        picked=0,
        size=runs[0].config.data.size,
    )


def _latents(run: Checkpoint) -> Latents:
    model, mean, kl = run.config.model, run.codes["mean"], run.metrics["kl_per_latent"]
    normal = model.prior == "normal"
    priced = normal and model.posterior == "learned"
    amounts = np.array(kl) if priced else mean.astype(np.float64).var(axis=0)
    ruler = prior_ruler(mean.shape[1]) if priced else code_ruler(mean)
    used = active(mean, run.codes["std"])
    ranked = Ranking(most_first(amounts), amounts, used, ruler, priced, priced)
    note = f"{verdicts.activity(model.label, ranked)}"
    unit = verdicts.unit_of_steps(model.label, ranked)
    return Latents(model.label, ranked.order, amounts, ranked.unit, used, ruler, f"{note} {unit}")


def _grid(runs: Sequence[Checkpoint]) -> Part:
    latents = runs[0].config.model.latent_dim
    codes = [_aggregate(run) for run in runs]
    unit = sampling.Box(1, latents)
    spread = np.stack([unit.sample(COUNT, seed) for seed in range(DRAWS)])[:, None]
    widths = [sampling.box_half_width(each) for each in codes]
    box = Source("box", np.zeros((1, 1, 1, latents)), spread, widths)
    fitted = _drawn([sampling.sampler("gaussian", each) for each in codes])
    return grid.part(
        box,
        {"Fitted Gaussian": fitted},
        np.stack([grid.reach_of(each) for each in codes]),
        columns=COLUMNS,
        notes=[recipe_of(run.config.model) for run in runs],
        seed=0,
    )


def _drawn(samplers: Sequence[sampling.Sampler]) -> Source:
    drawn, centers = [], []
    for seed in range(DRAWS):
        drawn.append([source.sample(COUNT, seed) for source in samplers])
        centers.append([source.centers(COUNT, seed) for source in samplers])
    center = np.array(centers)
    return Source("gaussian", center, np.array(drawn) - center, [1.0] * len(samplers))


def _aggregate(run: Checkpoint) -> Floats:
    return sampling.aggregate_posterior(run.codes["train_mean"], run.codes["train_std"])


def _names(run: Checkpoint, count: int) -> list[str]:
    names = classes.class_names(run.config.data)
    labels = run.codes["label"][:count]
    return [f"test image {i}, “{names[label]}”" for i, label in enumerate(labels)]


def _images(run: Checkpoint, count: int) -> NDArray[np.uint8] | None:
    """Return the first test images, or None where they are not on this machine."""
    try:
        return read_test_images(run.config.data, slice(count))
    except MissingData:
        return None
