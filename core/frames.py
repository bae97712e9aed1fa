"""Frames of a film, taken of a model while it is trained."""

from __future__ import annotations

import numpy as np
import torch

from core.data import ImageSet
from core.devices import narrowed
from core.film import CELLS, CODES, PIXELS, Film, plane_codes
from core.models import Autoencoder


@torch.inference_mode()
def frame_of(model: Autoencoder, images: ImageSet, epoch: int) -> Film:
    """Return a film of one frame.

    The plane is a square around the origin that holds all of the codes, and the prior to three
    standard deviations.

    Args:
        model: with two latents, on the device of the images; left in evaluation mode.
        images: test images, of which the first are encoded.
        epoch: after which this is; 0 for an untrained model.
    """
    model.eval()
    mean = model.encode(images.images(slice(CODES))).mean
    half = max(3.0, 1.02 * mean.abs().max().item())
    size = images.images(slice(1)).shape[-1]
    cells = min(CELLS, PIXELS // size)
    codes = torch.from_numpy(plane_codes((-half, half, -half, half), cells)).to(mean.device)
    decoded = model.decode(codes).clamp(0, 1).reshape(cells, cells, size, size)
    plane = decoded.transpose(1, 2).reshape(cells * size, cells * size)
    return {
        "epoch": np.array([epoch], np.int32),
        "mean": narrowed(mean.cpu()).numpy()[None],
        "half_width": np.array([half], np.float32),
        "plane": (255 * plane).round().to(torch.uint8).cpu().numpy()[None],
    }
