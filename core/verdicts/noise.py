"""The sentences and rows of the Noise page: what the numbers say of noise on the codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.experiments.claims import (
    DEPENDS,
    FAILS,
    FIRST_LOOK,
    HOLDS,
    PROVEN,
    UNKNOWN,
    Cases,
    Comparison,
    depends_on,
)
from core.experiments.noise import JUDGED, SAMPLED, USUAL, NoiseVerdict
from core.experiments.samples import CODE_SEEDS
from core.experiments.trainings import Trainings
from core.explore.samplers import SAMPLERS
from core.verdicts.phrases import (
    answer,
    chance,
    counted_trainings,
    expected,
    listed,
    number,
    rests_on,
    trainings,
    with_range,
    with_spread,
)

NEVER = "never in both scores with every seed"
_LEVELS = " and ".join(f"{level:g}" for level in JUDGED)

_ROBUST = {
    HOLDS: "makes the autoencoder robust",
    FAILS: "does not make the autoencoder robust",
    DEPENDS: "makes the autoencoder robust, in part,",
    UNKNOWN: "makes the autoencoder robust, in part,",
}
_SAMPLES = {
    HOLDS: "better than without noise",
    DEPENDS: "better or worse by η, score or seed",
    FAILS: "no better than without noise",
}
_REACHES = {
    HOLDS: "It reaches the VAE with its prior. ",
    FAILS: "It does not reach the VAE with its prior. ",
    DEPENDS: "Whether it reaches the VAE with its prior depends on η and sampler. ",
    UNKNOWN: "",
}


def cards(verdict: NoiseVerdict) -> dict[str, str]:
    """Return the page's three questions with their answers -> the numbers that decide them."""
    robust = answer(verdict.robust().cases)
    samples = answer(verdict.better_samples(*SAMPLED).cases)
    vae = reaches_word(verdict)
    return {
        f"Better under noise? {robust.capitalize()}.": under_noise_text(verdict),
        f"Better random samples? {samples.capitalize()}.": samples_text(verdict),
        f"As good as the VAE? {vae.capitalize()}.": reaches_text(verdict),
    }


def summary(asked: str, verdict: NoiseVerdict) -> str:
    """Return the page's answer for one data set and number of latents, and how much it rests on.

    Args:
        asked: the data set and the number of latents.
        verdict: of their runs.
    """
    word = answer(verdict.generates)
    robust = _ROBUST[verdict.robust().cases.leaning]
    return (
        f"**{word.capitalize()}.** On {asked}, noise in training {robust} to noise on its code."
        f" {_random_codes(verdict)}{_vae_reached(verdict)}{_bare_reaches(verdict)}"
        f"{rests_on(verdict.comparisons.pairs)}"
    )


def _random_codes(verdict: NoiseVerdict) -> str:
    by_word: dict[str, list[str]] = {word: [] for word in _SAMPLES}
    for name in SAMPLED:
        word = verdict.better_samples(name).cases.leaning
        if word in by_word:
            by_word[word].append(f"*{SAMPLERS[name]}*")
    parts = [f"{_SAMPLES[word]} from {listed(names)}" for word, names in by_word.items() if names]
    return f"Random codes decode {'; '.join(parts)}. " if parts else ""


def _vae_reached(verdict: NoiseVerdict) -> str:
    word = verdict.reaches.leaning
    if word == DEPENDS and not verdict.reaches.leaning_to(HOLDS):
        return (
            "It reaches the VAE with its prior in one score or with one seed, never in both"
            " scores with every seed. "
        )
    return _REACHES[word]


def _bare_reaches(verdict: NoiseVerdict) -> str:
    names = _sources(verdict.without)
    return f"The autoencoder without noise reaches it with {listed(names)}. " if names else ""


def _sources(cases: Cases[str]) -> list[str]:
    """Return the samplers, as on the screen, that the cases hold for."""
    return [f"*{SAMPLERS[name]}*" for name in cases.leaning_to(HOLDS)]


def by_chance_text(verdict: NoiseVerdict) -> str:
    """Return how often chance alone decides a comparison, and what each is asked."""
    cases = verdict.comparisons.measured
    criteria = max(len(each.larger) for each in cases.values())
    return (
        f"{chance(cases.pairs, criteria)} The scores: under noise the errors at {_LEVELS} times"
        " the code scale, of samples Fréchet distance and coverage."
    )


def under_noise_text(verdict: NoiseVerdict) -> str:
    """Return what noise in training does to the error under noise, and what it costs without."""
    lines = [
        f"Asked at noise of {_LEVELS} times the code scale. At {JUDGED[0]:g}, squared error over"
        " the AE's:\n",
        *_error_lines(verdict, verdict.under_noise),
        "\nIts price, squared error over the AE's without test-time noise:\n",
        *_error_lines(verdict, verdict.at_rest),
    ]
    return "\n".join(lines)


def _error_lines(verdict: NoiseVerdict, cases: Cases[float]) -> list[str]:
    ratios = verdict.of_interest
    lines = []
    for ratio in ratios:
        best = ", the best" if len(ratios) > 1 and ratio != USUAL else ""
        lines.append(f"- η = {ratio:g}{best}: {times(cases[ratio])}")
    return lines


def samples_text(verdict: NoiseVerdict) -> str:
    """Return what noise in training does to random samples, by sampler."""
    lines = []
    for name in SAMPLED:
        cases = verdict.better_samples(name).cases
        measured = cases.measured
        if measured:
            lines.append(f"- *{SAMPLERS[name]}*: **{answer(cases)}**")
        for ratio, _ in sorted(measured):
            lines.append(f"    - η = {ratio:g}: {scored(measured[ratio, name])}")
    if not lines:
        return "The samples were not measured yet."
    head = (
        f"Fréchet distance and coverage, from the AE with the same sampler to η = {USUAL:g} and to"
        " the best η:\n"
    )
    return "\n".join([head, *lines])


def reaches_text(verdict: NoiseVerdict) -> str:
    """Return how near noise comes to the VAE with its prior, and whether that takes noise."""
    top = verdict.reaches.best
    if top is None:
        return "The samples of these models and of the VAE were not measured yet."
    nearest = verdict.reaches[top]
    there = [
        f"η = {ratio:g} with *{SAMPLERS[name]}*"
        for ratio, name in verdict.reaches.leaning_to(HOLDS)
    ]
    without = _sources(verdict.without)
    lines = [
        f"The VAE with its prior, Fréchet distance and coverage: {_scores(nearest.theirs)}.\n",
        f"- nearest in Fréchet distance comes η = {top[0]:g} with *{SAMPLERS[top[1]]}*:"
        f" {_scores(nearest.ours)}",
        f"- as good with every seed: {listed(there or ['no η with any sampler'])}",
    ]
    if without:
        lines.append(f"- the AE **without** noise is as good, with {listed(without)}")
    else:
        lines.append("- the AE without noise is not as good with any sampler")
    if verdict.fitted.pairs:
        fitted = _scores(verdict.fitted.ours)
        lines.append(f"- the VAE itself, with a mixture fitted to its codes: {fitted}")
    return "\n".join(lines)


def reaches_word(verdict: NoiseVerdict) -> str:
    """Return whether noise reaches the VAE with its prior, in a few words."""
    cases = verdict.reaches_vae().cases
    if cases.word == DEPENDS and not cases.leaning_to(HOLDS):
        return NEVER
    return answer(cases)


def times(comparison: Comparison) -> str:
    """Return ours over theirs of the first score: mean, and least to most over seeds.

    >>> from core.experiments.claims import compare
    >>> times(compare({0: 1.0, 1: 1.5}, {0: 2.0, 1: 2.0}))
    '0.62 × (0.50 to 0.75)'
    """
    return with_range(comparison.ratio(), 2, unit=" ×")


def scored(comparison: Comparison) -> str:
    """Return Fréchet distance and coverage, theirs before ours."""
    return f"{_scores(comparison.theirs)} → {_scores(comparison.ours)}"


def _scores(rows: Sequence[Sequence[float]]) -> str:
    """Return Fréchet distance and coverage (S, 2) with their spread over seeds."""
    distance, coverage = zip(*rows, strict=True)
    return f"{with_spread(distance)}, {with_spread(coverage, 0, percent=True)}"


Verdicts = Mapping[tuple[str, int], NoiseVerdict]
"""(data set, latents) -> verdict; only those with something measured."""


def elsewhere(verdicts: Verdicts) -> str:
    """Return how often noise helps over all data sets, and what that depends on."""
    names = ["data set", "latents", "η", "sampler"]
    every = [each for verdict in verdicts.values() for each in verdict.comparisons.values()]
    cases = Cases(enumerate(every)).measured
    decided = len(cases.with_word(HOLDS)) + len(cases.with_word(FAILS))
    many = counted_trainings([each.pairs for each in cases.values()] or [0])
    lines = [
        f"Over every data set, number of latents, η and sampler that was measured ({many}):",
        f"- less error under noise: {counted(_under_noise(verdicts), names[:3])}",
        f"- better random samples than the AE: {counted(_better_samples(verdicts), names)}",
        f"- as good as the VAE with its prior: {counted(_reaches_vae(verdicts), names)}",
        f"\n{expected(cases.by_chance, len(cases), decided)}",
    ]
    return "\n".join(lines)


Words = dict[tuple[Any, ...], str]
"""Data set, latents, η and, for samples, the sampler -> the word of the comparison."""


def _under_noise(verdicts: Verdicts) -> Words:
    words: Words = {}
    for place, verdict in verdicts.items():
        words |= {(*place, ratio): word for ratio, word in verdict.under_noise.words.items()}
    return words


def _better_samples(verdicts: Verdicts) -> Words:
    words: Words = {}
    for place, verdict in verdicts.items():
        words |= {(*place, *case): word for case, word in verdict.samples.words.items()}
    return words


def _reaches_vae(verdicts: Verdicts) -> Words:
    words: Words = {}
    for place, verdict in verdicts.items():
        words |= {(*place, *case): word for case, word in verdict.reaches.words.items()}
    return words


def counted(words: Words, names: Sequence[str]) -> str:
    """Return in how many cases an answer is yes or no, and what it depends on.

    Args:
        words: (value of each circumstance) -> word.
        names: of the circumstances.
    """
    known = [word for word in words.values() if word != UNKNOWN]
    if not known:
        return "not measured."
    parts = [
        f"**yes** in {known.count(HOLDS)} of {len(known)} cases",
        f"**no** in {known.count(FAILS)}",
    ]
    if DEPENDS in known:
        parts.append(f"seeds disagree or scores contradict in {known.count(DEPENDS)}")
    if FIRST_LOOK in known:
        parts.append(f"fewer than {PROVEN} seeds in {known.count(FIRST_LOOK)}")
    on = depends_on(words, names)
    return f"{', '.join(parts)}." + (f" It depends on {listed(on)}." if on else "")


def rows(verdicts: Verdicts) -> list[dict[str, str]]:
    """Return a row of answers for each data set and number of latents."""
    return [_row(data, latents, verdict) for (data, latents), verdict in verdicts.items()]


def _row(data: str, latents: int, verdict: NoiseVerdict) -> dict[str, str]:
    top = verdict.under_noise.best
    assert top is not None, "a row should be of a verdict with something measured"
    robust = answer(verdict.robust().cases)
    samples = {
        f"Samples, {SAMPLERS[name]}": answer(verdict.better_samples(name).cases)
        for name in SAMPLED
    }
    return {
        "Data": data,
        "Latents": str(latents),
        "Under noise": f"{robust} ({times(verdict.under_noise[top])}, η = {top:g})",
        **samples,
        "VAE reached": _vae_cell(verdict),
        "Seeds": str(verdict.comparisons.pairs),
    }


def _vae_cell(verdict: NoiseVerdict) -> str:
    there = [
        f"{SAMPLERS[name]}, η = {ratio:g}" for ratio, name in verdict.reaches.with_word(HOLDS)
    ]
    if there:
        return f"yes ({'; '.join(there)})"
    return "not in both scores" if verdict.reaches.word == DEPENDS else answer(verdict.reaches)


def errors_caption(models: Sequence[Trainings]) -> str:
    """Return what the errors under noise were measured on.

    Args:
        models: drawn together; at least one was measured.
    """
    every = [model.rows("noise") for model in models]
    images = next(row["n"] for by_seed in every for row in by_seed.values())
    return (
        f"{images:,} test images, one draw of noise each, the same for all models;"
        f" {trainings([[*by_seed] for by_seed in every])}. The noise's standard deviation is in"
        " units of each model's own code scale, so stretching the codes wins nothing."
    )


def scores_caption(models: Sequence[Trainings]) -> str:
    """Return what the scores of random samples were measured on.

    Args:
        models: drawn together.
    """
    return (
        f"Points: means over {trainings([[*model.rows('samples')] for model in models])}, each the"
        f" mean of {len(CODE_SEEDS)} seeds of the codes, as on the page *Sampling*. Bands: least"
        " to most over trainings. *Real against real* is what held-out images score."
    )


def size_of_noise(
    squared_radius: float, radius: float, std: float, scale: float, posterior: str
) -> str:
    """Return how large the noise is beside the codes.

    Args:
        squared_radius: R, mean squared distance of the codes from the origin.
        radius: √R, as it is drawn.
        std: of the noise, mean over images and latents.
        scale: of the codes, root of the mean variance of a latent.
        posterior: kind of the model's posterior.
    """
    noise = {
        "point": "no noise",
        "fixed": f"noise √(η·R) = {number(std)}",
        "learned": f"noise {number(std)} (its posterior's σ, mean over images and latents)",
        "recognised": (
            f"noise {number(std)} (σ of the recognised codes, mean over images and latents)"
        ),
    }[posterior]
    return (
        f"R = {number(squared_radius)}, √R = {number(radius)}; {noise}; code scale {number(scale)}"
    )


def rate_caption(spent: float, latents: int, ratio: float) -> str:
    """Return what the VAE spends, and the η that leaves a noisy AE as much.

    Args:
        spent: by the VAE, bits per image.
        latents: of both.
        ratio: the η.
    """
    return (
        f"The VAE spends {spent:.1f} bits per image ({spent / latents:.2f} per latent) at most; a"
        f" noisy AE of {latents} latents is left as many at most with η = {number(ratio)}."
    )
