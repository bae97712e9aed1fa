"""The nearest codes in latent space, and the nearest images in pixel space."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from core.data import ImageSet

CHUNK = 4000


def nearest_codes(
    codes: NDArray[np.floating], point: NDArray[np.floating], count: int
) -> NDArray[np.int64]:
    """Return the indices (count,) of the codes (N, L) nearest to a point (L,), nearest first.

    >>> nearest_codes(np.array([[0.0], [5.0], [1.0]]), np.array([0.9]), 2).tolist()
    [2, 0]
    """
    distance = np.square(codes.astype(np.float64) - point).sum(1)
    return np.argsort(distance, kind="stable")[:count]


@torch.inference_mode()
def nearest_images(
    images: ImageSet, queries: NDArray[np.floating]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the index of the image nearest to each query, and its distance.

    The images are read in chunks, so that little memory is needed however many there are.

    Args:
        images: N images.
        queries: (B, H, W) in [0, 1].

    Returns:
        Index (B,), and root mean squared difference per pixel (B,), in units of intensity.
    """
    rows = torch.from_numpy(np.asarray(queries, np.float32)).flatten(1)
    best = torch.full((len(rows),), torch.inf)
    index = torch.zeros(len(rows), dtype=torch.int64)
    for start in range(0, len(images), CHUNK):
        chunk = images.images(slice(start, start + CHUNK)).flatten(1)
        lengths = rows.square().sum(1, keepdim=True) + chunk.square().sum(1)
        squares = lengths - 2 * rows @ chunk.T
        value, place = squares.min(dim=1)
        closer = value < best
        best, index = torch.where(closer, value, best), torch.where(closer, place + start, index)
    return index.numpy(), (best.clamp(min=0) / rows.shape[1]).sqrt().numpy()
