"""The sentences and rows of the Priors page: what the numbers say of the standard normal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from core.config import PRIORS
from core.experiments.claims import (
    DEPENDS,
    FAILS,
    HOLDS,
    PROVEN,
    UNKNOWN,
    Cases,
    Comparison,
    Spread,
    compare,
    spread,
)
from core.experiments.kept import Numbers
from core.experiments.priors import (
    CRITERIA,
    EXPOST,
    PriorVerdict,
    gradient_noise,
    saturated,
    values,
    variance_ratios,
)
from core.experiments.rate import limit
from core.experiments.trainings import NOTHING, Trainings
from core.explore.samplers import COMPONENTS
from core.verdicts.phrases import (
    answer,
    chance,
    listed,
    number,
    rests_on,
    with_range,
    with_spread,
)

AFTERWARDS = "Mixture fitted afterwards"
"""The name of `EXPOST` on the screen."""

UNMEASURED = "These runs were not measured yet; run `python -m core measure`."
NOT_COVERED = (
    "Priors are measured for VAEs of digits and mnist with a Bernoulli likelihood, not for these"
    " runs."
)
TOO_FEW = (
    "nearly every code tells its image, so that there are too few images to know the aggregate"
    " posterior by"
)

WORDS = {"nll": "nll", "kl": "KL(aggregate‖prior)", "samples": "samples"}
"""Criterion -> words in a sentence."""

_TITLES = {
    "nll": "**Lower nll?** Difference from the standard normal, nats per image",
    "kl": "**Closer to the codes?** KL(aggregate‖prior), difference in nats",
    "samples": "**Better samples?** Fréchet distance, coverage",
}
_BETTER = {HOLDS: "better", FAILS: "worse", DEPENDS: "no clear winner", UNKNOWN: "not measured"}
_SAMPLES_BETTER = _BETTER | {FAILS: "worse in both", DEPENDS: "scores or seeds disagree"}

COLUMNS = {
    "nll": ("nll", 2),
    "elbo": ("elbo", 2),
    "rate": ("Rate", 2),
    "kl_aggregate": ("KL(aggregate‖prior)", 3),
    "active": ("Active latents", None),
    "frechet": ("Fréchet distance", None),
    "coverage": ("Coverage", 3),
}
"""Number -> its column, and the most digits after the point, None for as many as count."""


def called(prior: str) -> str:
    """Return the name on the screen of a prior, or of the mixture fitted afterwards."""
    return AFTERWARDS if prior == EXPOST else PRIORS[prior][0].upper() + PRIORS[prior][1:]


def recipe_of(prior: str, components: int | None) -> str:
    """Return what is learned with a prior and how its KL is had, in a few words.

    Args:
        prior: of `PRIORS`, or `EXPOST`.
        components: of the prior, where it has some.
    """
    return {
        "normal": "Nothing to learn, exact KL",
        "uniform": "Nothing to learn, exact KL",
        "mixture": f"{components} Gaussians, learned; KL by sampling",
        "vamp": f"{components} pseudo-inputs, learned; KL by sampling",
        EXPOST: f"{COMPONENTS} Gaussians, after training with the standard normal",
    }[prior]


def schedule(warm_up: int, epochs: int, gain: Comparison | None) -> str:
    """Return the schedule that all priors were trained on, and what it does to the nll by itself.

    Args:
        warm_up: epochs over which the weight of the KL rises.
        epochs: of the training.
        gain: the nll with the standard normal against that without warm-up, if there are such
            runs.
    """
    if not warm_up:
        return "All were trained without a warm-up of the KL."
    common = (
        f"All were trained on one schedule: the weight of the KL rises over the first {warm_up} of"
        f" {epochs} epochs."
    )
    if gain is None or not gain.pairs:
        return common
    return (
        f"{common} With the standard normal that alone changes the nll by"
        f" {difference(gain)} nats ({gain.pairs} seeds, least to most): the VAE of the other pages"
        " is trained without it."
    )


def summary(asked: str, verdict: PriorVerdict) -> str:
    """Return the page's answer for one data set and number of latents, and how much it rests on.

    Args:
        asked: the data set and the number of latents.
        verdict: of their runs.
    """
    measured = [name for name in CRITERIA if _trained(verdict.of_criterion(name)).measured]
    unknown = [WORDS[name] for name in verdict.criteria if name not in measured]
    parts = [_answer(asked, verdict, measured)]
    if EXPOST in verdict.better("samples"):
        parts.append(
            "A mixture fitted to its codes afterwards gives it better samples, without further"
            " training."
        )
    if verdict.saturated:
        parts.append(f"{WORDS['kl']} is left out: {TOO_FEW}.")
    if unknown:
        parts.append(f"Not measured yet: {listed(unknown)}.")
    return " ".join([*parts, _rests_on(verdict.cases.measured.values())])


def _trained(cases: Cases[str]) -> Cases[str]:
    """Return the cases without the mixture that was fitted afterwards."""
    return Cases({prior: each for prior, each in cases.items() if prior != EXPOST})


def _answer(asked: str, verdict: PriorVerdict, measured: Sequence[str]) -> str:
    """Return the verdict in a word and where it comes from.

    Args:
        asked: the data set and the number of latents.
        verdict: of their runs.
        measured: criteria that a trained prior was measured in.
    """
    champions, beaten = verdict.champions, verdict.beaten
    if champions:
        beat = "beats" if len(champions) == 1 else "beat"
        everything = listed([WORDS[name] for name in verdict.criteria])
        return (
            f"**{_headline(verdict, 'simple calculations, and little else')}** On {asked}"
            f" {_the(champions)} {beat} the standard normal in {everything},"
            f" {_each(verdict, champions)}."
        )
    if not beaten:
        return (
            f"**{_headline(verdict, 'more than simple calculations')}** On {asked} no prior beats"
            f" the standard normal {_each(verdict, list(PRIORS))}."
        )
    return _beaten_in_part(asked, verdict, measured)


def _beaten_in_part(asked: str, verdict: PriorVerdict, measured: Sequence[str]) -> str:
    """Return in what the standard normal is beaten, by which priors, and in what it is not."""
    beaten = verdict.beaten
    by, everyone = [], []
    for name in beaten:
        winners = verdict.better(name)
        everyone += winners
        by.append(f"{WORDS[name]} (by {_the([prior for prior in winners if prior != EXPOST])})")
    holds = [WORDS[name] for name in measured if name not in beaten]
    ground = ", though no single prior does it in all of them"
    if holds:
        ground = f"; it holds its ground in {listed(holds)}"
    headline = _headline(verdict, "it depends on what is asked")
    return (
        f"**{headline}** On {asked} the standard normal is beaten {_each(verdict, everyone)}"
        f" in {listed(by)}{ground}."
    )


def _headline(verdict: PriorVerdict, words: str) -> str:
    """Return the answer as a sentence; with fewer than `PROVEN` pairs as a first look."""
    first = "first look: " if verdict.cases.measured.pairs < PROVEN else ""
    said = f"{first}{words}."
    return said[0].upper() + said[1:]


def _the(priors: Sequence[str]) -> str:
    return listed([f"the {PRIORS[prior]}" for prior in priors])


def _each(verdict: PriorVerdict, priors: Sequence[str]) -> str:
    """Return in how many trainings of some priors the others were beaten."""
    pairs = [verdict.of_prior(prior).measured.pairs for prior in priors]
    return "with every seed" if min(filter(None, pairs)) > 1 else "in the one training there is"


def _rests_on(comparisons: Iterable[Comparison]) -> str:
    counts = {each.pairs for each in comparisons}
    if len(counts) == 1:
        return rests_on(*counts)
    return f"This rests on {min(counts)} to {max(counts)} trainings of each model."


def how_sure(verdict: PriorVerdict) -> str:
    """Return what *better* and *worse* mean, and how often chance alone says them."""
    cases = verdict.cases.measured
    criteria = max(len(each.larger) for each in verdict.cases.values())
    return (
        "*Better* and *worse*: with every seed, each training against the standard normal's with"
        " the same seed. In brackets, least to most over seeds."
        f" {chance(cases.pairs, criteria, '*better* or *worse*')}"
    )


def comparison(criterion: str, verdict: PriorVerdict) -> str:
    """Return how each prior compares with the standard normal in one criterion, as a list.

    Args:
        criterion: of `CRITERIA`.
        verdict: of the runs.
    """
    title = _TITLES[criterion]
    cases = verdict.of_criterion(criterion).measured
    if not cases:
        left_out = criterion == "kl" and verdict.saturated
        why = f"It cannot be said: {TOO_FEW}" if left_out else "Not measured yet"
        return f"{title}\n\n{why}."
    if criterion != "samples":
        lines = [
            f"- {called(prior)}: {difference(each)}, **{answer(each, _BETTER)}**"
            for prior, each in cases.items()
        ]
        return "\n".join([f"{title}\n", *lines])
    most = max(cases.values(), key=lambda each: each.pairs)
    lines = [
        f"- {called(prior)}: {_scores(each.ours)}, **{answer(each, _SAMPLES_BETTER)}**"
        for prior, each in cases.items()
    ]
    return "\n".join([f"{title}\n", f"- Standard normal: {_scores(most.theirs)}", *lines])


def difference(each: Comparison) -> str:
    """Return ours less theirs: mean, and least to most over seeds.

    >>> difference(compare({0: 1.0, 1: 1.5}, {0: 2.0, 1: 2.0}))
    '−0.75 (−1.00 to −0.50)'
    """
    return with_range(each.difference(), 2, signed=True)


def _scores(rows: Sequence[Sequence[float]]) -> str:
    distance, coverage = np.array(rows).mean(0)
    return f"{number(distance)}, {number(coverage, 0, percent=True)}"


def its_own(models: Mapping[str, Trainings]) -> str:
    """Return what the standard normal has that learned priors have not; nothing without numbers.

    Args:
        models: prior -> its numbers.
    """
    normal = models.get("normal", NOTHING)
    learned = [models[name] for name in ("mixture", "vamp") if name in models]
    learned = [model for model in learned if model.rows("fit")]
    if not normal.rows("fit") or not learned:
        return ""
    ours = gradient_noise(normal)
    theirs = [gradient_noise(model) for model in learned]
    pairs = Cases({place: compare(ours, noise) for place, noise in enumerate(theirs)})
    noise = number(spread(ours.values()).mean)
    others = _least_to_most([spread(noise.values()) for noise in theirs])
    return (
        "What it does give: a KL in closed form and nothing to learn besides the networks. Its"
        f" reparameterised gradient {_less_noise(pairs)}: variance {noise} nats² for one draw on"
        f" average, {others} with the learned priors, whose KL has to be sampled."
        f"{_code_scales(normal, learned)}"
    )


def _code_scales(normal: Trainings, learned: Sequence[Trainings]) -> str:
    """Return how large the codes are with the standard normal and with learned priors."""
    ours = spread(values(normal, "code_scale"))
    theirs = [spread(values(model, "code_scale")) for model in learned]
    theirs = [scale for scale in theirs if scale.trainings]
    if not ours.trainings or not theirs:
        return ""
    return (
        f" The standard deviation of its codes' means is {number(ours.mean)}; a learned prior"
        f" moves along with the codes, and there it came to {_least_to_most(theirs)}."
    )


def _less_noise(cases: Cases[int]) -> str:
    """Return whether a gradient has less noise than the learned priors' with every seed."""
    pairs = f"each of {cases.pairs} seeds" if cases.pairs > 1 else "the one seed there is"
    return {
        HOLDS: f"has less noise than each learned prior's with {pairs}",
        FAILS: f"has more noise than each learned prior's with {pairs}",
    }.get(cases.leaning, "has less noise with some seeds or learned priors and more with others")


def _least_to_most(means: Sequence[Spread]) -> str:
    """Return the range of some models' means."""
    low, high = (number(pick(each.mean for each in means)) for pick in (min, max))
    return low if low == high else f"{low} to {high}"


def rows(models: Mapping[str, Trainings]) -> list[dict[str, str]]:
    """Return a row of text for each prior, the mean over trainings with their standard deviation.

    Args:
        models: prior, or `EXPOST` -> its numbers.
    """
    return [{"Prior": called(prior), **_cells(model)} for prior, model in models.items()]


def _cells(model: Trainings) -> dict[str, str]:
    cells = {words: cell(values(model, name), digits) for name, (words, digits) in COLUMNS.items()}
    trainings = max(len(model.rows("fit")), len(model.rows("samples")))
    return {**cells, "Trainings": str(trainings)}


def cell(numbers: Sequence[float], digits: int | None) -> str:
    """Return a mean with its spread over trainings; a single training is called one.

    >>> cell([1.0, 2.0, 3.0], 1), cell([2.5], 2), cell([], 2), cell([2.0, 2.0], 0)
    ('2.0 ± 1.0', '2.50 (one seed)', '–', '2 ± 0')
    """
    said = with_spread(numbers, digits)
    return f"{said} (one seed)" if len(numbers) == 1 else said


def measured_on(models: Mapping[str, Trainings], latents: int, misfit: str) -> str:
    """Return what the numbers of the table were measured on, and how far they may be off.

    Args:
        models: prior -> its numbers.
        latents: of the runs.
        misfit: what is said of the KL(aggregate‖prior) over all images.
    """
    by_seed = [item for model in models.values() for item in model.rows("fit").items()]
    if not by_seed:
        return ""
    seeds, fits = sorted({seed for seed, _ in by_seed}), [row for _, row in by_seed]
    some = fits[0]
    nll_error, kl_error = _largest(fits, "nll_error"), _largest(fits, "kl_aggregate_error")
    full = _gaps_between(fits, latents) if any(map(saturated, models.values())) else ""
    return (
        f"± is the standard deviation over trainings with seeds {listed([*map(str, seeds)])}; nll,"
        f" elbo, rate and KL in nats per image. All are of {some['images']:,} test images; what"
        f" the importance-weighted bound, k = {some['k']}, adds to the elbo was measured on"
        f" {some['bounded']:,} of them, spread evenly. Standard error of the nll at most"
        f" {nll_error}, of the KL(aggregate‖prior) {kl_error}. That KL is of these"
        f" {some['images']:,} images alone. {misfit}{full} Fréchet distance and coverage as on the"
        f" page *Sampling*, mean of three seeds of the codes. The mixture"
        " fitted afterwards was not trained with, so that only its samples are its own."
    )


def _largest(fits: Sequence[Numbers], name: str) -> str:
    return number(max(row[name] for row in fits))


def _gaps_between(fits: Sequence[Numbers], latents: int) -> str:
    """Return that the KL also counts the gaps between the images, with the numbers that say so."""
    images, told = fits[0]["images"], max(row["information"] for row in fits)
    return (
        f" With {latents} latents nearly every code tells its image ({told:.2f} of at most ln"
        f" {images:,} = {limit(images):.2f} nats), so the KL also counts the gaps between the"
        " images."
    )


def estimator_text(prior: str, model: Trainings) -> str:
    """Return how many codes the score function needs for a gradient as good as the usual one.

    Args:
        prior: of `PRIORS`, or `EXPOST`.
        model: its numbers.
    """
    return (
        f"Measured with the {called(prior).lower()}. With one code per image as in training, the"
        f" score function would need about {_ratio(model, 'score'):,.0f} codes for a gradient as"
        " good as the reparameterisation's from one."
    )


def estimator_ratios(model: Trainings) -> dict[str, str]:
    """Return how much noisier other gradients are than the reparameterisation's, by their name."""
    return {
        "Score function over reparameterised": f"{_ratio(model, 'score'):,.0f} ×",
        "The same with a baseline": f"{number(_ratio(model, 'baseline'))} ×",
    }


def _ratio(model: Trainings, estimator: str) -> float:
    return spread(variance_ratios(model, estimator)).mean


def estimator_caption(models: Iterable[Trainings]) -> str:
    """Return what the gradients were measured on.

    Args:
        models: that were measured, at least one.
    """
    fits = [row for model in models for row in model.rows("fit").values()]
    off = [far for row in fits for far in row["disagreement"].values()]
    return (
        "Variance of one draw of the gradient of the negative ELBO with respect to the encoder's"
        " outputs, mean (in units of the posterior's σ) and log-variance of every latent, summed"
        f" over them and averaged over {fits[0]['gradient_images']} test images,"
        f" {fits[0]['draws']} draws each; ratio of the variances, mean over trainings, bars one"
        " standard deviation. *Baseline*: the mean of the image's other draws is taken off first."
        f" All estimate the same gradient: their means lie {min(off):.2f} to {max(off):.2f}"
        " standard errors apart (root mean square over all outputs; chance makes it about 1)."
    )
