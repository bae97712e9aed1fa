import math

import numpy as np
import pytest

from core.config import DataConfig
from core.data import load
from core.metrics.cross_entropy import cross_entropies, descend, predicted


@pytest.fixture(scope="module")
def digits():
    train = load(DataConfig(name="digits")).train
    return train.images().flatten(1).double().numpy(), train.labels.numpy()


def test_descending_lowers_the_cross_entropy_from_ln_10(digits):
    x, labels = digits
    weights = descend(x, labels, 10, updates=30)
    values = [cross_entropies(w, x, labels)["likelihood"].value for w in weights[::10]]
    assert values[0] == pytest.approx(math.log(10), rel=1e-12)
    assert values == sorted(values, reverse=True)
    assert (predicted(weights[-1], x).argmax(1) == labels).mean() > 0.8


def test_cross_entropy_and_likelihood_are_one_number_with_one_gradient(digits):
    x, labels = digits
    weights = descend(x, labels, 10, updates=20)[-1]
    ways = list(cross_entropies(weights, x, labels).values())
    p = predicted(weights, x)
    assert ways[0].value == pytest.approx(-np.log(p[np.arange(len(p)), labels]).mean(), rel=1e-14)
    by_hand = (p - np.eye(10)[labels]).T @ np.c_[x, np.ones(len(x))] / len(x)
    for way in ways:
        assert way.value == pytest.approx(ways[0].value, rel=1e-14)
        np.testing.assert_allclose(way.gradient, by_hand, atol=1e-15)


def test_a_wrong_label_is_told_by_every_way(digits):
    x, labels = digits
    weights = descend(x, labels, 10, updates=20)[-1]
    right, wrong = (
        cross_entropies(weights, x[:50], (labels[:50] + shift) % 10) for shift in (0, 1)
    )
    for name, way in right.items():
        assert wrong[name].value > way.value + 1
