import numpy as np
import pytest
import torch

from core.config import DataConfig
from core.data import ImageSet, Split, load
from core.data.twins import has_twins, twins


def images(*rows: list[int]) -> ImageSet:
    pixels = torch.tensor(rows, dtype=torch.uint8).view(-1, 1, 2, 2)
    return ImageSet(pixels=pixels, labels=torch.zeros(len(pixels), dtype=torch.int64))


def test_a_twin_has_the_very_same_pixels():
    train = images([0, 0, 0, 255], [9, 0, 0, 0], [1, 2, 3, 4])
    test = images([1, 2, 3, 4], [8, 0, 0, 0], [0, 0, 255, 0], [0, 0, 0, 255])
    assert twins(Split(train=train, test=test)).tolist() == [True, False, False, True]


def test_two_thirds_of_the_sprites_to_test_on_are_trained_on_too_by_symmetry():
    split = load(DataConfig(name="sprites"))
    doubled = twins(split)
    assert len(doubled) == 10_000
    assert doubled.mean() == pytest.approx(0.653, abs=0.001)
    squares, ellipses, hearts = (
        doubled[split.test.labels.numpy() == label].mean() for label in range(3)
    )
    assert squares == 1
    assert ellipses == pytest.approx(0.95, abs=0.005)
    assert hearts == 0
    one = int(doubled.nonzero()[0][0])
    image = split.test.raw(torch.tensor([one])).numpy()
    same = [
        (split.train.raw(slice(k, k + 10_000)).numpy() == image).all((1, 2, 3))
        for k in range(0, 170_000, 10_000)
    ]
    assert np.concatenate(same).any()


def test_digits_have_none_and_that_is_what_is_said():
    assert not twins(load(DataConfig(name="digits"))).any()
    assert [has_twins(DataConfig(name=name)) for name in ("digits", "mnist", "sprites")] == [
        False,
        False,
        True,
    ]
