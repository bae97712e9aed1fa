"""The table of sample quality: stored numbers where there are some, measured now on request."""

from __future__ import annotations

import time
from itertools import product

import streamlit as st

from core.config import ALL_LABELS, RunConfig
from core.experiments.samples import Trained
from core.explore.samplers import SAMPLERS
from core.figures import theme
from core.figures.bars import score_dots
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.ui.sampling.choice import SamplerChoice
from core.verdicts import samples as said
from core.verdicts.samples import AXES, SCORES, Table

Cell = tuple[str, RunConfig, str]
"""Name of the model, its run, name of the sampler."""


def draw(view: View, choice: SamplerChoice) -> None:
    """Draw the numbers of a view, and the sentence that they decide."""
    numbers = table(view, choice)
    if numbers is None:
        return
    st.markdown(said.sentence(numbers, choice.name))
    words = list(SCORES)
    widgets.take_over("score", "quality", words)
    word = st.segmented_control(
        "Score", words, default=words[0], key="quality", required=True, bind="query-params"
    )
    score = SCORES[word]
    means, spreads = numbers.grid(score)
    figure = score_dots(
        means,
        models=[theme.model_look(model) for model in numbers.models],
        samplers=numbers.samplers,
        name=AXES[score],
        ceiling=numbers.ceiling[score],
        spread=spreads,
    )
    widgets.chart(figure, "scores")
    with st.expander("All numbers", icon=":material/table:"):
        widgets.table(said.rows(numbers))
    st.caption(said.caption(numbers))


def table(view: View, choice: SamplerChoice) -> Table | None:
    """Return the table of a view.

    Where numbers are missing it draws a button that measures them, and returns None.
    """
    ceiling = cache.ceiling(view.picked.data)
    if ceiling is None:
        st.info(
            "The samples of this data set were not measured yet; run `python -m core measure`."
        )
        return None
    models = view.family
    stored = cache.kept_trainings(tuple(models.values()))
    numbers: dict[tuple[str, str], Trained] = {}
    missing: list[Cell] = []
    for (model, config), name in product(models.items(), SAMPLERS):
        row = stored[config, name]
        # Numbers of a box of the visitor's own width are never stored.
        if row is None or choice.half_width_for(name) is not None:
            missing.append((model, config, name))
        else:
            numbers[model, name] = row
    if missing and not _asked_for(missing, choice):
        return None
    numbers |= _measure(missing, choice)
    ordered = {place: numbers[place] for place in product(models, SAMPLERS)}
    return Table(ordered, ceiling, list(models))


def _asked_for(cells: list[Cell], choice: SamplerChoice) -> bool:
    """Draw the button that starts measuring.

    Pressed once, it is gone and stays pressed for this choice.
    """
    asked = st.session_state.setdefault("measured", set())
    what = (choice.half_width, *(config for _, config, _ in cells))
    place = st.empty()
    if what not in asked and place.button(
        f"Measure the {len(cells)} missing now", icon=":material/speed:"
    ):
        asked.add(what)
        place.empty()
    return what in asked


def _measure(cells: list[Cell], choice: SamplerChoice) -> dict[tuple[str, str], Trained]:
    """Return the missing numbers, measured now of the picked training under a progress bar."""
    measured: dict[tuple[str, str], Trained] = {}
    bar, start = st.empty(), time.perf_counter()
    for done, (model, config, name) in enumerate(cells):
        left = ""
        if done:
            each = (time.perf_counter() - start) / done
            left = f", {each * (len(cells) - done):.0f} s left"
        bar.progress(done / len(cells), f"Measuring {ALL_LABELS[model]}, {SAMPLERS[name]}{left}")
        quality = cache.measured_quality(config, name, choice.half_width_for(name))
        measured[model, name] = Trained({config.train.seed: quality})
    bar.empty()
    return measured
