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
