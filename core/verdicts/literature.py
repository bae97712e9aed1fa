"""Rows and sentences on the nll of binary MNIST, ours beside the literature's."""

from __future__ import annotations

import math
from collections.abc import Mapping

from core.config import PRIORS
from core.experiments.claims import HOLDS, compare
from core.experiments.kept import Numbers
from core.experiments.published import PUBLISHED, Published
from core.recipes import with_prior
from core.verdicts.phrases import number, rests_on, with_error

DATA = ("mnist-dynamic", "mnist-static")
"""Binary data sets of the literature."""

LATENTS = 40
"""Latents of our models of them."""

GOAL = 1.5
"""Nats by which the VampPrior was hoped to beat the standard normal, all else the same."""

BINARY = (
    "When the images are **binary**. A grey value is read as the probability of white, and each"
    " pixel drawn: *dynamic* anew in every epoch, *static* once. Then a Bernoulli's nll is a"
    " negative log-probability, and can be held against the literature. These are data sets of"
    " their own, `mnist-dynamic` and `mnist-static`."
)

Ours = Mapping[tuple[str, str], Numbers | None]
"""(data set, prior) -> numbers of the study `EVIDENCE`, None where they were not measured."""


def rows(ours: Ours) -> list[dict[str, str]]:
    """Return a row for each model, ours and the published ones, dynamic binarisation first.

    Args:
        ours: our numbers.
    """
    table = []
    for data in DATA:
        table += [_our_row(*case, numbers) for case, numbers in ours.items() if case[0] == data]
        table += [_their_row(model) for model in PUBLISHED if model.data == data]
    return table


def _our_row(data: str, prior: str, numbers: Numbers | None) -> dict[str, str]:
    train = with_prior(data, LATENTS, prior).train
    row = {
        "Binarised": data.removeprefix("mnist-"),
        "Prior": PRIORS[prior],
        "nll": "–",
        "elbo": "–",
        "From": "Latent Lab",
        "Model": f"VAE, {LATENTS} latents, gated 300-300",
        "Epochs": f"{train.epochs}",
        "k": "–",
    }
    if numbers:
        row["nll"] = with_error(numbers["nll"], numbers["error"])
        row["elbo"] = number(numbers["elbo"], 2)
        row["k"] = f"{numbers['k']:,}"
    return row


def _their_row(model: Published) -> dict[str, str]:
    return {
        "Binarised": model.data.removeprefix("mnist-"),
        "Prior": PRIORS[model.prior],
        "nll": "–" if model.nll is None else f"{model.nll:.2f}",
        "elbo": "–",
        "From": model.source,
        "Model": model.model,
        "Epochs": model.epochs or "–",
        "k": "–" if model.k is None else f"{model.k:,}",
    }


def sentences(ours: Ours) -> str:
    """Return a line for each data set: the VampPrior against the standard normal.

    Args:
        ours: our numbers.
    """
    return "\n".join(f"- {_vamp_against_normal(data, ours)}" for data in DATA)


def _vamp_against_normal(data: str, ours: Ours) -> str:
    normal, vamp = ours.get((data, "normal")), ours.get((data, "vamp"))
    if not normal or not vamp:
        return f"On `{data}` the VampPrior and the standard normal were not both measured yet."
    less, error = normal["nll"] - vamp["nll"], math.hypot(normal["error"], vamp["error"])
    where = f"On `{data}`, with the same networks and schedule,"
    measured = (
        f"{number(abs(less), 2)} nats (standard error of the test images {number(error, 2)}; of"
        " other seeds not measured)"
    )
    comparison = compare({0: vamp["nll"]}, {0: normal["nll"]})
    first_look = rests_on(comparison.pairs)
    if abs(less) < 2 * error:
        return (
            f"{where} the VampPrior and the standard normal cannot be told apart: {measured}."
            f" {first_look}"
        )
    if comparison.leaning == HOLDS:
        reached = "at least" if less >= GOAL else "less than"
        return (
            f"{where} the VampPrior's nll is smaller than the standard normal's by {measured}:"
            f" {reached} the {GOAL} nats hoped for. {first_look}"
        )
    return (
        f"{where} the VampPrior's nll is larger than the standard normal's by {measured}."
        f" {first_look}"
    )


def note(ours: Ours) -> str:
    """Return what our numbers were measured on, and how our training differs from the papers'.

    Args:
        ours: our numbers.
    """
    config = with_prior("mnist-dynamic", LATENTS, "vamp")
    train = config.train
    return (
        f"{_measured_on(ours)} One training each, of {train.epochs} epochs, where the papers take"
        " up to 2,000 and 3,280: gated layers of 300 and 300, batches of"
        f" {train.batch_size}, learning rate {train.learning_rate:g} falling along a cosine, the"
        f" weight of the KL rising over the first {train.warm_up} epochs; for the VampPrior"
        f" {config.model.components} pseudo-inputs; no bounds on the posterior's log-variance, as"
        " the VampPrior's authors set; and a static draw of our own. A dash: not measured, or no"
        " source at hand that says it."
    )


def _measured_on(ours: Ours) -> str:
    measured = [numbers for numbers in ours.values() if numbers]
    if not measured:
        return "Ours were not measured yet."
    first = measured[0]
    return (
        f"Ours: of all {first['test_images']:,} test images, minus their ELBO, less what the"
        f" importance-weighted bound with k = {first['k']:,} adds to it in {first['images']:,} of"
        " them, with the standard error of that; other trainings would differ by more."
    )
