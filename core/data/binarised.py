"""Black and white images, drawn from grey ones, whose nats are those that the literature gives.

Each pixel is white with the probability that its grey value says. `dynamic` draws the training
images anew in every epoch (Salakhutdinov and Murray 2008; Burda et al. 2016), `static` once. The
test images are drawn once, the same ones for both. The static file that the literature shares
(Larochelle and Murray 2011) is another draw.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from core.data.images import ImageSet, Split

TEST_SEED = 2**31
"""Seed of the test images; those of the training images count from 0."""

_ROWS = 4096
"""Images that are drawn at a time."""


def binarise(grey: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Return images (N, ...), 0 or 255, white with probability grey / 255.

    The random numbers are the raw ones of the Mersenne Twister, modulo 255. They are those of
    `torch.randint` with a generator of the same seed, and NumPy promises them for ever.

    Args:
        grey: images (N, ...), 0 black and 255 white.
        seed: of the draw, from 0 to 2**32 - 1.

    >>> binarise(np.array([[0, 255]], np.uint8), seed=0)
    array([[  0, 255]], dtype=uint8)
    """
    random, drawn = np.random.RandomState(seed), np.empty_like(grey)
    for start in range(0, len(grey), _ROWS):
        rows = grey[start : start + _ROWS]
        noise = random.randint(0, 2**32, rows.shape, dtype=np.uint32) % 255
        drawn[start : start + _ROWS] = (noise < rows) * np.uint8(255)
    return drawn


def binarised(grey: Split, *, dynamic: bool) -> Split:
    """Return a split in black and white.

    Args:
        grey: with stored pixels.
        dynamic: whether each epoch of training draws its images anew.
    """
    from core.data.images import Split

    train = drawn(grey.train, 0)
    return Split(
        train=replace(train, redraw=lambda epoch: drawn(grey.train, epoch)) if dynamic else train,
        test=drawn(grey.test, TEST_SEED),
    )


def drawn(images: ImageSet, seed: int) -> ImageSet:
    """Return a set with stored pixels in black and white; `seed` as for `binarise`."""
    import torch

    assert isinstance(images.pixels, torch.Tensor)
    pixels = binarise(images.pixels.numpy(), seed)
    return replace(images, pixels=torch.from_numpy(pixels))
