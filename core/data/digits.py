"""1,797 handwritten digits of 8x8 pixels that come with scikit-learn."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.data.images import ImageSet, Split, hold_out

TEST_COUNT = 360


def load() -> Split:
    """Return 1,437 digits to train on and 360 to test on.

    Source: Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits,
    https://archive.ics.uci.edu/dataset/80; the test part of it, which is what scikit-learn ships.
    """
    intensities, labels = _table()
    whole = ImageSet(
        pixels=(torch.from_numpy(intensities) * (255 / 16))
        .round()
        .to(torch.uint8)
        .view(-1, 1, 8, 8),
        labels=torch.from_numpy(labels).long(),
        label_names=tuple("0123456789"),
    )
    return hold_out(whole, TEST_COUNT)


def _table() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return intensities 0 to 16 (N, 64) and labels (N,): what scikit-learn's `load_digits`
    returns.

    Its file is read where it lies, because importing scikit-learn takes longer than everything
    else on a first screen.
    """
    package = find_spec("sklearn")
    assert package is not None
    assert package.origin is not None
    table = np.loadtxt(
        Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=","
    )
    return table[:, :-1], table[:, -1].astype(np.int64)
