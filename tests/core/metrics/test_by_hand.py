import math

import numpy as np
import pytest

from core.metrics.by_hand import (
    Bell,
    Coin,
    Family,
    fit,
    fitted,
    likelihood_curves,
    lost,
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
    likelihood = running(Bell(), np.zeros(5000), 0.0)
    density = 1 / math.sqrt(2 * math.pi)
    least = {
        np.float32: np.finfo(np.float32).smallest_subnormal,
        np.float64: np.finfo(np.float64).smallest_subnormal,
    }
    for logs, kind in ((likelihood.single, np.float32), (likelihood.double, np.float64)):
        expected = (math.log(float(least[kind])) - math.log(2)) / math.log(density)
        assert lost(logs) == pytest.approx(expected, abs=2)
    assert lost(likelihood.logs) is None
    assert likelihood.logs[-1] == pytest.approx(5000 * math.log(density), rel=1e-4)


def test_the_three_ways_agree_until_the_product_is_lost():
    x = Coin().sample(0.5, 100, seed=0)
    likelihood = running(Coin(), x, 0.5)
    np.testing.assert_allclose(likelihood.single, likelihood.logs, rtol=1e-5)
    np.testing.assert_allclose(likelihood.double, likelihood.logs, rtol=1e-5)


def test_densities_above_one_make_the_product_too_large():
    likelihood = running(Bell(0.01), np.zeros(1000), 0.0)
    first = lost(likelihood.single)
    assert first
    assert likelihood.single[first - 1] == np.inf
    assert np.isfinite(likelihood.logs).all()


@pytest.mark.parametrize("ones", [0, 10])
def test_a_coin_that_always_falls_alike_is_fitted_at_the_edge(ones: int):
    x = np.repeat([1.0, 0.0], [ones, 10 - ones])
    window = Coin().window(x, 50)
    assert ((window > 0) & (window < 1)).all()
    assert fitted(Coin(), x) == pytest.approx(Coin().closed_form(x), abs=1e-4)


def test_a_fit_holds_the_grid_the_search_and_the_closed_form():
    x = Coin().sample(0.3, 100, seed=0)
    coins = fit(Coin(), x, places=51)
    assert coins.grid.shape == coins.product.shape == coins.logs.shape == (51,)
    assert (coins.searched, coins.closed) == (fitted(Coin(), x), x.mean())
    assert coins.best == coins.best_product == coins.grid[coins.logs.argmax()]


@pytest.mark.parametrize("std", [0.01, 100.0])
def test_a_product_that_is_infinite_or_0_everywhere_has_no_best_parameter(std: float):
    assert fit(Bell(std), Bell(std).sample(0.0, 1000, seed=0)).best_product is None
