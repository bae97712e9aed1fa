"""MIG and SAP: by how much one latent tells more about a factor than any other latent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.metrics.disentanglement.examples import counted, examples, varying
from core.metrics.disentanglement.world import Floats
from core.metrics.information import BINS, entropy, mutual_information
from core.metrics.table import table

STEPS_PER_STD, LEAST_STEPS, MOST_STEPS, EVALUATIONS = 2.0, 1000, 20_000, 20_000_000
"""Steps of the integral over a latent: so many per standard deviation of the narrowest posteriors,
no more than `MOST_STEPS`, and beyond `LEAST_STEPS` no more than `EVALUATIONS` of a density."""


def mig(codes: ArrayLike, factors: ArrayLike, *, bins: int = BINS) -> float:
    """Return the mutual information gap of posterior means, by histogram.

    MIG = 1/K sum_k ( I(z_j1; v_k) - I(z_j2; v_k) ) / H(v_k)

    where j1 and j2 are the two latents that tell most about v_k. A factor that has a single value
    is left out. It does not compare with `mig_of_posteriors`, which estimates another information,
    often of other factors.

    Source: Locatello et al. 2019, for means in equally wide bins,
        https://arxiv.org/abs/1811.12359; Chen et al. 2018 for the gap,
        https://arxiv.org/abs/1802.04942

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
    shares = mutual_information(codes, factors, bins=bins) / entropy(factors)
    return float(top_two_gap(shares).mean())


def mig_of_posteriors(
    mean: ArrayLike, std: ArrayLike, sizes: Sequence[int], factors: Sequence[int] | None = None
) -> float:
    """Return the mutual information gap of samples from the posteriors of all images.

    I(z_j; v_k) = H(z_j) - 1/V_k sum_v H(z_j given v)

    with z_j from q(z_j) = 1/N sum_n q(z_j given x_n). The entropies are integrals over one latent,
    as sums on a fine grid; Chen et al. draw 10,000 samples for each. A posterior narrower than a
    step of the grid is widened to one: information in codes that lie closer together, a thousandth
    of the latent's range or less, is not counted. A factor that has a single value is left out.

    Source: Chen et al. 2018, section 4 and appendix C, https://arxiv.org/abs/1802.04942; on
        dSprites they leave out the shape.

    Args:
        mean: posterior means of all images, (prod(sizes), L), the last factor changing fastest.
        std: their standard deviations, above 0, in the same unit.
        sizes: number of values of each factor.
        factors: those that count, by their places; all when left out.

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
        raise ValueError(
            f"std should be above 0 everywhere, got {std.min():g}; without a posterior, use mig"
        )
    several = varying(sizes, factors)
    latents = zip(mean.T, std.T, strict=True)
    information = np.array([_information_of_posteriors(m, s, sizes, several) for m, s in latents])
    most = np.log([sizes[k] for k in several])
    return float(top_two_gap(information / most).mean())


def _information_of_posteriors(
    mean: Floats, std: Floats, sizes: Sequence[int], counted: Sequence[int]
) -> NDArray[np.float64]:
    """Return the nats (K,) that a sample of one latent, with mean and std (N,), tells."""
    # The same mean everywhere then leaves no rounding error beside a narrow posterior.
    mean = mean - mean[0]
    low, high = _ends(mean, std)
    most = max(LEAST_STEPS, min(MOST_STEPS, EVALUATIONS // len(mean)))
    finest = np.quantile(std, 0.01) / STEPS_PER_STD
    std = np.maximum(std, max(finest, (high - low) / (most - 12)))
    low, high = _ends(mean, std)
    steps = int((high - low) / max(finest, (high - low) / (most - 2))) + 2
    width = (high - low) / (steps - 1)
    densities = [np.zeros((sizes[k], steps)) for k in counted]
    other_axes = [tuple(axis for axis in range(len(sizes)) if axis != k) for k in counted]
    for at, where in enumerate(np.linspace(low, high, steps)):
        density = np.exp(-0.5 * ((where - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))
        cube = density.reshape(sizes)
        for table_of_factor, axes in zip(densities, other_axes, strict=True):
            table_of_factor[:, at] = cube.mean(axis=axes)
    return np.array([_gain(density, width) for density in densities])


def _gain(density: Floats, width: float) -> float:
    """Return H(z) - 1/V sum_v H(z given v) from the density of each value (V, G), in nats."""
    together = _differential_entropy(density.mean(0), width)
    apart = _differential_entropy(density, width).mean()
    return float(together - apart)


def _ends(mean: Floats, std: Floats) -> tuple[float, float]:
    """Return the least and the greatest value within five standard deviations of a posterior."""
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
    """Return the attribute predictability gap: how much one latent leads in naming a factor.

    SAP = 1/K sum_k ( A_j1,k - A_j2,k )

    with A_jk the accuracy of a linear classifier of v_k that sees z_j alone, and j1 and j2 the two
    best latents. A latent's scale matters. A factor that has a single value is left out.

    Source: Kumar et al. 2018, https://arxiv.org/abs/1711.00848; every factor as classes, linear
        support vector machines with balanced classes and C = 0.01 as in Locatello et al. 2019,
        https://arxiv.org/abs/1811.12359

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
    accuracy = np.zeros((codes.shape[1], factors.shape[1]))
    for j, k in np.ndindex(accuracy.shape):
        latent, test_latent = codes[:, [j]], test_codes[:, [j]]
        accuracy[j, k] = _accuracy(latent, factors[:, k], test_latent, test_factors[:, k], cost)
    return float(top_two_gap(accuracy).mean())


def top_two_gap(table: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the greatest entry of each column (L, K) less the second greatest, (K,).

    A table of one row is returned as that row.

    >>> top_two_gap(np.array([[0.9, 0.2], [0.1, 0.2], [0.5, 0.0]]))
    array([0.4, 0. ])
    """
    if len(table) == 1:
        return table[0]
    second, first = np.sort(table, axis=0)[-2:]
    return first - second


def _accuracy(x: Floats, y: Floats, test_x: Floats, test_y: Floats, cost: float) -> float:
    if np.ptp(x) == 0:  # a constant tells nothing: it does as well as the commonest class
        values, counts = np.unique(y, return_counts=True)
        return float(np.mean(test_y == values[counts.argmax()]))
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=cost, class_weight="balanced", max_iter=10_000).fit(x, y)
    return float(model.score(test_x, test_y))
