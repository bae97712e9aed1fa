"""The Higgins score, or β-VAE metric: a linear classifier names the factor two images share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.metrics.disentanglement.examples import varying
from core.metrics.disentanglement.world import Floats, Indices, World, at_least

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

TRAIN, TEST, PAIRS = 10_000, 5_000, 64
"""Sizes of `higgins_score`, as in Locatello et al. 2019."""


class Points(NamedTuple):
    """Examples for the classifier.

    Args:
        x: mean absolute difference of the codes of pairs of images, (N, L), in units of the code.
        y: place of the factor that the pairs share, (N,).
    """

    x: Floats
    y: Indices


def difference_points(
    world: World,
    count: int,
    random: np.random.Generator,
    *,
    pairs: int = PAIRS,
    factors: Sequence[int] | None = None,
) -> Points:
    """Return points: the mean of |z - z'| over pairs of images that share one factor.

    Args:
        world: images and their codes.
        count: number of points, N.
        random: source of the factors.
        pairs: number of pairs per point; each pair draws the value it shares anew.
        factors: those that may be shared, by their places; all when left out. All images share a
            factor of a single value, so it is left out.

    Raises:
        ValueError: no points or pairs are asked for, or no factor has more than one value.
    """
    at_least(1, points=count, pairs=pairs)
    shared = random.choice(varying(world.sizes, factors), count)
    rows = []
    for codes in world.groups(np.repeat(shared, pairs), 2, random, chunk=250 * pairs):
        difference = np.abs(codes[:, 0] - codes[:, 1])
        rows.append(difference.reshape(-1, pairs, codes.shape[-1]).mean(1))
    return Points(np.concatenate(rows), shared)


def classifier(points: Points) -> LogisticRegression:
    """Return the linear classifier of the shared factor: scikit-learn's logistic regression."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000).fit(points.x, points.y)


def higgins_score(
    world: World,
    random: np.random.Generator,
    *,
    train: int = TRAIN,
    test: int = TEST,
    pairs: int = PAIRS,
    factors: Sequence[int] | None = None,
) -> float:
    """Return the share of new points whose shared factor a linear classifier names.

    Where one latent follows each factor, the latent of the shared factor differs least. The same
    holds where several latents follow a factor together, and a single factor that no latent
    follows is named too, as the one left over. So a score of 1 does not mean that the code has all
    factors.

    Source: Higgins et al. 2017, section 3, https://openreview.net/forum?id=Sy2fzU9gl; sizes and
        classifier as in Locatello et al. 2019, https://arxiv.org/abs/1811.12359 (the paper's
        classifier is linear too, trained by gradient descent); its failure in Kim and Mnih 2018,
        section 4, https://arxiv.org/abs/1802.05983

    Args:
        world: images and their codes.
        random: source of the factors.
        train: number of points to learn from.
        test: number of points to name.
        pairs: number of pairs of images per point.
        factors: those that may be shared, by their places; all when left out.

    Returns:
        Between 0 and 1. Chance is 1/K for K factors with more than one value; with one such factor
        the score is 1.

    Raises:
        ValueError: no points or pairs are asked for, or no factor has more than one value.
    """
    learned = difference_points(world, train, random, pairs=pairs, factors=factors)
    points = difference_points(world, test, random, pairs=pairs, factors=factors)
    if np.ptp(learned.y) == 0:  # a single factor: there is nothing to tell apart
        return float(np.mean(points.y == learned.y[0]))
    return float(np.mean(classifier(learned).predict(points.x) == points.y))
