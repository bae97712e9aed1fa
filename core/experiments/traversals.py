"""Traversals of the swept runs as pictures, which ship where the weights do not."""

from __future__ import annotations

import zlib
from base64 import b64decode
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.checkpoints import SHELF
from core.config import RunConfig
from core.experiments.kept import Study, numbers_of
from core.shelf import swept

STEPS, REACH = 11, 3.0
"""Pictures in a row, and how far they go to either side, in standard deviations of the prior."""


SWEPT_TRAVERSALS = Study(
    "traversals",
    f"{STEPS} steps to {REACH:g} v1",
    "core.experiments.measuring.traversals:measure",
    covers=lambda run: run in swept(),
)


def pictures(config: RunConfig, root: Path = SHELF) -> NDArray[np.float32] | None:
    """Return the traversals of a run, (L * STEPS, H, W), in [0, 1], or None if there are none."""
    numbers = numbers_of(SWEPT_TRAVERSALS, config, root)
    if numbers is None:
        return None
    grey = np.frombuffer(zlib.decompress(b64decode(numbers["pictures"])), np.uint8)
    return grey.reshape(numbers["shape"]).astype(np.float32) / np.float32(255)
