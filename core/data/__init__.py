"""Images to train on: digits, sprites and mnist, each with a fixed split."""

from __future__ import annotations

from collections.abc import Callable

from core.config import DataConfig
from core.data import digits, mnist, sprites
from core.data.images import ImageSet, MissingData, Split

__all__ = ["ImageSet", "MissingData", "Split", "load", "missing"]


def load(
    config: DataConfig, *, download: bool = False, progress: Callable[[int, int | None], None] | None = None
) -> Split:
    """Return a data set's images, labels and factors, split into train and test in the same way every time.

    Args:
        config: which data set, and the size of sprites.
        download: may the network be used? Only MNIST ever needs it, and only once.
        progress: told how many bytes have arrived, and about how many will.

    Raises:
        MissingData: the images cannot be read; the message says how to get them.
    """
    if config.name == "mnist":
        return mnist.load(download=download, progress=progress)
    if config.name == "digits":
        return digits.load()
    assert config.size is not None
    return sprites.load(config.size)


def missing(config: DataConfig) -> str | None:
    """Return None where `load` needs no network, else a sentence that says what is missing and how to get it."""
    return mnist.missing() if config.name == "mnist" else None
