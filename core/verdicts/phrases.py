"""How a number is written with its seeds, and the sentences of what a word rests on.

± is a standard deviation over trainings and nothing else, a standard error is called one, and a
range is written "least to most". Numbers have as many digits as their spread allows, a minus sign
of its own, and percent without a space.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import floor, log10

from core.experiments.claims import (
    DEPENDS,
    FAILS,
    FIRST_LOOK,
    HOLDS,
    PROVEN,
    UNKNOWN,
    Cases,
    Comparison,
    Spread,
    spread,
)
from core.experiments.odds import Odds, odds

ANSWERS = {HOLDS: "yes", FAILS: "no", DEPENDS: "it depends", UNKNOWN: "not measured"}
"""What a question is answered by the word of a claim."""


def answer(
    judged: Comparison | Cases,  # pyright: ignore[reportMissingTypeArgument]
    words: Mapping[str, str] = ANSWERS,
) -> str:
    """Return what a comparison, or some together, say; a first look is called one.

    Args:
        judged: what is said something of.
        words: for `HOLDS`, `FAILS`, `DEPENDS` and `UNKNOWN`.

    >>> from core.experiments.claims import compare
    >>> low, high = {0: 1.0, 1: 2.0, 2: 3.0}, {0: 2.0, 1: 4.0, 2: 5.0}
    >>> answer(compare(low, high)), answer(compare({0: 2.0}, high))
    ('yes', 'first look: it depends')
    """
    said = words[judged.leaning]
    return f"first look: {said}" if judged.word == FIRST_LOOK else said


def number(
    value: float, digits: int | None = None, *, percent: bool = False, signed: bool = False
) -> str:
    """Return a number whose error is not known.

    Args:
        value: the number; a share where `percent`.
        digits: after the point; None for three that count.
        percent: whether to write a share as percent.
        signed: whether to write a plus sign too.

    >>> number(1752.3), number(0.00951), number(97.04), number(-0.5, 2)
    ('1,752', '0.00951', '97', '−0.50')
    >>> number(0.314, 0, percent=True), number(-0.001, 2), number(-0.001, 2, signed=True)
    ('31%', '0.00', '−0.00')
    """
    scaled = 100 * value if percent else value
    if digits is None:
        digits = 0 if abs(scaled) >= 100 else None
    # A difference keeps the sign that it had before it was rounded to nothing.
    sign = "+" if signed else "z"
    if digits is None:
        text = f"{scaled:{sign}.3g}"
    else:
        text = f"{round(scaled, digits):{sign},.{max(digits, 0)}f}"
    return with_minus(text) + ("%" if percent else "")


def with_minus(text: str) -> str:
    """Return a written number with the minus sign of the screen, which is as wide as a plus.

    >>> with_minus(f"{-88.5:g}")
    '−88.5'
    """
    return text.replace("-", "−")


def with_spread(
    values: Iterable[float], digits: int | None = None, *, percent: bool = False
) -> str:
    """Return the mean over trainings ± their standard deviation; a dash where there is none.

    Args:
        values: one for each training; shares where `percent`.
        digits: the most after the point; the spread may allow fewer. None for as many as it
            allows.
        percent: whether to write shares as percent.

    >>> with_spread([170.0, 230.0]), with_spread([0.98, 0.981, 0.983]), with_spread([0.5])
    ('200 ± 42', '0.9813 ± 0.0015', '0.5')
    >>> with_spread([0.3, 0.34], percent=True), with_spread([2, 2]), with_spread([])
    ('32.0% ± 2.8%', '2 ± 0', '–')
    """
    found = spread(values)
    if not found.trainings:
        return "–"
    if found.trainings == 1:
        return number(found.mean, digits, percent=percent)
    if not found.deviation:
        none = number(0, digits or 0, percent=percent)
        return f"{number(found.mean, digits, percent=percent)} ± {none}"
    allowed = _digits_of(found, percent)
    digits = allowed if digits is None else min(digits, allowed)
    mean, deviation = (
        number(value, digits, percent=percent) for value in (found.mean, found.deviation)
    )
    return f"{mean} ± {deviation}"


def with_range(
    values: Iterable[float] | Spread,
    digits: int | None = None,
    *,
    percent: bool = False,
    signed: bool = False,
    unit: str = "",
) -> str:
    """Return the mean over trainings, and least to most in brackets where they differ.

    Args:
        values: one for each training, or their spread; shares where `percent`.
        digits: the most after the point; the spread may allow fewer. None for as many as it
            allows.
        percent: whether to write shares as percent.
        signed: whether to write plus signs too.
        unit: after the mean.

    >>> with_range([0.5, 0.75], unit=" ×"), with_range([0.1, 0.3], 0, percent=True)
    ('0.62 × (0.50 to 0.75)', '20% (10% to 30%)')
    >>> with_range([-1.0, -0.5], signed=True), with_range([0.5], 2)
    ('−0.75 (−1.00 to −0.50)', '0.50')
    """
    found = values if isinstance(values, Spread) else spread(values)
    if not found.trainings:
        return "–"
    if found.deviation:
        allowed = _digits_of(found, percent)
        digits = allowed if digits is None else min(digits, allowed)
    mean, least, most = (
        number(value, digits, percent=percent, signed=signed)
        for value in (found.mean, found.least, found.most)
    )
    return f"{mean}{unit}" if least == most else f"{mean}{unit} ({least} to {most})"


def with_error(value: float, error: float) -> str:
    """Return a number with its standard error, which is no spread over trainings.

    >>> with_error(84.1234, 0.0512)
    '84.123 (standard error 0.051)'
    """
    digits = _two_digits(error) if error else None
    return f"{number(value, digits)} (standard error {number(error, digits)})"


def _digits_of(found: Spread, percent: bool) -> int:
    """Return how many digits after the point the spread over trainings allows."""
    return _two_digits(100 * found.deviation if percent else found.deviation)


def _two_digits(error: float) -> int:
    """Return the digits after the point that leave two of an error; negative before the point.

    >>> _two_digits(0.0123), _two_digits(3.4), _two_digits(1234.0)
    (3, 1, -2)
    """
    return 1 - floor(log10(float(f"{error:.1e}")))


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
    counted = counted_trainings([len(some) for some in every])
    return f"{counted} ({seeds_text(known)})" if known else counted


def counted_trainings(counts: Sequence[int]) -> str:
    """Return how many trainings some models were measured with.

    >>> counted_trainings([3, 3]), counted_trainings([1, 3]), counted_trainings([0])
    ('3 trainings of each model', '1 to 3 trainings of each model', 'no training of each model')
    """
    least, most = min(counts), max(counts)
    if least == most:
        return f"{some_trainings(most)} of each model"
    return f"{least} to {most} trainings of each model"


def some_trainings(count: int) -> str:
    """Return how many trainings one model was measured with.

    >>> some_trainings(3), some_trainings(1), some_trainings(0)
    ('3 trainings', 'one training', 'no training')
    """
    if count > 1:
        return f"{count} trainings"
    return "one training" if count else "no training"


def rests_on(seeds: int) -> str:
    """Return a sentence of how many trainings an answer rests on.

    >>> rests_on(3)
    'This rests on 3 trainings of each model.'
    >>> rests_on(1)
    'This rests on one training of each model: a first look, no proof.'
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
    'By chance alone, 3 pairs of trainings that do not differ get a *yes* or a *no* ...
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


def expected(found: Odds, cases: int, got: int, words: str = "a *yes* or a *no*") -> str:
    """Return a sentence of how many cases chance alone would give a word, beside how many got one.

    Args:
        found: `core.experiments.odds.by_chance` of the cases.
        cases: how many there are.
        got: how many got a word.
        words: that a case may get.

    >>> expected(Odds(5.25, 47.25), 189, 150)
    'If no two models differed, chance alone would give a *yes* or a *no* to 5 (scores independent)
     to 47 (scores always agree) of these 189 cases; 150 got one.'
    """
    least, most = (f"{number:.0f}" for number in found)
    many = (
        most if least == most else f"{least} (scores independent) to {most} (scores always agree)"
    )
    return (
        f"If no two models differed, chance alone would give {words} to {many} of these {cases}"
        f" cases; {got} got one."
    )


def _one_of(chance_of: float) -> str:
    return "all" if chance_of == 1 else f"1 of {1 / chance_of:,.0f}"


def listed(words: Sequence[str]) -> str:
    """Return words as in a sentence.

    >>> listed(["scale"]), listed(["x", "y", "scale"])
    ('scale', 'x, y and scale')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
