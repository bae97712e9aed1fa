"""The sliders: one for each latent, and models to scrub through, their pictures under a finger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.explore.traversal import Ruler
from core.instruments.parts import Part

Floats = NDArray[np.floating]

REACH = 3
"""Steps to either side that a slider goes."""


@dataclass(frozen=True, eq=False)
class Latents:
    """What the sliders of one model say about its L latents.

    Args:
        name: of the model on its stop of the scrub, in few words.
        order: the latents, the one that carries most first, from 0 (L).
        amounts: of each latent, such as its KL (L).
        unit: of the amounts, in few words.
        active: whether each latent is in use (L).
        ruler: where the steps of each latent begin, and how long they are.
        note: sentences on the latents of the model.
    """

    name: str
    order: Sequence[int]
    amounts: Floats
    unit: str
    active: NDArray[np.bool_]
    ruler: Ruler
    note: str


def part(
    latents: Sequence[Latents],
    codes: Floats,
    images: NDArray[np.uint8] | None,
    *,
    index: Sequence[int],
    names: Sequence[str],
    scrub: str,
    picked: int,
    size: int,
) -> Part:
    """Return what the sliders show besides the runs.

    Args:
        latents: of the R runs.
        codes: of P test images in R runs (P, R, L).
        images: the images (P, H, W); None where they are not on this machine.
        index: their numbers among the test images (P).
        names: what each of them shows (P).
        scrub: name of the slider that goes through the runs.
        picked: the run that is seen first.
        size: height of an image in pixels.

    Raises:
        ValueError: the lengths do not fit each other.
    """
    shape = (len(index), len(latents), len(latents[0].order))
    if codes.shape != shape:
        raise ValueError(f"codes should be {shape}, got {codes.shape}")
    columns = {
        "order": (attrgetter("order"), np.int32),
        "amounts": (attrgetter("amounts"), np.float32),
        "active": (attrgetter("active"), np.uint8),
        "origin": (attrgetter("ruler.origin"), np.float32),
        "unit": (attrgetter("ruler.unit"), np.float32),
    }
    tensors: dict[str, NDArray[Any]] = {"codes": codes.astype(np.float32)}
    for name, (read, kind) in columns.items():
        tensors[name] = np.array(list(map(read, latents))).astype(kind)
    if images is not None:
        tensors["images"] = images
    header = {
        "models": [{"name": one.name, "unit": one.unit, "note": one.note} for one in latents],
        "index": list(index),
        "names": list(names),
        "scrub": scrub,
        "picked": picked,
        "reach": REACH,
        "size": size,
    }
    return Part("sliders", header, tensors)
