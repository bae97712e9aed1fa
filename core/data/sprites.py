"""The sprites of `core.data.shapes` as tensors, drawn when asked for, on any device."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import final

import torch
from torch import Tensor

from core.data.images import ImageSet, Split, hold_out
from core.data.shapes import (
    FACTOR_NAMES,
    SHAPES,
    TEST_COUNT,
    check_range,
    columns_of,
    factor_sizes,
    fields,
    unravel,
    window_of,
)


def factors_of(index: Tensor, size: int) -> Tensor:
    """Return the factors (B, 5) of the sprites at an index (B,); y, the last one, changes fastest.

    Raises:
        ValueError: another size than 32 or 64, or an index out of range.

    >>> factors_of(torch.tensor([0, 1, 184_319]), size=32)
    tensor([[ 0,  0,  0,  0,  0],
            [ 0,  0,  0,  0,  1],
            [ 2,  5, 39, 15, 15]])
    """
    check_range("index of a sprite", index, math.prod(factor_sizes(size)))
    return torch.stack(unravel(index, size), dim=1)


def draw(factors: Tensor, size: int = 32) -> Tensor:
    """Return the sprites with these factors, (B, 1, size, size), uint8, every pixel 0 or 255.

    Args:
        factors: shape, scale, orientation, x and y (B, 5), int64, as `core.data.shapes.draw` has
            them.
        size: height and width in pixels, 32 or 64.

    Raises:
        ValueError: another size, or a factor out of range.

    >>> draw(torch.tensor([[0, 5, 0, 8, 8]])).shape
    torch.Size([1, 1, 32, 32])
    """
    return _place(columns_of(factors, size), size)


def load(size: int) -> Split:
    """Return all sprites but 10,000 to train on, and those to test on; nothing is drawn yet."""
    pixels = SpritePixels(size)
    factors = factors_of(torch.arange(len(pixels)), size)
    whole = ImageSet(
        pixels=pixels,
        labels=factors[:, 0].clone(),
        label_names=SHAPES,
        factors=factors,
        factor_names=FACTOR_NAMES,
        factor_sizes=factor_sizes(size),
    )
    return hold_out(whole, TEST_COUNT)


@final
@dataclass(frozen=True)
class SpritePixels:
    """All sprites of one size, indexed like a tensor (N, 1, size, size) that is never stored.

    Args:
        size: height and width in pixels, 32 or 64.
        device: where the templates are kept and images are made.
    """

    size: int
    device: torch.device | str = "cpu"

    def __len__(self) -> int:
        return math.prod(factor_sizes(self.size))

    def __getitem__(self, index: Tensor) -> Tensor:
        return _place(unravel(index.to(self.device), self.size), self.size)

    def to(self, device: torch.device | str) -> SpritePixels:
        """Return the same sprites, drawn on a device."""
        return SpritePixels(self.size, device)


def _place(columns: tuple[Tensor, ...], size: int) -> Tensor:
    """Return the sprites whose factors are given as columns, each (B,)."""
    windows = _windows(size, columns[0].device)
    return windows[window_of(columns, size)].unsqueeze(1)


@cache
def _windows(size: int, device: torch.device) -> Tensor:
    # (720, positions, positions, size, size), a view: stored are 720 fields of 1.5 size - 1 pixels
    # squared.
    stored = torch.from_numpy(fields(size)).to(device)
    return stored.unfold(1, size, 1).unfold(2, size, 1)
