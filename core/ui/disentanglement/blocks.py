"""The blocks of the Disentanglement page: the paper's table beside ours, β, known codes, agreement, best and worst."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from core.config import MODEL_LABELS, RunConfig, with_seed
from core.experiments.claims import DEPENDS, FAILS, FIRST_LOOK, HOLDS, PROVEN, UNKNOWN
from core.experiments.disentanglement import CHANCE, DISENTANGLEMENT, SCORES
from core.experiments.kept import numbers_of
from core.experiments.orderings import (
    LATENTS,
    PAPER,
    PLATEAU,
    Order,
    Scores,
    agreement,
    beta_above_vae,
    lead,
    oracles,
    order,
    representations,
    scores_on_map,
    scoring_error,
    sweep,
    values,
    variance_shares,
)
from core.experiments.traversals import REACH, STEPS, SWEPT_TRAVERSALS, pictures
from core.figures import theme
from core.figures.heatmap import heatmap
from core.figures.images import sheet_png
from core.figures.levels import level_line
from core.figures.noise import Line, spread_lines
from core.figures.priors import seed_dots
from core.metrics.disentanglement.higgins import TEST
from core.metrics.disentanglement.oracles import ORACLES
from core.recipes import beta_of, recipe
from core.shelf import MAP_BETAS, MAP_LATENTS, mapped
from core.ui.kit import cache, widgets
from core.ui.kit.cache import Floats
from core.verdicts.phrases import listed, with_error, with_range, with_spread

UNMEASURED = "Disentanglement was not measured yet; run `python -m core measure`."
SHORT = {
    "higgins": "Higgins",
    "higgins_4": "Higgins*",
    "factor_vae": "FactorVAE",
    "mig": "MIG",
    "mig_posteriors": "MIG, samples*",
    "dci_d": "DCI D",
    "dci_c": "DCI C",
    "dci_i": "DCI I",
    "sap": "SAP",
    "modularity": "Modularity",
    "explicitness": "Explicitness",
}
"""Score -> its name where there is little room; * without shape."""
PLATEAU_NAME = "three factors named, two guessed"
SPREAD = (
    "± is the standard deviation over seeds, and a seed is not the same for all. For a trained"
    " model (AE to InfoGAN) it is the training; all are scored on one draw of images. For PCA and"
    " ICA it chooses the 10,000 images that they are fitted to, where ICA starts, and the images"
    " that are scored; for an untrained VAE its weights and the images that are scored; for raw"
    f" pixels the latter alone. Scoring {TEST:,} points has an error of"
    f" {scoring_error(PLATEAU):.1%} by itself."
)
PROTOCOLS = (
    "Higgins score. The paper's: 2D shapes of 64×64 pixels, a fully connected network (1200-1200,"
    " decoder of three layers of 1200 tanh units) trained by Adagrad at 0.01, as"
    " re-implementations give them. Ours: sprites of 32×32 pixels, convolutions, Adam, 10 latents,"
    " by the protocol of Locatello et al. 2019, with five factors and with four (without shape);"
    " whether the paper's classifier names four or five could not be checked. Raw pixels are 1,024"
    " latents. Codes of models without a KL are put on unit scale."
)
_NAMES = {words: name for name, words in SCORES.items()}
_BLIND = 0.05
"""How little a metric may fall from a perfect code to a bad one before a sentence calls it blind."""
_BAD = {"rotated": "mixes all factors in every latent", "all but one": "lacks a factor altogether"}


@cache.fresh(DISENTANGLEMENT, max_entries=2)
def table_of() -> dict[str, Scores]:
    """Return the scores of every representation, by label."""
    return representations(cache.SHELF)


@cache.fresh(DISENTANGLEMENT, max_entries=2)
def sweep_of() -> dict[float, Scores]:
    """Return the scores of the swept runs, by β."""
    return sweep(cache.SHELF)


def choose() -> str:
    """Draw the choice of a score and return its name; all figures above the protocol show it."""
    words = st.selectbox("Score", list(_NAMES), key="score", width=300, bind="query-params")
    return _NAMES[words]


def verdict() -> None:
    """Draw what the numbers decide: does the paper's order hold, and does its score tell good from bad?"""
    table, known = table_of(), oracles(cache.SHELF)
    if not table:
        st.info(UNMEASURED)
        return
    said = [
        order_sentence(order(table), order(table, "higgins_4")),
        plateau_sentence(table, sweep_of()),
        pair_sentence(table),
        oracle_sentence("higgins", known),
    ]
    st.markdown("\n".join(f"- {sentence}" for sentence in said if sentence))


def order_sentence(found: Order, without_shape: Order | None = None) -> str:
    """Return whether the paper's order of representations holds here.

    Args:
        found: by the score of all five factors, which decides.
        without_shape: by that of four factors, whose counts are told too.
    """
    total = len(found.pairs)
    if not total:
        return "None of the pairs of representations in the paper's table was measured here."
    counts = {word: found.count(word) for word in _COUNTED}
    short = (
        "**The paper's order holds here.**"
        if counts[HOLDS] == total
        else (
            "**The paper's order does not hold here.**"
            if counts[FAILS]
            else "**The paper's order holds here in part.**"
        )
    )
    against = [f"{below} above {above}" for above, below in found.pairs.with_word(FAILS)]
    turned = f" ({listed(against)})" if against else ""
    return (
        f"{short} Pairs of its table that were measured, with five factors: {total}. With every"
        f" seed in the paper's order: {counts[HOLDS]}; the other way round:"
        f" {counts[FAILS]}{turned}; seeds disagree: {counts[DEPENDS]}; fewer than {PROVEN} seeds:"
        f" {counts[FIRST_LOOK]}.{_narrow(found)}{_counted(without_shape)}"
    )


def _counted(found: Order | None) -> str:
    """Return how many pairs fare how with four factors."""
    if found is None:
        return ""
    counts = [str(found.count(word)) for word in _COUNTED]
    return f" With four factors, without shape, these are {listed(counts)}."


def _narrow(found: Order) -> str:
    """Return which pairs that hold or fail rest on a lead that another choice of images to score might turn round."""
    leads = [
        f"{' above '.join(pair if found.pairs[pair].word == HOLDS else pair[::-1])} by"
        f" {with_error(by, error)}"
        for pair, (by, error) in found.narrow.items()
    ]
    if not leads:
        return ""
    return (
        f" With every seed, but once by less than twice the error of scoring {TEST:,} points:"
        f" {listed(leads)}."
    )


def plateau_sentence(table: Mapping[str, Scores], swept: Mapping[float, Scores]) -> str:
    """Return how many trainings lie where three factors are named and two are guessed, and what four factors say."""
    found = [numbers["higgins"] for scores in swept.values() for numbers in scores.values()]
    if not found:
        return ""
    near = 2 * scoring_error(PLATEAU)
    on = sum(abs(score - PLATEAU) <= near for score in found)
    rest = {
        label: values(scores, "higgins_4") for label, scores in table.items() if label in PAPER
    }
    four = [f"{label.split(',')[0]} {np.mean(one):.1%}" for label, one in rest.items() if one]
    return (
        f"**{PLATEAU:g} is a plateau:** scale, x and y are always named, shape and orientation by"
        f" the toss of a coin, 3/5 + 2/5 · 1/2. {on} of {len(found)} trainings from β ="
        f" {min(swept):g} to {max(swept):g} lie within {near:.3f} of it, twice the error of"
        f" scoring {TEST:,} points. Without shape, four factors: {listed(four)}."
    )


_COUNTED = (HOLDS, FAILS, DEPENDS, FIRST_LOOK)

_PAIR = {
    HOLDS: "The Higgins score puts the β-VAE above the VAE, with every seed",
    FAILS: "The Higgins score puts the β-VAE below the VAE, with every seed",
    DEPENDS: "The Higgins score does not tell the β-VAE from the VAE",
    FIRST_LOOK: f"Fewer than {PROVEN} seeds do not tell the β-VAE from the VAE",
}


def pair_sentence(table: Mapping[str, Scores]) -> str:
    """Return what the score says of a VAE and a β-VAE, which the paper tells apart."""
    claim = beta_above_vae(table)
    if claim.word == UNKNOWN:
        return ""
    said = [
        f"{label} {with_range(scores, 3)} with {len(scores)} seeds"
        for label in ("VAE", "β-VAE, β = 4")
        if (scores := values(table[label], "higgins"))
    ]
    (pairs,) = claim.cases.values()
    return (
        f"**{_PAIR[claim.word]}:** {listed(said)}. The pair of trainings that are closest differ"
        f" by {with_error(*lead(pairs))}."
    )


def oracle_sentence(name: str, known: Mapping[str, Mapping[str, float]]) -> str:
    """Return which codes that are known to be bad a score takes for as good as a perfect one."""
    if not known or name not in known["perfect"]:
        return ""
    perfect = known["perfect"][name]
    blind = [
        f"one that {what} ({known[code][name]:.2f})"
        for code, what in _BAD.items()
        if known[code][name] > perfect - _BLIND
    ]
    words = SCORES[name]
    if not blind:
        bad = [f"one that {what} {known[code][name]:.2f}" for code, what in _BAD.items()]
        return (
            f"**{words} separates good from bad:** a perfect code has {perfect:.2f},"
            f" {listed(bad)}."
        )
    return (
        f"**{words} does not separate good from bad:** a perfect code has {perfect:.2f}, and so"
        f" has, within {_BLIND:g}, {listed(blind)}."
    )


def paper_table(name: str) -> None:
    """Draw a score of every representation, each training a dot, and the paper's numbers beside ours."""
    table = table_of()
    if not table:
        return
    shown = {
        label: values(scores, name) for label, scores in table.items() if values(scores, name)
    }
    left, right = st.columns([1.2, 1], gap="large")
    with left:
        st.caption(
            f"{SCORES[name]} of each representation, a dot for each seed, the large one their mean"
        )
        colors = [theme.MODEL_COLORS.get(kind_of(label), theme.MUTED) for label in shown]
        figure = seed_dots(shown, name=axis_of(name), colors=colors, height=100 + 34 * len(shown))
        if name == "higgins":
            level_line(figure, PLATEAU, PLATEAU_NAME, upright=True).update_layout(margin={"t": 32})
        widgets.chart(figure, "representations")
        st.caption(SPREAD)
    with right:
        widgets.table(rows(table))
        st.caption(PROTOCOLS)


def kind_of(label: str) -> str:
    """Return which of the four models a label of the table is of, or nothing.

    >>> kind_of("β-VAE, β = 4"), kind_of("PCA")
    ('beta-vae', '')
    """
    return next(
        (model for model, named in MODEL_LABELS.items() if named == label.split(",")[0]), ""
    )


def axis_of(name: str) -> str:
    """Return what stands on the axis of a score."""
    return f"{SCORES[name]} (chance: {CHANCE[name]:g})" if name in CHANCE else SCORES[name]


def rows(table: Mapping[str, Scores]) -> list[dict[str, str]]:
    """Return a row of text for each representation: the paper's Higgins score and ours, with five and four factors."""
    labels = list(dict.fromkeys([*PAPER, *table]))
    return [
        {
            "Representation": label,
            "Paper": _reported(label),
            "Ours, 5 factors": _mean(values(table.get(label, {}), "higgins")),
            "Ours, 4 factors": _mean(values(table.get(label, {}), "higgins_4")),
            "Seeds": str(len(values(table.get(label, {}), "higgins")) or "–"),
        }
        for label in labels
    ]


def _reported(label: str) -> str:
    if label not in PAPER:
        return "–"
    error = PAPER[label].error
    return f"{PAPER[label].accuracy:.1%}" + (f" ± {error:.1%}" if error else "")


def _mean(scores: list[float]) -> str:
    return with_spread(scores, 1, percent=True) if scores else "not trained here"


def over_beta(name: str) -> None:
    """Draw a score against β, a line through the means with the spread over seeds."""
    found = {beta: values(scores, name) for beta, scores in sweep_of().items()}
    found = {beta: one for beta, one in found.items() if one}
    if not found:
        st.info(UNMEASURED)
        return
    line = Line(
        SCORES[name],
        theme.MODEL_COLORS["beta-vae"],
        range(len(found)),
        list(found.values()),
        symbol="circle",
    )
    ticks = [f"{beta:g}" for beta in found]
    figure = spread_lines([line], x_name="β", y_name=axis_of(name), ticks=ticks, height=340)
    if name == "higgins":
        level_line(figure, PLATEAU, PLATEAU_NAME)
    widgets.chart(figure, "over beta")
    st.markdown(beta_sentence(name, by_seed(name)))


def by_seed(name: str) -> dict[float, dict[int, float]]:
    """Return a score of the swept runs: β -> seed -> score."""
    return {
        beta: {seed: numbers[name] for seed, numbers in scores.items() if name in numbers}
        for beta, scores in sweep_of().items()
    }


def beta_sentence(name: str, found: Mapping[float, Mapping[int, float]]) -> str:
    """Return how much of a score's variance goes with β and how much with the seed.

    Args:
        name: of the score.
        found: β -> seed -> score.
    """
    shares = variance_shares(found)
    if shares is None:
        return ""
    means = {beta: float(np.mean(list(scores.values()))) for beta, scores in found.items()}
    best, worst = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    chance, chance_seed = shares.by_chance()
    return (
        f"**{SCORES[name]}: β explains {shares.beta:.0%} of its variance** over {shares.betas} β"
        f" and {shares.seeds} seeds, the seed {shares.seed:.0%}; the rest, {shares.rest:.0%}, is"
        " what a seed does with one β alone, and the error of scoring. Numbers that depend on"
        f" neither would give β {chance:.0%} and the seed {chance_seed:.0%} on average. Means over"
        f" seeds go from {means[worst]:.3f} (β = {worst:g}) to {means[best]:.3f} (β = {best:g})."
    )


def over_latents(name: str) -> None:
    """Draw a score on the map of number of latents against normalised β."""
    found, alive = (scores_on_map(what, cache.SHELF) for what in (name, "active"))
    if found is None or alive is None:
        st.info(UNMEASURED)
        return
    rows = [f"{beta:g}" for beta in MAP_BETAS[::-1]]
    columns = [f"{latents} latents" for latents in MAP_LATENTS]
    widgets.chart(heatmap(found[::-1], rows, columns, name=SCORES[name], height=330), "map")
    apart = max(
        (np.ptp(list(one.values())) for one in by_seed(name).values() if len(one) > 1),
        default=None,
    )
    st.markdown(map_sentence(name, found, alive, apart))
    st.caption(
        "Down: normalised β = β × latents / pixels, which weighs the KL per latent against the"
        f" nll per pixel. VAEs of sprites, {mapped()[0].train.epochs} epochs, one training each."
    )


def map_sentence(name: str, found: Floats, alive: Floats, apart: float | None) -> str:
    """Return where on the map a score is highest, how little a single training says, and what
    collapsed models score.

    Args:
        name: of the score.
        found: scores, (B, L) as `MAP_BETAS` and `MAP_LATENTS`.
        alive: active latents, likewise.
        apart: how far trainings of one β that differ in their seed alone lie apart at most; None
            where not known.
    """
    row, column = np.unravel_index(found.argmax(), found.shape)
    said = (
        f"**{SCORES[name]} is highest, {found.max():.3f}, with {MAP_LATENTS[column]} latents and β"
        f" = {beta_of(MAP_BETAS[row], MAP_LATENTS[column], 32):.3g}.** Each cell is one training."
    )
    if apart is not None:
        close = int((found >= found.max() - apart).sum()) - 1
        said += (
            f" Seeds alone move it by up to {apart:.3f} (at one β, above); {close} other cells lie"
            " as close to it."
        )
    silent = found[alive == 0]
    if silent.size:
        said += f" In {silent.size} of {found.size} trainings no latent is active;"
        said += f" their scores go up to {silent.max():.3f}."
    return said


def known_codes() -> None:
    """Draw every score of codes that are known to be good or bad in one way."""
    known = oracles(cache.SHELF)
    if not known:
        return
    names = [name for name in SCORES if name in known["perfect"]]
    grid = np.array([[known[code][name] for name in names] for code in ORACLES])
    widgets.chart(
        heatmap(grid, list(ORACLES), [SHORT[name] for name in names], name="score", height=330),
        "known codes",
    )
    st.caption(
        "; ".join(f"*{code}*: {what}" for code, what in ORACLES.items())
        + ". Each with noise of a hundredth of a"
        " factor's range. \\* without shape; DCI: disentanglement, completeness, informativeness."
    )


def agree() -> None:
    """Draw which scores put the same runs on top."""
    names, correlations, count = _agreement()
    if not names:
        return
    labels = [SHORT[name] for name in names]
    shown = np.nan_to_num(correlations)
    widgets.chart(
        heatmap(shown, labels, labels, name="rank correlation, its size", digits=1, height=460),
        "agreement",
    )
    st.caption(agreement_sentence(names, shown, count))


@cache.fresh(DISENTANGLEMENT, max_entries=2)
def _agreement() -> tuple[list[str], np.ndarray, int]:
    return agreement(cache.SHELF)


def agreement_sentence(names: list[str], correlations: np.ndarray, count: int) -> str:
    """Return which two scores agree least over the swept runs."""
    pairs = [(correlations[a, b], a, b) for a in range(len(names)) for b in range(a)]
    least, most = min(pairs), max(pairs)
    return (
        f"Spearman's rank correlation over {count} runs (sprites, β from 1 to 16). Least agree"
        f" {SCORES[names[least[1]]]} and {SCORES[names[least[2]]]} ({least[0]:+.2f}), most"
        f" {SCORES[names[most[1]]]} and {SCORES[names[most[2]]]} ({most[0]:+.2f})."
    )


def best_and_worst(name: str) -> None:
    """Draw the traversals of the swept runs with the greatest and with the least score, side by side."""
    found = scored_runs(name)
    if len(found) < 2:
        return
    ends = (max(found, key=found.__getitem__), min(found, key=found.__getitem__))
    for column, config, which in zip(st.columns(2), ends, ("Best", "Worst"), strict=True):
        with column:
            st.markdown(
                f"**{which} of {len(found)}: {found[config]:.3f}.**  \n{config.model.label}, seed"
                f" {config.train.seed}"
            )
            png = traversals_png(config)
            widgets.picture(
                png, f"{which}: traversals from the origin, a row for each latent", width="stretch"
            )
    st.caption(
        f"Traversals from the origin, ± {REACH:g} σ of the prior, the latent with most KL on top;"
        f" all trainings of the sweep, ranked by {SCORES[name]}."
    )


@cache.fresh(DISENTANGLEMENT, SWEPT_TRAVERSALS, max_entries=24)
def scored_runs(name: str) -> dict[RunConfig, float]:
    """Return a score of each swept run that was measured and can be looked at."""
    found = {
        with_seed(recipe("sprites", "beta-vae", LATENTS, beta=beta), seed): scores[name]
        for beta, by_seed in sweep_of().items()
        for seed, scores in by_seed.items()
        if name in scores
    }
    return {
        config: score
        for config, score in found.items()
        if numbers_of(SWEPT_TRAVERSALS, config, cache.SHELF)
    }


@cache.fresh(SWEPT_TRAVERSALS, max_entries=24)
def traversals_png(config: RunConfig) -> bytes:
    """Return the traversals of a swept run as one picture."""
    found = pictures(config, cache.SHELF)
    assert found is not None, "one of `scored_runs`"
    return sheet_png(found, STEPS, scale=2)


def run_of(picked: RunConfig) -> RunConfig | None:
    """Return the run whose protocol is shown: the picked one where its factors are known, else the
    sprites' VAE.

    None where no run of sprites is kept.
    """
    if picked.data.name == "sprites":
        return picked
    usual = recipe("sprites", "vae", LATENTS)
    if cache.is_there(usual):
        return usual
    return next((config for config in cache.shelf()[0] if config.data.name == "sprites"), None)
