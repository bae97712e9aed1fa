import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.explore.sampling import (
    COMPONENTS,
    SAMPLERS,
    Box,
    Mixture,
    Normal,
    aggregate_posterior,
    box_half_width,
    sampler,
)

MEAN = np.array([1.0, -2.0, 0.5])
COVARIANCE = np.array([[2.0, 0.8, 0.0], [0.8, 1.0, 0.3], [0.0, 0.3, 0.5]])
COUNT = 200_000


def codes(count: int = 400, latents: int = 3) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, latents)).astype(np.float32)


@pytest.mark.parametrize("name", list(SAMPLERS))
@pytest.mark.parametrize("latents", [1, 2, 10])
def test_a_seed_gives_the_same_codes_and_another_seed_others(name: str, latents: int):
    source = sampler(name, codes(latents=latents))
    first, again, other = (source.sample(50, seed) for seed in (0, 0, 1))
    assert first.shape == (50, latents)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_fitting_again_gives_the_same_sampler():
    for name in SAMPLERS:
        one, other = (sampler(name, codes()).sample(20, 0) for _ in range(2))
        np.testing.assert_array_equal(one, other)


def test_a_box_is_filled_evenly_and_never_left():
    z = Box(2.5, 3).sample(COUNT, 0)
    assert np.abs(z).max() <= 2.5
    for column in z.T:
        share, _ = np.histogram(column, bins=10, range=(-2.5, 2.5))
        np.testing.assert_allclose(share / COUNT, 0.1, atol=5 * np.sqrt(0.09 / COUNT))
    np.testing.assert_allclose(np.corrcoef(z.T), np.eye(3), atol=0.02)


@pytest.mark.parametrize("half_width", [0, -1.0, float("nan"), float("inf")])
def test_a_box_without_inside_is_refused(half_width: float):
    with pytest.raises(
        ValueError, match=f"half-width of the box should be above 0 and finite, got {half_width}"
    ):
        Box(half_width, 2)


@settings(deadline=None)
@given(arrays(np.float32, (40, 2), elements=st.floats(-100, 100, width=32)), st.floats(0.5, 1))
def test_the_fitted_box_holds_the_share_it_claims(z: np.ndarray, share: float):
    inside = np.abs(z).max(axis=1) <= box_half_width(z, share) * (1 + 1e-6)
    assert inside.mean() >= share - 1 / len(z)


def test_a_box_is_fitted_unless_its_half_width_is_given():
    z = codes()
    assert np.abs(sampler("box", z, 0.25).sample(1000, 0)).max() <= 0.25
    largest = np.abs(sampler("box", z).sample(10_000, 0)).max()
    assert largest == pytest.approx(box_half_width(z), rel=1e-2)


def test_a_normal_has_the_moments_it_was_given():
    z = Normal(MEAN, COVARIANCE).sample(COUNT, 0)
    np.testing.assert_allclose(z.mean(0), MEAN, atol=5 * np.sqrt(2 / COUNT))
    np.testing.assert_allclose(np.cov(z.T), COVARIANCE, atol=0.03)


def test_a_normal_of_deficient_rank_stays_on_its_line():
    z = Normal(np.zeros(2), np.ones((2, 2))).sample(100, 0)
    np.testing.assert_allclose(z[:, 0], z[:, 1], atol=1e-6)


def test_the_prior_knows_nothing_of_the_codes():
    np.testing.assert_array_equal(
        sampler("prior", codes()).sample(9, 1), sampler("prior", 5 * codes()).sample(9, 1)
    )


def test_the_gaussian_has_the_moments_of_the_codes():
    z = Normal(MEAN, COVARIANCE).sample(2000, 3)
    drawn = sampler("gaussian", z).sample(COUNT, 0)
    np.testing.assert_allclose(drawn.mean(0), z.mean(0), atol=0.02)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(z.T), atol=0.03)


def planted() -> np.ndarray:
    """Return codes of two clusters: 3 in 4 around (-10, 0), wide, others at (10, 5), narrow."""
    many, few = (
        Normal(np.array([-10.0, 0.0]), np.diag([4.0, 1.0])),
        Normal(np.array([10.0, 5.0]), np.eye(2) / 4),
    )
    return np.concatenate([many.sample(1500, 0), few.sample(500, 1)])


def test_a_mixture_finds_planted_clusters_and_draws_from_them_as_often():
    mixture = Mixture(planted(), components=2)
    order = np.argsort([part.mean[0] for part in mixture.parts])
    np.testing.assert_allclose(mixture.weights[order], [0.75, 0.25], atol=1e-3)
    z = mixture.sample(COUNT, 0)
    left = z[:, 0] < 0
    assert left.mean() == pytest.approx(0.75, abs=0.006)
    np.testing.assert_allclose(z[left].mean(0), [-10, 0], atol=0.2)
    np.testing.assert_allclose(z[~left].mean(0), [10, 5], atol=0.1)
    np.testing.assert_allclose(z[left].var(0), [4, 1], rtol=0.15)
    np.testing.assert_allclose(z[~left].var(0), [0.25, 0.25], rtol=0.15)


def test_the_parts_a_mixture_draws_from_follow_the_seed():
    mixture = Mixture(planted(), components=2)
    first, again, other = (mixture.sample(200, seed)[:, 0] < 0 for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_mixture_leaves_empty_what_a_gaussian_fills():
    z = planted()
    between = {
        name: (np.abs(sampler(name, z).sample(5000, 0)[:, 0]) < 3).mean()
        for name in ("gaussian", "mixture")
    }
    assert between["gaussian"] > 0.1
    assert between["mixture"] < 0.01


def test_a_mixture_has_ten_parts_and_fewer_where_codes_are_few():
    assert len(Mixture(codes(1000)).parts) == COMPONENTS == 10
    assert len(Mixture(codes(65)).parts) == 3
    assert len(Mixture(codes(5)).parts) == 1


def test_codes_on_a_line_can_be_fitted():
    line = np.repeat(codes(400, 1), 2, axis=1)
    for name in SAMPLERS:
        assert np.isfinite(sampler(name, line).sample(100, 0)).all()


def test_the_aggregate_posterior_adds_the_variance_of_the_posteriors_to_that_of_their_means():
    mean = np.random.default_rng(1).normal(3, 2, (COUNT, 2)).astype(np.float32)
    std = np.full_like(mean, 1.5)
    z = aggregate_posterior(mean, std)
    assert z.dtype == np.float32
    np.testing.assert_allclose(z.mean(0), mean.mean(0), atol=0.02)
    np.testing.assert_allclose(z.var(0), mean.var(0) + 1.5**2, rtol=0.02)


def test_without_noise_the_aggregate_posterior_is_the_codes():
    np.testing.assert_array_equal(aggregate_posterior(codes(), np.zeros_like(codes())), codes())


def test_an_unknown_sampler_is_told_the_nearest():
    known = "sampler should be one of box, prior, gaussian, mixture"
    with pytest.raises(ValueError, match=rf"{known}, got 'gausian', did you mean 'gaussian'\?"):
        sampler("gausian", codes())


def test_codes_of_a_box_and_of_a_gaussian_have_one_center():
    assert not Box(2.5, 3).centers(5, 0).any()
    centers = Normal(MEAN, COVARIANCE).centers(5, 0)
    np.testing.assert_allclose(centers, np.tile(MEAN, (5, 1)))


def test_a_code_of_a_mixture_lies_around_the_center_of_its_own_component():
    mixture = two_parts()
    mixture.parts = [Normal(50 * MEAN, COVARIANCE), Normal(-50 * MEAN, COVARIANCE)]
    spread = mixture.sample(COUNT, 3) - mixture.centers(COUNT, 3)
    np.testing.assert_allclose(spread.mean(0), 0, atol=0.02)
    np.testing.assert_allclose(np.cov(spread.T), COVARIANCE, atol=0.03)


def two_parts() -> Mixture:
    mixture = Mixture(planted(), components=2)
    mixture.parts = [Normal(MEAN, COVARIANCE), Normal(-MEAN, COVARIANCE[::-1, ::-1])]
    return mixture


@pytest.mark.parametrize("latent", [0, 1, 2])
def test_the_density_of_one_latent_is_that_of_gaussians_over_a_number(latent: int):
    mixture, z = two_parts(), codes(9, 1)
    stds = [math.sqrt(COVARIANCE[at, at]) for at in (latent, 2 - latent)]
    gaussians = [NormalDist(MEAN[latent], stds[0]), NormalDist(-MEAN[latent], stds[1])]
    expected = [
        sum(w * g.pdf(at) for w, g in zip(mixture.weights, gaussians, strict=True))
        for at in z[:, 0].tolist()
    ]
    np.testing.assert_allclose(mixture.density(z, [latent]), expected)
    assert mixture.density(z[:1], [latent]).shape == (1,)


@pytest.mark.parametrize(("latents", "kept"), [([0, 2], 1), ([2, 0], 0), ([1, 2], 0)])
def test_the_density_of_some_latents_is_the_integral_over_the_others(
    latents: list[int], kept: int
):
    mixture = two_parts()
    line = np.linspace(-30, 30, 601)
    for value in (-1.0, 0.5):
        points = np.insert(line[:, None], kept, value, axis=1)
        integral = np.trapezoid(mixture.density(points, latents), line)
        alone = mixture.density(np.array([[value]]), [latents[kept]])
        np.testing.assert_allclose(integral, alone, rtol=1e-6)
