import numpy as np
import pytest

from core.instruments.passage import part

REST = {
    "index": [4, 7],
    "names": ["four", "seven"],
    "pairs": [(0, 1)],
    "picked": (1, 0),
    "stand_in": 0,
    "blending": ("Blending pixels", "#808080"),
    "columns": 2,
}


def test_images_come_along_where_they_are_here():
    images = np.full((2, 8, 8), 200, np.uint8)
    with_images = part(np.zeros((2, 3, 5)), images, **REST)
    assert (with_images.tensors["images"] == 200).all()
    assert with_images.tensors["pairs"].tolist() == [[0, 1]]
    assert "images" not in part(np.zeros((2, 3, 5)), None, **REST).tensors


def test_codes_of_another_number_of_images_are_refused():
    with pytest.raises(ValueError, match=r"\(2, R, L\), got \(3, 1, 5\)"):
        part(np.zeros((3, 1, 5)), None, **REST)
