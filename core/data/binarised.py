"""Black and white images, drawn from grey ones: their nats are nats of binary images, as the
literature gives them.

Each pixel is white with the probability that its grey value says. `dynamic` draws the training
images anew in every epoch (Salakhutdinov and Murray 2008; Burda et al. 2016), `static` once. The
test images are drawn once, the same ones for both. The static file that the literature shares
(Larochelle and Murray 2011) is another draw.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from core.data.images import ImageSet, Split
from core.runtime import generator

_TEST_SEED = 2**31
"""Of the test images; those of the training images count from 0."""
_ROWS = 4096


def binarise(grey: Tensor, seed: int) -> Tensor:
    """Return images (N, 1, H, W), uint8, 0 or 255: white with probability grey / 255.

    >>> binarise(torch.tensor([[[[0, 255]]]], dtype=torch.uint8), seed=0)
    tensor([[[[  0, 255]]]], dtype=torch.uint8)
    """
    random, drawn = generator(seed), torch.empty_like(grey)
    for part, rows in zip(drawn.split(_ROWS), grey.split(_ROWS), strict=True):
        noise = torch.randint(255, rows.shape, generator=random, dtype=torch.uint8)
        part.copy_((noise < rows) * 255)
    return drawn


def binarised(grey: Split, *, dynamic: bool) -> Split:
    """Return a split in black and white.

    Args:
        grey: with stored pixels.
        dynamic: whether each epoch of training draws its images anew.
    """
    train = _drawn(grey.train, 0)
    return Split(
        train=replace(train, redraw=lambda epoch: _drawn(grey.train, epoch)) if dynamic else train,
        test=_drawn(grey.test, _TEST_SEED),
    )


def _drawn(images: ImageSet, seed: int) -> ImageSet:
    assert isinstance(images.pixels, Tensor)
    return replace(images, pixels=binarise(images.pixels, seed))
