"""Test images that are also training images, pixel for pixel: a model was trained on them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.config import DataConfig

if TYPE_CHECKING:
    from core.data.images import ImageSet, Split

_AT_ONCE = 10_000
"""Images that are drawn at a time."""


def has_twins(data: DataConfig) -> bool:
    """Return whether some test images of a data set have a twin; digits and MNIST have none.

    >>> has_twins(DataConfig(name="sprites")), has_twins(DataConfig(name="mnist"))
    (True, False)
    """
    return data.name == "sprites"


def twins(split: Split) -> NDArray[np.bool_]:
    """Return which test images have a twin, a training image with the very same pixels.

    What judges how well a model does on images that it was not trained on has to leave them out.
    Sprites have many: a square looks the same after a quarter turn and an ellipse after half a
    turn, so that several orientations are one image, some of which are trained on.

    Args:
        split: whose images are compared; drawn a few at a time where they are not stored.

    Returns:
        One truth value per test image (N,).

    >>> import torch
    >>> from core.data import ImageSet, Split
    >>> same = ImageSet(pixels=torch.zeros(3, 1, 2, 2, dtype=torch.uint8), labels=torch.zeros(3))
    >>> grey = torch.tensor([[0, 0, 0, 0], [9, 0, 0, 0]], dtype=torch.uint8)
    >>> other = ImageSet(pixels=grey.view(2, 1, 2, 2), labels=torch.zeros(2))
    >>> twins(Split(train=same, test=other))
    array([ True, False])
    """
    trained = set(_digests(split.train))
    return np.array([digest in trained for digest in _digests(split.test)], np.bool_)


def _digests(images: ImageSet) -> Iterator[bytes]:
    """Yield what tells the pixels of each image from all others, 16 bytes."""
    for start in range(0, len(images), _AT_ONCE):
        rows = images.raw(slice(start, start + _AT_ONCE)).flatten(1).cpu().numpy()
        yield from (hashlib.blake2b(row, digest_size=16).digest() for row in rows)
