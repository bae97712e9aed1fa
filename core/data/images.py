"""Sets of images with labels and factors, and the split into train and test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, Self, final, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data.order import shuffled


@runtime_checkable
class Pixels(Protocol):
    """Images that are indexed like a uint8 tensor (N, 1, H, W), stored or drawn on demand."""

    def __len__(self) -> int:
        """Return the number of images N."""
        ...

    def __getitem__(self, index: Tensor, /) -> Tensor:
        """Return images (B, 1, H, W), uint8, at an index (B,), int64."""
        ...

    def to(self, device: torch.device | str, /) -> Self:
        """Return the same images, indexed and read on a device."""
        ...


@final
@dataclass(frozen=True)
class Picked:
    """Some images of a lazy set, in a given order, drawn no sooner than asked for.

    Args:
        pixels: the lazy set, M images.
        index: which of them (N,), int64.
    """

    pixels: Pixels
    index: Tensor

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, index: Tensor) -> Tensor:
        return self.pixels[self.index[index]]

    def to(self, device: torch.device | str) -> Picked:
        """Return the same images, read on a device."""
        return Picked(self.pixels.to(device), self.index.to(device))


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class ImageSet:
    """Grey images with what is known about each.

    Args:
        pixels: intensities (N, 1, H, W), uint8, 0 black and 255 white.
        labels: class of each image (N,), int64.
        label_names: name of each class.
        factors: what truly varies (N, K), int64, each column counting from 0; None where it is not
            known.
        factor_names: name of each column.
        factor_sizes: number of values of each column.
        redraw: epoch -> the images of that epoch, where each has its own; see `epoch`.

    >>> white = torch.full((3, 1, 8, 8), 255, dtype=torch.uint8)
    >>> digits = ImageSet(pixels=white, labels=torch.arange(3))
    >>> len(digits), digits.images(torch.tensor([0, 2])).shape, digits.images().max()
    (3, torch.Size([2, 1, 8, 8]), tensor(1.))
    """

    pixels: Pixels
    labels: Tensor
    label_names: tuple[str, ...] = ()
    factors: Tensor | None = None
    factor_names: tuple[str, ...] = ()
    factor_sizes: tuple[int, ...] = ()
    redraw: Callable[[int], ImageSet] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.pixels, Tensor) and self.pixels.dtype != torch.uint8:
            raise ValueError(
                f"pixels should be uint8, 0 black and 255 white, got {self.pixels.dtype}"
            )
        for what, rows in (("labels", self.labels), ("factors", self.factors)):
            if rows is not None and len(rows) != len(self.pixels):
                raise ValueError(
                    f"{what} should be one per image, {len(self.pixels)}, got {len(rows)}"
                )

    def __len__(self) -> int:
        return len(self.pixels)

    def images(self, index: Tensor | slice | None = None) -> Tensor:
        """Return images (B, 1, H, W), float32 in [0, 1], on the device of the set.

        Args:
            index: which ones (B,), int64, or a slice; all of them when left out.
        """
        return self.raw(index).to(torch.float32).div_(255)

    def raw(self, index: Tensor | slice | None = None) -> Tensor:
        """Return images (B, 1, H, W) as stored, uint8 from 0 to 255; `index` as for `images`."""
        return self.pixels[self._index(index)]

    def epoch(self, number: int) -> ImageSet:
        """Return the images to train on in an epoch, counted from 0.

        They are the same in every epoch, unless they are drawn anew.
        """
        return self if self.redraw is None else self.redraw(number)

    def to(self, device: torch.device | str) -> ImageSet:
        """Return the same set stored on a device, where a batch is gathered without a copy."""
        factors = None if self.factors is None else self.factors.to(device)
        there = replace(
            self, pixels=self.pixels.to(device), labels=self.labels.to(device), factors=factors
        )
        return there._redrawn(lambda images: images.to(device))

    def subset(self, index: Tensor | slice) -> ImageSet:
        """Return some of the images, in the order of `index`; a lazy set stays lazy."""
        index = self._index(index)
        stored = isinstance(self.pixels, Tensor)
        pixels = self.pixels[index] if stored else Picked(self.pixels, index)
        factors = None if self.factors is None else self.factors[index]
        some = replace(self, pixels=pixels, labels=self.labels[index], factors=factors)
        return some._redrawn(lambda images: images.subset(index))

    def _redrawn(self, change: Callable[[ImageSet], ImageSet]) -> ImageSet:
        """Return this set with what is drawn anew changed in the same way as it was."""
        redraw = self.redraw
        return (
            self if redraw is None else replace(self, redraw=lambda epoch: change(redraw(epoch)))
        )

    def _index(self, index: Tensor | slice | None) -> Tensor:
        if isinstance(index, Tensor):
            return index.to(self.labels.device)
        return torch.arange(len(self), device=self.labels.device)[index or slice(None)]


@final
@dataclass(frozen=True)
class Split:
    """Images to train on, and others that are held out to test on.

    No image stands in both, but two images may have the same pixels: see `core.data.twins`.
    """

    train: ImageSet
    test: ImageSet


def split_of(images: NDArray[np.uint8], labels: NDArray[np.int64], test_count: int) -> Split:
    """Return arrays as a split whose classes are named by their numbers.

    Args:
        images: (N, H, W), 0 black and 255 white.
        labels: class of each image (N,), from 0.
        test_count: number of images to test on, drawn at random, the same always and everywhere.
    """
    whole = ImageSet(
        pixels=torch.from_numpy(images).unsqueeze(1),
        labels=torch.from_numpy(labels),
        label_names=tuple(str(label) for label in range(labels.max() + 1)),
    )
    return hold_out(whole, test_count)


def hold_out(images: ImageSet, count: int) -> Split:
    """Return a split whose test set is `count` images in a fixed random order.

    They are the same ones always and everywhere.

    Args:
        images: the whole set.
        count: number of images to test on, less than all.
    """
    order = torch.from_numpy(shuffled(len(images)))
    return Split(train=images.subset(order[count:]), test=images.subset(order[:count]))
