"""The sentences and rows of the Sampling page: how real decoded random codes look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.config import ALL_LABELS
from core.experiments.samples import CODE_SEEDS, Trained
from core.explore.samplers import SAMPLERS
from core.metrics.scores import NEIGHBOURS
from core.verdicts.phrases import number, trainings, with_spread

SCORES = {
    "Fréchet distance": "frechet",
    "Density": "density",
    "Coverage": "coverage",
    "Confidence": "confidence",
}
"""Word on the screen and in links -> score."""

AXES = {
    "frechet": "Fréchet distance in classifier features (smaller is better)",
    "density": "density (real images: about 1)",
    "coverage": "coverage, share of real neighbourhoods (larger is better)",
    "confidence": "mean largest class probability",
}


@dataclass(frozen=True)
class Table:
    """Sample quality of a family.

    Args:
        cells: (name of the model, name of the sampler) -> its quality, over trainings.
        ceiling: score -> what real images score against real images.
        models: names of the models, in order.
    """

    cells: Mapping[tuple[str, str], Trained]
    ceiling: Mapping[str, float]
    models: Sequence[str]

    @property
    def samplers(self) -> list[str]:
        """Labels of the samplers, in order."""
        return list(SAMPLERS.values())

    @property
    def trainings(self) -> str:
        """How many trainings of each model, and of which seeds."""
        return trainings([cell.seeds for cell in self.cells.values()])

    def grid(self, score: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and standard deviation over trainings of a score, (M, S) each."""
        rows = [[self.cells[model, name] for name in SAMPLERS] for model in self.models]
        means = [[cell.mean(score) for cell in row] for row in rows]
        deviations = [[cell.spread(score) for cell in row] for row in rows]
        return np.array(means), np.array(deviations)


def rows(table: Table) -> list[dict[str, str]]:
    """Return a row of text for each model and sampler, and one for the ceiling."""
    texts = [
        {"Model": ALL_LABELS[model], "Codes from": SAMPLERS[name], **_cells(cell)}
        for (model, name), cell in table.cells.items()
    ]
    best = {label: number(table.ceiling[score]) for label, score in SCORES.items()}
    return [*texts, {"Model": "real images", "Codes from": "–", **best, "Trainings": "–"}]


def _cells(cell: Trained) -> dict[str, str]:
    scores = {label: with_spread(cell.values(score)) for label, score in SCORES.items()}
    return {**scores, "Trainings": str(len(cell.seeds))}


def caption(table: Table) -> str:
    """Return what the numbers were measured on."""
    count = next(iter(table.cells.values())).n
    drawn = {len(each.seeds) for cell in table.cells.values() for each in cell.by_seed.values()}
    now = (
        "; what was measured just now: one training, one seed of the codes"
        if min(drawn) < max(drawn)
        else ""
    )
    return (
        f"{count:,} generated against {count:,} real images, k = {NEIGHBOURS}. Means over"
        f" {table.trainings}, each the mean of {len(CODE_SEEDS)} seeds of the codes{now}; ± is"
        " the standard deviation over trainings. The pictures are of one training."
    )


def sentence(table: Table, sampler: str) -> str:
    """Return which model comes closest to the data and which stays farthest, with one sampler.

    Args:
        table: of the family.
        sampler: a name of `SAMPLERS`.
    """
    column = list(SAMPLERS).index(sampler)
    distance, coverage = (table.grid(score)[0][:, column] for score in ("frechet", "coverage"))
    best, worst = int(distance.argmin()), int(distance.argmax())
    covered = [number(share, 0, percent=True) for share in coverage]
    scores = (
        f"Fréchet distance {number(distance[best])}, covering {covered[best]} of the real"
        " neighbourhoods"
    )
    labels = [ALL_LABELS[model] for model in table.models]
    if len(labels) > 1:
        order = (
            f"**{labels[best]}** comes closest to the data: {scores}."
            f" **{labels[worst]}** stays farthest: {number(distance[worst])}, covering"
            f" {covered[worst]}."
        )
    else:
        order = f"**{labels[best]}**, alone here, has {scores}."
    measured = trainings([table.cells[model, sampler].seeds for model in table.models])
    real = number(table.ceiling["coverage"], 0, percent=True)
    return (
        f"With codes from *{SAMPLERS[sampler]}*, {order} Real images against real images reach"
        f" {number(table.ceiling['frechet'])} and {real}. This is on average over {measured}."
    )
