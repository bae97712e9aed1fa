import numpy as np
import pytest

from core.explore.drawing import means_and_draws
from core.models import build
from core.recipes import recipe

CODES = np.repeat([[0.5, -1.0]], 4000, axis=0)


def test_draws_of_a_bernoulli_are_black_or_white_and_average_to_the_mean():
    mean, drawn = means_and_draws(build(recipe("digits", "vae", hidden=(8,))), CODES)
    assert set(np.unique(drawn)) == {0.0, 1.0}
    np.testing.assert_allclose(drawn.mean(0), mean[0], atol=5 * 0.5 / np.sqrt(len(CODES)))


@pytest.mark.parametrize("scale", [1.0, 0.2])
def test_draws_of_a_gaussian_are_as_far_from_the_mean_as_its_scale_says(scale: float):
    model = build(recipe("digits", "vae", hidden=(8,), likelihood="gaussian", scale=scale))
    mean, drawn = means_and_draws(model, CODES)
    assert (drawn - mean).std() == pytest.approx(scale, rel=0.02)
    assert (drawn - mean).mean() == pytest.approx(0, abs=5 * scale / np.sqrt(drawn.size))


def test_the_seed_decides_the_pixels_and_the_codes_the_mean():
    model = build(recipe("digits", "vae", hidden=(8,)))
    (mean, first), (again, same), (_, other) = (
        means_and_draws(model, CODES[:3], seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(mean, again)
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()
    assert first.shape == (3, 8, 8)
