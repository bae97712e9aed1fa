"""How often chance alone makes all pairs of trainings agree on which of two models is better."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Odds(NamedTuple):
    """A chance, or an expected number of cases, that is only known to lie between two numbers.

    Args:
        least: if the criteria of a case are independent of each other.
        most: if they always agree, so that they are one.
    """

    least: float
    most: float


def odds(pairs: int, criteria: int = 1) -> Odds:
    """Return the chance that two models which do not differ are told apart all the same.

    2 · (1/2)^(pairs · criteria) to 2 · (1/2)^pairs

    A comparison holds or fails if one model is better in every criterion with every seed, or
    worse in every one. Without a difference each of them is a toss of a coin. The chance is the
    least where the criteria are independent and the most where they always agree. Criteria that
    contradict each other make it smaller still.

    Args:
        pairs: of trainings with the same seed, at least 1.
        criteria: that are asked of each pair, at least 1.

    Raises:
        ValueError: fewer than one pair or criterion.

    >>> odds(3), odds(5).most, odds(3, 2)
    (Odds(least=0.25, most=0.25), 0.0625, Odds(least=0.03125, most=0.25))
    """
    if pairs < 1 or criteria < 1:
        raise ValueError(f"pairs and criteria should be at least 1, got {pairs} and {criteria}")
    return Odds(2 * 0.5 ** (pairs * criteria), 2 * 0.5**pairs)


def by_chance(cases: Iterable[tuple[int, int]]) -> Odds:
    """Return how many comparisons chance alone would decide if no two models differed.

    Args:
        cases: pairs and criteria of each comparison, as in `odds`.

    >>> by_chance([(3, 1)] * 8)
    Odds(least=2.0, most=2.0)
    """
    each = [odds(pairs, criteria) for pairs, criteria in cases]
    return Odds(sum(case.least for case in each), sum(case.most for case in each))
