"""What was measured of the paths between images: curves, distances, and the sentences that the numbers decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.config import RunConfig
from core.experiments.claims import (
    DEPENDS,
    FAILS,
    FIRST_LOOK,
    HOLDS,
    PROVEN,
    UNKNOWN,
    BySeed,
    compare,
)
from core.experiments.interpolation import (
    FRAMES,
    HALFWAY,
    INTERPOLATIONS,
    Passage,
    extremes,
    kept_passages,
    passage,
)
from core.experiments.kept import Numbers, compared
from core.figures.steps import Halfway, along_path, halfway_dots
from core.ui.interpolations.paths import BLENDING, PATH_WORDS
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.verdicts.phrases import chance, with_range

NOTHING = 0.5
"""Gap from which a midpoint is nearer to a cross-fade than to the model's own end images."""
BLURRED = 0.5
"""End images that differ less than this share of what the originals do are said to."""


@dataclass(frozen=True)
class Answer:
    """All numbers of a family.

    Args:
        models: label -> seed of the training -> what was measured.
        originals: the same of the original images and of blending them.
    """

    models: dict[str, dict[int, Numbers]]
    originals: Numbers

    def passages(self, path: str) -> dict[str, Passage]:
        """Return what each model does on one kind of path."""
        return {name: passage(measured, path) for name, measured in self.models.items()}

    @property
    def trainings(self) -> list[int]:
        """How many trainings the models were measured with, least first."""
        return sorted({len(measured) for measured in self.models.values()})


def draw(view: View, path: str) -> None:
    """Draw the numbers of a family on one kind of path, and the sentences that they decide."""
    found = answer(tuple(view.by_label.items()))
    if found is None:
        widgets.unmeasured(view.picked.data, "The paths between images were not")
        return
    if unknown := [label for label in view.by_label if label not in found.models]:
        st.info(
            f"Not measured yet, and left out: {', '.join(unknown)}; run `python -m core measure`."
        )
    st.markdown(verdict(found, path))
    left, middle, right = st.columns(3, gap="medium")
    with left:
        st.markdown("**How far does each step move?**")
        widgets.chart(step_figure(found, path), "stride")
    with middle:
        st.markdown("**How far is halfway from a real image?**")
        widgets.chart(halfway_dots(halfway_rows(found, path), height=320), "halfway")
    with right:
        st.markdown("**Does a classifier know what it sees?**")
        widgets.chart(confidence_figure(found, path), "doubt")
    st.caption(caption(found))
    with st.expander("All numbers", icon=":material/table:"):
        widgets.table(table(found))


@cache.fresh(INTERPOLATIONS, max_entries=32)
def answer(runs: tuple[tuple[str, RunConfig], ...]) -> Answer | None:
    """Return what was measured of some runs by label, those that were, or None where nothing was."""
    models = {label: kept_passages(config, cache.SHELF) for label, config in runs}
    models = {label: measured for label, measured in models.items() if measured}
    originals = compared(INTERPOLATIONS, runs[0][1].data, cache.SHELF)
    return Answer(models, originals) if originals and models else None


def verdict(found: Answer, path: str) -> str:
    """Return what the numbers say, as one bold sentence and what it rests on."""
    passages = found.passages(path)
    moving = {name: one for name, one in passages.items() if one.moves}
    gaps = {name: one.gap for name, one in moving.items()}
    steps = {name: one.largest for name, one in moving.items()}
    doubts = {name: one.doubt for name, one in moving.items()}
    points = [
        _through(gaps),
        _smooth(steps, {name: one.detour for name, one in moving.items()}),
        _hesitates(doubts, found.originals),
        _textbook(gaps),
        _around(found),
        _blurred(found, [name for name in passages if name not in moving]),
    ]
    return f"**{_headline(gaps, steps, path)}**\n\n" + "\n".join(
        f"- {point}" for point in points if point
    )


def _headline(gaps: Mapping[str, BySeed], steps: Mapping[str, BySeed], path: str) -> str:
    on = f"On the {next(word for word, name in PATH_WORDS.items() if name == path).lower()}"
    if not gaps:
        return f"{on}, no model moves enough to say anything."
    smooth, near = extremes(steps)[0], extremes(gaps)[0]
    nothing = [name for name, values in gaps.items() if min(values.values()) >= NOTHING]
    # What ties with the last may still be ahead of others: "no model moves more evenly than
    # another" would be too much.
    first = _does(smooth, "move", " most evenly") or "no model clearly moves most evenly"
    second = (
        _does(near, "stay", " nearest to real images")
        or "none clearly stays nearest to real images"
    )
    third = _does(nothing, "pass", " through nothing", tie=False)
    third = third or f"none passes through nothing{' for sure' if _on_the_border(gaps) else ''}"
    once = [name for name, values in gaps.items() if len(values) < 2]
    if once:
        of = "each" if len(once) == len(gaps) else f"of {_names(once, tie=False)}, a first look"
        on = f"One training {of}: {on.lower()}"
    return f"{on}, {first}, {second}, and {third}."


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


def _hesitates(doubts: Mapping[str, BySeed], originals: Numbers) -> str:
    least, most = extremes(doubts)
    blending = originals["ends"]["confidence"] - originals["faded"]["confidence"][HALFWAY]
    if not least or _each(least[:1], doubts) == _each(most[-1:], doubts):
        told = "Its doubt halfway does not tell the models apart"
    else:
        told = (
            f"Its confidence falls least from the ends to halfway with {_names(least)}, by"
            f" {_each(least, doubts)}, and most with {_names(most)}, by {_each(most, doubts)}"
        )
    return f"*Would a classifier know it?* {told}; blending pixels costs {blending:.2f}."


def _textbook(gaps: Mapping[str, BySeed]) -> str:
    if not {"AE", "VAE"} <= gaps.keys():
        return ""
    ours, theirs = gaps["VAE"], gaps["AE"]
    word = _TEXTBOOK[compare(ours, theirs).word]
    said, against = (with_range(one.values(), 0, percent=True) for one in (ours, theirs))
    return (
        f"*The textbook* lets a VAE pass nearer to real images than an AE. {word}: {said} against"
        f" {against}."
    )


_TEXTBOOK = {
    HOLDS: "**So it is here**",
    FAILS: "**These numbers contradict it**",
    DEPENDS: "**A tie here**",
    FIRST_LOOK: f"Fewer than {PROVEN} trainings of each say too little",
    UNKNOWN: "No training of both was measured",
}


def _around(found: Answer) -> str:
    """Return what the great circle changes, model by model, the same trainings compared with themselves."""
    said = {HOLDS: "nearer to real images", FAILS: "farther from them", DEPENDS: "neither"}
    words: dict[str, list[str]] = {what: [] for what in said.values()}
    line, circle = found.passages("line"), found.passages("circle")
    for name, one in line.items():
        if one.moves and circle[name].moves:
            word = compare(circle[name].gap, one.gap).leaning
            words[said.get(word, "neither")].append(name)
    parts = [f"{what} for {_names(names, tie=False)}" for what, names in words.items() if names]
    return "*Line or circle?* The great circle leads " + ", ".join(parts) + "." if parts else ""


def _blurred(found: Answer, still: Sequence[str]) -> str:
    real = found.originals["apart"][1]
    share = {
        name: {seed: n["apart"][1] / real for seed, n in measured.items()}
        for name, measured in found.models.items()
    }
    dim = {
        name: values
        for name, values in share.items()
        if np.mean(list(values.values())) < BLURRED and name not in still
    }
    parts = (
        [f"{_does(still, 'draw', ' nearly the same picture everywhere', tie=False)}: left out"]
        if still
        else []
    )
    if dim:
        parts.append(
            f"the end images of {_names(list(dim), tie=False)} differ only"
            f" {_each(list(dim), dim, 0, percent=True)} as much as the originals do, which makes paths"
            " short"
        )
    return f"*Blur:* {'; '.join(parts)}." if parts else ""


def step_figure(found: Answer, path: str) -> go.Figure:
    """Return the size of each step along the path, its median and quartiles over pairs, averaged over trainings."""
    rows = {
        name: np.mean([n[path]["steps"] for n in measured.values()], axis=0)
        for name, measured in found.models.items()
    }
    rows[BLENDING] = np.array(found.originals["faded"]["steps"])
    x = (np.arange(FRAMES - 1) + 0.5) / (FRAMES - 1)
    series = {name: (middle, low, high) for name, (low, middle, high) in rows.items()}
    return along_path(x, series, y_name="difference per pixel").update_yaxes(rangemode="tozero")


def confidence_figure(found: Answer, path: str) -> go.Figure:
    """Return the classifier's confidence along the path: mean, least and most over trainings."""
    values = {
        name: np.array([n[path]["confidence"] for n in measured.values()])
        for name, measured in found.models.items()
    }
    series = {name: (rows.mean(0), rows.min(0), rows.max(0)) for name, rows in values.items()}
    blended = np.array(found.originals["faded"]["confidence"])
    return along_path(
        np.linspace(0, 1, FRAMES), {**series, BLENDING: (blended, None, None)}, y_name="confidence"
    )


def halfway_rows(found: Answer, path: str) -> list[Halfway]:
    """Return the distances to the nearest training image of each model, and of the originals."""

    def middle(
        measured: Mapping[int, Numbers], pick: Callable[[Numbers], list[float]], quartile: int = 1
    ) -> float:
        return float(np.mean([pick(numbers)[quartile] for numbers in measured.values()]))

    rows = [
        Halfway(
            name,
            ends=middle(measured, lambda n: n["ends"]["distance"]),
            faded=middle(measured, lambda n: n["faded"]["distance"]),
            halfway=tuple(n[path]["distance"][1] for n in measured.values()),
            spread=(
                middle(measured, lambda n: n[path]["distance"], 0),
                middle(measured, lambda n: n[path]["distance"], 2),
            ),
        )
        for name, measured in found.models.items()
    ]
    real = found.originals
    return [*rows, Halfway("Originals", real["ends"]["distance"][1], real["faded"]["distance"][1])]


def table(found: Answer) -> list[dict[str, str]]:
    """Return a row of text for each model and path, and one for the originals."""
    rows = [
        {"Model": name, "Path": word.lower(), **_cells([*measured.values()], path)}
        for name, measured in found.models.items()
        for word, path in PATH_WORDS.items()
    ]
    return [
        *rows,
        {"Model": "Originals", "Path": BLENDING.lower(), **_original_cells(found.originals)},
    ]


def caption(found: Answer) -> str:
    """Return what the numbers were measured on."""
    pairs, training = found.originals["pairs"], found.originals["training_images"]
    counts = found.trainings
    runs = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    alone = " With one training of a model, chance is not ruled out." if counts[0] == 1 else ""
    twins = found.originals.get("twins", 0)
    without = (
        f" None of them is a training image too, as {twins:,} of the"
        f" {found.originals['test_images']:,} test images are; that leaves the runs whose weights"
        " ship, a first look."
        if twins
        else ""
    )
    return (
        f"{pairs} pairs of test images of different labels, the same for every"
        f" model.{without} Trainings of each model with different seeds:"
        f" {runs}.{alone} Differences and distances are root mean squared per pixel, intensities"
        f" from 0 to 1; the nearest of {training:,} training images is looked for. Bands and bars:"
        " quartiles over pairs; for confidence, least and most over trainings."
        f" {chance(counts[0])}"
    )


def _cells(measured: Sequence[Numbers], path: str) -> dict[str, str]:
    def over(pick: Callable[[Numbers], list[float] | None], digits: int = 3) -> str:
        return _median([found for found in map(pick, measured) if found], digits)

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


def _original_cells(real: Numbers) -> dict[str, str]:
    faded = real["faded"]
    return {
        "Largest / mean step": _median([faded["largest"]], 2),
        "Path / end-to-end": _median([faded["detour"]], 2),
        "Ends apart": _median([real["apart"]]),
        "Halfway to real": _median([faded["distance"]]),
        "Ends to real": _median([real["ends"]["distance"]]),
        "Cross-fade to real": _median([faded["distance"]]),
        "Gap": "100%",
        "Confidence, ends": f"{real['ends']['confidence']:.3f}",
        "Confidence, halfway": f"{faded['confidence'][HALFWAY]:.3f}",
    }


def _median(quartiles: Sequence[Sequence[float]], digits: int = 3) -> str:
    """Return the median with its range over trainings, and the quartiles over pairs in brackets."""
    if not quartiles:
        return "–"
    low, _, high = np.mean(quartiles, axis=0)
    return f"{with_range([q[1] for q in quartiles], digits)} [{low:.{digits}f}, {high:.{digits}f}]"


def _each(
    names: Sequence[str], values: Mapping[str, BySeed], digits: int = 2, *, percent: bool = False
) -> str:
    return ", ".join(with_range(values[name].values(), digits, percent=percent) for name in names)


def _does(names: Sequence[str], verb: str, rest: str, *, tie: bool = True) -> str:
    """Return who does what, or nothing where nobody does.

    >>> _does(["VAE"], "pass", " by"), _does(["AE", "VAE"], "pass", " by", tie=False)
    ('VAE passes by', 'AE and VAE pass by')
    """
    ending = "" if len(names) != 1 else "es" if verb.endswith("s") else "s"
    return f"{_names(names, tie=tie)} {verb}{ending}{rest}" if names else ""


def _in_order(values: Mapping[str, BySeed], digits: int, *, percent: bool = False) -> str:
    """Return names with their values, the least first.

    >>> _in_order({"AE": {0: 2.0}, "VAE": {0: 1.0}}, 1)
    'VAE 1.0, AE 2.0'
    """
    order = sorted(values, key=lambda name: float(np.mean(list(values[name].values()))))
    return ", ".join(f"{name} {_each([name], values, digits, percent=percent)}" for name in order)


def _names(names: Sequence[str], *, tie: bool = True) -> str:
    """Return names as prose; several of them are a tie, unless they are merely listed.

    >>> _names(["VAE", "β-VAE"]), _names(["AE"])
    ('VAE and β-VAE (a tie)', 'AE')
    """
    joined = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"{joined} (a tie)" if tie and len(names) > 1 else joined
