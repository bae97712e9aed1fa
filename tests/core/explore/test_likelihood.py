import math

import numpy as np
import pytest
import torch

from core.config import DataConfig
from core.data import load
from core.explore.likelihood import (
    Bell,
    Coin,
    Family,
    cross_entropies,
    descend,
    divergence,
    fitted,
    gaussian_kl,
    likelihood_curves,
    lost,
    predicted,
    running,
)

FAMILIES: list[tuple[Family, float]] = [
    (Coin(), 0.3),
    (Bell(), -1.2),
    (Bell(0.1), 2.0),
    (Bell(3.0), 0.0),
]


@pytest.mark.parametrize(("family", "parameter"), FAMILIES)
def test_more_observations_begin_with_the_fewer(family: Family, parameter: float):
    few, many = family.sample(parameter, 20, seed=3), family.sample(parameter, 500, seed=3)
    assert (few == many[:20]).all()
    assert (family.sample(parameter, 500, seed=4) != many).any()


@pytest.mark.parametrize(("family", "parameter"), FAMILIES)
def test_the_fitted_parameter_is_the_closed_form_and_near_the_true_one(
    family: Family, parameter: float
):
    x = family.sample(parameter, 2000, seed=0)
    assert fitted(family, x) == pytest.approx(family.closed_form(x), abs=1e-6)
    window = family.window(x, 3)
    assert window[0] < parameter < window[-1]


@pytest.mark.parametrize(("family", "parameter"), FAMILIES)
def test_product_and_sum_of_logs_are_highest_at_the_same_place(family: Family, parameter: float):
    x = family.sample(parameter, 50, seed=1)
    grid = family.window(x, 201)
    product, logs = likelihood_curves(family, x, grid)
    assert product.argmax() == logs.argmax()
    np.testing.assert_allclose(np.log(product), logs, rtol=1e-9)
    assert abs(grid[logs.argmax()] - family.closed_form(x)) <= grid[1] - grid[0]


def test_the_product_is_lost_where_the_least_number_says_and_the_sum_is_not():
    found = running(Bell(), np.zeros(5000), 0.0)
    density = 1 / math.sqrt(2 * math.pi)
    least = {
        np.float32: np.finfo(np.float32).smallest_subnormal,
        np.float64: np.finfo(np.float64).smallest_subnormal,
    }
    for logs, kind in ((found.single, np.float32), (found.double, np.float64)):
        expected = (math.log(float(least[kind])) - math.log(2)) / math.log(density)
        assert lost(logs) == pytest.approx(expected, abs=2)
    assert lost(found.logs) is None
    assert found.logs[-1] == pytest.approx(5000 * math.log(density), rel=1e-4)


def test_the_three_ways_agree_until_the_product_is_lost():
    x = Coin().sample(0.5, 100, seed=0)
    found = running(Coin(), x, 0.5)
    np.testing.assert_allclose(found.single, found.logs, rtol=1e-5)
    np.testing.assert_allclose(found.double, found.logs, rtol=1e-5)


def test_densities_above_one_make_the_product_too_large():
    found = running(Bell(0.01), np.zeros(1000), 0.0)
    first = lost(found.single)
    assert first
    assert found.single[first - 1] == np.inf
    assert np.isfinite(found.logs).all()


@pytest.mark.parametrize("ones", [0, 10])
def test_a_coin_that_always_falls_alike_is_fitted_at_the_edge(ones: int):
    x = np.repeat([1.0, 0.0], [ones, 10 - ones])
    window = Coin().window(x, 50)
    assert ((window > 0) & (window < 1)).all()
    assert fitted(Coin(), x) == pytest.approx(Coin().closed_form(x), abs=1e-4)


@pytest.fixture(scope="module")
def digits():
    train = load(DataConfig(name="digits")).train
    return train.images().flatten(1).double().numpy(), train.labels.numpy()


def test_descending_lowers_the_cross_entropy_from_ln_10(digits):
    x, labels = digits
    weights = descend(x, labels, 10, updates=30)
    values = [cross_entropies(one, x, labels)["likelihood"].value for one in weights[::10]]
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


@pytest.mark.parametrize("means", [(0.0, 0.0), (1.5, -2.0)])
@pytest.mark.parametrize("stds", [(1.0, 1.0), (0.2, 3.0), (3.0, 0.5)])
def test_the_divergence_is_that_of_torch_and_that_of_the_integral(
    means: tuple[float, float], stds: tuple[float, float]
):
    q, p = (
        torch.distributions.Normal(torch.tensor(m, dtype=torch.float64), s)
        for m, s in zip(means, stds, strict=True)
    )
    found = divergence(means[0], stds[0], means[1], stds[1])
    assert found.exact == pytest.approx(float(torch.distributions.kl_divergence(q, p)), abs=1e-12)
    assert found.integrated == pytest.approx(found.exact, abs=1e-9)
    assert found.reverse == pytest.approx(
        float(torch.distributions.kl_divergence(p, q)), abs=1e-12
    )
    assert np.trapezoid(found.integrand, found.x) == pytest.approx(
        found.exact, abs=0.01 * (1 + found.exact)
    )


def test_the_divergence_is_never_negative_and_0_for_equals_only():
    values = np.random.default_rng(0).uniform(0.1, 3, (200, 4))
    assert all(gaussian_kl(*row) > 0 for row in values)
    assert all(gaussian_kl(a, b, a, b) == 0 for a, b, *_ in values)
    assert all(gaussian_kl(a, b, a, b * (1 + 1e-12)) >= 0 for a, b, *_ in values)
    assert (divergence(0, 1, 1, 1).integrand < 0).any()
