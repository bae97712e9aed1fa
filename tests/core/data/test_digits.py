import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from core.config import DataConfig
from core.data import Split, digits, load


@pytest.fixture(scope="module")
def split() -> Split:
    return load(DataConfig(name="digits"))


def test_every_digit_is_in_one_part(split: Split):
    assert (len(split.train), len(split.test)) == (1437, 360)
    both = torch.cat([split.train.raw(), split.test.raw()]).flatten(1)
    original = torch.from_numpy(load_digits(return_X_y=True)[0])
    assert torch.equal((both / 255 * 16).round().double().unique(dim=0), original.unique(dim=0))


def test_intensities_fill_the_range_evenly(split: Split):
    values = split.train.raw().unique()
    assert (len(values), values.min(), values.max()) == (17, 0, 255)
    assert (values.int() - torch.linspace(0, 255, 17)).abs().max() <= 0.5


def test_each_part_has_every_label_about_equally_often(split: Split):
    for part in (split.train, split.test):
        assert part.labels.dtype == torch.int64
        counts = part.labels.bincount(minlength=10)
        assert len(counts) == len(part.label_names) == 10
        assert counts.min() > 0.6 * len(part) / 10


def test_factors_are_not_known(split: Split):
    assert split.train.factors is None
    assert split.train.factor_names == split.train.factor_sizes == ()


def test_the_file_read_where_it_lies_is_what_scikit_learn_returns():
    for ours, theirs in zip(digits.table(), load_digits(return_X_y=True), strict=True):
        np.testing.assert_array_equal(ours, theirs)
