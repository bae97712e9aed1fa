"""The end of the Noise page: what the numbers decide, in sentences with their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from core.config import RunConfig
from core.experiments.noise import (
    DEPENDS,
    JUDGED,
    NO,
    NOISE,
    NOTHING,
    SAMPLED,
    UNKNOWN,
    USUAL,
    YES,
    Claim,
    Verdict,
    best,
    depends_on,
    families,
    judge,
    together,
    words_by_chance,
)
from core.experiments.samples import SAMPLES
from core.explore.sampling import SAMPLERS
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.ui.noise.blocks import known_of, vae_of
from core.verdicts.phrases import (
    chance,
    counted_trainings,
    expected,
    listed,
    rests_on,
    with_spread,
)


def draw(view: View) -> None:
    """Draw what the numbers decide: three answers for these runs, and on what they depend elsewhere."""
    vae = vae_of(view)
    found = _judge({**view.stops("noise_ratio"), **({None: vae} if vae else {})})
    if not found.of_interest():
        widgets.unmeasured(view.picked.data)
        return
    answers = {
        "Better under noise?": (
            together(found.under_noise[r] for r in found.of_interest()),
            under_noise_text(found),
        ),
        "Better random samples?": (
            together_words([found.improves_samples(name) for name in SAMPLED]),
            samples_text(found),
        ),
        "As good as the VAE?": (reaches_word(found), reaches_text(found)),
    }
    for column, (question, (word, text)) in zip(st.columns(3), answers.items(), strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{question} {word.capitalize()}.**")
            st.markdown(text)
    st.markdown(
        summary(f"{view.picked.data.name} with {view.picked.model.latent_dim} latents", found)
    )
    st.caption(by_chance_text(found))
    rows, sentences = elsewhere()
    st.markdown(sentences)
    with st.expander("Every data set and number of latents", icon=":material/table:"):
        widgets.table(rows)
        st.caption(
            "“Yes” and “no” hold for every seed. Samples: Fréchet distance and coverage must both"
            " be better. The best η is chosen by the same numbers, which flatters it a little."
        )


def by_chance_text(found: Verdict) -> str:
    """Return how often chance alone would have said a word of a comparison, and what each is asked."""
    measured = [claim for claim in found.claims if claim.seeds]
    pairs, criteria = (
        min(claim.seeds for claim in measured),
        max(len(claim.larger) for claim in measured),
    )
    levels = " and ".join(f"{level:g}" for level in JUDGED)
    return (
        f"{chance(pairs, criteria)} The scores: under noise the errors at {levels} times the code"
        " scale, of samples Fréchet distance and coverage."
    )


def under_noise_text(found: Verdict) -> str:
    """Return what training with noise does to the error under test-time noise, and its cost without any."""
    ratios = found.of_interest()
    levels = " and ".join(f"{level:g}" for level in JUDGED)
    gains = [f"- {_named(ratio, ratios)}: {times(found.under_noise[ratio])}" for ratio in ratios]
    costs = [f"- {_named(ratio, ratios)}: {times(found.at_rest[ratio])}" for ratio in ratios]
    return "\n".join(
        [
            (
                f"Asked at noise of {levels} times the code scale. At {JUDGED[0]:g}, squared error"
                " over the AE's:\n"
            ),
            *gains,
            "\nIts price, squared error over the AE's without test-time noise:\n",
            *costs,
        ]
    )


def _named(ratio: float, ratios: Sequence[float]) -> str:
    return f"η = {ratio:g}" + (", the best" if len(ratios) > 1 and ratio != USUAL else "")


def samples_text(found: Verdict) -> str:
    """Return what training with noise does to random samples, by sampler."""
    parts = []
    for name in SAMPLED:
        claims = {
            r: claim
            for (r, sampler), claim in found.samples.items()
            if sampler == name and claim.seeds
        }
        said = [
            f"    - η = {r:g}: {scored(claims[r])}"
            for r in sorted({USUAL, best(claims)} & claims.keys())
        ]
        parts += (
            [f"- *{SAMPLERS[name]}*: **{found.improves_samples(name)}**", *said] if said else []
        )
    head = (
        f"Fréchet distance and coverage, from the AE with the same sampler to η = {USUAL:g} and to"
        " the best η:\n"
    )
    return "\n".join([head, *parts]) if parts else "The samples were not measured yet."


def reaches_text(found: Verdict) -> str:
    """Return how near noise comes to the VAE with its prior, and whether it takes noise to get there."""
    top = best(found.reaches)
    if top is None:
        return "The samples of these models and of the VAE were not measured yet."
    claim = found.reaches[top]
    there = [
        f"η = {r:g} with *{SAMPLERS[s]}*"
        for (r, s), one in found.reaches.items()
        if one.word == YES
    ]
    without = _sources(found.without)
    lines = [
        f"The VAE with its prior, Fréchet distance and coverage: {_scored(claim.theirs)}.\n",
        (
            f"- nearest in Fréchet distance comes η = {top[0]:g} with *{SAMPLERS[top[1]]}*:"
            f" {_scored(claim.ours)}"
        ),
        f"- as good with every seed: {listed(there) if there else 'no η with any sampler'}",
        (
            f"- the AE **without** noise is as good, with {listed(without)}"
            if without
            else "- the AE without noise is not as good with any sampler"
        ),
    ]
    if found.fitted.seeds:
        lines.append(
            f"- the VAE itself, with a mixture fitted to its codes: {_scored(found.fitted.ours)}"
        )
    return "\n".join(lines)


def reaches_word(found: Verdict) -> str:
    """Return whether noise reaches the VAE with its prior, in a few words."""
    word = together(found.reaches.values())
    sometimes = YES in {claim.word for claim in found.reaches.values()}
    return "never in both scores with every seed" if word == DEPENDS and not sometimes else word


def _sources(claims: Mapping[str, Claim]) -> list[str]:
    """Return the samplers, as on the screen, whose claim holds with every seed."""
    return [f"*{SAMPLERS[name]}*" for name, claim in claims.items() if claim.word == YES]


def summary(asked: str, found: Verdict) -> str:
    """Return the page's answer for one data set and number of latents, and how much it rests on.

    Args:
        asked: which one.
        found: the verdict.
    """
    noise = {YES: "makes the autoencoder robust", NO: "does not make the autoencoder robust"}.get(
        together(found.under_noise[ratio] for ratio in found.of_interest()),
        "makes the autoencoder robust, in part,",
    )
    by_word: dict[str, list[str]] = {}
    for name in SAMPLED:
        by_word.setdefault(found.improves_samples(name), []).append(f"*{SAMPLERS[name]}*")
    samples = [
        f"{said} from {listed(by_word[word])}"
        for word, said in _SAMPLES_SAID.items()
        if word in by_word
    ]
    vae = {
        YES: "It reaches the VAE with its prior. ",
        NO: "It does not reach the VAE with its prior. ",
        DEPENDS: (
            "Whether it reaches the VAE with its prior depends on η and sampler. "
            if YES in {claim.word for claim in found.reaches.values()}
            else (
                "It reaches the VAE with its prior in one score or with one seed, never in both"
                " scores with every seed. "
            )
        ),
    }
    random = f"Random codes decode {'; '.join(samples)}. " if samples else ""
    bare = _sources(found.without)
    alone = f"The autoencoder without noise reaches it with {listed(bare)}. " if bare else ""
    return (
        f"**{found.word.capitalize()}.** On {asked}, noise in training {noise} to noise on its"
        " code."
        f" {random}{vae.get(together(found.reaches.values()), '')}{alone}{rests_on(found.seeds)}"
    )


_SAMPLES_SAID = {
    YES: "better than without noise",
    DEPENDS: "better or worse by η, score or seed",
    NO: "no better than without noise",
}


@cache.fresh(NOISE, SAMPLES, max_entries=4)
def elsewhere() -> tuple[list[dict[str, str]], str]:
    """Return a row of answers for each family of runs, and what each answer depends on."""
    found = {family: _judge(runs) for family, runs in families().items()}
    known = {family: one for family, one in found.items() if one.of_interest()}
    names = ["data set", "latents", "η", "sampler"]
    noise = {
        (d.name, n, r): c.word for (d, n), v in known.items() for r, c in v.under_noise.items()
    }
    samples = {
        (d.name, n, *case): c.word for (d, n), v in known.items() for case, c in v.samples.items()
    }
    vae = {
        (d.name, n, *case): c.word for (d, n), v in known.items() for case, c in v.reaches.items()
    }
    claims = [claim for verdict in known.values() for claim in verdict.claims if claim.seeds]
    got = sum(claim.word in (YES, NO) for claim in claims)
    many = counted_trainings([claim.seeds for claim in claims] or [0])
    sentences = [
        f"Over every data set, number of latents, η and sampler that was measured ({many}):",
        f"- less error under noise: {counted(noise, names[:3])}",
        f"- better random samples than the AE: {counted(samples, names)}",
        f"- as good as the VAE with its prior: {counted(vae, names)}",
        f"\n{expected(words_by_chance(claims), len(claims), got)}",
    ]
    return [_row(data.name, latents, one) for (data, latents), one in known.items()], "\n".join(
        sentences
    )


def counted(words: Mapping[tuple[Any, ...], str], names: Sequence[str]) -> str:
    """Return how many cases hold with every seed, and what that depends on."""
    known = [word for word in words.values() if word != UNKNOWN]
    if not known:
        return "not measured."
    on = depends_on(words, names)
    held = f"**yes** in {known.count(YES)} of {len(known)} cases, **no** in {known.count(NO)}"
    split = (
        f", seeds disagree or scores contradict in {known.count(DEPENDS)}"
        if DEPENDS in known
        else ""
    )
    return f"{held}{split}." + (f" It depends on {listed(on)}." if on else "")


def together_words(words: Sequence[str]) -> str:
    """Return the common word of several answers, `DEPENDS` where they differ."""
    known = set(words) - {UNKNOWN}
    return known.pop() if len(known) == 1 else DEPENDS if known else UNKNOWN


def times(claim: Claim) -> str:
    """Return the ratio of a claim's first score: mean, and least to most over seeds.

    >>> times(Claim(((1.0,), (1.5,)), ((2.0,), (2.0,)), (False,)))
    '0.62 × (0.50 to 0.75)'
    """
    mean, low, high = claim.ratio()
    return f"{mean:.2f} ×" + (f" ({low:.2f} to {high:.2f})" if claim.seeds > 1 else "")


def scored(claim: Claim) -> str:
    """Return both scores of a claim, theirs before ours."""
    return f"{_scored(claim.theirs)} → {_scored(claim.ours)}"


def _scored(rows: Sequence[Sequence[float]]) -> str:
    """Return Fréchet distance and coverage (S, 2) with their spread over seeds."""
    distance, coverage = np.array(rows).T
    if len(rows) < 2:
        return f"{with_spread(distance)}, {coverage[0]:.0%}"
    return f"{with_spread(distance)}, {coverage.mean():.0%} ± {coverage.std(ddof=1):.0%}"


def _row(data: str, latents: int, found: Verdict) -> dict[str, str]:
    noise = together(found.under_noise[ratio] for ratio in found.of_interest())
    top = best(found.under_noise)
    samples = {f"Samples, {SAMPLERS[name]}": found.improves_samples(name) for name in SAMPLED}
    there = [
        f"{SAMPLERS[s]}, η = {r:g}" for (r, s), claim in found.reaches.items() if claim.word == YES
    ]
    word = together(found.reaches.values())
    vae = (
        f"yes ({'; '.join(there)})" if there else "not in both scores" if word == DEPENDS else word
    )
    return {
        "Data": data,
        "Latents": str(latents),
        "Under noise": f"{noise} ({times(found.under_noise[top])}, η = {top:g})",
        **samples,
        "VAE reached": vae,
        "Seeds": str(found.seeds),
    }


def _judge(runs: Mapping[Any, RunConfig]) -> Verdict:
    """Return the verdict over runs by η, 0 for the AE and None for the VAE."""
    known = {ratio: known_of(config) for ratio, config in runs.items()}
    noisy = {ratio: found for ratio, found in known.items() if ratio}
    return judge(known.get(0.0, NOTHING), noisy, known.get(None, NOTHING))
