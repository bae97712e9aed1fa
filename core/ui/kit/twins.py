"""What is said where test images are training images too: how many, and what is left without them."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.config import ALL_LABELS, DataConfig
from core.data.twins import has_twins
from core.experiments.kept import Numbers, compared, numbers_of
from core.experiments.twins import TWINS
from core.ui.kit import cache
from core.ui.kit.picker import View

FIRST_LOOK = "One training each: a first look."


def share(data: DataConfig) -> str:
    """Return a sentence of how many test images have a twin in training; nothing where none has
    one.

    The share is that of the size of images that was measured.
    """
    counted = compared(TWINS, data, cache.SHELF) if has_twins(data) else None
    if counted is None:
        return ""
    parts = [
        f"{with_twin / every:.0%} of the {name}s"
        for name, (with_twin, every) in counted["by_label"].items()
    ]
    return (
        f"{counted['twins']:,} of the {counted['test_images']:,} test images equal a training"
        f" image pixel for pixel ({', '.join(parts)}): what is measured of them is no test of new"
        " images."
    )


def note_of(data: DataConfig) -> None:
    """Say how many test images of a data set have a twin, where some have."""
    if said := share(data):
        st.caption(said)


def note(view: View) -> None:
    """Say how many test images have a twin, and what each model of the family reaches on those that have none."""
    if not (said := share(view.picked.data)):
        return
    found = {
        ALL_LABELS[name]: numbers_of(TWINS, config, cache.SHELF)
        for name, config in view.family.items()
    }
    st.caption(
        f"{said} {without_twins({label: numbers for label, numbers in found.items() if numbers})}"
    )


def without_twins(found: Mapping[str, Numbers]) -> str:
    """Return the nll of each model on images without a twin, beside that of training images alike;
    nothing without any.

    >>> without_twins({"VAE": {"without": {"nll": 20.31, "images": 2}, "trained": {"nll": 18.0, "images": 2}}})
    'On the 2 others (on as many ... of the same labels) the nll is, in nats per image: VAE 20.3 (18.0). ...'
    """
    if not found:
        return ""
    images = next(iter(found.values()))["without"]["images"]
    each = [
        f"{name} {n['without']['nll']:.1f} ({n['trained']['nll']:.1f})"
        for name, n in found.items()
    ]
    return (
        f"On the {images:,} others (on as many training images of the same labels) the nll is, in"
        f" nats per image: {', '.join(each)}. {FIRST_LOOK}"
    )
