"""The blocks of Disentanglement: the paper's table, β, known codes, agreement, both ends."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.config import RunConfig, with_seed
from core.experiments.disentanglement import DISENTANGLEMENT, SCORES
from core.experiments.kept import numbers_of
from core.experiments.orderings import (
    LATENTS,
    PLATEAU,
    Scores,
    agreement,
    by_seed,
    oracles,
    order,
    representations,
    scores_on_map,
    sweep,
    values,
)
from core.experiments.traversals import STEPS, SWEPT_TRAVERSALS, pictures
from core.figures import theme
from core.figures.heatmap import heatmap
from core.figures.images import sheet_png
from core.figures.levels import level_line
from core.figures.noise import Line, spread_lines
from core.figures.priors import Scored, seed_dots
from core.metrics.disentanglement.oracles import ORACLES
from core.recipes import recipe
from core.shelf import MAP_BETAS, MAP_LATENTS
from core.ui.kit import cache, widgets
from core.verdicts import disentanglement as verdicts

_NAMES = {words: name for name, words in SCORES.items()}


@cache.fresh(DISENTANGLEMENT, max_entries=2)
def table_of() -> dict[str, Scores]:
    """Return the scores of every representation, by name."""
    return representations(cache.SHELF)


@cache.fresh(DISENTANGLEMENT, max_entries=2)
def sweep_of() -> dict[float, Scores]:
    """Return the scores of the swept runs, by β."""
    return sweep(cache.SHELF)


def choose() -> str:
    """Draw the choice of a score and return its name; all figures above the protocol show it."""
    widgets.take_over("score", "metric", _NAMES)
    words = st.selectbox("Score", list(_NAMES), key="metric", width=300, bind="query-params")
    return _NAMES[words]


def verdict() -> None:
    """Draw the page's answer: the paper's order, and whether its score tells good from bad."""
    table = table_of()
    if not table:
        st.info(verdicts.UNMEASURED)
        return
    sentences = [
        verdicts.order_sentence(order(table), order(table, "higgins_4")),
        verdicts.plateau_sentence(table, sweep_of()),
        verdicts.pair_sentence(table),
        verdicts.oracle_sentence("higgins", oracles(cache.SHELF)),
    ]
    st.markdown("\n".join(f"- {sentence}" for sentence in sentences if sentence))


def paper_table(name: str) -> None:
    """Draw a score of every representation, a dot for each training, beside the paper's table."""
    table = table_of()
    if not table:
        return
    scores = {each: values(runs, name) for each, runs in table.items()}
    rows = [Scored(_look_of(each), numbers) for each, numbers in scores.items() if numbers]
    left, right = st.columns([1.2, 1], gap="large")
    with left:
        st.caption(verdicts.table_caption(name))
        figure = seed_dots(
            rows,
            name=verdicts.score_axis(name),
            height=100 + 34 * len(rows),
        )
        if name == "higgins":
            level_line(figure, PLATEAU, verdicts.PLATEAU_NAME, upright=True)
            figure.update_layout(margin={"t": 32})
        widgets.chart(figure, "representations")
        st.caption(verdicts.SPREAD)
    with right:
        widgets.table(verdicts.table_rows(table))
        st.caption(verdicts.PROTOCOLS)


def _look_of(representation: str) -> theme.Look:
    """Return label and colour of a representation; only the four models have colours here."""
    color = theme.MODEL_COLORS.get(representation, theme.MUTED)
    return theme.Look(verdicts.called(representation), color)


def over_beta(name: str) -> None:
    """Draw a score against β, a line through the means with the spread over seeds."""
    runs = {beta: by_seed(scores, name) for beta, scores in sweep_of().items()}
    scores = {beta: list(seeds.values()) for beta, seeds in runs.items() if seeds}
    if not scores:
        st.info(verdicts.UNMEASURED)
        return
    line = Line(
        SCORES[name],
        theme.MODEL_COLORS["beta-vae"],
        range(len(scores)),
        list(scores.values()),
        symbol="circle",
    )
    ticks = [f"{beta:g}" for beta in scores]
    axis = verdicts.score_axis(name)
    figure = spread_lines([line], x_name="β", y_name=axis, ticks=ticks, height=340)
    if name == "higgins":
        level_line(figure, PLATEAU, verdicts.PLATEAU_NAME)
    widgets.chart(figure, "over beta")
    st.markdown(verdicts.beta_sentence(name, runs))


def over_latents(name: str) -> None:
    """Draw a score on the map of number of latents against normalised β."""
    scores, active = (scores_on_map(column, cache.SHELF) for column in (name, "active"))
    if scores is None or active is None:
        st.info(verdicts.UNMEASURED)
        return
    rows = [f"{beta:g}" for beta in MAP_BETAS[::-1]]
    columns = [f"{latents} latents" for latents in MAP_LATENTS]
    widgets.chart(heatmap(scores[::-1], rows, columns, name=SCORES[name], height=330), "map")
    seeds = [by_seed(runs, name) for runs in sweep_of().values()]
    st.markdown(verdicts.map_sentence(name, scores, active, seeds))
    st.caption(verdicts.map_caption())


def known_codes() -> None:
    """Draw every score of codes that are known to be good or bad in one way."""
    codes = oracles(cache.SHELF)
    if not codes:
        return
    names = [name for name in SCORES if name in codes["perfect"]]
    grid = np.array([[codes[code][name] for name in names] for code in ORACLES])
    columns = [verdicts.SHORT[name] for name in names]
    widgets.chart(heatmap(grid, list(ORACLES), columns, name="score", height=330), "known codes")
    st.caption(verdicts.oracle_caption())


def agree() -> None:
    """Draw which scores put the same runs on top."""
    names, correlations, count = _agreement()
    if not names:
        return
    labels = [verdicts.SHORT[name] for name in names]
    grid = np.nan_to_num(correlations)
    axis = "rank correlation, its size"
    widgets.chart(heatmap(grid, labels, labels, name=axis, digits=1, height=460), "agreement")
    st.caption(verdicts.agreement_sentence(names, grid, count))


@cache.fresh(DISENTANGLEMENT, max_entries=2)
def _agreement() -> tuple[list[str], np.ndarray, int]:
    return agreement(cache.SHELF)


def best_and_worst(name: str) -> None:
    """Draw the traversals of the swept runs with the greatest and the least score."""
    scores = scored_runs(name)
    if len(scores) < 2:
        return
    ends = (max(scores, key=scores.__getitem__), min(scores, key=scores.__getitem__))
    for column, config, end in zip(st.columns(2), ends, ("Best", "Worst"), strict=True):
        with column:
            st.markdown(
                f"**{end} of {len(scores)}: {scores[config]:.3f}.**  \n{config.model.label}, seed"
                f" {config.train.seed}"
            )
            text = f"{end}: traversals from the origin, a row for each latent"
            widgets.picture(traversals_png(config), text, width="stretch")
    st.caption(verdicts.end_caption(name))


@cache.fresh(DISENTANGLEMENT, SWEPT_TRAVERSALS, max_entries=24)
def scored_runs(name: str) -> dict[RunConfig, float]:
    """Return a score of each swept run that was measured and can be looked at."""
    runs = {}
    for beta, scores in sweep_of().items():
        config = recipe("sprites", "beta-vae", LATENTS, beta=beta)
        for seed, score in by_seed(scores, name).items():
            runs[with_seed(config, seed)] = score
    return {
        config: score
        for config, score in runs.items()
        if numbers_of(SWEPT_TRAVERSALS, config, cache.SHELF)
    }


@cache.fresh(SWEPT_TRAVERSALS, max_entries=24)
def traversals_png(config: RunConfig) -> bytes:
    """Return the traversals of a swept run as one picture."""
    rows = pictures(config, cache.SHELF)
    assert rows is not None, "the run should be one of `scored_runs`"
    return sheet_png(rows, STEPS, scale=2)


def run_of(picked: RunConfig) -> RunConfig | None:
    """Return the run whose protocol is drawn, or None where no run of sprites is kept.

    It is the picked one where its factors are known, else the sprites' VAE.
    """
    if picked.data.name == "sprites":
        return picked
    usual = recipe("sprites", "vae", LATENTS)
    if cache.is_there(usual):
        return usual
    return next((config for config in cache.shelf()[0] if config.data.name == "sprites"), None)
