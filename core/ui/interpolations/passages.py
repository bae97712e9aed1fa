"""The measured numbers of the paths between images: curves, distances and a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.config import RunConfig
from core.experiments.interpolation import FRAMES, INTERPOLATIONS, kept_passages
from core.experiments.kept import Numbers, compared
from core.figures import theme
from core.figures.curves import Series
from core.figures.steps import Halfway, along_path, halfway_dots
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.verdicts import interpolations as verdicts
from core.verdicts.interpolations import BLENDING, PATH_WORDS, Answer

BLENDED = theme.Look(BLENDING, theme.MUTED)
ORIGINALS = theme.Look("Originals", theme.MUTED)


def choose() -> str:
    """Draw the choice of the path whose numbers are drawn, and return it."""
    words = list(PATH_WORDS)
    word = st.segmented_control(
        "Path", words, default=words[0], key="path", required=True, bind="query-params"
    )
    return PATH_WORDS[word]


def draw(view: View, path: str) -> None:
    """Draw the numbers of a family on one kind of path, and the sentences that they decide."""
    answer = answer_of(tuple(view.family.values()))
    if answer is None:
        widgets.unmeasured(view.picked.data, "The paths between images were not")
        return
    if unmeasured := [name for name in view.family if name not in answer.models]:
        st.info(verdicts.left_out(unmeasured))
    st.markdown(verdicts.verdict(answer, path))
    left, middle, right = st.columns(3, gap="medium")
    with left:
        st.markdown("**How far does each step move?**")
        widgets.chart(step_figure(answer, path), "stride")
    with middle:
        st.markdown("**How far is halfway from a real image?**")
        widgets.chart(halfway_dots(halfway_rows(answer, path), height=320), "halfway")
    with right:
        st.markdown("**Does a classifier know what it sees?**")
        widgets.chart(confidence_figure(answer, path), "doubt")
    st.caption(verdicts.caption(answer))
    with st.expander("All numbers", icon=":material/table:"):
        widgets.table(verdicts.table_rows(answer))


@cache.fresh(INTERPOLATIONS, max_entries=32)
def answer_of(configs: tuple[RunConfig, ...]) -> Answer | None:
    """Return the numbers of a family's runs that were measured; None where none was."""
    models = {config.model.name: kept_passages(config, cache.SHELF) for config in configs}
    models = {name: measured for name, measured in models.items() if measured}
    originals = compared(INTERPOLATIONS, configs[0].data, cache.SHELF)
    return Answer(models, originals) if originals and models else None


def step_figure(answer: Answer, path: str) -> go.Figure:
    """Return the size of each step: median and quartiles over pairs, averaged over trainings."""
    series = []
    for name, measured in answer.models.items():
        quartiles = np.mean([numbers[path]["steps"] for numbers in measured.values()], axis=0)
        low, middle, high = quartiles
        series.append(Series(theme.model_look(name), middle, low, high))
    low, middle, high = np.array(answer.originals["faded"]["steps"])
    series.append(Series(BLENDED, middle, low, high, dash="dash"))
    x = (np.arange(FRAMES - 1) + 0.5) / (FRAMES - 1)
    return along_path(x, series, y_name="difference per pixel").update_yaxes(rangemode="tozero")


def confidence_figure(answer: Answer, path: str) -> go.Figure:
    """Return the classifier's confidence along the path: mean, least and most over trainings."""
    series = []
    for name, measured in answer.models.items():
        rows = np.array([numbers[path]["confidence"] for numbers in measured.values()])
        look = theme.model_look(name)
        series.append(Series(look, rows.mean(0), rows.min(0), rows.max(0)))
    faded = np.array(answer.originals["faded"]["confidence"])
    series.append(Series(BLENDED, faded, dash="dash"))
    return along_path(np.linspace(0, 1, FRAMES), series, y_name="confidence")


def halfway_rows(answer: Answer, path: str) -> list[Halfway]:
    """Return the distances to the nearest training image of each model, and of the originals."""
    rows = [
        Halfway(
            theme.model_look(name),
            ends=_mean(measured, lambda numbers: numbers["ends"]["distance"][1]),
            faded=_mean(measured, lambda numbers: numbers["faded"]["distance"][1]),
            halfway=tuple(numbers[path]["distance"][1] for numbers in measured.values()),
            spread=(
                _mean(measured, lambda numbers: numbers[path]["distance"][0]),
                _mean(measured, lambda numbers: numbers[path]["distance"][2]),
            ),
        )
        for name, measured in answer.models.items()
    ]
    real = answer.originals
    return [*rows, Halfway(ORIGINALS, real["ends"]["distance"][1], real["faded"]["distance"][1])]


def _mean(measured: Mapping[int, Numbers], pick: Callable[[Numbers], float]) -> float:
    return float(np.mean([pick(numbers) for numbers in measured.values()]))
