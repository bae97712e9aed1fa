"""What a file shows of some runs: a path, sliders, a grid, and planes where they have two latents.

It is made of checkpoints alone, without torch and without caches.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core import lessons
from core.checkpoints import Checkpoint
from core.explore import sampling
from core.instruments import grid, sliders
from core.instruments.parts import Part
from core.instruments.sheet import Source
from core.verdicts.family import recipe_of

PAIRS, POINTS, STARTS = 12, 500, 10
"""Ways of the path, codes on a plane, and images that the sliders start from: the first ones."""

DRAWS, COUNT, COLUMNS = 3, 18, 6
"""Draws of the grid, pictures of each, and pictures in a row."""


def parts_of(runs: Sequence[Checkpoint]) -> list[Part]:
    """Return the parts of a file in the order of the page.

    Args:
        runs: of one data set and number of latents, at least one.
    """
    parts = [lessons.random_path(runs, PAIRS), _sliders(runs), _grid(runs)]
    if runs[0].config.model.latent_dim == 2:
        parts.insert(1, lessons.code_planes(runs, POINTS))
    return parts


def _sliders(runs: Sequence[Checkpoint]) -> Part:
    data = runs[0].config.data
    return sliders.part(
        [lessons.latents_of(run, run.config.model.label) for run in runs],
        np.stack([run.codes["mean"][:STARTS] for run in runs], 1),
        lessons.images_of(data, slice(STARTS)),
        index=range(STARTS),
        names=lessons.image_names(data, runs[0].codes["label"], range(STARTS)),
        scrub="model",
        picked=0,
        size=data.size,
    )


def _grid(runs: Sequence[Checkpoint]) -> Part:
    latents = runs[0].config.model.latent_dim
    codes = list(map(lessons.training_codes, runs))
    unit = sampling.Box(1, latents)
    spread = np.stack([unit.sample(COUNT, seed) for seed in range(DRAWS)])[:, None]
    widths = [sampling.fitted_box(each).half_width for each in codes]
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
