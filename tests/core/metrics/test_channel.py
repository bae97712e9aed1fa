import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.channel import bits, capacity_limit, gaussian_capacity, noise_ratio_for

POSITIVE = st.floats(1e-6, 1e6)


@pytest.mark.parametrize(("ratio", "expected"), [(1, 0.5), (3, 1), (15, 2), (63, 3), (0, 0)])
def test_signal_to_noise_of_powers_of_four_gives_whole_bits(ratio: float, expected: float):
    assert gaussian_capacity([ratio * 0.3], 0.3) == pytest.approx([expected])


@given(POSITIVE, POSITIVE, st.floats(0.01, 100))
def test_the_unit_of_the_code_does_not_matter(signal: float, noise: float, unit: float):
    assert gaussian_capacity(signal * unit, noise * unit) == pytest.approx(
        gaussian_capacity(signal, noise)
    )


@given(POSITIVE, POSITIVE, st.floats(1.01, 100))
def test_more_noise_leaves_less_and_more_signal_leaves_more(
    signal: float, noise: float, times: float
):
    assert gaussian_capacity(signal, noise * times) < gaussian_capacity(signal, noise)
    assert gaussian_capacity(signal * times, noise) > gaussian_capacity(signal, noise)


def test_each_latent_may_have_its_own_noise():
    each = gaussian_capacity([1.0, 2.0, 4.0], [0.5, 0.25, 8.0])
    alone = [gaussian_capacity(s, n)[0] for s, n in ((1.0, 0.5), (2.0, 0.25), (4.0, 8.0))]
    assert each.tolist() == pytest.approx(alone)


def test_a_gaussian_code_tells_exactly_its_capacity():
    """I(x; z) = h(z) - h(z given x), both Gaussian: ½ log2 of the ratio of their variances."""
    rng = np.random.default_rng(0)
    code = rng.normal(scale=1.5, size=200_000)
    noisy = code + rng.normal(scale=0.7, size=code.size)
    correlation = np.corrcoef(code, noisy)[0, 1]
    assert gaussian_capacity(1.5**2, 0.7**2)[0] == pytest.approx(
        -0.5 * np.log2(1 - correlation**2), rel=0.01
    )


@given(st.integers(1, 12), st.floats(0.001, 10), st.integers(0, 999))
def test_no_codes_get_more_bits_through_than_the_limit(latents: int, ratio: float, seed: int):
    rng = np.random.default_rng(seed)
    codes = rng.normal(size=(50, latents)) * rng.uniform(0.1, 3, latents) + rng.normal(
        size=latents
    )
    squared_radius = np.square(codes).sum(1).mean()
    through = gaussian_capacity(codes.var(0), ratio * squared_radius).sum()
    assert through <= latents * capacity_limit(ratio, latents) * (1 + 1e-9)


def test_codes_on_a_circle_around_the_origin_reach_the_limit():
    angle = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    codes = 7 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert gaussian_capacity(codes.var(0), 0.05 * 49) == pytest.approx(
        [capacity_limit(0.05, 2)] * 2
    )


@given(st.floats(0.01, 100), st.integers(1, 32))
def test_the_noise_for_some_bits_leaves_that_many(wanted: float, latents: int):
    assert latents * capacity_limit(noise_ratio_for(wanted, latents), latents) == pytest.approx(
        wanted, rel=1e-6
    )


def test_a_nat_is_more_than_a_bit():
    assert bits(1) == pytest.approx(1.442695)
    assert bits(5 * math.log(2)) == pytest.approx(5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: gaussian_capacity([-1.0], 1),
            "variance of the codes should be finite and at least 0, got -1",
        ),
        (
            lambda: gaussian_capacity([1.0], 0),
            "variance of the noise should be finite and above 0, got 0",
        ),
        (
            lambda: gaussian_capacity([math.nan], 1),
            "variance of the codes should be finite and at least 0, got nan",
        ),
        (
            lambda: gaussian_capacity([1.0], [1.0, math.inf]),
            "variance of the noise should be finite and above 0",
        ),
        (
            lambda: gaussian_capacity([1.0, 2.0, 3.0], [1.0, 2.0]),
            r"one number for all latents or one for each, got shape \(2,\) for a signal of"
            r" shape \(3,\)",
        ),
        (lambda: gaussian_capacity([[1.0]], 1), "one number for all latents or one for each"),
        (lambda: capacity_limit(0, 2), "noise_ratio should be finite and above 0, got 0"),
        (lambda: capacity_limit(0.1, 0), "latent_dim should be finite and at least 1, got 0"),
        (lambda: noise_ratio_for(0, 2), "bits should be finite and above 0, got 0"),
        (lambda: noise_ratio_for(1, 0), "latent_dim should be finite and at least 1, got 0"),
    ],
)
def test_what_is_no_channel_is_refused(call, message: str):
    with pytest.raises(ValueError, match=message):
        call()
