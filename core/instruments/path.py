"""The path: every model's picture on the straight line from one code to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.instruments.parts import Part

Floats = NDArray[np.floating]


def part(
    start: Floats,
    end: Mapping[str, Floats],
    images: NDArray[np.uint8] | None,
    *,
    names: Sequence[str],
    ends: tuple[str, str],
    title: str,
    another: str,
    place: float = 0.0,
) -> Part:
    """Return what the path shows besides the runs.

    Args:
        start: codes (P, R, L) that P ways begin at, in R runs of as many latents.
        end: words for a source of codes -> the codes (P, R, L) that the ways end at.
        images: test images (P, H, W) that the first codes are of; None where they are not here.
        names: of the P images.
        ends: what the slider's left and right end are.
        title: of the slider, for those who hear the page.
        another: words on the button that brings the next way.
        place: where the slider stands at first, 0 to 1.

    Raises:
        ValueError: there is no source of codes, or its codes are not shaped as the first ones.
    """
    shapes = {codes.shape for codes in end.values()}
    if shapes != {start.shape}:
        raise ValueError(f"codes should all be {start.shape}, got {sorted(shapes)}")
    tensors: dict[str, NDArray[Any]] = {
        "from": start.astype(np.float32),
        "to": np.stack([codes.astype(np.float32) for codes in end.values()]),
    }
    if images is not None:
        tensors["images"] = images
    header = {
        "sources": list(end),
        "names": list(names),
        "ends": list(ends),
        "title": title,
        "next": another,
        "start": place,
    }
    return Part("path", header, tensors)
