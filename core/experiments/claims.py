"""One rule of evidence: a claim, the comparison that decides it, and the words it may get.

A claim says that one model does better than another. Both are trained with the same seeds, and
each training is compared with its pair. The claim holds if every score of every pair is better.

Nothing here depends on a study, a page or torch.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from core.experiments.odds import Odds, by_chance, odds

HOLDS, FAILS, DEPENDS = "holds", "fails", "it depends"
FIRST_LOOK, UNKNOWN = "first look", "not measured"
"""The words that a claim may get.

`HOLDS` and `FAILS`: every score of every pair says so. `DEPENDS`: scores or seeds disagree, or
there is no difference. `FIRST_LOOK`: fewer than `PROVEN` pairs, whatever they say. `UNKNOWN`: no
pair was measured.
"""

PROVEN = 3
"""Pairs of trainings from which on a claim may hold or fail."""

BySeed = Mapping[int, float]
"""Seed of a training -> a number."""

Scores = BySeed | Mapping[int, Sequence[float]]
"""Seed of a training -> its score, or its scores in an order that all seeds share."""

Case = TypeVar("Case", bound=Hashable)


class Spread(NamedTuple):
    """How one number differs between trainings.

    Args:
        mean: over trainings.
        deviation: standard deviation over trainings, n - 1 in the denominator; 0 of a single one.
        least: of all trainings.
        most: of all trainings.
        trainings: how many there are.
    """

    mean: float
    deviation: float
    least: float
    most: float
    trainings: int


def spread(values: Iterable[float]) -> Spread:
    """Return how a number differs between trainings; NaN where there is no training.

    >>> spread([1.0, 2.0, 3.0])
    Spread(mean=2.0, deviation=1.0, least=1.0, most=3.0, trainings=3)
    """
    numbers = np.array(list(values), float)
    if not len(numbers):
        return Spread(np.nan, np.nan, np.nan, np.nan, 0)
    deviation = float(numbers.std(ddof=1)) if len(numbers) > 1 else 0.0
    least, most = float(numbers.min()), float(numbers.max())
    return Spread(float(numbers.mean()), deviation, least, most, len(numbers))


@dataclass(frozen=True)
class Comparison:
    """The scores of two models that were trained with the same seeds.

    Args:
        ours: scores (S, K), a row for each seed.
        theirs: scores (S, K) of the other model, in the same order.
        larger: for each of the K scores, whether larger is better.
        seeds: of the S pairs.
    """

    ours: tuple[tuple[float, ...], ...]
    theirs: tuple[tuple[float, ...], ...]
    larger: tuple[bool, ...]
    seeds: tuple[int, ...]

    @property
    def pairs(self) -> int:
        """The number of pairs of trainings."""
        return len(self.seeds)

    @property
    def odds(self) -> Odds:
        """The chance that all scores agree, in either direction, if the models do not differ.

        Raises:
            ValueError: no pair was measured.
        """
        return odds(self.pairs, len(self.larger))

    @property
    def leaning(self) -> str:
        """What the pairs say however few they are.

        `HOLDS` if every score of every pair is better, `FAILS` if every one is worse, `DEPENDS`
        otherwise, `UNKNOWN` without pairs.
        """
        if not self.pairs:
            return UNKNOWN
        leads = self._leads()
        if (leads > 0).all():
            return HOLDS
        return FAILS if (leads < 0).all() else DEPENDS

    @property
    def word(self) -> str:
        """The `leaning` of `PROVEN` pairs or more, `FIRST_LOOK` of fewer."""
        return FIRST_LOOK if 0 < self.pairs < PROVEN else self.leaning

    @property
    def depends_on(self) -> tuple[str, ...]:
        """What a leaning of `DEPENDS` depends on: `seed`, `score` or both.

        It is empty where the pairs agree, and where no score of any pair differs.
        """
        if self.leaning != DEPENDS:
            return ()
        signs = np.sign(self._leads())
        over_seeds = (signs != signs[:1]).any()
        over_scores = (signs != signs[:, :1]).any()
        names = {"seed": over_seeds, "score": over_scores}
        return tuple(name for name, differs in names.items() if differs)

    def ratio(self, score: int = 0) -> Spread:
        """Return ours over theirs of a score, over pairs."""
        return spread(np.divide(self._column(self.ours, score), self._column(self.theirs, score)))

    def difference(self, score: int = 0) -> Spread:
        """Return ours less theirs of a score, over pairs."""
        return spread(self._column(self.ours, score) - self._column(self.theirs, score))

    def _leads(self) -> np.ndarray:
        """Return by how much each score is better (S, K); negative where it is worse."""
        return np.where(self.larger, 1, -1) * (np.array(self.ours) - np.array(self.theirs))

    @staticmethod
    def _column(rows: Sequence[Sequence[float]], score: int) -> np.ndarray:
        return np.array([row[score] for row in rows], float)


def compare(
    ours: Scores, theirs: Scores | float, larger: bool | Sequence[bool] = False
) -> Comparison:
    """Return the comparison of two models over the seeds that both were trained with.

    Args:
        ours: scores of the model that the claim is for.
        theirs: scores of the other model; or a number that every score is held against.
        larger: whether larger is better: one answer for all scores, or one for each.

    >>> compare({0: 1.0, 1: 2.0, 2: 3.0}, {0: 2.0, 1: 3.0, 2: 4.0, 3: 0.0}).word
    'holds'
    >>> compare({0: 1.0, 1: 2.0}, 3.0).word
    'first look'
    """
    our_rows = _rows(ours)
    if isinstance(theirs, Mapping):
        their_rows = _rows(theirs)
    else:
        their_rows = {seed: (float(theirs),) * len(row) for seed, row in our_rows.items()}
    seeds = tuple(sorted(our_rows.keys() & their_rows.keys()))
    return Comparison(
        tuple(our_rows[seed] for seed in seeds),
        tuple(their_rows[seed] for seed in seeds),
        _for_each_score(larger, len(our_rows[seeds[0]]) if seeds else None),
        seeds,
    )


def _rows(scores: Scores) -> dict[int, tuple[float, ...]]:
    return {seed: _row(score) for seed, score in scores.items()}


def _row(scores: float | Sequence[float]) -> tuple[float, ...]:
    if isinstance(scores, (Sequence, np.ndarray)):
        return tuple(float(score) for score in scores)
    return (float(scores),)


def _for_each_score(larger: bool | Sequence[bool], scores: int | None) -> tuple[bool, ...]:
    """Return for each score whether larger is better; `scores` is None where none is known."""
    if isinstance(larger, Sequence):
        return tuple(larger)
    return (larger,) * (scores or 1)


def together(words: Iterable[str]) -> str:
    """Return the word of several claims that are made at once.

    It is `HOLDS` or `FAILS` where all claims that were measured get it, `DEPENDS` where they
    contradict each other, `FIRST_LOOK` where one of them is no more than that.

    >>> together([HOLDS, HOLDS, UNKNOWN]), together([HOLDS, FAILS]), together([HOLDS, FIRST_LOOK])
    ('holds', 'it depends', 'first look')
    """
    known = set(words) - {UNKNOWN}
    if not known:
        return UNKNOWN
    if DEPENDS in known or {HOLDS, FAILS} <= known:
        return DEPENDS
    return FIRST_LOOK if FIRST_LOOK in known else known.pop()


class Cases(dict[Case, Comparison], Generic[Case]):
    """The comparisons of one question, by case: a prior, an η and a sampler, a pair of models."""

    @property
    def measured(self) -> Cases[Case]:
        """The cases that at least one pair was measured of."""
        return Cases({case: each for case, each in self.items() if each.pairs})

    @property
    def pairs(self) -> int:
        """The fewest pairs that a case rests on; 0 where one was not measured."""
        return min((each.pairs for each in self.values()), default=0)

    @property
    def word(self) -> str:
        """The word of all cases `together`."""
        return together(each.word for each in self.values())

    @property
    def leaning(self) -> str:
        """What all cases say together, however few pairs they rest on."""
        return together(each.leaning for each in self.values())

    @property
    def words(self) -> dict[Case, str]:
        """The word of each case."""
        return {case: each.word for case, each in self.items()}

    @property
    def by_chance(self) -> Odds:
        """How many cases would hold or fail by chance alone if no two models differed."""
        proven = [each for each in self.values() if each.pairs >= PROVEN]
        return by_chance((each.pairs, len(each.larger)) for each in proven)

    @property
    def best(self) -> Case | None:
        """The case with the least ratio of all scores that should be small; None without any.

        It is chosen by the numbers that it is then judged by, so what it reaches is a little
        flattered.
        """
        known = self.measured
        return min(known, key=lambda case: _mean_ratio(known[case]), default=None)

    def with_word(self, word: str) -> list[Case]:
        """Return the cases that get a word."""
        return [case for case, each in self.items() if each.word == word]

    def leaning_to(self, word: str) -> list[Case]:
        """Return the cases whose pairs say a word, however few they are."""
        return [case for case, each in self.items() if each.leaning == word]


def _mean_ratio(comparison: Comparison) -> float:
    small = [score for score, larger in enumerate(comparison.larger) if not larger]
    return float(np.mean([comparison.ratio(score).mean for score in small]))


@dataclass(frozen=True)
class Claim(Generic[Case]):
    """A sentence that may be wrong, and the measurement that decides it.

    Args:
        statement: one sentence.
        source: who says so.
        protocol: what was trained and what was measured, in one line.
        rule: what decides it, in one line.
        cases: the comparisons that decide it; together, where there are several.
    """

    statement: str
    source: str
    protocol: str
    rule: str
    cases: Cases[Case]

    @property
    def word(self) -> str:
        """`HOLDS`, `FAILS`, `DEPENDS`, `FIRST_LOOK` or `UNKNOWN`."""
        return self.cases.word

    @property
    def pairs(self) -> int:
        """The fewest pairs of trainings that it rests on."""
        return self.cases.pairs


def depends_on(words: Mapping[tuple[Any, ...], str], names: Sequence[str]) -> list[str]:
    """Return the circumstances that an answer depends on: they change it while all others stay.

    Args:
        words: (value of each circumstance) -> answer. A first look is no answer, and is left out
            as what was not measured is.
        names: of the circumstances, in the order of the values.

    >>> words = {("mnist", 2): HOLDS, ("mnist", 10): FAILS, ("digits", 2): HOLDS}
    >>> depends_on(words, ["data set", "latents"])
    ['latents']
    """
    known = {case: word for case, word in words.items() if word not in (UNKNOWN, FIRST_LOOK)}
    places: set[int] = set()
    for one, other in combinations(known, 2):
        differing = [place for place in range(len(names)) if one[place] != other[place]]
        if len(differing) == 1 and known[one] != known[other]:
            places.add(differing[0])
    return [name for place, name in enumerate(names) if place in places]
