"""Paths between images in words: how smoothly each model passes, and how near to real images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.config import ALL_LABELS
from core.experiments.claims import (
    DEPENDS,
    FAILS,
    FIRST_LOOK,
    HOLDS,
    PROVEN,
    UNKNOWN,
    BySeed,
    compare,
    spread,
)
from core.experiments.interpolation import FRAMES, HALFWAY, Passage, extremes, passage
from core.experiments.kept import Numbers
from core.verdicts.phrases import chance, with_range

PATH_WORDS = {"Straight line": "line", "Great circle": "circle"}
"""Word on the screen and in links -> path."""

BLENDING = "Blending pixels"
"""Name of the path through pixels, which needs no model."""

NOTHING = 0.5
"""Gap from which a midpoint is nearer to a cross-fade than to the model's own end images."""

BLURRED = 0.5
"""Share of the originals' difference below which a sentence calls end images blurred."""

_TEXTBOOK = {
    HOLDS: "**So it is here**",
    FAILS: "**These numbers contradict it**",
    DEPENDS: "**A tie here**",
    FIRST_LOOK: f"Fewer than {PROVEN} trainings of each say too little",
    UNKNOWN: "No training of both was measured",
}
_CIRCLE = {HOLDS: "nearer to real images", FAILS: "farther from them", DEPENDS: "neither"}


@dataclass(frozen=True)
class Answer:
    """All numbers of a family.

    Args:
        models: name of the model -> seed of the training -> its numbers.
        originals: the numbers of the original images and of blending them.
    """

    models: dict[str, dict[int, Numbers]]
    originals: Numbers

    def passages(self, path: str) -> dict[str, Passage]:
        """Return the passage of each model on one kind of path."""
        return {name: passage(measured, path) for name, measured in self.models.items()}

    @property
    def trainings(self) -> list[int]:
        """The numbers of trainings that the models were measured with, least first."""
        return sorted({len(measured) for measured in self.models.values()})


def left_out(names: Sequence[str]) -> str:
    """Return that models were not measured.

    Args:
        names: of the models.
    """
    labels = [ALL_LABELS[name] for name in names]
    return f"Not measured yet, and left out: {', '.join(labels)}; run `python -m core measure`."


def verdict(answer: Answer, path: str) -> str:
    """Return the answer on one kind of path: a bold sentence, and the points that it rests on."""
    passages = answer.passages(path)
    moving = {name: passage for name, passage in passages.items() if passage.moves}
    still = [name for name in passages if name not in moving]

    def each(number: str) -> dict[str, BySeed]:
        return {name: getattr(passage, number) for name, passage in moving.items()}

    gaps, steps = each("gap"), each("largest")
    points = [
        _through(gaps),
        _smooth(steps, each("detour")),
        confidence(each("doubt"), answer.originals),
        _textbook(gaps),
        _around(answer),
        _blurred(answer, still),
    ]
    lines = "\n".join(f"- {point}" for point in points if point)
    return f"**{_headline(gaps, steps, path)}**\n\n{lines}"


def _headline(gaps: Mapping[str, BySeed], steps: Mapping[str, BySeed], path: str) -> str:
    """Return who moves most evenly, who stays nearest to real images, who passes through nothing.

    A model that ties with the last may still be ahead of others, so that "no model moves more
    evenly than another" would say too much.
    """
    (words,) = (words for words, name in PATH_WORDS.items() if name == path)
    on = f"On the {words.lower()}"
    if not gaps:
        return f"{on}, no model moves enough to say anything."
    once = [name for name, values in gaps.items() if len(values) < 2]
    if once:
        models = (
            "each" if len(once) == len(gaps) else f"of {_names(once, tie=False)}, a first look"
        )
        on = f"One training {models}: {on.lower()}"
    smooth = _does(extremes(steps)[0], "move", " most evenly")
    near = _does(extremes(gaps)[0], "stay", " nearest to real images")
    return (
        f"{on}, {smooth or 'no model clearly moves most evenly'},"
        f" {near or 'none clearly stays nearest to real images'}, and {_through_nothing(gaps)}."
    )


def _through_nothing(gaps: Mapping[str, BySeed]) -> str:
    nothing = [name for name, values in gaps.items() if min(values.values()) >= NOTHING]
    if nothing:
        return _does(nothing, "pass", " through nothing", tie=False)
    return f"none passes through nothing{' for sure' if _on_the_border(gaps) else ''}"


def _on_the_border(gaps: Mapping[str, BySeed]) -> list[str]:
    return [name for name, values in gaps.items() if compare(values, NOTHING).leaning == DEPENDS]


def _through(gaps: Mapping[str, BySeed]) -> str:
    if not gaps:
        return ""
    border = _on_the_border(gaps)
    unsure = f" {_does(border, 'lie', ' on the border', tie=False)}." if border else ""
    return (
        "*Through real images?* How far halfway strays from them, 0% being a model's own end"
        f" images and 100% a cross-fade of those two: {_in_order(gaps, 0, percent=True)}. From"
        f" {NOTHING:.0%} on it is nearer to a cross-fade: nothing.{unsure}"
    )


def _smooth(steps: Mapping[str, BySeed], detours: Mapping[str, BySeed]) -> str:
    if not steps:
        return ""
    return (
        f"*Smoothly?* The largest of {FRAMES - 1} steps is, times the mean step:"
        f" {_in_order(steps, 2)}. The whole path is, times the distance of its ends:"
        f" {_in_order(detours, 2)}. Blending pixels scores a perfect 1.00 in both and shows"
        " two ghosts: even steps alone prove nothing."
    )


def confidence(doubts: Mapping[str, BySeed], originals: Numbers) -> str:
    """Return with which models a classifier's confidence falls least and most halfway.

    Args:
        doubts: name of a model -> fall of the confidence from the ends to halfway, by seed.
        originals: numbers of the original images.
    """
    least, most = extremes(doubts)
    blending = originals["ends"]["confidence"] - originals["faded"]["confidence"][HALFWAY]
    if not least or _each(least[:1], doubts) == _each(most[-1:], doubts):
        falls = "Its doubt halfway does not tell the models apart"
    else:
        falls = (
            f"Its confidence falls least from the ends to halfway with {_names(least)}, by"
            f" {_each(least, doubts)}, and most with {_names(most)}, by {_each(most, doubts)}"
        )
    return f"*Would a classifier know it?* {falls}; blending pixels costs {blending:.2f}."


def _textbook(gaps: Mapping[str, BySeed]) -> str:
    if not {"ae", "vae"} <= gaps.keys():
        return ""
    ours, theirs = gaps["vae"], gaps["ae"]
    word = _TEXTBOOK[compare(ours, theirs).word]
    vae, ae = (with_range(values.values(), 0, percent=True) for values in (ours, theirs))
    return (
        "*The textbook* lets a VAE pass nearer to real images than an AE."
        f" {word}: {vae} against {ae}."
    )


def _around(answer: Answer) -> str:
    """Return where the great circle leads each model; each training is compared with itself."""
    names: dict[str, list[str]] = {words: [] for words in _CIRCLE.values()}
    line, circle = answer.passages("line"), answer.passages("circle")
    for name, straight in line.items():
        if straight.moves and circle[name].moves:
            leaning = compare(circle[name].gap, straight.gap).leaning
            names[_CIRCLE.get(leaning, "neither")].append(name)
    parts = [f"{words} for {_names(some, tie=False)}" for words, some in names.items() if some]
    return f"*Line or circle?* The great circle leads {', '.join(parts)}." if parts else ""


def _blurred(answer: Answer, still: Sequence[str]) -> str:
    """Return the models that draw nearly one picture, and those whose end images are blurred."""
    shares = _shares_apart(answer)
    dim = {
        name: share
        for name, share in shares.items()
        if spread(share.values()).mean < BLURRED and name not in still
    }
    parts = []
    if still:
        draw = _does(still, "draw", " nearly the same picture everywhere", tie=False)
        parts.append(f"{draw}: left out")
    if dim:
        parts.append(
            f"the end images of {_names(list(dim), tie=False)} differ only"
            f" {_each(list(dim), dim, 0, percent=True)} as much as the originals do, which makes"
            " paths short"
        )
    return f"*Blur:* {'; '.join(parts)}." if parts else ""


def _shares_apart(answer: Answer) -> dict[str, BySeed]:
    """Return for each model how far its end images are apart, as a share of the originals."""
    real = answer.originals["apart"][1]
    return {
        name: {seed: numbers["apart"][1] / real for seed, numbers in measured.items()}
        for name, measured in answer.models.items()
    }


def caption(answer: Answer) -> str:
    """Return what the numbers were measured on."""
    originals, counts = answer.originals, answer.trainings
    runs = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    alone = " With one training of a model, chance is not ruled out." if counts[0] == 1 else ""
    return (
        f"{originals['pairs']} pairs of test images of different labels, the same for every"
        f" model.{_without_twins(originals)} Trainings of each model with different seeds:"
        f" {runs}.{alone} Differences and distances are root mean squared per pixel, intensities"
        f" from 0 to 1; the nearest of {originals['training_images']:,} training images is looked"
        " for. Bands and bars: quartiles over pairs; for confidence, least and most over"
        f" trainings. {chance(counts[0], words='an order with every seed')}"
    )


def _without_twins(originals: Numbers) -> str:
    twins = originals.get("twins", 0)
    if not twins:
        return ""
    return (
        f" None of them is a training image too, as {twins:,} of the {originals['test_images']:,}"
        " test images are; that leaves the runs whose weights ship, a first look."
    )


def table_rows(answer: Answer) -> list[dict[str, str]]:
    """Return a row of text for each model and path, and one for the originals."""
    rows = [
        {"Model": ALL_LABELS[name], "Path": words.lower(), **_cells([*measured.values()], path)}
        for name, measured in answer.models.items()
        for words, path in PATH_WORDS.items()
    ]
    originals = {"Model": "Originals", "Path": BLENDING.lower()}
    return [*rows, originals | _original_cells(answer.originals)]


def _cells(measured: Sequence[Numbers], path: str) -> dict[str, str]:
    def over(pick: Callable[[Numbers], list[float] | None], digits: int = 3) -> str:
        return _median([quartiles for quartiles in map(pick, measured) if quartiles], digits)

    gaps = [n[path]["gap"] for n in measured if n[path]["gap"] is not None]
    return {
        "Largest / mean step": over(lambda n: n[path]["largest"], 2),
        "Path / end-to-end": over(lambda n: n[path]["detour"], 2),
        "Ends apart": over(lambda n: n["apart"]),
        "Halfway to real": over(lambda n: n[path]["distance"]),
        "Ends to real": over(lambda n: n["ends"]["distance"]),
        "Cross-fade to real": over(lambda n: n["faded"]["distance"]),
        "Gap": with_range(gaps, 0, percent=True),
        "Confidence, ends": with_range([n["ends"]["confidence"] for n in measured], 3),
        "Confidence, halfway": with_range([n[path]["confidence"][HALFWAY] for n in measured], 3),
    }


def _original_cells(originals: Numbers) -> dict[str, str]:
    faded = originals["faded"]
    return {
        "Largest / mean step": _median([faded["largest"]], 2),
        "Path / end-to-end": _median([faded["detour"]], 2),
        "Ends apart": _median([originals["apart"]]),
        "Halfway to real": _median([faded["distance"]]),
        "Ends to real": _median([originals["ends"]["distance"]]),
        "Cross-fade to real": _median([faded["distance"]]),
        "Gap": "100%",
        "Confidence, ends": f"{originals['ends']['confidence']:.3f}",
        "Confidence, halfway": f"{faded['confidence'][HALFWAY]:.3f}",
    }


def _median(quartiles: Sequence[Sequence[float]], digits: int = 3) -> str:
    """Return the median with its range over trainings, and the quartiles over pairs."""
    if not quartiles:
        return "–"
    low, _, high = np.mean(quartiles, axis=0)
    medians = with_range([median for _, median, _ in quartiles], digits)
    return f"{medians} [{low:.{digits}f}, {high:.{digits}f}]"


def _each(
    names: Sequence[str], values: Mapping[str, BySeed], digits: int = 2, *, percent: bool = False
) -> str:
    return ", ".join(with_range(values[name].values(), digits, percent=percent) for name in names)


def _does(names: Sequence[str], verb: str, rest: str, *, tie: bool = True) -> str:
    """Return who does something, or nothing where nobody does.

    >>> _does(["vae"], "pass", " by"), _does(["ae", "vae"], "pass", " by", tie=False)
    ('VAE passes by', 'AE and VAE pass by')
    """
    if not names:
        return ""
    ending = "es" if verb.endswith("s") else "s"
    return f"{_names(names, tie=tie)} {verb}{ending if len(names) == 1 else ''}{rest}"


def _in_order(values: Mapping[str, BySeed], digits: int, *, percent: bool = False) -> str:
    """Return labels with their values, the least first.

    >>> _in_order({"ae": {0: 2.0}, "vae": {0: 1.0}}, 1)
    'VAE 1.0, AE 2.0'
    """
    order = sorted(values, key=lambda name: spread(values[name].values()).mean)
    each = {name: _each([name], values, digits, percent=percent) for name in order}
    return ", ".join(f"{ALL_LABELS[name]} {text}" for name, text in each.items())


def _names(names: Sequence[str], *, tie: bool = True) -> str:
    """Return models as prose; several models are a tie, unless they are merely listed.

    >>> _names(["vae", "beta-vae"]), _names(["ae"])
    ('VAE and β-VAE (a tie)', 'AE')
    """
    labels = [ALL_LABELS[name] for name in names]
    joined = " and ".join(filter(None, [", ".join(labels[:-1]), labels[-1]]))
    return f"{joined} (a tie)" if tie and len(names) > 1 else joined
