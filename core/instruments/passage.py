"""The passage: every model's pictures on the way from one test image to another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.instruments.parts import Part

Floats = NDArray[np.floating]

FRAMES = 11
"""Pictures of a strip, both ends among them."""


def part(
    codes: Floats,
    images: NDArray[np.uint8] | None,
    *,
    index: Sequence[int],
    names: Sequence[str],
    pairs: Sequence[tuple[int, int]],
    picked: tuple[int, int],
    stand_in: int,
    blending: tuple[str, str],
    columns: int,
) -> Part:
    """Return what the passage shows besides the runs.

    Args:
        codes: of N test images in R runs (N, R, L).
        images: the images (N, H, W); None where they are not on this machine.
        index: their numbers among the test images (N).
        names: what each of them shows (N).
        pairs: places of two images each that the dice go through.
        picked: places of the two images that are seen first.
        stand_in: run that decodes the gallery where the images are not here.
        blending: name and colour of the way through pixels.
        columns: pictures in a row of the gallery.

    Raises:
        ValueError: the codes are not of as many images.
    """
    if codes.ndim != 3 or len(codes) != len(index):
        raise ValueError(f"codes should be ({len(index)}, R, L), got {codes.shape}")
    tensors: dict[str, NDArray[np.generic]] = {
        "codes": codes.astype(np.float32),
        "pairs": np.array(pairs, np.int32),
    }
    if images is not None:
        tensors["images"] = images
    header = {
        "index": list(index),
        "names": list(names),
        "picked": list(picked),
        "standIn": stand_in,
        "blending": {"label": blending[0], "color": blending[1]},
        "columns": columns,
        "frames": FRAMES,
    }
    return Part("passage", header, tensors)
