"""The film of a training: codes, and what the plane around them decodes to, at chosen epochs.

Only models of two latents have one, since only their plane can be seen whole. `core.frames` takes
the frames.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FRAMES = 25
"""At most so many are kept of a training."""
CODES = 1000
"""Test images whose codes are kept, the first ones."""
CELLS, PIXELS = 10, 320
"""Images along each side of the decoded plane; fewer where they are wider than so many pixels."""

Film = dict[str, NDArray[np.generic]]
"""`epoch` (F,), codes `mean` (F, N, 2), `half_width` (F,) of the plane, grey `plane` (F, H, W)."""


def film_epochs(epochs: int) -> tuple[int, ...]:
    """Return the epochs after which a frame is taken, further and further apart.

    The first is taken before the first epoch, the last after the last one.

    >>> film_epochs(10)
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    >>> film_epochs(200)[-3:]
    (126, 159, 200)
    """
    later = np.geomspace(1, epochs, FRAMES - 1).round().astype(int).tolist()
    return tuple(sorted({0, *later}))


def spliced(film: Film, frame: Film) -> Film:
    """Return a film with further frames behind it."""
    if not film:
        return frame
    return {name: np.concatenate([film[name], new]) for name, new in frame.items()}


def plane_codes(extent: tuple[float, float, float, float], resolution: int) -> NDArray[np.float32]:
    """Return a grid of codes with two latents (resolution², 2), row by row from the top.

    z1 rises along a row, z2 falls from row to row. Each code is the middle of its cell.

    Args:
        extent: lowest z1, highest z1, lowest z2, highest z2.
        resolution: cells along each axis.

    >>> plane_codes((0, 2, 0, 2), 2).tolist()
    [[0.5, 1.5], [1.5, 1.5], [0.5, 0.5], [1.5, 0.5]]
    """
    low1, high1, low2, high2 = extent
    middle = (np.arange(resolution) + 0.5) / resolution
    z1, z2 = np.meshgrid(low1 + middle * (high1 - low1), high2 - middle * (high2 - low2))
    return np.stack([z1.ravel(), z2.ravel()], axis=1).astype(np.float32)
