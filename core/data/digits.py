"""1,797 handwritten digits of 8x8 pixels that come with scikit-learn."""

from __future__ import annotations

import torch

from core.data.images import ImageSet, Split, hold_out

TEST_COUNT = 360


def load() -> Split:
    """Return 1,437 digits to train on and 360 to test on.

    Source: Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits,
    https://archive.ics.uci.edu/dataset/80; the test part of it, which is what scikit-learn ships.
    """
    from sklearn.datasets import load_digits

    intensities, labels = load_digits(return_X_y=True)
    whole = ImageSet(
        pixels=(torch.from_numpy(intensities) * (255 / 16)).round().to(torch.uint8).view(-1, 1, 8, 8),
        labels=torch.from_numpy(labels).long(),
        label_names=tuple("0123456789"),
    )
    return hold_out(whole, TEST_COUNT)
