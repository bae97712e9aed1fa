import numpy as np
import pytest

from core.metrics.disentanglement.agreement import rank_agreement


def test_ranks_count_and_not_sizes():
    scores = np.array([[1, 1, 4, 1], [2, 10, 3, 3], [3, 100, 2, 2], [4, 1000, 1, 4]], float)
    found = rank_agreement(scores)
    assert found[0, 1] == 1
    assert found[0, 2] == -1
    assert found[0, 3] == pytest.approx(0.8)  # 1 - 6 * 2 / (4 * 15)
    assert (found == found.T).all()


def test_equal_scores_share_their_rank():
    found = rank_agreement([[1, 5], [1, 5], [2, 9]])
    assert found[0, 1] == 1


def test_a_metric_that_scores_all_alike_agrees_with_nothing():
    assert np.isnan(rank_agreement([[1, 1], [2, 1], [3, 1]])[0, 1])
    with pytest.raises(ValueError, match="at least 3 rows"):
        rank_agreement([[1, 2], [2, 3]])
