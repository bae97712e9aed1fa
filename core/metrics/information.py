"""How much a latent tells about a factor: mutual information, counted in a histogram."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.metrics.table import table

BINS = 20
"""Bins of a latent, as in Locatello et al. 2019."""

_FAR = np.finfo(np.float64).max / 4

Indices = NDArray[np.int64]


def mutual_information(
    codes: ArrayLike, factors: ArrayLike, *, bins: int = BINS
) -> NDArray[np.float64]:
    """Return how many nats each latent tells about each factor.

    I(z_u; v_k) = sum_{b,v} p(b, v) ln( p(b, v) / (p(b) p(v)) )

    b is the bin of the latent, one of `bins` equally wide ones between its least and its greatest
    value. The estimate is 0 for a constant, never below 0, and too high by about (bins - 1) (V_k -
    1) / 2N nats for latents that tell nothing, V_k the number of values of the factor. A latent
    whose values lie so close together that no number fits between some of the bins' edges counts
    as a constant.

    Source: Chen et al. 2018, Isolating Sources of Disentanglement in VAEs, section 4; Locatello et
    al. 2019, Challenging Common Assumptions, appendix (a histogram of 20 bins for each latent).

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

    A latent that follows a factor, and be it backwards or bent, has 1 as long as the bins tell its
    values apart; one that ignores it has 0. Factors with few and with many values can be compared.

    Source: Chen et al. 2018, Isolating Sources of Disentanglement in VAEs, section 4.

    Args:
        codes: posterior means over a data set, (N, L).
        factors: index of the value of each factor, whole numbers, (N, K).
        bins: of each latent, at least 1.

    Returns:
        Shares, (L, K).

    Raises:
        ValueError: as `mutual_information`.

    >>> normalised_information([[0.0, 1.0], [0.1, 2.0], [5.0, 1.0], [5.1, 2.0]], [[0], [0], [1], [1]])
    array([[1.], [0.]])
    """
    shared, most = mutual_information(codes, factors, bins=bins), entropy(factors)
    return np.divide(shared, most, out=np.zeros_like(shared), where=most > 0)


def _binned(column: NDArray[np.float64], bins: int) -> Indices:
    if np.abs(column).max() > _FAR:  # the range could be infinite
        column = column / 4
    edges = np.linspace(column.min(), column.max(), bins + 1)
    if not (np.diff(edges) > 0).all():
        return np.zeros(len(column), np.int64)
    return np.searchsorted(edges[1:-1], column, side="right")


def _values(column: NDArray[np.float64]) -> Indices:
    values, index = np.unique(column, return_inverse=True)
    if (values != np.rint(values)).any():
        raise ValueError(
            f"factors should be whole numbers, got {values[values != np.rint(values)][0]}"
        )
    return index


def _information(first: Indices, second: Indices) -> float:
    joint = np.bincount(
        first * (second.max() + 1) + second, minlength=(first.max() + 1) * (second.max() + 1)
    )
    joint = joint.reshape(first.max() + 1, second.max() + 1) / len(first)
    apart = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    seen = joint > 0
    # Rounding may leave what is 0 a little below.
    return max(0.0, float((joint[seen] * np.log(joint[seen] / apart[seen])).sum()))
