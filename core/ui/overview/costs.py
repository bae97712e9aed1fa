"""What the test images of each run cost, read or estimated for the table of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.config import RunConfig
from core.data import MissingData
from core.experiments.costs import COSTS
from core.experiments.kept import Numbers, numbers_of
from core.ui.kit import cache, widgets
from core.verdicts import costs as verdicts


def draw(configs: Sequence[RunConfig]) -> None:
    """Draw a table with a row for each run, and its caption.

    Args:
        configs: runs of the rows, at least one.
    """
    costs = [of(config) for config in configs]
    rows = []
    for config, cost in zip(configs, costs, strict=True):
        active = cache.active_latents(config)
        rows.append(verdicts.row(config, cost, cache.run(config).metrics, active))
    widgets.table(rows)
    st.caption(verdicts.caption(configs, costs))


@cache.fresh(COSTS, max_entries=64)
def of(config: RunConfig) -> Numbers:
    """Return the numbers of the study `COSTS`, or a run's own, which are of one code per image."""
    measured = numbers_of(COSTS, config, cache.SHELF)
    if measured is not None:
        return measured
    # Without a closed form the KL is of the same single code as the nll.
    sampled = bool(config.model.components)
    error = _error_of_one_code(config)
    return verdicts.of_one_code(cache.run(config).metrics, error, kl_is_sampled=sampled)


def _error_of_one_code(config: RunConfig) -> float | None:
    """Measure the standard error of a run's own nll, in nats; None where that cannot be done."""
    from core.experiments.measuring.costs import error_of_one_code

    try:
        return error_of_one_code(cache.run(config))
    except (MissingData, ValueError):  # the test images are not here, or are others
        return None
