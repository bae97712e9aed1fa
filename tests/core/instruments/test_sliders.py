import numpy as np
import pytest

from core.explore.traversal import prior_ruler
from core.instruments.sliders import Latents, part

LATENTS = Latents(
    name="β = 1",
    order=[1, 0, 2],
    amounts=np.array([0.5, 2.0, 0.0]),
    unit="KL, nats",
    active=np.array([True, True, False]),
    ruler=prior_ruler(3),
    note="2 of 3 latents are active.",
)
REST = {"index": [7, 9], "names": ["seven", "nine"], "scrub": "β", "picked": 1, "size": 8}


def test_every_model_brings_its_latents_in_order_and_its_codes():
    codes = np.arange(12.0).reshape(2, 2, 3)
    made = part([LATENTS, LATENTS], codes, None, **REST)
    assert made.tensors["codes"].tolist() == codes.tolist()
    assert made.tensors["order"].tolist() == [[1, 0, 2]] * 2
    assert made.tensors["active"].tolist() == [[1, 1, 0]] * 2
    assert made.tensors["unit"].tolist() == [[1, 1, 1]] * 2
    assert "images" not in made.tensors
    assert made.header["models"][1]["note"] == LATENTS.note
    assert made.header["index"] == [7, 9]


def test_codes_of_another_number_of_images_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 1, 3\), got \(3, 1, 3\)"):
        part([LATENTS], np.zeros((3, 1, 3)), None, **REST)
