"""The model x sampler table of sample quality: kept numbers where there are some, measured now on request."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.config import RunConfig
from core.experiments.samples import CODE_SEEDS, Trained
from core.explore.sampling import SAMPLERS
from core.metrics.sample_quality import NEIGHBOURS
from core.ui.kit import cache
from core.ui.kit.picker import View
from core.ui.kit.widgets import SamplerChoice
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
        cells: (label of the model, name of the sampler) -> its quality, over trainings.
        ceiling: what real images score against real images, by score.
        models: labels, in order.
    """

    cells: dict[tuple[str, str], Trained]
    ceiling: dict[str, float]
    models: list[str]

    @property
    def samplers(self) -> list[str]:
        """Labels of the samplers, in order."""
        return list(SAMPLERS.values())

    def grid(self, score: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and standard deviation over trainings (M, S) of a score."""
        rows = [[self.cells[model, name] for name in SAMPLERS] for model in self.models]
        means = np.array([[cell.mean(score) for cell in row] for row in rows])
        return means, np.array([[cell.spread(score) for cell in row] for row in rows])

    def rows(self) -> list[dict[str, str]]:
        """Return a row of text per model and sampler, and one for the ceiling."""
        texts = [
            {"Model": model, "Codes from": SAMPLERS[name]}
            | {label: with_spread(cell.values(score)) for label, score in SCORES.items()}
            | {"Trainings": str(len(cell.seeds))}
            for (model, name), cell in self.cells.items()
        ]
        best = {label: number(self.ceiling[score]) for label, score in SCORES.items()}
        return [*texts, {"Model": "real images", "Codes from": "–", **best, "Trainings": "–"}]

    @property
    def trainings(self) -> str:
        """How many trainings of each model, and of which seeds."""
        return trainings([cell.seeds for cell in self.cells.values()])

    def caption(self) -> str:
        """Return what the numbers were measured on."""
        count = next(iter(self.cells.values())).n
        drawn = {
            len(quality.seeds) for cell in self.cells.values() for quality in cell.by_seed.values()
        }
        now = (
            "; what was measured just now: one training, one seed of the codes"
            if min(drawn) < max(drawn)
            else ""
        )
        return (
            f"{count:,} generated against {count:,} real images, k = {NEIGHBOURS}. Means over"
            f" {self.trainings}, each the mean of {len(CODE_SEEDS)} seeds of the codes{now}; ± is"
            " the standard deviation over trainings. The pictures are of one training."
        )


def table(view: View, choice: SamplerChoice) -> Table | None:
    """Return the table of a view, or draw a button that measures what is missing and return None."""
    ceiling = cache.ceiling(view.picked.data)
    if ceiling is None:
        st.info(
            "The samples of this data set were not measured yet; run `python -m core measure`."
        )
        return None
    models = view.by_label
    wanted = [(label, config, name) for label, config in models.items() for name in SAMPLERS]
    kept = cache.kept_trainings(tuple(models.values()))
    cells = {(label, name): _cell(kept, config, name, choice) for label, config, name in wanted}
    open_cells = [
        (label, config, name) for label, config, name in wanted if cells[label, name] is None
    ]
    if open_cells and not _asked_for(open_cells, choice):
        return None
    cells |= _measure(open_cells, choice)
    return Table({place: cell for place, cell in cells.items() if cell}, ceiling, list(models))


def sentence(found: Table, choice: SamplerChoice) -> str:
    """Return what the numbers say about the chosen sampler."""
    column = list(SAMPLERS).index(choice.name)
    distance, covered = (found.grid(score)[0][:, column] for score in ("frechet", "coverage"))
    best, worst = int(distance.argmin()), int(distance.argmax())

    def scores(place: int) -> str:
        return (
            f"Fréchet distance {number(distance[place])}, covering {covered[place]:.0%} of the real"
            " neighbourhoods"
        )

    order = f"**{found.models[best]}** comes closest to the data: {scores(best)}."
    order += (
        f" **{found.models[worst]}** stays farthest: {number(distance[worst])}, covering"
        f" {covered[worst]:.0%}."
    )
    alone = f"**{found.models[best]}**, alone here, has {scores(best)}."
    return (
        f"With codes from *{SAMPLERS[choice.name]}*,"
        f" {order if len(found.models) > 1 else alone} Real images against real images reach"
        f" {number(found.ceiling['frechet'])} and {found.ceiling['coverage']:.0%}. This is on"
        f" average over {trainings([found.cells[m, choice.name].seeds for m in found.models])}."
    )


def _cell(
    kept: dict[tuple[RunConfig, str], Trained | None],
    config: RunConfig,
    name: str,
    choice: SamplerChoice,
) -> Trained | None:
    """Return what is kept; a box of the visitor's own width never is."""
    return kept[config, name] if choice.half_width_for(name) is None else None


def _asked_for(cells: list[tuple[str, RunConfig, str]], choice: SamplerChoice) -> bool:
    """Draw the button that starts measuring; pressed once, it is gone and stays pressed for this choice."""
    asked = st.session_state.setdefault("measured", set())
    what = (choice.half_width, *(config for _, config, _ in cells))
    place = st.empty()
    if what not in asked and place.button(
        f"Measure the {len(cells)} missing now", icon=":material/speed:"
    ):
        asked.add(what)
        place.empty()
    return what in asked


def _measure(
    cells: list[tuple[str, RunConfig, str]], choice: SamplerChoice
) -> dict[tuple[str, str], Trained]:
    """Return what is missing, measured now of the picked training under a progress bar."""
    found, bar, start = {}, st.empty(), time.perf_counter()
    for done, (label, config, name) in enumerate(cells):
        left = (
            f", {(time.perf_counter() - start) / done * (len(cells) - done):.0f} s left"
            if done
            else ""
        )
        bar.progress(done / len(cells), f"Measuring {label}, {SAMPLERS[name]}{left}")
        quality = cache.measured_quality(config, name, choice.half_width_for(name))
        found[label, name] = Trained({config.train.seed: quality})
    bar.empty()
    return found
