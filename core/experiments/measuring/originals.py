"""The original test images that the codes of a run belong to; they are not kept with it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.config import DataConfig
from core.data import load_test
from core.runs import Run


def originals(run: Run, count: int | None = None) -> Tensor:
    """Return the first test images (N, 1, H, W) of a run's data set, in [0, 1].

    Args:
        run: whose data set.
        count: N; all of them when left out.

    Raises:
        MissingData: they are not on this machine.
        ValueError: they are not those that the kept codes belong to.
    """
    images, labels = first_images(run.config.data, count)
    check_labels(run, labels)
    return images


def check_labels(run: Run, labels: NDArray[np.integer]) -> None:
    """Refuse test images whose labels (N,) are not those that were kept with the run's codes.

    Raises:
        ValueError: they differ.
    """
    if not np.array_equal(labels, run.codes["label"][: len(labels)]):
        raise ValueError(
            f"the test images should be those {run.config.key} was tested on; their labels differ"
        )


@lru_cache(maxsize=1)
def first_images(data: DataConfig, count: int | None) -> tuple[Tensor, NDArray[np.integer]]:
    """Return the first test images (N, 1, H, W) and their labels (N,); the last stay in memory.

    Raises:
        MissingData: they are not on this machine.
    """
    test = load_test(data)
    return test.images(slice(count)), test.labels[:count].numpy()
