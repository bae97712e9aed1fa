"""What a number or a word rests on, as text: trainings, their seeds, and what chance alone would have said."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from core.experiments.odds import Odds, odds, odds_apart

PROVEN = 3
"""Trainings of each model from which on an answer is more than a first look."""


def seeds_text(seeds: Iterable[int]) -> str:
    """Return which seeds some trainings had.

    >>> seeds_text([0]), seeds_text([0, 1, 2, 3]), seeds_text([2, 0])
    ('seed 0', 'seeds 0 to 3', 'seeds 0 and 2')
    """
    known = sorted(set(seeds))
    if len(known) == 1:
        return f"seed {known[0]}"
    if len(known) > 2 and known == list(range(known[0], known[-1] + 1)):
        return f"seeds {known[0]} to {known[-1]}"
    return f"seeds {', '.join(map(str, known[:-1]))} and {known[-1]}"


def trainings(seeds: Iterable[Collection[int]]) -> str:
    """Return how many trainings some models were measured with, and of which seeds.

    Args:
        seeds: of the trainings of each model.

    >>> trainings([(0, 1, 2), (0, 1, 2)])
    '3 trainings of each model (seeds 0 to 2)'
    >>> trainings([(0,), (0, 1, 2)]), trainings([()])
    ('1 to 3 trainings of each model (seeds 0 to 2)', 'no training of each model')
    """
    every = list(seeds)
    known = {seed for some in every for seed in some}
    return f"{counted_trainings([len(some) for some in every])}{f' ({seeds_text(known)})' if known else ''}"


def counted_trainings(counts: Sequence[int]) -> str:
    """Return how many trainings some models were measured with.

    >>> counted_trainings([3, 3]), counted_trainings([1, 3]), counted_trainings([0])
    ('3 trainings of each model', '1 to 3 trainings of each model', 'no training of each model')
    """
    least, most = min(counts), max(counts)
    many = f"{most} trainings" if most > 1 else "one training" if most else "no training"
    return (
        f"{many} of each model" if least == most else f"{least} to {most} trainings of each model"
    )


def rests_on(seeds: int) -> str:
    """Return a sentence of how many trainings an answer rests on.

    >>> rests_on(3), rests_on(1)
    ('This rests on 3 trainings of each model.', 'This rests on one training of each model: a first look, no proof.')
    """
    if not seeds:
        return "Not all that it rests on was measured yet: a first look, no proof."
    return (
        "This rests on"
        f" {counted_trainings([seeds])}{'' if seeds >= PROVEN else ': a first look, no proof'}."
    )


def chance(pairs: int, criteria: int = 1, words: str = "a *yes* or a *no*") -> str:
    """Return a sentence of how often two models that do not differ would be told apart.

    Args:
        pairs: of trainings with the same seed, at least 1.
        criteria: scores that must all agree, at least 1.
        words: that a comparison may get.

    >>> chance(3)
    'By chance alone, 3 pairs of trainings that do not differ get a *yes* or a *no* in 1 of 4 comparisons.'
    >>> chance(5, 2)[-81:]
    ' in 1 of 16 comparisons if the 2 scores always agree, in 1 of 512 if independent.'
    """
    found = odds(pairs, criteria)
    many = f"{pairs} pairs" if pairs > 1 else "one pair"
    split = (
        f" if the {criteria} scores always agree, in {_one_of(found.least)} if independent"
        if criteria > 1
        else ""
    )
    verb = "get" if pairs > 1 else "gets"
    differ = "do" if pairs > 1 else "does"
    return (
        f"By chance alone, {many} of trainings that {differ} not differ {verb} {words} in"
        f" {_one_of(found.most)} comparisons{split}."
    )


def chance_apart(ours: int, theirs: int) -> str:
    """Return a sentence of how often the seeds of two models that do not differ fail to overlap.

    Args:
        ours: trainings of the one model, at least 1.
        theirs: trainings of the other, at least 1.

    >>> chance_apart(3, 3)
    'By chance alone, 3 and 3 trainings of models that do not differ lie apart in 1 of 10 comparisons.'
    """
    return (
        f"By chance alone, {ours} and {theirs} trainings of models that do not differ lie apart in"
        f" {_one_of(odds_apart(ours, theirs))} comparisons."
    )


def expected(found: Odds, cases: int, got: int) -> str:
    """Return a sentence of how many cases chance alone would give a word, beside how many got one.

    Args:
        found: `core.experiments.odds.by_chance` of the cases.
        cases: how many there are.
        got: how many got a word.

    >>> expected(Odds(5.25, 47.25), 189, 150)
    'If no two models differed, chance alone would give a *yes* or a *no* to 5 (scores independent) to 47 (scores always
     agree) of these 189 cases; 150 got one.'
    """
    least, most = (f"{number:.0f}" for number in found)
    many = (
        most if least == most else f"{least} (scores independent) to {most} (scores always agree)"
    )
    return (
        f"If no two models differed, chance alone would give a *yes* or a *no* to {many} of these"
        f" {cases} cases; {got} got one."
    )


def _one_of(chance_of: float) -> str:
    return "all" if chance_of == 1 else f"1 of {1 / chance_of:,.0f}"


def short(value: float) -> str:
    """Return a number with three digits that count.

    >>> short(1752.3), short(0.00951), short(97.04)
    ('1,752', '0.00951', '97')
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def listed(words: Sequence[str]) -> str:
    """Return words as in a sentence.

    >>> listed(["scale"]), listed(["x", "y", "scale"])
    ('scale', 'x, y and scale')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def with_spread(values: Sequence[float]) -> str:
    """Return the mean of a score over trainings and, where there are several, their standard
    deviation.

    >>> with_spread([170.0, 230.0]), with_spread([0.5])
    ('200 ± 42', '0.5')
    """
    mean = short(float(np.mean(values)))
    return mean if len(values) < 2 else f"{mean} ± {float(f'{np.std(values, ddof=1):.2g}'):,g}"


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Return the mean of one number for each seed and its standard deviation, where there are
    several.

    >>> spread([1.0, 2.0, 3.0]), spread([4.0])
    ('2.0 ± 1.0', '4.0')
    """
    mean = f"{np.mean(values):.{digits}f}"
    return f"{mean} ± {deviation(values):.{digits}f}" if len(values) > 1 else mean


def deviation(values: Sequence[float]) -> float:
    """Return the standard deviation over trainings, 0 for a single one."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
