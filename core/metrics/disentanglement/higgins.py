"""The Higgins score, also called the β-VAE metric: can a linear classifier tell which factor two images share?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.metrics.disentanglement.examples import varying
from core.metrics.disentanglement.world import Floats, Indices, World, at_least

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

TRAIN, TEST, PAIRS = 10_000, 5_000, 64


class Points(NamedTuple):
    """What the classifier sees.

    Args:
        x: mean absolute difference of the codes of pairs of images, (N, L).
        y: the factor that the pairs share, (N,).
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
    """Return points, each the mean over `pairs` pairs of images that share one factor of |z - z'|.

    Args:
        world: images and their codes.
        count: of the points, N.
        random: where factors come from.
        pairs: of images for a point; the value they share is drawn anew for every pair.
        factors: that may be shared; all when left out. One that has a single value is shared
            anyhow, and left out.

    Raises:
        ValueError: no points or pairs are asked for, or no factor has more than one value.
    """
    at_least(1, points=count, pairs=pairs)
    shared = random.choice(varying(world.sizes, factors), count)
    rows = [
        np.abs(codes[:, 0] - codes[:, 1]).reshape(-1, pairs, codes.shape[-1]).mean(1)
        for codes in world.groups(np.repeat(shared, pairs), 2, random, chunk=250 * pairs)
    ]
    return Points(np.concatenate(rows), shared)


def classifier(points: Points) -> LogisticRegression:
    """Return the linear classifier of the shared factor, logistic regression with scikit-learn's defaults."""
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

    Where one latent follows each factor, the latent of the shared one differs least. But so it
    does where several latents follow a factor together, and one factor that nothing follows is
    named all the same: it is the one left over. A score of 1 therefore does not mean that all
    factors were found.

    Source: Higgins et al. 2017, section 3; sizes and classifier as in Locatello et al. 2019 (the
    paper's classifier is linear too, trained by gradient descent). Its failure: Kim and Mnih 2018,
    section 4.

    Args:
        world: images and their codes.
        random: where factors come from.
        train: points to learn from.
        test: points to be named.
        pairs: of images for a point.
        factors: that may be shared; all when left out.

    Returns: Between 0 and 1; 1/K is chance, K the factors that have more than one value. With one
        of them it is 1.

    Raises:
        ValueError: no points or pairs are asked for, or no factor has more than one value.
    """
    learned = difference_points(world, train, random, pairs=pairs, factors=factors)
    points = difference_points(world, test, random, pairs=pairs, factors=factors)
    if np.ptp(learned.y) == 0:  # there is nothing to tell apart
        return float(np.mean(points.y == learned.y[0]))
    return float(np.mean(classifier(learned).predict(points.x) == points.y))
