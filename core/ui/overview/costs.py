"""The numbers of a run as a row: what its test images cost, with as many digits as their error allows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.config import ALL_LABELS, RunConfig
from core.data import MissingData
from core.experiments.costs import COSTS
from core.experiments.kept import Numbers, numbers_of
from core.experiments.measuring.costs import error_of_one_code
from core.ui.kit import cache
from core.verdicts.phrases import seeds_text

MOST_DIGITS, UNKNOWN_ERROR = 2, 0.1
"""Digits after the point that are shown at most, and the error in nats that is assumed where none can be had."""

_ERRORS = ("nll_error", "kl_error", "elbo_error")


def row(config: RunConfig) -> dict[str, str]:
    """Return a row of a run's numbers as text; a dash where there is none."""
    metrics, alive, cost = (
        cache.run(config).metrics,
        cache.active_latents(config),
        of(config),
    )
    return {
        "Model": ALL_LABELS[config.model.name],
        "nll": rounded(cost["nll"], cost["nll_error"]),
        "KL": rounded(cost["kl"], cost.get("kl_error", 0.0)),
        "elbo": rounded(cost["elbo"], cost.get("elbo_error", 0.0)),
        "Codes per image": str(cost["codes"]),
        "Squared error": f"{metrics['mse']:.4f}",
        "Active latents": f"{alive.sum()} of {len(alive)}",
        "Training": f"{metrics['seconds']:,.0f} s",
    }


@cache.fresh(COSTS, max_entries=64)
def of(config: RunConfig) -> Numbers:
    """Return what was measured of a run, as `core.experiments.costs.measure`; else its own, of one code per image."""
    kept = numbers_of(COSTS, config, cache.SHELF)
    if kept is not None:
        return kept
    run = cache.run(config)
    own = {name: run.metrics[name] for name in ("nll", "kl", "elbo", "test_images")}
    try:
        error, known = error_of_one_code(run), True
    except (MissingData, ValueError):  # the test images are not here, or are others
        error, known = UNKNOWN_ERROR, False
    # Without a closed form the KL is of the same single code.
    kl_error = error if config.model.components else 0.0
    return own | {
        "nll_error": error,
        "kl_error": kl_error,
        "elbo_error": error,
        "codes": 1,
        "error_known": known,
    }


def rounded(value: float | None, error: float) -> str:
    """Return a number whose last digit is worth at least half its standard error; a dash for none.

    >>> rounded(-24.1553, 0.0101), rounded(-24.28, 0.068), rounded(20.2156, 0.0), rounded(None, 0.0)
    ('−24.16', '−24.3', '20.22', '–')
    """
    if value is None:
        return "–"
    allowed = MOST_DIGITS if error <= 0 else math.floor(-math.log10(error / 2))
    return f"{value:.{min(max(allowed, 0), MOST_DIGITS)}f}".replace("-", "−")


def caption(configs: Sequence[RunConfig]) -> str:
    """Return what each column of some rows is of, and how far the numbers may be off.

    Args:
        configs: of the rows; at least one.
    """
    costs = [of(config) for config in configs]
    if all(cost.get("error_known", True) for cost in costs):
        error = max(cost[name] for cost in costs for name in _ERRORS if name in cost)
        off = (
            f"The choice of codes leaves a standard error of at most {error:.1g} nats."
            if error
            else ""
        )
    else:
        off = "How far the choice of codes moves them cannot be told without the test images."
    likelihood = configs[0].model.likelihood.capitalize()
    return (
        f"{costs[0]['test_images']:,} test images, {likelihood} likelihood, one training of each"
        f" ({seeds_text(config.train.seed for config in configs)}). nll, KL and elbo in nats per"
        " image: means over the images and over as many codes for each as the table says; an AE"
        f" has but one. {off} Squared error per pixel, of the reconstruction from the mean code."
        " An autoencoder is charged no KL and has no elbo."
    )
