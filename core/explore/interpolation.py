"""Paths between two codes: the straight line and the great circle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Path = NDArray[np.float64]
_Points = NDArray[np.floating]

_PARALLEL = 1e-6
"""Sine of the least angle that is told from none."""


def straight(start: _Points, end: _Points, steps: int) -> Path:
    """Return codes at equal distances on the straight line between two codes.

    z(t) = (1 - t) · start + t · end,    t = 0, 1 / (S - 1), ..., 1

    Where codes are many and in every direction, the middle of a line lies nearer to the origin
    than its ends.

    Args:
        start: (..., L), where the path begins; many at once where there are axes before the last.
        end: (..., L), where it ends.
        steps: codes on the path S, both ends among them, at least 2.

    Returns:
        (..., S, L), first and last code exactly `start` and `end`.

    Raises:
        ValueError: codes of different shapes or not finite, or too few steps.

    >>> straight(np.array([0.0, 2.0]), np.array([4.0, 0.0]), 3).tolist()
    [[0.0, 2.0], [2.0, 1.0], [4.0, 0.0]]
    """
    start, end = _checked(start, end, steps)
    return _ends_kept(_line(start, end, _times(steps)), start, end)


def great_circle(start: _Points, end: _Points, steps: int, centre: float | _Points = 0.0) -> Path:
    """Return codes at equal angles on the shorter way round a centre from one code to another.

    With a and b the ends as seen from the centre, Ω the angle between them and t = 0, 1 / (S - 1),
    ..., 1,

    z(t) = centre + ((1 - t)·|a| + t·|b|) · (sin((1 - t)Ω) · a/|a| + sin(tΩ) · b/|b|) / sin Ω

    The length goes evenly from |a| to |b|. Draws from N(0, I) of many latents have nearly all the
    same length, √L, which a straight line leaves in the middle and this path does not. Where the
    codes are parallel or opposite as seen from the centre, or one lies on it, no circle or more
    than one leads from one to the other: the path is the straight line.

    Source: Shoemake 1985, Animating Rotation with Quaternion Curves (directions),
        https://doi.org/10.1145/325334.325242; White 2016, Sampling Generative Networks (in latent
        space), https://arxiv.org/abs/1609.04468.

    Args:
        start: (..., L), where the path begins; many at once where there are axes before the last.
        end: (..., L), where it ends.
        steps: codes on the path S, both ends among them, at least 2.
        centre: of the circle, a number or (L,); the origin, which is the prior's mean, when left
            out.

    Returns:
        (..., S, L), first and last code exactly `start` and `end`.

    Raises:
        ValueError: codes of different shapes or not finite, or too few steps.

    >>> great_circle(np.array([2.0, 0.0]), np.array([0.0, 4.0]), 3).round(3).tolist()
    [[2.0, 0.0], [2.121, 2.121], [0.0, 4.0]]
    """
    start, end = _checked(start, end, steps)
    t, a, b = _times(steps), start - centre, end - centre
    a, b = a[..., None, :], b[..., None, :]  # (..., 1, L)
    length_a, length_b = _length(a), _length(b)  # (..., 1, 1)
    unit_a, unit_b = a / np.maximum(length_a, 1e-300), b / np.maximum(length_b, 1e-300)
    # Twice the arctangent: the arccosine of a cosine near 1 has lost half of its digits.
    angle = 2 * np.arctan2(_length(unit_a - unit_b), _length(unit_a + unit_b))
    sine = np.sin(angle)
    turns = (sine > _PARALLEL) & (np.minimum(length_a, length_b) > 0)
    turned = np.sin((1 - t) * angle) * unit_a + np.sin(t * angle) * unit_b
    direction = turned / np.where(turns, sine, 1)
    circle = centre + ((1 - t) * length_a + t * length_b) * direction
    return _ends_kept(np.where(turns, circle, _line(start, end, t)), start, end)


PATHS: dict[str, Callable[[_Points, _Points, int], Path]] = {
    "line": straight,
    "circle": great_circle,
}
"""Name in kept numbers -> path."""


def _length(codes: Path) -> Path:
    return np.linalg.norm(codes, axis=-1, keepdims=True)


def _line(start: Path, end: Path, t: Path) -> Path:
    return (1 - t) * start[..., None, :] + t * end[..., None, :]


def _times(steps: int) -> Path:
    return np.linspace(0, 1, steps)[:, None]  # (S, 1)


def _ends_kept(path: Path, start: Path, end: Path) -> Path:
    path[..., 0, :], path[..., -1, :] = start, end
    return path


def _checked(start: _Points, end: _Points, steps: int) -> tuple[Path, Path]:
    start, end = (np.asarray(code, np.float64) for code in (start, end))
    if steps < 2:
        raise ValueError(f"steps should be at least 2, got {steps}")
    if not start.ndim or start.shape != end.shape:
        raise ValueError(
            f"start and end should be of one shape, (..., L), got {start.shape} and {end.shape}"
        )
    if not (np.isfinite(start).all() and np.isfinite(end).all()):
        raise ValueError("start and end should be finite")
    return start, end
