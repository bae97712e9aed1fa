"""DCI: disentanglement, completeness and informativeness, from the splits of boosted trees."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.metrics.disentanglement.examples import examples
from core.metrics.disentanglement.world import Floats

if TYPE_CHECKING:
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier

TREES = ("histogram", "exact")
"""Kinds of boosted trees, see `dci`."""


class DCI(NamedTuple):
    """Three shares between 0 and 1.

    Args:
        disentanglement: does each latent serve one factor?
        completeness: is each factor served by one latent?
        informativeness: accuracy of the trees on images they have not seen, averaged over factors.
    """

    disentanglement: float
    completeness: float
    informativeness: float


def dci(
    codes: ArrayLike,
    factors: ArrayLike,
    test_codes: ArrayLike,
    test_factors: ArrayLike,
    *,
    trees: str = "histogram",
    seed: int = 0,
) -> DCI:
    """Return how boosted trees that name each factor share the latents among themselves.

    - D = sum_j w_j (1 - H(P_j) / ln K), with P_jk = R_jk / sum_k R_jk and
      w_j = sum_k R_jk / sum_jk R_jk
    - C = 1/K sum_k (1 - H(Q_k) / ln L), with Q_jk = R_jk / sum_j R_jk

    R_jk is the importance of latent j for factor k, the gain of its splits. A factor that has a
    single value is left out.

    Histogram trees give a tie to the first latent. Where two latents carry a factor equally well
    the second gets nothing: a code that has each factor twice, without noise, has a completeness
    of 1.000 as if it had it once. Exact trees break ties at random and come close to an even
    share, 1 - ln 2 / ln L, .699 for ten latents. So completeness may be too high where latents are
    redundant.

    Source: Eastwood and Williams 2018, https://openreview.net/forum?id=By-7dz-AZ, with the boosted
        trees of Locatello et al. 2019 (100 rounds of depth 3, learning rate 0.1),
        https://arxiv.org/abs/1811.12359

    Args:
        codes: to learn from (N, L).
        factors: indices of values (N, K).
        test_codes: to be scored on (M, L).
        test_factors: likewise (M, K).
        trees: `histogram`, which look for splits among 255 bins and gain in the second order; or
            `exact`, scikit-learn's GradientBoostingClassifier as in the source, forty times slower
            for much the same scores.
        seed: of the trees.

    Returns:
        The three shares, 0 to 1.

    Raises:
        ValueError: unknown trees, tables that do not belong together, or no factor varies.
    """
    if trees not in TREES:
        raise ValueError(f"trees should be one of {', '.join(TREES)}, got {trees!r}")
    codes, factors, test_codes, test_factors = examples(codes, factors, test_codes, test_factors)
    columns, accuracies = [], []
    for k in range(factors.shape[1]):
        model = _boosted(codes, factors[:, k], trees, seed)
        columns.append(importances(model, codes.shape[1]))
        accuracies.append(model.score(test_codes, test_factors[:, k]))
    importance = np.stack(columns, axis=1)
    return DCI(disentanglement(importance), completeness(importance), float(np.mean(accuracies)))


def disentanglement(importance: NDArray[np.floating]) -> float:
    """Return how far each latent serves one factor, 0 to 1, from importances (L, K).

    It is 0 where no latent serves any.

    >>> disentanglement(np.eye(3)), disentanglement(np.ones((3, 3)))
    (1.0, 0.0)
    """
    total = importance.sum()
    if total == 0:
        return 0.0
    weighted = _one_sided(importance) * importance.sum(axis=1)
    return _rounded(float(weighted.sum() / total))


def completeness(importance: NDArray[np.floating]) -> float:
    """Return how far each factor is served by one latent, 0 to 1, from importances (L, K).

    A factor that no latent serves counts 0.

    >>> completeness(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])) < completeness(np.eye(2))
    True
    """
    return _rounded(float(_one_sided(importance.T).mean()))


def importances(
    model: HistGradientBoostingClassifier | GradientBoostingClassifier, latents: int
) -> Floats:
    """Return the gain of the splits at each latent over all trees, as shares (L,).

    All are 0 where no tree splits.
    """
    # Scikit-learn offers no public way to the trees among bins.
    rounds = getattr(model, "_predictors", None)
    if rounds is None:
        importances = model.feature_importances_  # pyright: ignore[reportAttributeAccessIssue]
        return np.asarray(importances)
    gains = np.zeros(latents)
    for tree in itertools.chain.from_iterable(rounds):
        splits = tree.nodes[tree.nodes["is_leaf"] == 0]
        np.add.at(gains, splits["feature_idx"], np.maximum(splits["gain"], 0))
    return gains / (gains.sum() or 1.0)


def _boosted(
    x: Floats, y: Floats, trees: str, seed: int
) -> HistGradientBoostingClassifier | GradientBoostingClassifier:
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier

    if trees == "exact":
        return GradientBoostingClassifier(random_state=seed).fit(x, y)
    model = HistGradientBoostingClassifier(
        max_iter=100,
        max_depth=3,
        max_leaf_nodes=8,
        min_samples_leaf=1,
        early_stopping=False,  # pyright: ignore[reportArgumentType]
        random_state=seed,
    )
    return model.fit(x, y)


def _one_sided(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return 1 - H / ln n of each row's entries (m, n) as shares, (m,); 0 for a row of zeros.

    A row of a single entry above 0 is one-sided: 1.
    """
    count = rows.shape[1]
    if count == 1:
        return (rows[:, 0] > 0).astype(float)
    sums = rows.sum(axis=1, keepdims=True)
    shares = np.where(sums > 0, rows / np.where(sums > 0, sums, 1), 1 / count)
    negative_entropy = (shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=1)
    return 1 + negative_entropy / np.log(count)


def _rounded(share: float) -> float:
    return round(min(1.0, max(0.0, share)), 12)
