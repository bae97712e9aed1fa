"""Images to learn from: digits and sprites are always there, MNIST is read from disk or downloaded
once.

>>> split = load(DataConfig(name="digits"))
>>> len(split.train), len(split.test)
(1437, 360)
"""

from __future__ import annotations

from core.config import DataConfig
from core.data import digits, mnist, sprites
from core.data.binarised import binarised
from core.data.images import ImageSet, MissingData, Pixels, Split
from core.data.mnist import Progress
from core.data.sprites import SpritePixels
from core.data.sprites import draw as draw_sprites

__all__ = [
    "ImageSet",
    "MissingData",
    "Pixels",
    "Progress",
    "Split",
    "SpritePixels",
    "draw_sprites",
    "load",
    "missing",
]


def load(config: DataConfig, *, download: bool = False, progress: Progress | None = None) -> Split:
    """Return the images of a data set, split into train and test, the same ones every time.

    Args:
        config: which data set.
        download: whether the network may be used where the images are missing; a page says no, so
            as not to block.
        progress: called during a download with the bytes that have arrived and the bytes expected,
            if known.

    Raises:
        MissingData: the images cannot be read; the message is one sentence that says why and what
            to do.
    """
    if config.name == "digits":
        return digits.load()
    if config.name == "sprites":
        return sprites.load(config.size or 32)
    grey = mnist.load(download=download, progress=progress)
    return (
        grey if config.name == "mnist" else binarised(grey, dynamic=config.name == "mnist-dynamic")
    )


def missing(config: DataConfig) -> str | None:
    """Return None where `load` needs no network, else one sentence: what is missing and how to get it."""
    return mnist.missing() if config.name.startswith("mnist") else None
