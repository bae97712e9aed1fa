"""Sentences on test images that are training images too, and on the numbers without them."""

from __future__ import annotations

from collections.abc import Mapping

from core.config import ALL_LABELS
from core.experiments.kept import Numbers

FIRST_LOOK = "One training each: a first look."


def share(counted: Numbers | None) -> str:
    """Return a sentence of how many test images have a twin in training; nothing without numbers.

    Args:
        counted: comparison of the study `TWINS` on a data set, if it was made.
    """
    if counted is None:
        return ""
    parts = [
        f"{with_twin / images:.0%} of the {name}s"
        for name, (with_twin, images) in counted["by_label"].items()
    ]
    return (
        f"{counted['twins']:,} of the {counted['test_images']:,} test images equal a training"
        f" image pixel for pixel ({', '.join(parts)}): what is measured of them is no test of new"
        " images."
    )


def without_twins(models: Mapping[str, Numbers]) -> str:
    """Return the nll of each model on images without a twin, beside that of training images alike.

    Args:
        models: name of a model -> numbers of the study `TWINS`; the text is empty without any.

    >>> nll = {"without": {"nll": 20.31, "images": 2}, "trained": {"nll": 18.0, "images": 2}}
    >>> without_twins({"vae": nll})
    'On the 2 others (on as many ...) the nll is, in nats per image: VAE 20.3 (18.0). ...'
    """
    if not models:
        return ""
    images = next(iter(models.values()))["without"]["images"]
    parts = [
        f"{ALL_LABELS[name]} {numbers['without']['nll']:.1f} ({numbers['trained']['nll']:.1f})"
        for name, numbers in models.items()
    ]
    return (
        f"On the {images:,} others (on as many training images of the same labels) the nll is, in"
        f" nats per image: {', '.join(parts)}. {FIRST_LOOK}"
    )
