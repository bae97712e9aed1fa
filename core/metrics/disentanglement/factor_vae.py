"""The FactorVAE score: does the latent that varies least name the factor that images share?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.metrics.disentanglement.examples import varying
from core.metrics.disentanglement.world import Floats, Indices, World, at_least

TRAIN, TEST, GROUP = 10_000, 5_000, 64
VARIANCE_FROM, LEAST_STD = 10_000, 0.05
"""Sizes and threshold of `factor_vae_score`, as in Locatello et al. 2019."""


def factor_vae_score(
    world: World,
    random: np.random.Generator,
    *,
    train: int = TRAIN,
    test: int = TEST,
    group: int = GROUP,
    variance_from: int = VARIANCE_FROM,
    least_std: float = LEAST_STD,
) -> float:
    """Return the share of votes that the majority of earlier votes predicts.

    A vote pairs a factor that a group of images shares with the latent whose variance within the
    group is the smallest part of its variance among all images. The classifier gives each latent
    the factor it was most often paired with.

    Source: Kim and Mnih 2018, section 4, https://arxiv.org/abs/1802.05983; sizes, threshold and
        unbiased variances as in Locatello et al. 2019, https://arxiv.org/abs/1811.12359

    Args:
        world: images and their codes.
        random: source of the factors.
        train: number of votes to learn from.
        test: number of votes to predict.
        group: number of images that share a factor.
        variance_from: number of images for the variance among all images.
        least_std: least standard deviation of a latent that counts, in units of the codes; put
            codes of a model without a KL on unit scale first.

    Returns:
        Between 0 and 1; 0 where no latent is left.

    Raises:
        ValueError: no votes are asked for, groups or a sample of fewer than 2 images, or no factor
            has more than one value.
    """
    at_least(1, train=train, test=test)
    at_least(2, group=group, variance_from=variance_from)
    varying(world.sizes)
    everything, _ = world.sample(variance_from, random)
    variance = everything.var(axis=0, ddof=1)
    alive = variance >= least_std**2
    if not alive.any():
        return 0.0
    latents, factors = _votes(world, train, random, group, variance, alive)
    counts = np.zeros((len(variance), len(world.sizes)), np.int64)
    np.add.at(counts, (latents, factors), 1)
    latents, factors = _votes(world, test, random, group, variance, alive)
    return float(np.mean(counts.argmax(axis=1)[latents] == factors))


def _votes(
    world: World,
    count: int,
    random: np.random.Generator,
    group: int,
    variance: Floats,
    alive: NDArray[np.bool_],
) -> tuple[Indices, Indices]:
    """Return the latents and factors of votes, (count,) each; collapsed latents get none."""
    factors = np.array(varying(world.sizes))  # all images share a factor of a single value
    shared = factors[random.integers(0, len(factors), count)]
    groups = world.groups(shared, group, random)
    within = np.concatenate([codes.var(axis=1, ddof=1) for codes in groups])
    share = within / np.where(alive, variance, 1) + np.where(alive, 0, np.inf)
    return share.argmin(axis=1), shared
