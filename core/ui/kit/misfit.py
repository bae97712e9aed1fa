"""What is said of KL(aggregate posterior || prior) beyond the test images that it is measured on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.config import RunConfig
from core.experiments.kept import Numbers
from core.experiments.rate import AGGREGATE
from core.ui.kit import cache
from core.verdicts.phrases import counted_trainings

FEWER = "The fewer images, the larger this KL comes out."


def of_all_images(configs: Mapping[str, RunConfig]) -> str:
    """Return what the KL of some models is over all images of their data set; nothing where none
    was measured.

    Args:
        configs: label -> run of any seed.
    """
    found = {label: cache.over_seeds(AGGREGATE, config) for label, config in configs.items()}
    return misfit_text({label: numbers for label, numbers in found.items() if numbers})


def misfit_text(found: Mapping[str, Sequence[Numbers]]) -> str:
    """Return the KL over all images of a data set, and between which numbers that of the data
    lies.

    Args:
        found: label -> what the study `AGGREGATE` measured, an entry for each training; of one
            data set.

    >>> misfit_text({"VAE": [{"marginal": 0.98, "low": 0.98, "images": 184_320, "whole": True}]})
    'Of all 184,320 images the KL(aggregate‖prior) is: VAE 0.98. The fewer...'
    """
    if not found:
        return ""
    first = next(iter(found.values()))[0]
    each = ", ".join(f"{label} {_said(numbers)}" for label, numbers in found.items())
    what = f"all {first['images']:,} images" + (
        "" if first["whole"] else ", to train and to test on,"
    )
    counted = counted_trainings([len(numbers) for numbers in found.values()])
    return f"Of {what} the KL(aggregate‖prior) is: {each}. {FEWER} This is of {counted}."


def _said(numbers: Sequence[Numbers]) -> str:
    """Return the mean over trainings, and the range of the data where these images are not all there are."""
    value, low = (
        max(0.0, float(np.mean([one[part] for one in numbers]))) for part in ("marginal", "low")
    )
    if numbers[0]["whole"]:
        return f"{value:.2f}"
    if low == 0 < round(value, 2):
        return (
            f"{value:.2f} (of the data they are drawn from anything up to this: there are too few"
            " images)"
        )
    return f"{value:.2f} (of the data they are drawn from: {low:.2f} to {value:.2f})"
