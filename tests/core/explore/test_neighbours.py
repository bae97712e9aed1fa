import numpy as np
import pytest
import torch

from core.data import ImageSet
from core.explore import neighbours
from core.explore.neighbours import nearest_codes, nearest_images


def image_set(count: int = 120) -> ImageSet:
    pixels = torch.from_numpy(
        np.random.default_rng(0).integers(0, 256, (count, 1, 6, 6), dtype=np.uint8)
    )
    return ImageSet(pixels=pixels, labels=torch.zeros(count, dtype=torch.int64))


def test_nearest_codes_are_those_of_brute_force():
    random = np.random.default_rng(0)
    codes, point = random.normal(size=(200, 5)), random.normal(size=5)
    expected = sorted(range(200), key=lambda place: np.linalg.norm(codes[place] - point))
    assert nearest_codes(codes, point, 12).tolist() == expected[:12]


def test_a_code_is_its_own_nearest_and_no_more_come_than_there_are():
    codes = np.random.default_rng(0).normal(size=(9, 2))
    assert nearest_codes(codes, codes[4], 1).tolist() == [4]
    assert sorted(nearest_codes(codes, codes[4], 100)) == list(range(9))


@pytest.mark.parametrize("chunk", [1, 7, 4000])
def test_nearest_images_are_those_of_brute_force(chunk: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(neighbours, "CHUNK", chunk)
    images, queries = image_set(), np.random.default_rng(1).random((15, 6, 6))
    index, distance = nearest_images(images, queries)
    differences = queries[:, None] - images.images().squeeze(1).numpy()[None]
    table = np.sqrt(np.square(differences).mean((2, 3)))
    np.testing.assert_array_equal(index, table.argmin(1))
    np.testing.assert_allclose(distance, table.min(1), rtol=1e-4)


def test_an_image_of_the_set_is_found_at_distance_zero():
    images = image_set()
    index, distance = nearest_images(
        images, images.images(torch.tensor([7, 90])).squeeze(1).numpy()
    )
    assert index.tolist() == [7, 90]
    np.testing.assert_allclose(distance, 0, atol=1e-3)


def test_black_and_white_are_one_apart():
    black = ImageSet(pixels=torch.zeros(3, 1, 4, 4, dtype=torch.uint8), labels=torch.arange(3))
    index, distance = nearest_images(black, np.ones((1, 4, 4)))
    assert (index.tolist(), distance.tolist()) == ([0], [1.0])
