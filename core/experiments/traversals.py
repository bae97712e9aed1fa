"""What each latent of the swept runs does: pictures that ship, so that runs whose weights do not can be looked at."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.checkpoints import SHELF
from core.config import RunConfig
from core.experiments.kept import Numbers, Study, numbers_of
from core.explore.decoding import decode
from core.explore.traversal import most_first, prior_ruler, steps, traverse_each
from core.runs import Run
from core.shelf import swept

STEPS, REACH = 11, 3.0
"""Pictures in a row, and how far they go to either side, in standard deviations of the prior."""


def measure(run: Run, _: Path) -> Numbers:
    """Return the traversals of every latent of a VAE from the origin, the latent with most KL
    first.

    Returns: `shape` of the pictures, (L * STEPS, H, W), and `pictures`, a byte for each pixel,
        compressed, as text.
    """
    kl = np.array(run.metrics["kl_per_latent"])
    origin = np.zeros(len(kl), np.float32)
    codes = traverse_each(origin, most_first(kl), prior_ruler(len(kl)), steps(REACH, STEPS))
    grey = np.rint(255 * decode(run.model, codes)).astype(np.uint8)
    return {"shape": grey.shape, "pictures": b64encode(zlib.compress(grey.tobytes(), 9)).decode()}


SWEPT_TRAVERSALS = Study(
    "traversals", f"{STEPS} steps to {REACH:g} v1", measure, covers=lambda run: run in swept()
)


def pictures(config: RunConfig, root: Path = SHELF) -> NDArray[np.float32] | None:
    """Return the traversals of a swept run, (L * STEPS, H, W), in [0, 1], or None where they were not drawn."""
    kept = numbers_of(SWEPT_TRAVERSALS, config, root)
    if kept is None:
        return None
    grey = np.frombuffer(zlib.decompress(b64decode(kept["pictures"])), np.uint8)
    return grey.reshape(kept["shape"]).astype(np.float32) / np.float32(255)
