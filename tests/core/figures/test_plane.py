from typing import Any

import numpy as np
import pytest

from core.figures import theme
from core.figures.plane import ellipse, prior_traces, square_extent

CODES = np.random.default_rng(0).normal(size=(300, 2)) * [2, 1] + [1, 0]


def test_prior_circles_have_radii_1_2_3():
    circles: Any
    words: Any
    circles, words = prior_traces()
    radii = np.hypot(circles.x, circles.y)
    rings = radii[~np.isnan(radii)].reshape(3, -1)
    assert rings == pytest.approx(np.tile([[1], [2], [3]], rings.shape[1]), abs=1e-6)
    assert list(words.text) == ["1σ", "2σ", "3σ"]
    assert circles.line.color == theme.PRIOR


def test_ellipse_has_the_standard_deviations_as_radii():
    mean, std = np.array([1.0, -2.0]), np.array([0.5, 0.1])
    outline = ellipse(mean, std, 2)
    x, y = np.array(outline.x), np.array(outline.y)
    assert ((x - 1) / 1.0) ** 2 + ((y + 2) / 0.2) ** 2 == pytest.approx(np.ones(len(x)), abs=1e-4)


def test_extent_is_square_and_holds_everything():
    left, right, bottom, top = square_extent(CODES)
    assert right - left == pytest.approx(top - bottom)
    everything = np.concatenate([CODES, [[-3, -3], [3, 3]]])
    assert (everything > [left, bottom]).all()
    assert (everything < [right, top]).all()


def test_extent_of_one_code_is_not_empty():
    left, right, _, _ = square_extent(np.ones((1, 2)), prior=False)
    assert left < 1 < right
