"""MIG and SAP: by how much does one latent know a factor better than every other?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.metrics.disentanglement.examples import counted, examples, varying
from core.metrics.disentanglement.world import Floats
from core.metrics.information import BINS, entropy, mutual_information
from core.metrics.table import table

STEPS_PER_STD, LEAST_STEPS, MOST_STEPS, EVALUATIONS = 2.0, 1000, 20_000, 20_000_000
"""Steps of the integral over a latent for one standard deviation of the narrowest posteriors. In
all there are no more than `MOST_STEPS`, and, beyond `LEAST_STEPS`, no more than take so many
evaluations of a posterior's density."""


def mig(codes: ArrayLike, factors: ArrayLike, *, bins: int = BINS) -> float:
    """Return the mutual information gap of means, by histogram.

    MIG = 1/K sum_k ( I(z_j1; v_k) - I(z_j2; v_k) ) / H(v_k),    j1 and j2 the two latents that
    tell most about v_k

    A factor that has a single value is left out.

    Source: Locatello et al. 2019 (means in `bins` equally wide bins); the gap is Chen et al.
    2018's. Not to be compared with `mig_of_posteriors`: another estimate of another information,
    often of other factors.

    Args:
        codes: posterior means (N, L).
        factors: indices of values (N, K).
        bins: of each latent.

    Returns:
        Between 0 and 1; with one latent its normalised information.

    Raises:
        ValueError: tables that do not belong together, factors that are not whole numbers, or no
            factor varies.

    >>> mig([[0.0], [1.0]], [[0, 7], [1, 7]])
    1.0
    """
    codes, factors = counted(codes, factors)
    return float(
        top_two_gap(mutual_information(codes, factors, bins=bins) / entropy(factors)).mean()
    )


def mig_of_posteriors(
    mean: ArrayLike, std: ArrayLike, sizes: Sequence[int], factors: Sequence[int] | None = None
) -> float:
    """Return the mutual information gap of samples from the posteriors of all images.

    I(z_j; v_k) = H(z_j) - 1/V_k sum_v H(z_j given v),    z_j from q(z_j) = 1/N sum_n q(z_j given
    x_n)

    The entropies are integrals over one latent, as sums on a fine grid; Chen et al. draw 10,000
    samples for each. A posterior narrower than a step of the grid is widened to one: what images
    tell by codes that lie closer together, a thousandth of the latent's range or less, is not
    counted. A factor that has a single value is left out.

    Source: Chen et al. 2018, section 4 and appendix C; on dSprites they leave out the shape.

    Args:
        mean: of the posterior of every image, (prod(sizes), L), the last factor changing fastest.
        std: likewise, above 0.
        sizes: number of values of each factor.
        factors: that are counted; all when left out.

    Returns:
        Between 0 and 1, but for rounding.

    Raises:
        ValueError: more or fewer posteriors than there are images, tables of different shape, a
            standard deviation of 0, or no factor has more than one value.
    """
    mean, std = table("mean", mean), table("std", std)
    if len(mean) != int(np.prod(sizes)):
        raise ValueError(
            f"mean should be those of all {int(np.prod(sizes)):,} images, got {len(mean):,}"
        )
    if mean.shape != std.shape:
        raise ValueError(f"std should have the means' shape {mean.shape}, got {std.shape}")
    if not (std > 0).all():
        raise ValueError("std should be above 0 everywhere; without a posterior, use mig")
    asked = varying(sizes, factors)
    told = np.array(
        [
            _information_of_posteriors(m, s, sizes, asked)
            for m, s in zip(mean.T, std.T, strict=True)
        ]
    )
    return float(top_two_gap(told / np.log([sizes[k] for k in asked])).mean())


def _information_of_posteriors(
    mean: Floats, std: Floats, sizes: Sequence[int], counted: Sequence[int]
) -> NDArray[np.float64]:
    """Return the nats (K,) that a sample of one latent (N,), (N,) tells about each factor."""
    mean = (
        mean - mean[0]
    )  # the same mean everywhere then leaves no rounding error beside a narrow posterior
    low, high = _ends(mean, std)
    most = max(LEAST_STEPS, min(MOST_STEPS, EVALUATIONS // len(mean)))
    finest = np.quantile(std, 0.01) / STEPS_PER_STD
    std = np.maximum(std, max(finest, (high - low) / (most - 12)))
    low, high = _ends(mean, std)
    steps = int((high - low) / max(finest, (high - low) / (most - 2))) + 2
    width = (high - low) / (steps - 1)
    summed = [np.zeros((sizes[k], steps)) for k in counted]
    for at, where in enumerate(np.linspace(low, high, steps)):
        density = np.exp(-0.5 * ((where - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))
        cube = density.reshape(sizes)
        for k, sums in zip(counted, summed, strict=True):
            sums[:, at] = cube.mean(axis=tuple(axis for axis in range(len(sizes)) if axis != k))
    return np.array(
        [
            _differential_entropy(s.mean(0), width) - _differential_entropy(s, width).mean()
            for s in summed
        ]
    )


def _ends(mean: Floats, std: Floats) -> tuple[float, float]:
    """Return between which values five standard deviations of all posteriors lie."""
    return float((mean - 5 * std).min()), float((mean + 5 * std).max())


def _differential_entropy(density: Floats, width: float) -> NDArray[np.float64]:
    """Return -∫ p ln p of densities (..., G) on a grid, which are made to integrate to 1."""
    density = density / (density.sum(-1, keepdims=True) * width)
    return -(density * np.log(np.where(density > 0, density, 1))).sum(-1) * width


def sap(
    codes: ArrayLike,
    factors: ArrayLike,
    test_codes: ArrayLike,
    test_factors: ArrayLike,
    *,
    cost: float = 0.01,
) -> float:
    """Return the attribute predictability gap: how much better one latent alone names a factor
    than any other.

    SAP = 1/K sum_k ( A_j1,k - A_j2,k ),    A_jk the accuracy of a linear classifier of v_k that
    sees z_j

    Source: Kumar et al. 2018; every factor as classes, linear support vector machines with
    balanced classes and C = 0.01 as in Locatello et al. 2019. A latent's scale matters. A factor
    that has a single value is left out.

    Args:
        codes: to learn from (N, L).
        factors: indices of values (N, K).
        test_codes: to be scored on (M, L).
        test_factors: likewise (M, K).
        cost: C of the support vector machines.

    Returns:
        Between 0 and 1.

    Raises:
        ValueError: tables that do not belong together, or no factor varies.
    """
    codes, factors, test_codes, test_factors = examples(codes, factors, test_codes, test_factors)
    accuracy = [
        [
            _accuracy(codes[:, [j]], factors[:, k], test_codes[:, [j]], test_factors[:, k], cost)
            for k in range(factors.shape[1])
        ]
        for j in range(codes.shape[1])
    ]
    return float(top_two_gap(np.array(accuracy)).mean())


def top_two_gap(table: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return, for each column (L, K), its greatest entry less its second greatest; with one row,
    that row.

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
