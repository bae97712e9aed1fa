"""Sentences on the rate: what a nat of it buys, and what its nats pay for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.config import PRIORS
from core.experiments.claims import (
    DEPENDS,
    FAILS,
    HOLDS,
    PROVEN,
    UNKNOWN,
    BySeed,
    Cases,
    compare,
    spread,
)
from core.experiments.kept import Numbers
from core.experiments.rate import Exchange, cut_off, limit
from core.verdicts.phrases import (
    answer,
    chance,
    counted_trainings,
    number,
    rests_on,
    with_range,
    with_spread,
)

UNMEASURED = "The rate of these models was not measured yet; run `python -m core measure`."
NO_MODEL = "No model with a KL was trained on these images with this likelihood."

NO_RATE = 0.01
"""Nats below which a model is said to spend no rate."""

AGAINST = {
    HOLDS: "less with every seed",
    FAILS: "more with every seed",
    DEPENDS: "seeds disagree",
    UNKNOWN: "no seed in common",
}


def uncharged_sentence(label: str) -> str:
    """Return that a model is charged no rate.

    Args:
        label: of the model.
    """
    return f"{label} is charged no rate: its objective has no KL. Shown are the models that are."


def plane_caption(data: str, likelihood: str) -> str:
    """Return what the plane of rate and distortion shows.

    Args:
        data: name of the data set.
        likelihood: `bernoulli` or `gaussian`.
    """
    return (
        f"Test images of {data}, the nll of one code for each; small marks: each training; grey:"
        " the same number of latents, a standard normal prior. Through each model runs its line of"
        " slope −β, along which its objective, nll + β · KL, stays the same. All are of a"
        f" **{likelihood.capitalize()}** likelihood: distortions of different ones are of"
        " different things, so they never share a plane."
    )


def exchange_sentence(exchanges: Sequence[Exchange]) -> str:
    """Return how much distortion a nat of rate buys, and whether it is what optima would get.

    Args:
        exchanges: from each β to the next; the text is empty without any.
    """
    if not exchanges:
        return ""
    parts = [f"{_bought(each)} from {_steps(each)}" for each in exchanges]
    wrong = [_steps(each) for each in exchanges if each.within.leaning != HOLDS]
    rule = "Between two optima it has to lie between the two β"
    verdict = f"{rule}, and it does with every seed."
    if wrong:
        verdict = (
            f"{rule}; it does not, with every seed, from {' and '.join(wrong)}: those trainings"
            " did not end in optima of their objectives on the test images."
        )
    pairs = min(each.within.pairs for each in exchanges)
    first_look = f" {rests_on(pairs)}" if pairs < PROVEN else ""
    return f"**A nat of rate buys nats of distortion:** {', '.join(parts)}. {verdict}{first_look}"


def _bought(exchange: Exchange) -> str:
    """Return the exchange of all seeds together, and the least to the most of one seed."""
    # A mean over seeds would be ruled by the seed that spent the least.
    return with_range(spread(exchange.bought.values())._replace(mean=exchange.pooled), 2)


def _steps(exchange: Exchange) -> str:
    return f"β = {exchange.high:g} to {exchange.low:g}"


def paid_sentence(label: str, rows: Sequence[Numbers]) -> str:
    """Return what the rate of one model pays for.

    Args:
        label: of the model.
        rows: numbers of the study `RATE`, an entry for each seed.
    """
    parts = {name: [row[name] for row in rows] for name in ("rate", "information", "marginal")}
    rate, rest = spread(parts["rate"]).mean, spread(parts["marginal"]).mean
    if rate < NO_RATE:
        return f"**{label}** spends no rate: its codes say nothing about the image."
    nats = {name: with_spread(values, 2) for name, values in parts.items()}
    if cut_off(rows):
        return (
            f"**{label}** spends {nats['rate']} nats per image. Its codes tell almost every test"
            f" image from all others ({nats['information']} nats); whether the other"
            f" {nats['marginal']} tell more, or are for lying where the prior is not, takes more"
            " images to say."
        )
    share = number(rest / rate, 0, percent=True)
    return (
        f"**{label}** spends {nats['rate']} nats per image: {nats['information']} tell the image,"
        f" and {nats['marginal']} ({share}) are for codes that do not lie as the prior does, all"
        f" together, of {rows[0]['images']:,} images."
    )


def prior_sentence(marginals: Mapping[str, BySeed]) -> str:
    """Return how priors' misfits compare with the standard normal's, and the odds by chance.

    Args:
        marginals: prior, one of `PRIORS` -> seed -> KL(aggregate posterior || prior) in nats, all
            on one schedule; the text is empty without the standard normal or any other.
    """
    cases = _against_normal(marginals)
    if not cases:
        return ""
    nats = {prior: with_spread(values.values(), 2) for prior, values in marginals.items()}
    parts = [
        f"{PRIORS[prior]} {nats[prior]} ({answer(comparison, AGAINST)})"
        for prior, comparison in cases.items()
    ]
    return (
        "By prior, trained on one schedule, that misfit is: standard normal"
        f" {nats['normal']}, {', '.join(parts)}."
    )


def chance_sentence(marginals: Mapping[str, BySeed]) -> str:
    """Return how often chance alone sets a prior apart; arguments as in `prior_sentence`."""
    pairs = _against_normal(marginals).pairs
    return chance(pairs, words="*less* or *more*") if pairs else ""


def _against_normal(marginals: Mapping[str, BySeed]) -> Cases[str]:
    """Return the comparison of each prior with the standard normal; none without that."""
    normal = marginals.get("normal")
    if not normal:
        return Cases()
    others = {prior: values for prior, values in marginals.items() if prior != "normal"}
    return Cases({prior: compare(values, normal) for prior, values in others.items()})


def bars_caption(
    measured: Sequence[Sequence[Numbers]], latents: int, marginals: Mapping[str, BySeed]
) -> str:
    """Return what the bars of the rate's parts are of, and what their images can tell.

    Args:
        measured: numbers of the study `RATE` of each model, an entry for each seed.
        latents: number of latents of all of them.
        marginals: as in `prior_sentence`.
    """
    images = measured[0][0]["images"]
    trainings = counted_trainings([len(rows) for rows in measured])
    return (
        f"Posteriors of {images:,} test images with {latents} latents, averaged over {trainings}."
        f" No code can tell more about which of {images:,} images it is of than log {images:,} ="
        f" {limit(images):.2f} nats: close to that line the split says nothing about more images,"
        " and the rest of the bar is left open. Below it, too, fewer images tell less and leave"
        f" more to the KL(aggregate posterior ‖ prior). {chance_sentence(marginals)}"
    ).rstrip()
