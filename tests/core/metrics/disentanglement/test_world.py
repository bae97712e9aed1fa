import numpy as np
import pytest

from core.metrics.disentanglement import World, tabulated, unit_scale

SIZES = (3, 4, 2)


def test_groups_share_one_factor_and_no_other():
    world = World(SIZES, lambda factors: factors.astype(float))
    fixed = np.random.default_rng(0).integers(0, 3, 500)
    groups = np.concatenate(list(world.groups(fixed, 40, np.random.default_rng(1), chunk=64)))
    assert groups.shape == (500, 40, 3)
    same = (groups == groups[:, :1]).all(axis=1)
    assert same[np.arange(500), fixed].all()
    assert same.sum() == 500


def test_a_shared_value_is_any_of_its_factor():
    world = World(SIZES, lambda factors: factors.astype(float))
    (groups,) = world.groups(np.full(200, 1), 5, np.random.default_rng(1))
    assert set(groups[:, 0, 1]) == {0, 1, 2, 3}


def test_a_table_of_all_codes_is_looked_up():
    every = np.stack(np.meshgrid(*map(np.arange, SIZES), indexing="ij"), axis=-1).reshape(-1, 3)
    world = tabulated(every * 10, SIZES)
    codes, factors = world.sample(100, np.random.default_rng(0))
    assert (codes == factors * 10).all()
    with pytest.raises(ValueError, match="codes should be those of all 24 images, got 23"):
        tabulated(every[1:], SIZES)


def test_unit_scale_leaves_a_constant_alone():
    codes = unit_scale(np.c_[np.random.default_rng(0).normal(3, 5, 1000), np.full(1000, 2.0)])
    assert codes[:, 0].std() == pytest.approx(1)
    assert (codes[:, 1] == 2).all()
