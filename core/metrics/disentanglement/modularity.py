"""Modularity of the latents, and explicitness of the factors in all latents together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from core.metrics.disentanglement.examples import counted, examples
from core.metrics.information import BINS, mutual_information

_NOTHING = 1e-9
"""Nats that count as rounding, not as information."""


def modularity(codes: ArrayLike, factors: ArrayLike, *, bins: int = BINS) -> float:
    """Return how far each latent tells about a single factor.

    1/L sum_j ( 1 - sum_{k != k*} I_jk² / (I_jk*² (K - 1)) )

    where k* is the factor that latent j tells most about. A latent that tells nothing counts 0.
    All latents may tell about the same factor: the score does not ask for every factor. A factor
    that has a single value is left out.

    Source: Ridgeway and Mozer 2018, section 3.1, https://arxiv.org/abs/1802.05312; bins as in
        Locatello et al. 2019, https://arxiv.org/abs/1811.12359

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
    information = mutual_information(*counted(codes, factors), bins=bins)
    squares = np.where(information > _NOTHING, information, 0) ** 2
    most = squares.max(axis=1)
    count = max(1, squares.shape[1] - 1)
    others = (squares.sum(axis=1) - most) / (np.where(most > 0, most, 1) * count)
    return float(np.where(most > 0, 1 - others, 0).mean())


def explicitness(
    codes: ArrayLike, factors: ArrayLike, test_codes: ArrayLike, test_factors: ArrayLike
) -> float:
    """Return how well a linear classifier of all latents tells each factor's values apart.

    It is the area under the ROC curve, one value against the rest, averaged over values, then over
    factors. A factor that has a single value is left out; a factor whose values are all new to the
    classifier counts 0.5.

    Source: Ridgeway and Mozer 2018, section 3.2, https://arxiv.org/abs/1802.05312; not scaled to
        [0, 1], so that chance is 0.5, as in Locatello et al. 2019,
        https://arxiv.org/abs/1811.12359

    Args:
        codes: to learn from (N, L), in any unit: the classifier sees them at mean 0, variance 1.
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
    columns = zip(factors.T, test_factors.T, strict=True)
    return float(np.mean([_area(x, y, test_x, test_y) for y, test_y in columns]))


def _area(x: np.ndarray, y: np.ndarray, test_x: np.ndarray, test_y: np.ndarray) -> float:
    """Return the area under the ROC curve of one factor, averaged over its values, 0 to 1."""
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
