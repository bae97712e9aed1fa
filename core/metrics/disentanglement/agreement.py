"""Rank agreement: do two metrics put the same models on top?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.metrics.table import table


def rank_agreement(scores: ArrayLike) -> NDArray[np.float64]:
    """Return Spearman's rank correlation of each metric with each other, over models.

    Source: Locatello et al. 2019, section 5.3, who compare the metrics in this way,
        https://arxiv.org/abs/1811.12359

    Args:
        scores: of N models by M metrics (N, M); equal scores share the mean of their ranks.

    Returns:
        Correlations (M, M) between -1 and 1; NaN for a metric that scores all models alike.

    Raises:
        ValueError: fewer than 3 models.

    >>> rank_agreement([[1, 10, 3], [2, 20, 2], [3, 90, 1]])[0]
    array([ 1.,  1., -1.])
    """
    columns = table("scores", scores, rows=3).T
    ranks = np.array([_ranks(column) for column in columns])
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    size = np.sqrt((centred**2).sum(axis=1))
    size[size == 0] = np.nan
    return np.round(np.clip((centred @ centred.T) / np.outer(size, size), -1, 1), 12)


def _ranks(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank of each score (N,); equal scores share the mean of their ranks."""
    below = (column[:, None] > column).sum(axis=1)
    equal = (column[:, None] == column).sum(axis=1)
    return below + 0.5 * equal
