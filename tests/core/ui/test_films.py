"""Films of a training: which frame is shown when, and what the browser is given."""

from base64 import b64decode

import numpy as np
import pytest

from core.ui.kit.player import Dots
from core.ui.train.films import frames_at


def film(*epochs: int) -> dict[str, np.ndarray]:
    return {"epoch": np.array(epochs), "half_width": 10.0 * np.array(epochs)}


def test_films_of_the_same_epochs_are_left_alone():
    shown = frames_at(film(0, 1, 5), np.array([0, 1, 5]))
    assert shown["epoch"].tolist() == [0, 1, 5]


def test_a_film_shows_the_newest_frame_there_was_and_holds_its_last():
    shown = frames_at(film(0, 2, 4), np.array([0, 1, 2, 3, 4, 9]))
    assert shown["epoch"].tolist() == [0, 0, 2, 2, 4, 4]
    assert shown["half_width"].tolist() == [0, 0, 20, 20, 40, 40]


def test_points_keep_their_place_on_the_square_of_their_frame():
    points = np.array([[[3.0, -1.5]], [[30.0, -15.0]]])
    dots = Dots(points, np.array([3.0, 60.0]), np.array([1]), ("zero", "one"))
    payload = dots.payload()
    places = np.frombuffer(b64decode(payload["places"]), "<i2").reshape(2, 1, 2) / 32767
    np.testing.assert_allclose(places, [[[1, -0.5]], [[0.5, -0.25]]], atol=1e-4)
    assert list(b64decode(payload["labels"])) == [1]
    assert payload["halfWidths"] == [3.0, 60.0]
    assert len(payload["colors"]) == 2


@pytest.mark.parametrize("far", [1e9, np.float32(3.0000002)])
def test_a_point_beyond_its_square_stays_at_the_edge(far: float):
    dots = Dots(np.array([[[far, -far]]]), np.array([3.0]), np.array([0]), ("zero",))
    places = np.frombuffer(b64decode(dots.payload()["places"]), "<i2")
    assert places.tolist() == [32767, -32767]
