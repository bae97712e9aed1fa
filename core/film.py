"""The film of a training: where the codes lie and what the plane around them decodes to, at chosen
epochs.

Only models of two latents have one, since only their plane can be seen whole.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from core.data import ImageSet
from core.models import Autoencoder
from core.runtime import narrowed

FRAMES = 25
"""At most so many are kept of a training."""
CODES = 1000
"""Test images whose codes are kept, the first ones."""
CELLS, PIXELS = 10, 320
"""Images along each side of the decoded plane, fewer where they would be wider than so many pixels together."""

Film = dict[str, NDArray[np.generic]]
"""`epoch` (F,), `mean` (F, N, 2) codes, `half_width` (F,) of the plane, `plane` (F, H, W) in grey levels."""


def film_epochs(epochs: int) -> tuple[int, ...]:
    """Return after which epochs a frame is taken: before the first, then further and further
    apart, after the last.

    >>> film_epochs(10)
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    >>> film_epochs(200)[-3:]
    (126, 159, 200)
    """
    later = np.geomspace(1, epochs, FRAMES - 1).round().astype(int).tolist()
    return tuple(sorted({0, *later}))


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


def spliced(film: Film, frame: Film) -> Film:
    """Return a film with further frames behind it."""
    return (
        {name: np.concatenate([film[name], new]) for name, new in frame.items()} if film else frame
    )


def plane_codes(extent: tuple[float, float, float, float], resolution: int) -> NDArray[np.float32]:
    """Return a grid of two-latent codes (resolution², 2), row by row from the top: z2 falls, z1
    rises.

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
