"""How often chance alone gives a comparison of two models a word: better with every seed, or with none."""

from __future__ import annotations

from collections.abc import Iterable
from math import comb
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

    2 · (1/2)^(pairs · criteria),    between that and 2 · (1/2)^pairs where the criteria are not
    independent

    A comparison gets a word if one model is better in every criterion with every seed, or in none
    with any. Without a difference each of them is a toss of a coin. Criteria that contradict each
    other make it less than the least.

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


def odds_apart(ours: int, theirs: int) -> float:
    """Return the chance that all numbers of one model exceed all of another which does not differ,
    either way round.

    2 · ours! · theirs! / (ours + theirs)!

    This is the rule for numbers that are not paired by seed: their ranges must not overlap.

    Args:
        ours: trainings of the one model, at least 1.
        theirs: trainings of the other, at least 1.

    Raises:
        ValueError: fewer than one training.

    >>> odds_apart(3, 3), 1 / odds_apart(5, 5)
    (0.1, 126.0)
    """
    if ours < 1 or theirs < 1:
        raise ValueError(f"trainings should be at least 1 of each, got {ours} and {theirs}")
    return 2 / comb(ours + theirs, ours)


def by_chance(cases: Iterable[tuple[int, int]]) -> Odds:
    """Return how many of some comparisons chance alone would give a word, were there no difference
    in any.

    Args:
        cases: pairs and criteria of each, as in `odds`.

    >>> by_chance([(3, 1)] * 8)
    Odds(least=2.0, most=2.0)
    """
    found = [odds(pairs, criteria) for pairs, criteria in cases]
    return Odds(sum(one.least for one in found), sum(one.most for one in found))
