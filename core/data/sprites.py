"""Squares, ellipses and hearts of every scale, orientation and position, drawn when asked for: no
file.

The factors and their order are those of dSprites (Matthey et al., 2017,
https://github.com/google-deepmind/dsprites-dataset); the drawing is our own. Each shape is drawn
once for each scale and orientation, as a template in the middle of an empty field; an image is a
window on to that field, and moving the window moves the sprite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import final

import torch
from torch import Tensor

from core.data.images import ImageSet, Split, hold_out

SHAPES = ("square", "ellipse", "heart")
FACTOR_NAMES = ("shape", "scale", "orientation", "x", "y")
SCALES = 6
ORIENTATIONS = 40
TEST_COUNT = 10_000
SAMPLES = 8
"""Points per pixel and axis at which coverage is measured."""


def factor_sizes(size: int) -> tuple[int, ...]:
    """Return the number of values of each factor, for images of `size` x `size` pixels, 32 or 64.

    >>> factor_sizes(64), math.prod(factor_sizes(64))
    ((3, 6, 40, 32, 32), 737280)
    """
    if size not in (32, 64):
        raise ValueError(f"size of sprites should be 32 or 64, got {size}")
    return (len(SHAPES), SCALES, ORIENTATIONS, size // 2, size // 2)


def factors_of(index: Tensor, size: int) -> Tensor:
    """Return the factors (B, 5) of the images at an index (B,); the last factor, y, changes
    fastest.

    >>> factors_of(torch.tensor([0, 1, 184_319]), size=32)
    tensor([[ 0,  0,  0,  0,  0],
            [ 0,  0,  0,  0,  1],
            [ 2,  5, 39, 15, 15]])
    """
    _check_range("index of a sprite", index, math.prod(factor_sizes(size)))
    return torch.stack(_unravel(index, size), dim=1)


def index_of(factors: Tensor, size: int) -> Tensor:
    """Return the index (B,) of the images with these factors (B, 5).

    >>> index_of(torch.tensor([[2, 5, 39, 15, 15]]), size=32)
    tensor([184319])
    """
    index = torch.zeros_like(factors[:, 0])
    for values, count in zip(_columns(factors, size), factor_sizes(size), strict=True):
        index = index * count + values
    return index


def draw(factors: Tensor, size: int = 32) -> Tensor:
    """Return the sprites with these factors, (B, 1, size, size), uint8, every pixel 0 or 255.

    Args:
        factors: shape, scale, orientation, x and y (B, 5), int64, each counting from 0. Scales
            grow from 0.5 to 1, orientations turn counter-clockwise by 9 degrees, x moves to the
            right and y down by one pixel.
        size: height and width in pixels, 32 or 64.

    Raises:
        ValueError: another size, or a factor out of range.

    >>> draw(torch.tensor([[0, 5, 0, 8, 8]])).shape
    torch.Size([1, 1, 32, 32])
    """
    return _place(_columns(factors, size), size)


def load(size: int) -> Split:
    """Return all sprites but 10,000 to train on, and those 10,000 to test on; nothing is drawn yet."""
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
        return _place(_unravel(index.to(self.device), self.size), self.size)

    def to(self, device: torch.device | str) -> SpritePixels:
        """Return the same sprites, drawn on a device."""
        return SpritePixels(self.size, device)


def _check_range(what: str, values: Tensor, count: int) -> None:
    wrong = values[(values < 0) | (values >= count)]
    if len(wrong):
        raise ValueError(f"{what} should be between 0 and {count - 1}, got {wrong[0].item()}")


def _columns(factors: Tensor, size: int) -> tuple[Tensor, ...]:
    if factors.ndim != 2 or factors.shape[1] != len(FACTOR_NAMES):
        raise ValueError(
            f"factors should have shape (B, {len(FACTOR_NAMES)}), got {tuple(factors.shape)}"
        )
    columns = factors.unbind(1)
    for name, values, count in zip(FACTOR_NAMES, columns, factor_sizes(size), strict=True):
        _check_range(f"sprite factor {name}", values, count)
    return columns


def _unravel(index: Tensor, size: int) -> tuple[Tensor, ...]:
    columns = []
    for count in reversed(factor_sizes(size)[1:]):
        columns.append(index % count)
        index = index // count
    return index, *reversed(columns)


def _place(columns: tuple[Tensor, ...], size: int) -> Tensor:
    shape, scale, orientation, x, y = columns
    template = (shape * SCALES + scale) * ORIENTATIONS + orientation
    last = size // 2 - 1  # a window further to the right shows the sprite further to the left
    return _windows(size, x.device)[template, last - y, last - x].unsqueeze(1)


@cache
def _windows(size: int, device: torch.device) -> Tensor:
    # (720, positions, positions, size, size), a view: stored are 720 fields of 1.5 size - 1 pixels
    # squared.
    margin = size // 2 - 1
    fields = torch.nn.functional.pad(_templates(size), (margin,) * 4).to(device)
    return fields.unfold(1, size, 1).unfold(2, size, 1)


def _templates(size: int) -> Tensor:
    # (720, size/2 + 1, size/2 + 1): odd, so that a quarter turn about the middle pixel is exact
    # and the positions, size/2 of them, leave no pixel of the image unused.
    turns_per_quarter = torch.arange(ORIENTATIONS // 4)
    first_quarter = torch.stack(
        [_covered(*_turned(turn, size)) for turn in turns_per_quarter], dim=2
    )
    quarters = [first_quarter.rot90(k, dims=(-2, -1)) for k in range(4)]
    return torch.cat(quarters, dim=2).flatten(0, 2)


def _turned(turn: Tensor, size: int) -> tuple[Tensor, Tensor]:
    # Sample points (scales, pixels x SAMPLES, pixels x SAMPLES) as seen by a shape of unit size
    # that was turned.
    pixels = size // 2 + 1
    line = (torch.arange(pixels * SAMPLES) + 0.5) / SAMPLES - pixels / 2
    radius = torch.linspace(0.5, 1, SCALES).view(-1, 1, 1) * size / 4
    y, x = torch.meshgrid(-line, line, indexing="ij")  # the y axis of an image points down
    angle = turn * (2 * math.pi / ORIENTATIONS)
    cos, sin = angle.cos(), angle.sin()
    return (cos * x + sin * y) / radius, (cos * y - sin * x) / radius


def _covered(x: Tensor, y: Tensor) -> Tensor:
    # (shapes, scales, pixels, pixels): 255 where a shape covers at least half of a pixel.
    inside = torch.stack([_in_square(x, y), _in_ellipse(x, y), _in_heart(x, y)])
    coverage = torch.nn.functional.avg_pool2d(inside.float(), SAMPLES)
    return (coverage >= 0.5).to(torch.uint8) * 255


# The three shapes have the same area, 2, and fit into a circle of radius 1.


def _in_square(x: Tensor, y: Tensor) -> Tensor:
    return torch.maximum(x.abs(), y.abs()) <= math.sqrt(0.5)


def _in_ellipse(x: Tensor, y: Tensor) -> Tensor:
    return x**2 + (y * math.pi / 2) ** 2 <= 1


def _in_heart(x: Tensor, y: Tensor) -> Tensor:
    # A disc pushed up along y by sqrt(abs(x)), which leaves its area, pi / 1.2 before it is
    # rescaled, as it was. 0.302 is the middle of the smallest circle around it: there it turns.
    unit = math.sqrt(2 * 1.2 / math.pi)
    x, y = x / unit, y / unit + 0.302
    return x**2 + (1.2 * y - 0.8 * x.abs().sqrt()) ** 2 <= 1
