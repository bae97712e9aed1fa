"""The traversals of every latent of a swept run, drawn."""

from __future__ import annotations

import zlib
from base64 import b64encode
from pathlib import Path

import numpy as np

from core.experiments.kept import Numbers
from core.experiments.traversals import REACH, STEPS
from core.explore.decoding import decode
from core.explore.traversal import most_first, prior_ruler, steps, traverse_each
from core.runs import Run


def measure(run: Run, _: Path) -> Numbers:
    """Return the traversals of every latent of a VAE from the origin.

    The latent with most KL comes first.

    Returns: `shape` of the pictures, (L * STEPS, H, W), and `pictures`, a byte for each pixel,
        compressed, as text.
    """
    kl = np.array(run.metrics["kl_per_latent"])
    origin = np.zeros(len(kl), np.float32)
    codes = traverse_each(origin, most_first(kl), prior_ruler(len(kl)), steps(REACH, STEPS))
    grey = np.rint(255 * decode(run.model, codes)).astype(np.uint8)
    return {"shape": grey.shape, "pictures": b64encode(zlib.compress(grey.tobytes(), 9)).decode()}
