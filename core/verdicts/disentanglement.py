"""Disentanglement in words: the paper's order and score, β, known codes, agreement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from core.config import ALL_LABELS
from core.experiments.claims import (
    DEPENDS,
    FAILS,
    FIRST_LOOK,
    HOLDS,
    PROVEN,
    UNKNOWN,
    spread,
)
from core.experiments.disentanglement import CHANCE, SCORES
from core.experiments.orderings import (
    PAPER,
    PLATEAU,
    Order,
    Scores,
    beta_above_vae,
    lead,
    scoring_error,
    trained,
    values,
    variance_shares,
)
from core.experiments.traversals import REACH
from core.metrics.disentanglement.higgins import TEST
from core.metrics.disentanglement.oracles import ORACLES
from core.recipes import beta_of
from core.shelf import MAP_BETAS, MAP_LATENTS, mapped
from core.verdicts.phrases import expected, listed, number, with_error, with_range, with_spread

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
ONE_PAIR = (
    "The latent that follows the shared factor should differ least; one pair alone is mostly"
    " chance. In colour: the least of the active latents."
)
ONE_POINT = (
    "The shared factor's value is drawn anew for every pair; all other factors differ freely."
)

_BLIND = 0.05
"""Greatest fall from a perfect code to a bad one where a sentence calls a score blind."""

_BAD = {"rotated": "mixes all factors in every latent", "all but one": "lacks a factor altogether"}
_COUNTED = (HOLDS, FAILS, DEPENDS, FIRST_LOOK)
_PAIR = {
    HOLDS: "The Higgins score puts the β-VAE above the VAE, with every seed",
    FAILS: "The Higgins score puts the β-VAE below the VAE, with every seed",
    DEPENDS: "The Higgins score does not tell the β-VAE from the VAE",
    FIRST_LOOK: f"Fewer than {PROVEN} seeds do not tell the β-VAE from the VAE",
}

Floats = NDArray[np.floating]


def score_axis(name: str) -> str:
    """Return the name of a score's axis, with its chance level where it has one."""
    return f"{SCORES[name]} (chance: {CHANCE[name]:g})" if name in CHANCE else SCORES[name]


def called(representation: str) -> str:
    """Return the label of a representation.

    Args:
        representation: the name of a model, or of what is not trained, as in `PAPER`.

    >>> called("beta-vae"), called("raw pixels")
    ('β-VAE, β = 4', 'raw pixels')
    """
    config = trained().get(representation)
    return representation if config is None else config.model.label


def order_sentence(order: Order, without_shape: Order | None = None) -> str:
    """Return whether the paper's order of representations holds here.

    Args:
        order: of the score of all five factors, which decides.
        without_shape: order of the score of four factors, for its counts.
    """
    total = len(order.pairs)
    if not total:
        return "None of the pairs of representations in the paper's table was measured here."
    counts = {word: order.count(word) for word in _COUNTED}
    if counts[HOLDS] == total:
        short = "**The paper's order holds here.**"
    elif counts[FAILS]:
        short = "**The paper's order does not hold here.**"
    else:
        short = "**The paper's order holds here in part.**"
    against = [
        f"{called(below)} above {called(above)}" for above, below in order.pairs.with_word(FAILS)
    ]
    turned = f" ({listed(against)})" if against else ""
    return (
        f"{short} Pairs of its table that were measured, with five factors: {total}. With every"
        f" seed in the paper's order: {counts[HOLDS]}; the other way round:"
        f" {counts[FAILS]}{turned}; seeds disagree: {counts[DEPENDS]}; fewer than {PROVEN} seeds:"
        f" {counts[FIRST_LOOK]}.{_narrow(order)}{_counted(without_shape)}{_chance(order)}"
    )


def _narrow(order: Order) -> str:
    """Return the pairs whose order another choice of images to score might turn round."""
    leads = []
    for (above, below), (by, error) in order.narrow.items():
        first, second = (
            (above, below) if order.pairs[above, below].word == HOLDS else (below, above)
        )
        leads.append(f"{called(first)} above {called(second)} by {with_error(by, error)}")
    if not leads:
        return ""
    return (
        f" With every seed, but once by less than twice the error of scoring {TEST:,} points:"
        f" {listed(leads)}."
    )


def _counted(order: Order | None) -> str:
    """Return the counts of the score of four factors."""
    if order is None:
        return ""
    counts = [str(order.count(word)) for word in _COUNTED]
    return f" With four factors, without shape, these are {listed(counts)}."


def _chance(order: Order) -> str:
    """Return how many pairs would have an order with every seed if no two models differed."""
    proven = sum(comparison.pairs >= PROVEN for comparison in order.pairs.values())
    if not proven:
        return ""
    got = order.count(HOLDS) + order.count(FAILS)
    odds = expected(order.pairs.by_chance, proven, got, "an order with every seed")
    return f" {proven} pairs have {PROVEN} seeds or more. {odds}"


def plateau_sentence(table: Mapping[str, Scores], swept: Mapping[float, Scores]) -> str:
    """Return how many trainings score as if three factors were named and two guessed.

    Args:
        table: representation -> its scores, for those of four factors.
        swept: β -> scores of its trainings.
    """
    scores = [score for runs in swept.values() for score in values(runs, "higgins")]
    if not scores:
        return ""
    near = 2 * scoring_error(PLATEAU)
    on = sum(abs(score - PLATEAU) <= near for score in scores)
    four = {name: values(runs, "higgins_4") for name, runs in table.items() if name in PAPER}
    means = [
        f"{ALL_LABELS.get(name, name)} {np.mean(numbers):.1%}"
        for name, numbers in four.items()
        if numbers
    ]
    return (
        f"**{PLATEAU:g} is a plateau:** scale, x and y are always named, shape and orientation by"
        f" the toss of a coin, 3/5 + 2/5 · 1/2. {on} of {len(scores)} trainings from β ="
        f" {min(swept):g} to {max(swept):g} lie within {near:.3f} of it, twice the error of"
        f" scoring {TEST:,} points. Without shape, four factors: {listed(means)}."
    )


def pair_sentence(table: Mapping[str, Scores]) -> str:
    """Return what the Higgins score says of a VAE and a β-VAE, which the paper tells apart."""
    claim = beta_above_vae(table)
    if claim.word == UNKNOWN:
        return ""
    (pairs,) = claim.cases.values()
    ranges = []
    for model in ("vae", "beta-vae"):
        scores = values(table[model], "higgins")
        ranges.append(f"{called(model)} {with_range(scores, 3)} with {len(scores)} seeds")
    return (
        f"**{_PAIR[claim.word]}:** {listed(ranges)}. The closest pair of trainings differs by"
        f" {with_error(*lead(pairs))}."
    )


def oracle_sentence(name: str, codes: Mapping[str, Mapping[str, float]]) -> str:
    """Return the bad codes that a score takes for as good as a perfect one.

    Args:
        name: of the score.
        codes: scores of codes of known quality, by code and score.
    """
    if not codes or name not in codes["perfect"]:
        return ""
    words, perfect = SCORES[name], codes["perfect"][name]
    bad = {what: codes[code][name] for code, what in _BAD.items()}
    blind = [
        f"one that {what} ({score:.2f})" for what, score in bad.items() if score > perfect - _BLIND
    ]
    if blind:
        return (
            f"**{words} does not separate good from bad:** a perfect code has {perfect:.2f}, and"
            f" so has, within {_BLIND:g}, {listed(blind)}."
        )
    seen = [f"one that {what} {score:.2f}" for what, score in bad.items()]
    return (
        f"**{words} separates good from bad:** a perfect code has {perfect:.2f}, {listed(seen)}."
    )


def table_rows(table: Mapping[str, Scores]) -> list[dict[str, str]]:
    """Return a row of text for each representation: the paper's Higgins score beside ours."""
    rows = []
    for representation in dict.fromkeys([*PAPER, *table]):
        runs = table.get(representation, {})
        five, four = (values(runs, name) for name in ("higgins", "higgins_4"))
        rows.append(
            {
                "Representation": called(representation),
                "Paper": _reported(representation),
                "Ours, 5 factors": _ours(five),
                "Ours, 4 factors": _ours(four),
                "Seeds": str(len(five) or "–"),
            }
        )
    return rows


def _reported(representation: str) -> str:
    if representation not in PAPER:
        return "–"
    reported = PAPER[representation]
    error = f" ± {reported.error:.1%}" if reported.error else ""
    return f"{reported.accuracy:.1%}{error}"


def _ours(scores: Sequence[float]) -> str:
    return with_spread(scores, 1, percent=True) if scores else "not trained here"


def table_caption(name: str) -> str:
    """Return the caption of a score of all representations."""
    return f"{SCORES[name]} of each representation, a dot for each seed, the large one their mean"


def beta_sentence(name: str, scores: Mapping[float, Mapping[int, float]]) -> str:
    """Return how much of a score's variance goes with β and how much with the seed.

    Args:
        name: of the score.
        scores: β -> seed -> score.
    """
    shares = variance_shares(scores)
    if shares is None:
        return ""
    means = {beta: spread(by_seed.values()).mean for beta, by_seed in scores.items()}
    best, worst = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    chance_beta, chance_seed = shares.by_chance()
    return (
        f"**{SCORES[name]}: β explains {shares.beta:.0%} of its variance** over {shares.betas} β"
        f" and {shares.seeds} seeds, the seed {shares.seed:.0%}; the rest, {shares.rest:.0%}, is"
        " what a seed does with one β alone, and the error of scoring. Numbers that depend on"
        f" neither would give β {chance_beta:.0%} and the seed {chance_seed:.0%} on average. Means"
        f" over seeds go from {means[worst]:.3f} (β = {worst:g}) to {means[best]:.3f} (β ="
        f" {best:g})."
    )


def map_sentence(
    name: str, scores: Floats, active: Floats, by_seed: Iterable[Mapping[int, float]]
) -> str:
    """Return where on the map a score is highest, and how little a single training says.

    Args:
        name: of the score.
        scores: on the map, (B, L) as `MAP_BETAS` and `MAP_LATENTS`.
        active: number of active latents, likewise.
        by_seed: scores of trainings that differ in nothing but their seed, for each β.
    """
    row, column = np.unravel_index(scores.argmax(), scores.shape)
    latents = MAP_LATENTS[column]
    sentences = [
        f"**{SCORES[name]} is highest, {scores.max():.3f}, with {latents} latents and β"
        f" = {beta_of(MAP_BETAS[row], latents, 32):.3g}.** Each cell is one training."
    ]
    ranges = [np.ptp(list(seeds.values())) for seeds in by_seed if len(seeds) > 1]
    if ranges:
        apart = max(ranges)
        close = int((scores >= scores.max() - apart).sum()) - 1
        sentences.append(
            f"Seeds alone move it by up to {apart:.3f} (at one β, above); {close} other cells lie"
            " as close to it."
        )
    silent = scores[active == 0]
    if silent.size:
        sentences.append(
            f"In {silent.size} of {scores.size} trainings no latent is active; their scores go up"
            f" to {silent.max():.3f}."
        )
    return " ".join(sentences)


def map_caption() -> str:
    """Return how to read the map."""
    return (
        "Down: normalised β = β × latents / pixels, which weighs the KL per latent against the"
        f" nll per pixel. VAEs of sprites, {mapped()[0].train.epochs} epochs, one training each."
    )


def oracle_caption() -> str:
    """Return the meaning of each code of known quality."""
    codes = "; ".join(f"*{code}*: {what}" for code, what in ORACLES.items())
    return (
        f"{codes}. Each with noise of a hundredth of a factor's range. \\* without shape; DCI:"
        " disentanglement, completeness, informativeness."
    )


def agreement_sentence(names: Sequence[str], correlations: Floats, count: int) -> str:
    """Return the two scores that agree least over the swept runs, and the two that agree most.

    Args:
        names: of the M scores.
        correlations: rank correlations, (M, M).
        count: number of runs.
    """
    pairs = [(correlations[a, b], a, b) for a in range(len(names)) for b in range(a)]
    ends = []
    for correlation, a, b in (min(pairs), max(pairs)):
        agreement = number(correlation, 2, signed=True)
        ends.append(f"{SCORES[names[a]]} and {SCORES[names[b]]} ({agreement})")
    return (
        f"Spearman's rank correlation over {count} runs (sprites, β from 1 to 16). Least agree"
        f" {ends[0]}, most {ends[1]}."
    )


def end_caption(name: str) -> str:
    """Return how to read the traversals of the best and the worst run."""
    return (
        f"Traversals from the origin, ± {REACH:g} σ of the prior, the latent with most KL on top;"
        f" all trainings of the sweep, ranked by {SCORES[name]}."
    )


def point_title(pairs: int) -> str:
    """Return the title of a point, the mean over pairs.

    >>> point_title(1)
    '**3. The mean over 1 such pair is one point**'
    """
    return f"**3. The mean over {pairs} such pair{'s' * (pairs > 1)} is one point**"


def accuracy_title(pairs: int) -> str:
    """Return the title of the classifier's accuracy."""
    return f"It is right about new points, {pairs} pair{'s' * (pairs > 1)} each"


def plane_text(train: int, test: int) -> str:
    """Return how to read the classifier's plane.

    Args:
        train: number of points to learn from.
        test: number of points to be scored on.
    """
    return (
        f"{train} points to learn from, {test} new ones to be scored on. The score above takes"
        " 10,000 and 5,000 points of 64 pairs each. The plane shows the two directions that the"
        " classifier's weights differ in most, and the regions what it says of a place there. It"
        " sees all latents: a point in a region of another colour may still be named rightly."
    )
