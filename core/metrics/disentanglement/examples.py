"""Tables that belong together, and the factors in them that vary: only these enter a score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from core.metrics.disentanglement.world import Floats
from core.metrics.table import table


class Examples(NamedTuple):
    """Codes and factors to learn from and to be scored on; all K factors vary in both parts.

    Args:
        codes: to learn from (N, L).
        factors: indices of values (N, K).
        test_codes: to be scored on (M, L).
        test_factors: likewise (M, K).
    """

    codes: Floats
    factors: Floats
    test_codes: Floats
    test_factors: Floats


def examples(
    codes: ArrayLike, factors: ArrayLike, test_codes: ArrayLike, test_factors: ArrayLike
) -> Examples:
    """Return the tables without the factors that have a single value in either part.

    Such a factor asks no question: every answer is right, and no classifier can be fitted. A score
    that is a mean over factors leaves it out.

    Args:
        codes: to learn from (N, L).
        factors: indices of values (N, K).
        test_codes: to be scored on (M, L).
        test_factors: likewise (M, K).

    Raises:
        ValueError: tables that do not belong together, or no factor varies in both parts.
    """
    codes, factors = paired(codes, factors)
    test_codes, test_factors = paired(test_codes, test_factors, "test_")
    for what, one, other in (("codes", codes, test_codes), ("factors", factors, test_factors)):
        if one.shape[1] != other.shape[1]:
            raise ValueError(
                f"{what} and test_{what} should have as many columns, got {one.shape[1]} and"
                f" {other.shape[1]}"
            )
    counts = [min(pair) for pair in zip(_counts(factors), _counts(test_factors), strict=True)]
    shared = varying(counts)
    return Examples(codes, factors[:, shared], test_codes, test_factors[:, shared])


def counted(codes: ArrayLike, factors: ArrayLike) -> tuple[Floats, Floats]:
    """Return codes (N, L) and the factors (N, K) that have more than one value.

    Raises:
        ValueError: tables that do not belong together, or no factor varies.

    >>> counted([[0.5], [0.7]], [[0, 4], [1, 4]])[1].tolist()
    [[0.0], [1.0]]
    """
    codes, factors = paired(codes, factors)
    return codes, factors[:, varying(_counts(factors))]


def paired(codes: ArrayLike, factors: ArrayLike, prefix: str = "") -> tuple[Floats, Floats]:
    """Return codes (N, L) and factors (N, K) as tables.

    Raises:
        ValueError: no finite tables, or not as many rows.
    """
    codes, factors = table(f"{prefix}codes", codes), table(f"{prefix}factors", factors)
    if len(codes) != len(factors):
        raise ValueError(
            f"{prefix}codes and {prefix}factors should have as many rows, got {len(codes)} and"
            f" {len(factors)}"
        )
    return codes, factors


def varying(sizes: Sequence[int], among: Iterable[int] | None = None) -> list[int]:
    """Return the factors that have more than one value, by their places.

    Args:
        sizes: number of values of each factor.
        among: factors to choose from; all when left out.

    Raises:
        ValueError: no factor has.

    >>> varying((3, 1, 2)), varying((3, 1, 2), among=(1, 2))
    ([0, 2], [2])
    """
    factors = range(len(sizes)) if among is None else among
    several = [k for k in factors if sizes[k] > 1]
    if not several:
        raise ValueError(
            "at least one factor should have more than one value, got one value of each"
        )
    return several


def _counts(factors: Floats) -> list[int]:
    """Return the number of values of each factor (N, K)."""
    return [len(np.unique(column)) for column in factors.T]
