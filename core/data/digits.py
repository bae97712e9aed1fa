"""1,797 handwritten digits of 8x8 pixels that come with scikit-learn."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from core.data.images import Split

TEST_COUNT = 360
"""Number of digits that are held out to test on; the other 1,437 are trained on."""


def load() -> Split:
    """Return 1,437 digits to train on and 360 to test on."""
    from core.data.images import split_of

    return split_of(*read(), TEST_COUNT)


def read() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return all images (1,797, 8, 8), 0 black and 255 white, and their labels (1,797,).

    Source: Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits,
        https://archive.ics.uci.edu/dataset/80; the test part of it, which is what scikit-learn
        ships.
    """
    intensities, labels = table()
    images = np.rint(intensities * (255 / 16)).astype(np.uint8)
    return images.reshape(-1, 8, 8), labels


def table() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return intensities 0 to 16 (N, 64) and labels (N,), as scikit-learn's `load_digits` does.

    Its file is read where it lies, because importing scikit-learn takes longer than everything
    else on a first screen.
    """
    package = find_spec("sklearn")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    rows = np.loadtxt(path, delimiter=",")
    return rows[:, :-1], rows[:, -1].astype(np.int64)
