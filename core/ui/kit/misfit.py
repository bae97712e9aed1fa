"""KL(aggregate posterior || prior) of all images of a data set, beside that of the test images."""

from __future__ import annotations

from collections.abc import Mapping

from core.config import RunConfig
from core.experiments.rate import AGGREGATE
from core.ui.kit import cache
from core.verdicts import misfit


def of_all_images(configs: Mapping[str, RunConfig]) -> str:
    """Return a sentence of some models' KL over all images; nothing where none was measured.

    Args:
        configs: label -> run of any seed, all of one data set.
    """
    measured = {label: cache.over_seeds(AGGREGATE, config) for label, config in configs.items()}
    return misfit.of_all_images({label: rows for label, rows in measured.items() if rows})
