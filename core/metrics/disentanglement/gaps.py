"""MIG and SAP: by how much does one latent know a factor better than every other?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.metrics.disentanglement.world import Floats
from core.metrics.information import BINS, entropy, mutual_information
from core.metrics.table import table

STEPS_PER_STD, MOST_STEPS = 2.0, 1000
"""Steps of the integral over a latent for one standard deviation of the narrowest posteriors, and at most in all."""


def mig(codes: ArrayLike, factors: ArrayLike, *, bins: int = BINS) -> float:
    """Return the mutual information gap of means, by histogram.

    MIG = 1/K sum_k ( I(z_j1; v_k) - I(z_j2; v_k) ) / H(v_k),    j1 and j2 the two latents that tell most about v_k

    Source: Locatello et al. 2019 (means in `bins` equally wide bins); the gap is Chen et al. 2018's. Not to be compared
    with `mig_of_posteriors`: another estimate of another information, often of other factors.

    Args:
        codes: posterior means (N, L).
        factors: indices of values (N, K).
        bins: of each latent.

    Returns:
        At most 1; with one latent its normalised information.
    """
    return float(top_two_gap(mutual_information(codes, factors, bins=bins) / _positive(entropy(factors))).mean())


def mig_of_posteriors(
    mean: ArrayLike, std: ArrayLike, sizes: Sequence[int], factors: Sequence[int] | None = None
) -> float:
    """Return the mutual information gap of samples from the posteriors of all images.

    I(z_j; v_k) = H(z_j) - 1/V_k sum_v H(z_j given v),    z_j from q(z_j) = 1/N sum_n q(z_j given x_n)

    The entropies are integrals over one latent, as sums on a fine grid; Chen et al. draw 10,000 samples for each.

    Source: Chen et al. 2018, section 4 and appendix C; on dSprites they leave out the shape.

    Args:
        mean: of the posterior of every image, (prod(sizes), L), the last factor changing fastest.
        std: likewise, above 0.
        sizes: number of values of each factor.
        factors: that are counted; all when left out.

    Returns:
        At most 1.

    Raises:
        ValueError: more or fewer posteriors than there are images, or a standard deviation of 0.
    """
    mean, std = table("mean", mean), table("std", std)
    if len(mean) != int(np.prod(sizes)):
        raise ValueError(f"mean should be those of all {int(np.prod(sizes)):,} images, got {len(mean):,}")
    if not (std > 0).all():
        raise ValueError("std should be above 0 everywhere; without a posterior, use mig")
    counted = range(len(sizes)) if factors is None else factors
    told = np.array([_information_of_posteriors(m, s, sizes, counted) for m, s in zip(mean.T, std.T, strict=True)])
    return float(top_two_gap(told / np.log([sizes[k] for k in counted])).mean())


def _information_of_posteriors(
    mean: Floats, std: Floats, sizes: Sequence[int], counted: Sequence[int]
) -> NDArray[np.float64]:
    """Return the nats (K,) that a sample of one latent (N,), (N,) tells about each factor."""
    low, high = (mean - 5 * std).min(), (mean + 5 * std).max()
    steps = min(MOST_STEPS, int(STEPS_PER_STD * (high - low) / np.quantile(std, 0.01)) + 2)
    width = (high - low) / (steps - 1)
    summed = [np.zeros((sizes[k], steps)) for k in counted]
    for at, where in enumerate(np.linspace(low, high, steps)):
        density = np.exp(-0.5 * ((where - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))
        cube = density.reshape(sizes)
        for k, sums in zip(counted, summed, strict=True):
            sums[:, at] = cube.mean(axis=tuple(axis for axis in range(len(sizes)) if axis != k))
    return np.array([_differential_entropy(s.mean(0), width) - _differential_entropy(s, width).mean() for s in summed])


def _differential_entropy(density: Floats, width: float) -> NDArray[np.float64]:
    """Return -∫ p ln p of densities (..., G) on a grid, which are made to integrate to 1."""
    density = density / (density.sum(-1, keepdims=True) * width)
    return -(density * np.log(np.where(density > 0, density, 1))).sum(-1) * width


def sap(
    codes: ArrayLike, factors: ArrayLike, test_codes: ArrayLike, test_factors: ArrayLike, *, cost: float = 0.01
) -> float:
    """Return the attribute predictability gap: how much better one latent alone names a factor than any other.

    SAP = 1/K sum_k ( A_j1,k - A_j2,k ),    A_jk the accuracy of a linear classifier of v_k that sees z_j

    Source: Kumar et al. 2018; every factor as classes, linear support vector machines with balanced classes and
    C = 0.01 as in Locatello et al. 2019. A latent's scale matters.

    Args:
        codes: to learn from (N, L).
        factors: indices of values (N, K).
        test_codes: to be scored on (M, L).
        test_factors: likewise (M, K).
        cost: C of the support vector machines.

    Returns:
        Between 0 and 1.
    """
    codes, factors = table("codes", codes), table("factors", factors)
    test_codes, test_factors = table("test_codes", test_codes), table("test_factors", test_factors)
    accuracy = [
        [
            _accuracy(codes[:, [j]], factors[:, k], test_codes[:, [j]], test_factors[:, k], cost)
            for k in range(factors.shape[1])
        ]
        for j in range(codes.shape[1])
    ]
    return float(top_two_gap(np.array(accuracy)).mean())


def top_two_gap(table: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return, for each column (L, K), its greatest entry less its second greatest; with one row, that row.

    >>> top_two_gap(np.array([[0.9, 0.2], [0.1, 0.2], [0.5, 0.0]]))
    array([0.4, 0. ])
    """
    if len(table) == 1:
        return table[0]
    second, first = np.sort(table, axis=0)[-2:]
    return first - second


def _accuracy(x: Floats, y: Floats, test_x: Floats, test_y: Floats, cost: float) -> float:
    if np.ptp(x) == 0:  # says nothing: as good as the commonest class
        values, counts = np.unique(y, return_counts=True)
        return float(np.mean(test_y == values[counts.argmax()]))
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=cost, class_weight="balanced", max_iter=10_000).fit(x, y)
    return float(model.score(test_x, test_y))


def _positive(entropies: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(entropies > 0, entropies, 1)
