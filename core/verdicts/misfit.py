"""Sentences on KL(aggregate posterior || prior) of more images than the test images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.experiments.kept import Numbers
from core.verdicts.phrases import counted_trainings

FEWER = "The fewer images, the larger this KL comes out."


def of_all_images(by_label: Mapping[str, Sequence[Numbers]]) -> str:
    """Return the KL over all images of a data set, and between which numbers the data's KL lies.

    Args:
        by_label: label of a model -> numbers of the study `AGGREGATE`, an entry for each training,
            all of one data set; the text is empty without any.

    >>> of_all_images({"VAE": [{"marginal": 0.98, "low": 0.9, "images": 184_320, "whole": True}]})
    'Of all 184,320 images the KL(aggregate‖prior) is: VAE 0.98. The fewer...'
    """
    if not by_label:
        return ""
    first = next(iter(by_label.values()))[0]
    images = f"all {first['images']:,} images"
    if not first["whole"]:
        images += ", to train and to test on,"
    parts = ", ".join(f"{label} {_with_range(rows)}" for label, rows in by_label.items())
    trainings = counted_trainings([len(rows) for rows in by_label.values()])
    return f"Of {images} the KL(aggregate‖prior) is: {parts}. {FEWER} This is of {trainings}."


def _with_range(rows: Sequence[Numbers]) -> str:
    """Return the mean over trainings, and the data's range where there are more images."""
    value, low = _mean(rows, "marginal"), _mean(rows, "low")
    if rows[0]["whole"]:
        return f"{value:.2f}"
    if low == 0 < round(value, 2):
        return (
            f"{value:.2f} (of the data they are drawn from anything up to this: there are too few"
            " images)"
        )
    return f"{value:.2f} (of the data they are drawn from: {low:.2f} to {value:.2f})"


def _mean(rows: Sequence[Numbers], name: str) -> float:
    """Return the mean of a KL over trainings; an estimate below 0 counts as 0."""
    return max(0.0, float(np.mean([row[name] for row in rows])))
