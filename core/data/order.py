"""The fixed random order that decides which images are held out to test on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def shuffled(count: int) -> NDArray[np.int64]:
    """Return the numbers below `count` in a fixed random order, (count,).

    >>> sorted(shuffled(5).tolist())
    [0, 1, 2, 3, 4]
    """
    # NumPy promises the raw stream of PCG64 for ever, but neither it nor torch promises a
    # permutation: with a permutation, an upgrade could move test images into the training set of a
    # checkpoint that ships.
    noise = np.random.PCG64(0).random_raw(count)
    return np.argsort(noise, kind="stable").astype(np.int64, copy=False)
