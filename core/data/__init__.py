"""Images: all to test on are always there, those of MNIST to train on are fetched once.

What only reads needs no torch: `read_test_images`, `missing` and the readers of each data set give
arrays. `load` and `load_test` make tensors of them; the names that need torch are imported when
they are asked for.

>>> split = load(DataConfig(name="digits"))
>>> len(split.train), len(split.test)
(1437, 360)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.config import DataConfig
from core.data import digits, fetching, mnist, shapes
from core.data.binarised import TEST_SEED, binarise, binarised, drawn
from core.data.errors import MissingData
from core.data.fetching import Progress
from core.data.order import shuffled

if TYPE_CHECKING:
    from core.data.images import ImageSet, Pixels, Split
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
    "load_test",
    "missing",
    "read_test_images",
]

_WHOLE = {"digits": digits}
"""Data set -> module whose `read` gives all images and labels, `TEST_COUNT` of them held out."""

_NEED_TORCH = {
    "ImageSet": "core.data.images:ImageSet",
    "Pixels": "core.data.images:Pixels",
    "Split": "core.data.images:Split",
    "SpritePixels": "core.data.sprites:SpritePixels",
    "draw_sprites": "core.data.sprites:draw",
}
"""Name -> where it is."""


def __getattr__(name: str) -> Any:
    """Return what needs torch when it is asked for (PEP 562)."""
    if name not in _NEED_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, original = _NEED_TORCH[name].partition(":")
    return getattr(import_module(module), original)


def load(config: DataConfig, *, download: bool = False, progress: Progress | None = None) -> Split:
    """Return the images of a data set, split into train and test, the same ones every time.

    Args:
        config: which data set.
        download: whether the network may be used where the images are missing; a page says no, so
            as not to block.
        progress: called during a download with the bytes that have arrived and the bytes expected.

    Raises:
        MissingData: the images cannot be read; the message is one sentence that says why and what
            to do.
    """
    if config.name in _WHOLE:
        from core.data.images import split_of

        images, labels = _WHOLE[config.name].read()
        return split_of(images, labels, _WHOLE[config.name].TEST_COUNT)
    if config.name == "sprites":
        from core.data import sprites

        return sprites.load(config.size)
    if download:
        fetching.fetch_once(progress)
    grey = mnist.load()
    if not config.binarised:
        return grey
    return binarised(grey, dynamic=config.name == "mnist-dynamic")


def load_test(config: DataConfig) -> ImageSet:
    """Return the test images of a data set, `load(config).test`, which are always here.

    Raises:
        MissingData: a file of the lab is damaged or gone.

    >>> len(load_test(DataConfig(name="mnist")))
    10000
    """
    if not config.name.startswith("mnist"):
        return load(config).test
    grey = mnist.load_test()
    return drawn(grey, TEST_SEED) if config.binarised else grey


def read_test_images(config: DataConfig, index: NDArray[np.integer] | slice) -> NDArray[np.uint8]:
    """Return test images (B, H, W), 0 black and 255 white, without torch.

    They are those of `load(config).test`, in the same order.

    Args:
        config: which data set.
        index: which of the test images, (B,) or a slice.

    Raises:
        MissingData: a file of the lab is damaged or gone.

    >>> read_test_images(DataConfig(name="digits"), slice(3)).shape
    (3, 8, 8)
    """
    if config.name in _WHOLE:
        images, _ = _WHOLE[config.name].read()
        held_out = shuffled(len(images))[: _WHOLE[config.name].TEST_COUNT]
        return images[held_out[index]]
    if config.name == "sprites":
        return shapes.draw(shapes.held_out_factors(config.size)[index], config.size)
    grey = mnist.read_test().images
    return (binarise(grey, TEST_SEED) if config.binarised else grey)[index]


def missing(config: DataConfig) -> str | None:
    """Return None where `load` needs no network, else what is missing and how to get it.

    Returns:
        One sentence.
    """
    return mnist.missing() if config.name.startswith("mnist") else None
