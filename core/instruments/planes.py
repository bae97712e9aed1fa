"""The planes: the codes of test images by models of two latents, decoded under a finger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.instruments.parts import Part

Floats = NDArray[np.floating]


def part(
    codes: Floats,
    half_widths: Sequence[float],
    labels: NDArray[np.integer],
    images: NDArray[np.uint8] | None,
    *,
    classes: Sequence[str],
    colors: Sequence[str],
    normal: Sequence[bool],
    prior: str,
) -> Part:
    """Return what the planes show besides the runs.

    Args:
        codes: of N test images in R runs (R, N, 2).
        half_widths: half the width of each run's plane (R), in units of its codes.
        labels: class of each image (N,).
        images: the images (N, H, W); None where they are not on this machine.
        classes: name of each class.
        colors: `#rrggbb` of each class.
        normal: for each run, whether its prior is a standard normal, drawn as circles.
        prior: `#rrggbb` of the circles.

    Raises:
        ValueError: the codes are not of two latents, or the lengths do not fit each other.
    """
    if codes.ndim != 3 or codes.shape[2] != 2 or codes.shape[1] != len(labels):
        raise ValueError(f"codes should be (R, {len(labels)}, 2), got {codes.shape}")
    tensors: dict[str, NDArray[Any]] = {
        "codes": codes.astype(np.float32),
        "half": np.asarray(half_widths, np.float32),
        "labels": labels.astype(np.uint8),
    }
    if images is not None:
        tensors["images"] = images
    header = {
        "classes": list(classes),
        "colors": list(colors),
        "normal": list(normal),
        "prior": prior,
    }
    return Part("planes", header, tensors)
