"""How much a latent tells about a factor: mutual information, counted in a histogram."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.metrics.table import table

BINS = 20
"""Bins of a latent, as in Locatello et al. 2019, https://arxiv.org/abs/1811.12359"""

_FAR = np.finfo(np.float64).max / 4

Indices = NDArray[np.int64]


def mutual_information(
    codes: ArrayLike, factors: ArrayLike, *, bins: int = BINS
) -> NDArray[np.float64]:
    """Return how many nats each latent tells about each factor.

    I(z_u; v_k) = sum_{b,v} p(b, v) ln( p(b, v) / (p(b) p(v)) )

    b is the bin of the latent, one of `bins` equally wide ones between its least and its greatest
    value. The estimate is 0 for a constant and never below 0. For latents that tell nothing it is
    too high by about (bins - 1) (V_k - 1) / 2N nats, with V_k the number of values of the factor.
    A latent counts as a constant where its values lie so close together that no number fits
    between some of the bins' edges.

    Source: Chen et al. 2018, Isolating Sources of Disentanglement in VAEs, section 4,
        https://arxiv.org/abs/1802.04942; Locatello et al. 2019, Challenging Common Assumptions,
        appendix, for a histogram of 20 bins per latent, https://arxiv.org/abs/1811.12359

    Args:
        codes: posterior means over a data set, (N, L).
        factors: index of the value of each factor, whole numbers, (N, K).
        bins: of each latent, at least 1.

    Returns:
        Nats, (L, K), at least 0.

    Raises:
        ValueError: tables that do not belong together, factors that are not whole numbers, or no
            bins.

    >>> mutual_information([[0.0], [0.1], [5.0], [5.1]], [[0], [0], [1], [1]])
    array([[0.693...]])
    """
    codes, factors = table("codes", codes), table("factors", factors)
    if len(codes) != len(factors):
        raise ValueError(
            f"codes and factors should have as many rows, got {len(codes)} and {len(factors)}"
        )
    if bins < 1:
        raise ValueError(f"bins should be at least 1, got {bins}")
    latents = [_binned(column, bins) for column in codes.T]
    values = [_values(column) for column in factors.T]
    return np.array([[_information(b, v) for v in values] for b in latents])


def entropy(factors: ArrayLike) -> NDArray[np.float64]:
    """Return the entropy of each factor: the most that any latent can tell about it.

    H(v_k) = - sum_v p(v) ln p(v)

    Args:
        factors: index of the value of each factor, whole numbers, (N, K).

    Returns:
        Nats, (K,), at least 0.

    Raises:
        ValueError: no table of whole numbers.

    >>> entropy([[0, 3], [1, 3]])
    array([0.693..., 0. ])
    """
    values = [_values(column) for column in table("factors", factors).T]
    return np.array([_information(v, v) for v in values])


def normalised_information(
    codes: ArrayLike, factors: ArrayLike, *, bins: int = BINS
) -> NDArray[np.float64]:
    """Return the share of each factor that each latent tells, between 0 and 1.

    I(z_u; v_k) / H(v_k), and 0 for a factor that never varies

    A latent that follows a factor, even backwards or along a bend, has 1 as long as the bins tell
    the factor's values apart. A latent that ignores it has 0. Factors with few and with many
    values can be compared.

    Source: Chen et al. 2018, Isolating Sources of Disentanglement in VAEs, section 4,
        https://arxiv.org/abs/1802.04942

    Args:
        codes: posterior means over a data set, (N, L).
        factors: index of the value of each factor, whole numbers, (N, K).
        bins: of each latent, at least 1.

    Returns:
        Shares, (L, K).

    Raises:
        ValueError: as `mutual_information`.

    >>> codes = [[0.0, 1.0], [0.1, 2.0], [5.0, 1.0], [5.1, 2.0]]
    >>> normalised_information(codes, [[0], [0], [1], [1]])
    array([[1.], [0.]])
    """
    shared, most = mutual_information(codes, factors, bins=bins), entropy(factors)
    return np.divide(shared, most, out=np.zeros_like(shared), where=most > 0)


def _binned(column: NDArray[np.float64], bins: int) -> Indices:
    if np.abs(column).max() > _FAR:  # greatest less least could be infinite
        column = column / 4
    edges = np.linspace(column.min(), column.max(), bins + 1)
    if not (np.diff(edges) > 0).all():
        return np.zeros(len(column), np.int64)
    return np.searchsorted(edges[1:-1], column, side="right")


def _values(column: NDArray[np.float64]) -> Indices:
    values, index = np.unique(column, return_inverse=True)
    broken = values[values != np.rint(values)]
    if len(broken):
        raise ValueError(f"factors should be whole numbers, got {broken[0]}")
    return index


def _information(first: Indices, second: Indices) -> float:
    rows, columns = first.max() + 1, second.max() + 1
    counts = np.bincount(first * columns + second, minlength=rows * columns)
    joint = counts.reshape(rows, columns) / len(first)
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    seen = joint > 0
    information = (joint[seen] * np.log(joint[seen] / independent[seen])).sum()
    return max(0.0, float(information))  # rounding may leave a 0 a little below
