import math

import numpy as np
import pytest
import torch

from core.metrics.latents import kl_per_latent_from
from core.metrics.rate import aggregate_kl, split_rate
from core.models.priors import Mixture, StandardNormal

RNG = np.random.default_rng(0)
MEAN = RNG.normal(size=(300, 2))
STD = RNG.uniform(0.2, 0.8, size=(300, 2))


def density(z: np.ndarray, mean: float | np.ndarray, std: float | np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * ((z - mean) / std) ** 2) / (std * math.sqrt(2 * math.pi))


def test_posteriors_that_are_all_the_same_tell_nothing():
    split = split_rate(np.full((50, 3), 0.7), np.full((50, 3), 0.4))
    assert split.information == pytest.approx(0, abs=1e-12)
    assert split.marginal == pytest.approx(split.rate)
    assert split.rate == pytest.approx(3 * (0.5 * (0.49 + 0.16 - 1) - math.log(0.4)))


@pytest.mark.parametrize("count", [2, 7, 100])
def test_posteriors_that_do_not_overlap_tell_the_image(count: int):
    split = split_rate(10.0 * np.arange(count)[:, None], np.full((count, 1), 0.1))
    assert split.information == pytest.approx(math.log(count), abs=1e-6)
    assert split.error == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("std", [1e-2, 1e-5, 1e-8, 1e-12, 1e-16, 1e-100, 1e-300])
@pytest.mark.parametrize("where", [3.0, 1e6])
def test_the_information_of_narrow_posteriors_is_log_n_and_never_more(std: float, where: float):
    split = split_rate([[-where], [where], [where + 1]], np.full((3, 1), std), samples=20)
    assert split.information == pytest.approx(math.log(3), abs=1e-8)
    assert split.information <= math.log(3)
    assert split.information + split.marginal == pytest.approx(split.rate)


def test_narrow_posteriors_with_one_mean_tell_nothing():
    split = split_rate(np.full((4, 2), 3.0), np.full((4, 2), 1e-9), samples=5)
    assert split.information == pytest.approx(0, abs=1e-9)


def test_a_narrow_posterior_within_a_wide_one_is_told_from_it():
    mean, std = [[0.0], [0.0]], [[1e-9], [1.0]]
    split = split_rate(mean, std, samples=100_000)
    assert split.information == pytest.approx(math.log(2), abs=1e-4)


def test_two_posteriors_that_overlap_are_split_as_the_integrals_say():
    mean, std = np.array([0.0, 1.0]), np.array([0.5, 0.8])
    z = np.linspace(-8, 8, 20_001)
    q = np.stack([density(z, m, s) for m, s in zip(mean, std, strict=True)])
    both, prior, step = q.mean(0), density(z, 0, 1), z[1] - z[0]
    information = float((q * np.log(q / both)).sum() * step / 2)
    marginal = float((both * np.log(both / prior)).sum() * step)
    split = split_rate(mean[:, None], std[:, None], samples=100_000)
    assert split.information == pytest.approx(information, abs=0.005)
    assert split.marginal == pytest.approx(marginal, abs=0.005)
    assert split.rate == pytest.approx(information + marginal, abs=1e-6)


def test_the_parts_sum_to_the_rate_and_the_marginal_is_what_its_own_estimate_says():
    split = split_rate(MEAN, STD)
    assert split.rate == pytest.approx(kl_per_latent_from(MEAN, STD).sum())
    assert split.information + split.marginal == pytest.approx(split.rate)
    codes = np.repeat(MEAN, 50, 0) + np.repeat(STD, 50, 0) * np.random.default_rng(1).normal(
        size=(15_000, 2)
    )
    log_prior = -0.5 * np.square(codes).sum(1) - math.log(2 * math.pi)
    aggregate = density(codes[:, None], MEAN, STD).prod(axis=2).mean(axis=1)
    assert split.marginal == pytest.approx(
        (np.log(aggregate) - log_prior).mean(), abs=5 * split.error
    )


def test_the_standard_error_is_no_less_than_the_spread_over_seeds():
    found = [split_rate(MEAN, STD, seed=seed) for seed in range(60)]
    spread = np.std([one.information for one in found])
    assert 0.3 * found[0].error < spread < 1.3 * found[0].error


def test_information_does_not_depend_on_the_prior_and_lies_between_0_and_log_n():
    own = split_rate(MEAN, STD)
    other = split_rate(MEAN, STD, kl=np.full(300, 9.0))
    assert other.information == own.information
    assert other.marginal == pytest.approx(9 - own.information)
    assert 0 < own.information < math.log(300)


def test_wider_posteriors_tell_less():
    told = [split_rate(MEAN, STD * times).information for times in (0.1, 1, 10)]
    assert told == sorted(told, reverse=True)


@pytest.mark.parametrize("shrink", [1e-3, 1e-6, 1e-9])
def test_the_information_of_narrow_posteriors_far_out_keeps_its_digits(shrink: float):
    far = split_rate(3 + shrink * MEAN, shrink * STD, kl=np.zeros(300))
    assert far.information == pytest.approx(split_rate(MEAN, STD).information, abs=1e-6)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_seed_decides(seed: int):
    assert split_rate(MEAN, STD, seed=seed) == split_rate(MEAN, STD, seed=seed)
    assert split_rate(MEAN, STD, seed=seed) != split_rate(MEAN, STD, seed=0)


@pytest.mark.parametrize(
    ("mean", "std", "options", "message"),
    [
        (MEAN, STD[:5], {}, r"should have the means' shape"),
        (MEAN, 0 * STD, {}, "standard deviations should be above 0, got 0"),
        (MEAN, 0 * STD, {"kl": np.ones(300)}, "standard deviations should be above 0, got 0"),
        (MEAN[:1], STD[:1], {}, "at least 2 rows"),
        (MEAN, STD, {"kl": np.ones(3)}, "kl should be one number per image, 300, got 3"),
        (MEAN, STD, {"samples": 0}, "samples should be at least 1, got 0"),
    ],
)
def test_what_is_no_set_of_posteriors_is_refused(mean, std, options, message: str):
    with pytest.raises(ValueError, match=message):
        split_rate(mean, std, **options)


def drawn_posteriors(count: int, seed: int, latents: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return posteriors with means from N(0, 0.6 I), std 0.5: their aggregate is Gaussian."""
    random = np.random.default_rng(seed)
    return math.sqrt(0.6) * random.normal(size=(count, latents)), np.full((count, latents), 0.5)


KL_OF_THE_DATA = 0.5 * (0.85 - 1 - math.log(0.85))
"""KL(N(0, 0.6 + 0.25) || N(0, 1)) of each latent."""


@pytest.mark.parametrize("latents", [1, 2, 3])
def test_the_misfit_of_the_data_lies_between_the_two_estimates_and_their_middle_is_near_it(
    latents: int,
):
    found = [
        aggregate_kl(*drawn_posteriors(300, seed, latents), StandardNormal(latents))
        for seed in range(12)
    ]
    value, low, middle = (
        float(np.mean([getattr(one, name) for one in found]))
        for name in ("value", "low", "middle")
    )
    assert low < latents * KL_OF_THE_DATA < value
    error = float(np.std([one.middle for one in found]) / math.sqrt(len(found)))
    assert middle == pytest.approx(latents * KL_OF_THE_DATA, abs=3 * error)


def test_more_images_bring_the_two_estimates_together():
    few, many = (
        aggregate_kl(*drawn_posteriors(count, 0), StandardNormal(2)) for count in (100, 4000)
    )
    assert 0 < many.value - many.low < 0.1 * (few.value - few.low)
    assert few.value > 2 * many.value


def test_with_two_latents_the_misfit_of_the_images_is_exact():
    mean, std = drawn_posteriors(50, 1)
    found = aggregate_kl(mean, std, StandardNormal(2))
    z = np.linspace(-6, 6, 601)
    along = [density(z[:, None], mean[:, latent], std[:, latent]) for latent in (0, 1)]
    q, p = along[0] @ along[1].T / 50, np.outer(density(z, 0, 1), density(z, 0, 1))
    exact = float((q * np.log(q / p)).sum() * (z[1] - z[0]) ** 2)
    assert found.value == pytest.approx(exact, abs=2e-3)
    assert found.error < 1e-3
    assert aggregate_kl(mean, std, StandardNormal(2), seed=5).value == found.value


def test_a_mixture_prior_with_a_part_for_each_image_leaves_no_misfit_of_these_images():
    mean, std = drawn_posteriors(200, 2)
    prior = Mixture(2, 200)
    prior.load_state_dict(
        {
            "logits": torch.zeros(200),
            "mean": torch.from_numpy(mean),
            "log_var": torch.from_numpy(2 * np.log(std)),
        }
    )
    found = aggregate_kl(mean, std, prior)
    assert found.value == pytest.approx(0, abs=1e-5)
    assert found.low < -0.01


def test_images_that_no_other_is_like_leave_the_misfit_of_the_data_open():
    mean = np.random.default_rng(0).normal(size=(40, 20))
    found = aggregate_kl(mean, np.full((40, 20), 1e-3), StandardNormal(20))
    assert found.low < -1e6 < 0 < found.value
    assert math.isfinite(found.low)


@pytest.mark.parametrize(
    ("mean", "std", "codes", "message"),
    [
        ([[0.0]], [[1.0]], 10, "at least 2 rows"),
        ([[0.0], [1.0]], [[1.0], [0.0]], 10, "above 0"),
        ([[0.0], [1.0]], [[1.0], [1.0]], 1, "codes should be at least 2"),
    ],
)
def test_the_misfit_of_what_is_no_set_of_posteriors_is_refused(
    mean, std, codes: int, message: str
):
    with pytest.raises(ValueError, match=message):
        aggregate_kl(mean, std, StandardNormal(1), codes=codes)
