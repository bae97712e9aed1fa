"""Images to test on, read as arrays, are those of the split that models are tested on."""

import numpy as np
import pytest

from core.config import DataConfig
from core.data import load, read_test_images


@pytest.mark.parametrize(
    "data",
    [DataConfig(name="digits"), DataConfig(name="sprites"), DataConfig(name="sprites", size=64)],
)
@pytest.mark.parametrize("index", [slice(5), slice(None, None, 50), np.array([7, 0, 359])])
def test_they_are_those_of_the_split(data: DataConfig, index: slice | np.ndarray):
    test = load(data).test
    expected = test.raw(slice(None)).squeeze(1).numpy()[index]
    images = read_test_images(data, index)
    assert images.dtype == np.uint8
    assert np.array_equal(images, expected)
