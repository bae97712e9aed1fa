"""From codes to images."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from core.models import Autoencoder

BATCH = 1000

Floats = NDArray[np.float32]


@torch.inference_mode()
def decode(model: Autoencoder, codes: NDArray[np.floating]) -> Floats:
    """Return the expected images (N, H, W) of codes (N, L), clipped to [0, 1]."""
    rows = torch.from_numpy(np.asarray(codes, np.float32)).split(BATCH)
    return torch.cat([model.decode(z).clamp(0, 1) for z in rows]).squeeze(1).numpy()


def plane_codes(extent: tuple[float, float, float, float], resolution: int) -> Floats:
    """Return a grid of two-latent codes (resolution², 2), row by row from the top: z2 falls, z1 rises.

    Each code is the middle of its cell.

    Args:
        extent: lowest z1, highest z1, lowest z2, highest z2.
        resolution: cells along each axis.

    >>> plane_codes((0, 2, 0, 2), 2).tolist()
    [[0.5, 1.5], [1.5, 1.5], [0.5, 0.5], [1.5, 0.5]]
    """
    low1, high1, low2, high2 = extent
    middle = (np.arange(resolution) + 0.5) / resolution
    z1, z2 = np.meshgrid(low1 + middle * (high1 - low1), high2 - middle * (high2 - low2))
    return np.stack([z1.ravel(), z2.ravel()], axis=1).astype(np.float32)
