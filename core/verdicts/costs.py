"""The numbers of a run as a row, with as many digits as their error allows, and their caption."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from core.config import ALL_LABELS, RunConfig
from core.experiments.kept import Numbers
from core.verdicts.phrases import number, seeds_text

MOST_DIGITS = 2
"""Most digits after the point."""

UNKNOWN_ERROR = 0.1
"""Error in nats that is assumed where none can be estimated."""

_ERRORS = ("nll_error", "kl_error", "elbo_error")


def row(
    config: RunConfig, cost: Numbers, metrics: Numbers, active: Iterable[bool]
) -> dict[str, str]:
    """Return a row of a run's numbers as text, a dash where there is none.

    Args:
        config: the run.
        cost: numbers of the study `COSTS`.
        metrics: the run's own numbers.
        active: whether each of its latents is active.
    """
    latents = list(active)
    return {
        "Model": ALL_LABELS[config.model.name],
        "nll": rounded(cost["nll"], cost["nll_error"]),
        "KL": rounded(cost["kl"], cost.get("kl_error", 0.0)),
        "elbo": rounded(cost["elbo"], cost.get("elbo_error", 0.0)),
        "Codes per image": str(cost["codes"]),
        "Squared error": f"{metrics['mse']:.4f}",
        "Active latents": f"{sum(latents)} of {len(latents)}",
        "Training": f"{metrics['seconds']:,.0f} s",
    }


def of_one_code(metrics: Numbers, error: float | None, *, kl_is_sampled: bool) -> Numbers:
    """Return a run's own numbers, which are of one code for each image, as the study `COSTS` does.

    Args:
        metrics: the run's own numbers.
        error: standard error in nats from the choice of codes; None where it cannot be estimated.
        kl_is_sampled: whether the KL has no closed form, and is of the same code.
    """
    assumed = UNKNOWN_ERROR if error is None else error
    own = {name: metrics[name] for name in ("nll", "kl", "elbo", "test_images")}
    return own | {
        "nll_error": assumed,
        "kl_error": assumed if kl_is_sampled else 0.0,
        "elbo_error": assumed,
        "codes": 1,
        "error_known": error is not None,
    }


def rounded(value: float | None, error: float) -> str:
    """Return a number whose last digit is worth at least half its standard error; a dash for none.

    >>> rounded(-24.1553, 0.0101), rounded(-24.28, 0.068), rounded(20.2156, 0.0)
    ('−24.16', '−24.3', '20.22')
    >>> rounded(None, 0.0)
    '–'
    """
    if value is None:
        return "–"
    allowed = MOST_DIGITS if error <= 0 else math.floor(-math.log10(error / 2))
    return number(value, min(max(allowed, 0), MOST_DIGITS))


def caption(configs: Sequence[RunConfig], costs: Sequence[Numbers]) -> str:
    """Return what each column of some rows means, and how far the numbers may be off.

    Args:
        configs: runs of the rows, at least one.
        costs: numbers of the study `COSTS` of each.
    """
    likelihood = configs[0].model.likelihood.capitalize()
    seeds = seeds_text(config.train.seed for config in configs)
    return (
        f"{costs[0]['test_images']:,} test images, {likelihood} likelihood, one training of each"
        f" ({seeds}). nll, KL and elbo in nats per image: means over the images and over as many"
        f" codes for each as the table says; an AE has but one. {_error_sentence(costs)} Squared"
        " error per pixel, of the reconstruction from the mean code. An autoencoder is charged no"
        " KL and has no elbo."
    )


def _error_sentence(costs: Sequence[Numbers]) -> str:
    if not all(cost.get("error_known", True) for cost in costs):
        return "How far the choice of codes moves them cannot be told without the test images."
    error = max(cost.get(name, 0.0) for cost in costs for name in _ERRORS)
    if not error:
        return ""
    return f"The choice of codes leaves a standard error of at most {error:.1g} nats."
