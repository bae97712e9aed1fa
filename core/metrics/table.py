"""A metric accepts a table of finite numbers, one row per image."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def table(what: str, values: ArrayLike, *, rows: int = 1) -> NDArray[np.float64]:
    """Return the values as a float64 table, or say what is wrong with them.

    Args:
        what: the rows' name, for the message.
        values: real numbers, (N, D).
        rows: fewest rows that make sense, at least 1.

    Returns:
        The same numbers, (N, D), float64.

    Raises:
        ValueError: not two-dimensional, too few rows, no columns, or a value that is not finite.

    >>> table("codes", [[1, 2], [3, 4]]).dtype
    dtype('float64')
    >>> table("codes", [1, 2, 3])
    Traceback (most recent call last):
    ValueError: codes should have two axes, rows and columns, got shape (3,)
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2:
        raise ValueError(f"{what} should have two axes, rows and columns, got shape {array.shape}")
    if len(array) < rows or not array.shape[1]:
        raise ValueError(
            f"{what} should have at least {rows} rows and 1 column, got shape {array.shape}"
        )
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).any(axis=1).sum())
        raise ValueError(
            f"{what} should be finite, got NaN or infinity in {bad} of {len(array)} rows"
        )
    return array
