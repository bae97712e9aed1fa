"""How close generated images come to real ones, measured in the features of a classifier.

No number here means anything alone: it depends on the features and on how many images went in,
and real images do not reach 0 or 1 against other real images either. `ceiling` therefore returns
the same numbers for real images never compared before.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from core.metrics.scores import NEIGHBOURS, SampleQuality
from core.metrics.table import table

_ROWS = 500
"""Rows of a distance table held at once: 20 MB against 5,000 columns."""


def sample_quality(
    real_features: ArrayLike,
    fake_features: ArrayLike,
    fake_probabilities: ArrayLike,
    k: int = NEIGHBOURS,
) -> SampleQuality:
    """Return all four scores of one set of generated images.

    Compare models only at the same number of real and of generated images: the Fréchet distance
    falls and coverage rises with more of either.

    Args:
        real_features: (N, D).
        fake_features: (M, D).
        fake_probabilities: class probabilities of the same fakes, (M, C).
        k: neighbours that make a neighbourhood, 1 to N - 1.

    Raises:
        ValueError: shapes that do not belong together, values that are not finite, or k out of
            range.

    >>> points = np.random.default_rng(0).normal(size=(200, 4))
    >>> sample_quality(points, points, np.tile([0.75, 0.25], (200, 1)))
    SampleQuality(frechet=0.0, density=1.0, coverage=1.0, confidence=0.75, n=200)
    """
    n, judged = len(np.asarray(fake_features)), len(np.asarray(fake_probabilities))
    if n != judged:
        raise ValueError(
            f"features and probabilities should be of the same fakes, got {n} and {judged} rows"
        )
    density, coverage = density_coverage(real_features, fake_features, k)
    return SampleQuality(
        frechet=frechet_distance(real_features, fake_features),
        density=density,
        coverage=coverage,
        confidence=confidence(fake_probabilities),
        n=n,
    )


def ceiling(
    real_features: ArrayLike,
    held_out_features: ArrayLike,
    held_out_probabilities: ArrayLike,
    n: int,
    k: int = NEIGHBOURS,
) -> SampleQuality:
    """Return the scores of real images against real images: a perfect model gets no better.

    Args:
        real_features: features that the fakes are compared with, (N, D).
        held_out_features: other real images, in random order, (M, D).
        held_out_probabilities: class probabilities of the same images, (M, C).
        n: number of held-out images to take, that of the fakes, 2 to M.
        k: neighbours that make a neighbourhood, 1 to N - 1.

    Raises:
        ValueError: n out of range, or tables that `sample_quality` refuses.

    >>> rng = np.random.default_rng(0)
    >>> real, held_out = rng.normal(size=(500, 8)), rng.normal(size=(500, 8))
    >>> best = ceiling(real, held_out, np.full((500, 2), 0.5), n=500)
    >>> 0.9 < best.density < 1.1, 0.9 < best.coverage < 1, best.frechet > 0
    (True, True, True)
    """
    held_out, probabilities = np.asarray(held_out_features), np.asarray(held_out_probabilities)
    if not 2 <= n <= len(held_out):
        raise ValueError(f"n should be between 2 and the {len(held_out)} held-out images, got {n}")
    return sample_quality(real_features, held_out[:n], probabilities[:n], k)


def frechet_distance(real: ArrayLike, fake: ArrayLike) -> float:
    """Return the squared Fréchet distance between Gaussians fitted to two sets of features.

    |m₁ - m₂|² + Tr( S₁ + S₂ - 2 (S₁ S₂)^½ )

    It sees a shift of the mean and a change of spread in one number, and nothing beyond the second
    moment. It falls as either set grows, so that only equal sizes compare. With Inception's
    features it is the FID; other features give it another unit.

    Source: Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule, equation 6,
        https://arxiv.org/abs/1706.08500

    Args:
        real: features, (N, D), N at least 2.
        fake: features, (M, D), M at least 2.

    Returns:
        In squared units of the features, at least 0.

    Raises:
        ValueError: a different number of columns, too few rows or values that are not finite.

    >>> frechet_distance([[0.0], [2.0]], [[3.0], [5.0]])
    9.0
    """
    real, fake = _pair(real, fake, rows=2)
    return frechet_of_moments(
        real.mean(axis=0), _covariance(real), fake.mean(axis=0), _covariance(fake)
    )


def frechet_of_moments(
    mean_a: NDArray[np.float64],
    covariance_a: NDArray[np.float64],
    mean_b: NDArray[np.float64],
    covariance_b: NDArray[np.float64],
) -> float:
    """Return the squared Fréchet distance between two Gaussians.

    Tr (S₁ S₂)^½ is computed as the sum of the singular values of S₁^½ S₂^½: that takes no square
    root of an asymmetric matrix, and so meets neither complex numbers nor warnings where a
    covariance lacks full rank.

    Source: Dowson and Landau 1982, The Fréchet distance between multivariate normal distributions,
        equation 4, https://doi.org/10.1016/0047-259X(82)90077-X

    Args:
        mean_a: (D,).
        covariance_a: symmetric, no negative eigenvalue, (D, D).
        mean_b: (D,).
        covariance_b: symmetric, no negative eigenvalue, (D, D).

    Returns:
        In squared units of the features, at least 0.

    >>> frechet_of_moments(np.zeros(2), np.diag([1.0, 4.0]), np.ones(2), np.diag([9.0, 4.0]))
    6.0
    """
    overlap = np.linalg.norm(_root(covariance_a) @ _root(covariance_b), ord="nuc")
    spread = np.trace(covariance_a) + np.trace(covariance_b)
    distance = np.sum((mean_a - mean_b) ** 2) + spread - 2 * overlap
    # Two equal covariances leave rounding behind, of either sign.
    return float(distance) if distance > 1e-12 * spread else 0.0


def density_coverage(real: ArrayLike, fake: ArrayLike, k: int = NEIGHBOURS) -> tuple[float, float]:
    """Return how densely fakes lie among real images, and the share of real images they reach.

    density  = 1/(kM) sum_i sum_j 1[ |x_i - y_j| < r_k(x_i) ]
    coverage = 1/N    sum_i       1[ min_j |x_i - y_j| < r_k(x_i) ]

    with r_k(x_i) the distance from real image i to its k-th nearest other real image. Together
    they tell a model that draws few things well (density holds, coverage falls) from one that
    draws everything badly (both fall). Never read density alone: a real image far from all others
    has a wide neighbourhood, and even noise may land inside it.

    A perfect model's expected density is 1, and its expected coverage

    1 - prod_i=1..k (N - i) / (N + M - i), close to 1 - 2^-k where N = M

    A real image stays uncovered when its k nearest among the N - 1 other real images and the M
    fakes are all real, and one distribution makes every order equally likely.

    Source: Naeem et al. 2020, Reliable Fidelity and Diversity Metrics for Generative Models,
        equations 4 and 5, section 3.3, https://arxiv.org/abs/2002.09797

    Args:
        real: features, (N, D).
        fake: features, (M, D).
        k: neighbours, 1 to N - 1.

    Returns:
        Density, at least 0, and coverage, 0 to 1.

    Raises:
        ValueError: a different number of columns, k out of range or values that are not finite.

    >>> density_coverage([[0.0], [1.0], [10.0], [11.0]], [[0.5], [0.6]], k=1)
    (2.0, 0.5)
    """
    x, y = (torch.from_numpy(values) for values in _pair(real, fake, rows=1))
    _check_neighbours(k, len(x))
    centre = x.mean(0)
    inside = _fakes_inside(x - centre, y - centre, k)
    return int(inside.sum()) / (k * len(y)), int((inside > 0).sum()) / len(x)


def confidence(probabilities: ArrayLike) -> float:
    """Return the mean probability of each image's likeliest class.

    A classifier trained on real images hesitates before a smear between two digits. Before plain
    noise it may be certain, so read the confidence with the coverage beside it.

    Args:
        probabilities: class probabilities, rows that sum to 1, (N, C).

    Returns:
        Between 1/C and 1.

    Raises:
        ValueError: no finite table, or rows that are not distributions.

    >>> confidence([[0.5, 0.5], [1.0, 0.0]])
    0.75
    """
    rows = table("probabilities", probabilities)
    if rows.min() < 0 or not np.allclose(rows.sum(axis=1), 1, atol=1e-2):
        raise ValueError(
            "probabilities should be at least 0 and sum to 1 in each row, got"
            f" {rows.sum(axis=1)[:3]}"
        )
    return float(rows.max(axis=1).mean())


def _pair(
    real: ArrayLike, fake: ArrayLike, rows: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    real, fake = table("real features", real, rows=rows), table("fake features", fake, rows=rows)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(
            f"real and fake features should have as many columns, got {real.shape[1]} and"
            f" {fake.shape[1]}"
        )
    return real, fake


def _check_neighbours(k: int, n_real: int) -> None:
    if not 1 <= k < n_real:
        raise ValueError(f"k should be at least 1 and below the {n_real} real images, got {k}")


def _covariance(features: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.atleast_2d(np.cov(features, rowvar=False))


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return A with A Aᵀ = covariance and A symmetric."""
    values, vectors = np.linalg.eigh(covariance)
    # The square root would make rounding in a direction without spread 10⁸ times as large.
    noise = len(values) * np.finfo(np.float64).eps * abs(values).max()
    return (vectors * np.sqrt(np.where(values > noise, values, 0.0))) @ vectors.T


def _fakes_inside(real: Tensor, fake: Tensor, k: int) -> Tensor:
    """Return how many fakes lie in each real image's neighbourhood, (N,)."""
    radius = _squared_radius(real, k)
    # A tie is outside. The error of a squared distance in float64 is far below this margin.
    limit = radius - 1e-12 * (radius + real.square().sum(1))
    counts = [
        (_squared_distances(rows, fake) < limits[:, None]).sum(1)
        for rows, limits in zip(real.split(_ROWS), limit.split(_ROWS), strict=True)
    ]
    return torch.cat(counts)


def _squared_radius(real: Tensor, k: int) -> Tensor:
    radii = []
    for start in range(0, len(real), _ROWS):
        distances = _squared_distances(real[start : start + _ROWS], real)
        distances.diagonal(start).fill_(torch.inf)  # an image is not its own neighbour
        radii.append(distances.topk(k, largest=False).values[:, -1])
    return torch.cat(radii)


def _squared_distances(a: Tensor, b: Tensor) -> Tensor:
    squares = a.square().sum(1)[:, None] + b.square().sum(1)
    return squares.addmm_(a, b.T, alpha=-2).clamp_(min=0)
