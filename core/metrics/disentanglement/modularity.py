"""Modularity and explicitness: does each latent tell about one factor, and do all latents together tell its value?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from core.metrics.disentanglement.examples import counted, examples
from core.metrics.information import BINS, mutual_information

_NOTHING = 1e-9
"""Nats that are rounding and not information."""


def modularity(codes: ArrayLike, factors: ArrayLike, *, bins: int = BINS) -> float:
    """Return how far each latent tells about a single factor.

    1/L sum_j ( 1 - sum_{k != k*} I_jk² / (I_jk*² (K - 1)) ),    k* the factor that latent j tells
    most about

    Source: Ridgeway and Mozer 2018, section 3.1; bins as in Locatello et al. 2019. A latent that
        tells nothing counts
    0. All latents may tell about one and the same factor: the score does not ask that every factor
    be told. A factor that has a single value is left out.

    Args:
        codes: posterior means (N, L).
        factors: indices of values (N, K).
        bins: of each latent.

    Returns:
        Between 0 and 1.

    Raises:
        ValueError: tables that do not belong together, factors that are not whole numbers, or no
            factor varies.
    """
    told = mutual_information(*counted(codes, factors), bins=bins)
    squares = np.where(told > _NOTHING, told, 0) ** 2
    most = squares.max(axis=1)
    others = (squares.sum(axis=1) - most) / (
        np.where(most > 0, most, 1) * max(1, squares.shape[1] - 1)
    )
    return float(np.where(most > 0, 1 - others, 0).mean())


def explicitness(
    codes: ArrayLike, factors: ArrayLike, test_codes: ArrayLike, test_factors: ArrayLike
) -> float:
    """Return how well a linear classifier that sees all latents tells each value of each factor
    from the others.

    The area under the ROC curve, one value against the rest, averaged over values, then over
    factors. A factor that has a single value is left out; one whose values are all new to the
    classifier counts 0.5.

    Source: Ridgeway and Mozer 2018, section 3.2, not scaled to [0, 1]: chance is 0.5, as in
        Locatello et al. 2019.

    Args:
        codes: to learn from (N, L); put to mean 0 and variance 1.
        factors: indices of values (N, K).
        test_codes: to be scored on (M, L).
        test_factors: likewise (M, K).

    Returns:
        Between 0 and 1; 0.5 is chance.

    Raises:
        ValueError: tables that do not belong together, or no factor varies.
    """
    codes, factors, test_codes, test_factors = examples(codes, factors, test_codes, test_factors)
    mean, std = codes.mean(axis=0), np.where(np.ptp(codes, axis=0) > 0, codes.std(axis=0), 1)
    x, test_x = (codes - mean) / std, (test_codes - mean) / std
    return float(
        np.mean(
            [
                _area(x, y, test_x, test_y)
                for y, test_y in zip(factors.T, test_factors.T, strict=True)
            ]
        )
    )


def _area(x: np.ndarray, y: np.ndarray, test_x: np.ndarray, test_y: np.ndarray) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    model = LogisticRegression(max_iter=1000).fit(x, y)
    probabilities = model.predict_proba(test_x)
    areas = [
        roc_auc_score(test_y == value, probabilities[:, place])
        for place, value in enumerate(model.classes_)
        if 0 < np.sum(test_y == value) < len(test_y)
    ]
    return float(np.mean(areas)) if areas else 0.5
