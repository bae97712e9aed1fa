"""Squares, ellipses and hearts of every scale, orientation and position, drawn when asked for.

The factors and their order are those of dSprites (Matthey et al., 2017,
https://github.com/google-deepmind/dsprites-dataset); the drawing is our own. Each shape is drawn
once for each scale and orientation, as a template in the middle of an empty field; an image is a
window on to that field, and moving the window moves the sprite.

All of it is numpy. `core.data.sprites` makes tensors of it, to train on.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.data.order import shuffled

if TYPE_CHECKING:
    from torch import Tensor

SHAPES = ("square", "ellipse", "heart")
FACTOR_NAMES = ("shape", "scale", "orientation", "x", "y")
SCALES = 6
ORIENTATIONS = 40
TEST_COUNT = 10_000
SAMPLES = 8
"""Points per pixel and axis at which coverage is measured."""

Numbers = TypeVar("Numbers", "NDArray[np.int64]", "Tensor")
"""Whole numbers, as an array or as a tensor."""

Floats = NDArray[np.float32]


def factor_sizes(size: int) -> tuple[int, ...]:
    """Return the number of values of each factor, for images of `size` x `size` pixels, 32 or 64.

    Raises:
        ValueError: another size.

    >>> factor_sizes(64), math.prod(factor_sizes(64))
    ((3, 6, 40, 32, 32), 737280)
    """
    if size not in (32, 64):
        raise ValueError(f"size of sprites should be 32 or 64, got {size}")
    return (len(SHAPES), SCALES, ORIENTATIONS, size // 2, size // 2)


def factors_at(index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return the factors (B, 5) of the sprites at an index (B,); y, the last one, changes fastest.

    Args:
        index: of each sprite, from 0.
        size: height and width in pixels, 32 or 64.

    Raises:
        ValueError: another size, or an index out of range.

    >>> factors_at(np.array([0, 1, 184_319]), size=32).tolist()
    [[0, 0, 0, 0, 0], [0, 0, 0, 0, 1], [2, 5, 39, 15, 15]]
    """
    check_range("index of a sprite", index, math.prod(factor_sizes(size)))
    return np.stack(unravel(index, size), axis=1)


def draw(factors: NDArray[np.integer], size: int = 32) -> NDArray[np.uint8]:
    """Return the sprites with these factors, (B, size, size), every pixel 0 or 255.

    Args:
        factors: shape, scale, orientation, x and y (B, 5), each counting from 0. Scales grow from
            0.5 to 1, orientations turn counter-clockwise by 9 degrees, x moves to the right and y
            down by one pixel.
        size: height and width in pixels, 32 or 64.

    Raises:
        ValueError: another size, or a factor out of range.

    >>> draw(np.array([[0, 5, 0, 8, 8]])).shape
    (1, 32, 32)
    """
    columns = columns_of(np.asarray(factors, np.int64), size)
    return _windows(size)[window_of(columns, size)]


def held_out_factors(size: int) -> NDArray[np.int64]:
    """Return the factors of the sprites to test on, (10,000, 5)."""
    order = shuffled(math.prod(factor_sizes(size)))
    return factors_at(order[:TEST_COUNT], size)


def columns_of(factors: Numbers, size: int) -> tuple[Numbers, ...]:
    """Return the columns of factors (B, 5), each (B,).

    Raises:
        ValueError: another number of columns, another size, or a factor out of range.
    """
    if factors.ndim != 2 or factors.shape[1] != len(FACTOR_NAMES):
        raise ValueError(
            f"factors should have shape (B, {len(FACTOR_NAMES)}), got {tuple(factors.shape)}"
        )
    columns = tuple(factors[:, place] for place in range(len(FACTOR_NAMES)))
    for name, values, count in zip(FACTOR_NAMES, columns, factor_sizes(size), strict=True):
        check_range(f"sprite factor {name}", values, count)
    return columns


def unravel(index: Numbers, size: int) -> tuple[Numbers, ...]:
    """Return the factors of the sprites at an index (B,), a column (B,) for each."""
    columns = []
    for count in reversed(factor_sizes(size)[1:]):
        columns.append(index % count)
        index = index // count
    return index, *reversed(columns)


def window_of(columns: tuple[Numbers, ...], size: int) -> tuple[Numbers, Numbers, Numbers]:
    """Return the field of each sprite, and row and column of the window on to it, each (B,).

    Args:
        columns: the five factors, each (B,).
        size: height and width in pixels, 32 or 64.
    """
    shape, scale, orientation, x, y = columns
    field = (shape * SCALES + scale) * ORIENTATIONS + orientation
    last = size // 2 - 1  # a window further to the right shows the sprite further to the left
    return field, last - y, last - x


def check_range(what: str, values: Any, count: int) -> None:
    """Refuse numbers (B,) that are not between 0 and `count` - 1.

    Raises:
        ValueError: one is not; the message names it.
    """
    wrong = values[(values < 0) | (values >= count)]
    if len(wrong):
        raise ValueError(f"{what} should be between 0 and {count - 1}, got {wrong[0].item()}")


@cache
def fields(size: int) -> NDArray[np.uint8]:
    """Return every template in the middle of an empty field, (720, S, S), S = 1.5 size - 1."""
    margin = size // 2 - 1
    return np.pad(_templates(size), ((0, 0), (margin, margin), (margin, margin)))


def _windows(size: int) -> NDArray[np.uint8]:
    # (720, positions, positions, size, size), a view on to the fields.
    return np.lib.stride_tricks.sliding_window_view(fields(size), (size, size), axis=(1, 2))


def _templates(size: int) -> NDArray[np.uint8]:
    # (720, size/2 + 1, size/2 + 1): odd, so that a quarter turn about the middle pixel is exact
    # and the positions, size/2 of them, leave no pixel of the image unused.
    turns = [_covered(*_turned(turn, size)) for turn in range(ORIENTATIONS // 4)]
    first_quarter = np.stack(turns, axis=2)
    quarters = [np.rot90(first_quarter, k, axes=(-2, -1)) for k in range(4)]
    every = np.concatenate(quarters, axis=2)  # (shapes, scales, orientations, pixels, pixels)
    return every.reshape(-1, *every.shape[-2:])


def _turned(turn: int, size: int) -> tuple[Floats, Floats]:
    # Sample points (scales, pixels x SAMPLES, pixels x SAMPLES) as seen by a shape of unit size
    # that was turned. In float32, which decides a few pixels that are covered by half.
    pixels = size // 2 + 1
    line = ((np.arange(pixels * SAMPLES) + 0.5) / SAMPLES - pixels / 2).astype(np.float32)
    radius = np.linspace(0.5, 1, SCALES, dtype=np.float32).reshape(-1, 1, 1) * np.float32(size / 4)
    y, x = np.meshgrid(-line, line, indexing="ij")  # the y axis of an image points down
    angle = np.float32(turn * np.float32(2 * math.pi / ORIENTATIONS))
    cos, sin = np.cos(angle), np.sin(angle)
    return (cos * x + sin * y) / radius, (cos * y - sin * x) / radius


def _covered(x: Floats, y: Floats) -> NDArray[np.uint8]:
    # (shapes, scales, pixels, pixels): 255 where a shape covers at least half of a pixel.
    inside = np.stack([_in_square(x, y), _in_ellipse(x, y), _in_heart(x, y)])
    pixels = inside.shape[-1] // SAMPLES
    coverage = inside.reshape(*inside.shape[:2], pixels, SAMPLES, pixels, SAMPLES).mean((3, 5))
    return (coverage >= 0.5).astype(np.uint8) * np.uint8(255)


# The three shapes have the same area, 2, and fit into a circle of radius 1.


def _in_square(x: Floats, y: Floats) -> NDArray[np.bool_]:
    return np.maximum(abs(x), abs(y)) <= math.sqrt(0.5)


def _in_ellipse(x: Floats, y: Floats) -> NDArray[np.bool_]:
    return x**2 + (y * math.pi / 2) ** 2 <= 1


def _in_heart(x: Floats, y: Floats) -> NDArray[np.bool_]:
    # A disc pushed up along y by sqrt(abs(x)), which leaves its area, pi / 1.2 before it is
    # rescaled, as it was. 0.302 is the middle of the smallest circle around it: there it turns.
    unit = math.sqrt(2 * 1.2 / math.pi)
    x, y = x / unit, y / unit + 0.302
    return x**2 + (1.2 * y - 0.8 * np.sqrt(abs(x))) ** 2 <= 1
