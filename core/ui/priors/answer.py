"""The end of the Priors page: what the Gaussian gives and where others beat it, decided by the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from core.config import PRIORS
from core.experiments.noise import DEPENDS, NO, YES, Claim, compare, together
from core.experiments.priors import CRITERIA, EXPOST, Measured, Verdict, judge
from core.ui.priors.blocks import Contender, called, difference, unmeasured
from core.verdicts.phrases import chance, listed, number, rests_on

WORDS = {"nll": "nll", "kl": "KL(aggregate‖prior)", "samples": "samples"}
"""Criterion -> words in a sentence."""
_VERDICTS = {YES: "better", NO: "worse", DEPENDS: "no clear winner"}
TOO_FEW = (
    "nearly every code tells its image, so that there are too few images to know the aggregate"
    " posterior by"
)
_SAMPLES_VERDICTS = _VERDICTS | {NO: "worse in both", DEPENDS: "scores or seeds disagree"}


def draw(shown: Sequence[Contender], known: Mapping[str, Measured]) -> None:
    """Draw the answer, the three comparisons that it rests on, and what the standard normal has for its own."""
    found = judge(known)
    if not any(claim.seeds for (_, prior), claim in found.claims.items() if prior != EXPOST):
        st.info(unmeasured(shown))
        return
    config = shown[0].config
    latents = f"{config.model.latent_dim} latent{'s' if config.model.latent_dim > 1 else ''}"
    st.markdown(summary(f"{config.data.name} with {latents}", found))
    for column, criterion in zip(st.columns(len(CRITERIA)), CRITERIA, strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(comparison(criterion, found))
    st.caption(
        "*Better* and *worse*: with every seed, each training against the standard normal's with"
        f" the same seed. In brackets, least to most over seeds. {_by_chance(found)}"
    )
    if said := its_own(known):
        st.markdown(said)


def _by_chance(found: Verdict) -> str:
    """Return how often chance alone would have said better or worse, with the fewest seeds that a claim rests on."""
    return chance(
        found.seeds,
        max(len(claim.larger) for claim in found.claims.values()),
        "*better* or *worse*",
    )


def summary(asked: str, found: Verdict) -> str:
    """Return the page's answer for one data set and number of latents, and how much it rests on.

    Args:
        asked: which one.
        found: the verdict.
    """
    trained = {
        case: claim for case, claim in found.claims.items() if case[1] != EXPOST and claim.seeds
    }
    asked_of = [name for name in CRITERIA if any(what == name for what, _ in trained)]
    unknown = [WORDS[name] for name in found.criteria if name not in asked_of]
    parts = [_answer(asked, found, asked_of)]
    if ("samples", EXPOST) in found.claims and found.claims["samples", EXPOST].word == YES:
        parts.append(
            "A mixture fitted to its codes afterwards gives it better samples, without further"
            " training."
        )
    if found.saturated:
        parts.append(f"{WORDS['kl']} is left out: {TOO_FEW}.")
    if unknown:
        parts.append(f"Not measured yet: {listed(unknown)}.")
    return " ".join([*parts, _rests_on(found)])


def _answer(asked: str, found: Verdict, asked_of: Sequence[str]) -> str:
    """Return the verdict in a word and where it comes from."""
    if found.champions:
        who = listed([_the(name) for name in found.champions])
        beat = "beats" if len(found.champions) == 1 else "beat"
        everything = listed([WORDS[name] for name in found.criteria])
        return (
            f"**Simple calculations, and little else.** On {asked} {who} {beat} the standard"
            f" normal in {everything}, {_each(found, found.champions)}."
        )
    if not found.beaten:
        each = _each(found, list(PRIORS))
        return (
            f"**More than simple calculations.** On {asked} no prior beats the standard normal"
            f" {each}."
        )
    each = _each(found, [prior for name in found.beaten for prior in found.better(name)])
    by = [
        f"{WORDS[name]} (by {listed([_the(p) for p in found.better(name) if p != EXPOST])})"
        for name in found.beaten
    ]
    holds = [WORDS[name] for name in asked_of if name not in found.beaten]
    ground = (
        f"; it holds its ground in {listed(holds)}"
        if holds
        else ", though no single prior does it in all of them"
    )
    return (
        f"**It depends on what is asked.** On {asked} the standard normal is beaten {each} in"
        f" {listed(by)}{ground}."
    )


def _each(found: Verdict, priors: Sequence[str]) -> str:
    """Return in how many trainings of some priors the others were beaten."""
    seeds = [
        claim.seeds
        for (_, prior), claim in found.claims.items()
        if prior in priors and claim.seeds
    ]
    return "with every seed" if min(seeds) > 1 else "in the one training there is"


def _rests_on(found: Verdict) -> str:
    counts = [claim.seeds for claim in found.claims.values() if claim.seeds]
    if min(counts) == max(counts):
        return rests_on(min(counts))
    return f"This rests on {min(counts)} to {max(counts)} trainings of each model."


def comparison(criterion: str, found: Verdict) -> str:
    """Return how each prior compares with the standard normal in one criterion, as a list."""
    claims = {
        prior: claim
        for (what, prior), claim in found.claims.items()
        if what == criterion and claim.seeds
    }
    title = {
        "nll": "**Lower nll?** Difference from the standard normal, nats per image",
        "kl": "**Closer to the codes?** KL(aggregate‖prior), difference in nats",
        "samples": "**Better samples?** Fréchet distance, coverage",
    }[criterion]
    if not claims:
        why = (
            f"It cannot be said: {TOO_FEW}"
            if criterion == "kl" and found.saturated
            else "Not measured yet"
        )
        return f"{title}\n\n{why}."
    words = _SAMPLES_VERDICTS if criterion == "samples" else _VERDICTS
    tell = scored if criterion == "samples" else difference
    lines = [
        f"- {called(prior)}: {tell(claim)}, **{words[claim.word]}**"
        for prior, claim in claims.items()
    ]
    most = max(claims.values(), key=lambda claim: claim.seeds)
    first = [f"- Standard normal: {_scores(most.theirs)}"] if criterion == "samples" else []
    return "\n".join([f"{title}\n", *first, *lines])


def scored(claim: Claim) -> str:
    """Return Fréchet distance and coverage of ours."""
    return _scores(claim.ours)


def its_own(known: Mapping[str, Measured]) -> str:
    """Return what the standard normal has that priors which are learned have not, in numbers; nothing without any."""
    normal = known.get("normal")
    learned = [known[name] for name in ("mixture", "vamp") if name in known and known[name].fit]
    if normal is None or not normal.fit or not learned:
        return ""
    noise = float(np.mean([one["gradient"]["pathwise"] for one in normal.fit.values()]))
    others = [
        float(np.mean([one["gradient"]["pathwise"] for one in found.fit.values()]))
        for found in learned
    ]
    word = _less_noise(
        [compare(_gradient_noise(normal), _gradient_noise(found)) for found in learned]
    )
    scales = [
        float(np.mean(found.values("code_scale")))
        for found in learned
        if found.values("code_scale")
    ]
    scale = (
        " The standard deviation of its codes' means is"
        f" {number(float(np.mean(normal.values('code_scale'))))}; a learned prior moves along with"
        f" the codes, and there it came to {_range(scales)}."
        if scales and normal.values("code_scale")
        else ""
    )
    return (
        "What it does give: a KL in closed form and nothing to learn besides the networks. Its"
        f" reparameterised gradient {word}: variance {number(noise)} nats² for one draw on average,"
        f" {_range(others)} with the learned priors, whose KL has to be sampled.{scale}"
    )


def _gradient_noise(found: Measured) -> dict[int, tuple[float]]:
    """Return by seed the variance of one draw of the reparameterised gradient, in nats²."""
    return {seed: (numbers["gradient"]["pathwise"],) for seed, numbers in found.fit.items()}


def _less_noise(claims: Sequence[Claim]) -> str:
    """Return whether a gradient has less noise than the learned priors' with every seed."""
    seeds = min(claim.seeds for claim in claims)
    pairs = f"each of {seeds} seeds" if seeds > 1 else "the one seed there is"
    return {
        YES: f"has less noise than each learned prior's with {pairs}",
        NO: f"has more noise than each learned prior's with {pairs}",
    }.get(
        together(claims), "has less noise with some seeds or learned priors and more with others"
    )


def _range(values: Sequence[float]) -> str:
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"{low} to {high}"


def _scores(rows: Sequence[Sequence[float]]) -> str:
    distance, coverage = np.array(rows).mean(0)
    return f"{number(distance)}, {coverage:.0%}"


def _the(prior: str) -> str:
    return f"the {PRIORS[prior]}"
