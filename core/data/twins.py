"""Test images that are also training images, pixel for pixel: of these a model has seen all there is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import torch
from torch import Tensor

from core.config import DataConfig
from core.data.images import ImageSet, Split

_AT_ONCE = 10_000
"""Images that are drawn at a time."""


def has_twins(data: DataConfig) -> bool:
    """Return whether some test images of a data set have a twin; digits and MNIST have none.

    >>> has_twins(DataConfig(name="sprites")), has_twins(DataConfig(name="mnist"))
    (True, False)
    """
    return data.name == "sprites"


def twins(split: Split) -> Tensor:
    """Return which test images have a twin: True where some training image has the very same
    pixels.

    What judges how well a model does on images that it was not trained on has to leave them out.
    Sprites have many: a square looks the same after a quarter turn and an ellipse after half a
    turn, so that several orientations are one image, some of which are trained on.

    Args:
        split: whose images are compared; drawn a few at a time where they are not stored.

    Returns:
        One truth value per test image (N,), on the CPU.

    >>> same = ImageSet(pixels=torch.zeros(3, 1, 2, 2, dtype=torch.uint8), labels=torch.zeros(3))
    >>> other = ImageSet(pixels=torch.tensor([[[[0, 0], [0, 0]]], [[[9, 0], [0, 0]]]], dtype=torch.uint8),
    ...                  labels=torch.zeros(2))
    >>> twins(Split(train=same, test=other))
    tensor([ True, False])
    """
    trained = set(_digests(split.train))
    return torch.tensor([digest in trained for digest in _digests(split.test)], dtype=torch.bool)


def _digests(images: ImageSet) -> Iterator[bytes]:
    """Yield what tells the pixels of each image from all others, 16 bytes."""
    for start in range(0, len(images), _AT_ONCE):
        rows = images.raw(slice(start, start + _AT_ONCE)).flatten(1).cpu().numpy()
        yield from (hashlib.blake2b(row, digest_size=16).digest() for row in rows)
