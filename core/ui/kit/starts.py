"""The test images that an instrument offers: some of each class, and those that the link names."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray


def of_each_class(labels: NDArray[np.integer], count: int) -> list[int]:
    """Return the first test images of each class, `count` in all and in turn.

    Args:
        labels: class of each test image (N,).
        count: images in all; as many of each class as fit into it.

    >>> of_each_class(np.array([1, 0, 1, 0, 0]), 4)
    [1, 0, 3, 2]
    """
    classes = np.unique(labels)
    each = count // len(classes)
    table = np.stack([np.flatnonzero(labels == label)[:each] for label in classes])
    return table.T.ravel().tolist()


def with_link(index: list[int], last: int, *keys: str) -> tuple[int, ...]:
    """Return test images, and those others that the link names.

    Args:
        index: the test images that are offered anyway.
        last: number of the last test image.
        keys: of the link that name an image each.
    """
    asked = [st.query_params.get(key, "") for key in keys]
    numbers = [int(word) for word in asked if word.isdecimal()]
    others = [number for number in dict.fromkeys(numbers) if number <= last]
    return (*index, *(number for number in others if number not in index))
