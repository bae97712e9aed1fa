import math

import pytest
import torch

from core.config import recipe
from core.metrics.prior_fit import aggregate_kl, kl_from_prior
from core.metrics.rate import split_rate
from core.models import Gaussian, build, unsquashed
from core.models.posteriors import Squashed
from core.models.priors import Mixture, Prior, StandardNormal, Uniform
from core.runtime import generator


def posteriors(count: int = 40, latents: int = 3) -> Gaussian:
    random = generator(2)
    mean = torch.randn(count, latents, dtype=torch.float64, generator=random)
    return Gaussian(mean, torch.randn(count, latents, dtype=torch.float64, generator=random) - 1)


def one_gaussian(mean: float, log_var: float, latents: int = 3) -> Mixture:
    prior = Mixture(latents, 1).double()
    prior.mean.data.fill_(mean)
    prior.log_var.data.fill_(log_var)
    return prior


def closed_form(q: Gaussian, mean: float, log_var: float) -> torch.Tensor:
    square = (q.mean - mean).square() + q.log_var.exp()
    return 0.5 * (square / math.exp(log_var) + log_var - q.log_var - 1).sum(-1)


def test_a_closed_form_has_no_error():
    found = kl_from_prior(StandardNormal(3), posteriors())
    assert found.value == pytest.approx(closed_form(posteriors(), 0, 0).numpy())
    assert not found.error.any()


@pytest.mark.parametrize(("mean", "log_var"), [(0.0, 0.0), (0.5, 1.0)])
def test_monte_carlo_and_the_closed_form_agree_where_both_exist(mean: float, log_var: float):
    q, count = posteriors(), 1000
    found = kl_from_prior(one_gaussian(mean, log_var), q, count)
    off = (found.value - closed_form(q, mean, log_var).numpy()) / found.error
    assert abs(off).max() < 5
    assert 0.7 < off.std() < 1.4  # the error is no more and no less than it says
    assert kl_from_prior(one_gaussian(mean, log_var), q, 4 * count).error.mean() == pytest.approx(
        found.error.mean() / 2, rel=0.1
    )


def test_the_kl_of_a_vampprior_of_one_image_is_that_of_two_gaussians():
    model = build(recipe("digits", "vae", 3, prior="vamp", components=1, hidden=(8,))).double()
    (_, parts), q = model.prior.parts(), posteriors()  # pyright: ignore[reportCallIssue]
    square = ((q.mean - parts.mean).square() + q.log_var.exp()) / parts.log_var.exp()
    expected = 0.5 * (square + parts.log_var - q.log_var - 1).sum(-1)
    found = kl_from_prior(model.prior, q, 4000)
    assert (abs(found.value - expected.detach().numpy()) < 5 * found.error).all()


@pytest.mark.parametrize("prior", [StandardNormal(3), one_gaussian(0.5, 1.0)])
def test_the_aggregate_kl_is_the_rate_less_the_information(prior: Prior):
    q = posteriors()
    rate = kl_from_prior(prior, q, 4000)
    split = split_rate(q.mean, q.std, kl=rate.value, samples=400, seed=1)
    found = aggregate_kl(prior, q, 400)
    tolerance = 5 * math.hypot(found.error, found.error, float((rate.error**2).sum()) ** 0.5 / len(rate.error))
    assert found.value == pytest.approx(split.marginal, abs=tolerance)
    assert 0 < tolerance < 0.1


def test_the_error_of_the_aggregate_kl_is_that_of_other_codes():
    found = [aggregate_kl(StandardNormal(3), posteriors(), 2, seed) for seed in range(300)]
    spread = torch.tensor([one.value for one in found]).std()
    assert spread == pytest.approx(sum(one.error**2 for one in found) ** 0.5 / len(found) ** 0.5, rel=0.2)


def test_an_aggregate_that_is_the_prior_costs_nothing():
    q = posteriors(6)
    prior = Mixture(3, 6).double()
    prior.mean.data, prior.log_var.data = q.mean.clone(), q.log_var.clone()
    found = aggregate_kl(prior, q, 10)
    assert found.value == pytest.approx(0, abs=1e-9)
    assert found.error == pytest.approx(0, abs=1e-9)


def test_one_gaussian_twice_has_the_kl_of_one():
    q = Gaussian(torch.full((2000, 1), 1.5).double(), torch.zeros(2000, 1).double())
    found = aggregate_kl(StandardNormal(1), q, 20)
    assert abs(found.value - 1.5**2 / 2) < 5 * found.error


def test_a_box_is_measured_before_its_codes_are_squashed():
    """The KL from a uniform prior of what lies in its box: of the bases by Gaussians, of the codes by Monte Carlo."""
    model = build(recipe("digits", "vae", 3, prior="uniform", hidden=(8,))).double()
    squashed = model.encode(torch.rand(30, 1, 8, 8, generator=generator(0)).double())
    assert isinstance(squashed, Squashed)
    found = kl_from_prior(unsquashed(model).prior, squashed.base)
    drawn = torch.stack([squashed.sample(generator(seed)) for seed in range(2000)])
    ratio = squashed.log_prob(drawn).sum(-1) - Uniform(3).log_prob(drawn)
    error = ratio.std(0) / math.sqrt(len(ratio))
    assert ((ratio.mean(0) - torch.from_numpy(found.value)).abs() < 5 * error).all()


def test_bad_numbers_are_refused():
    with pytest.raises(ValueError, match="samples should be at least 2, for a standard error, got 1"):
        kl_from_prior(StandardNormal(3), posteriors(), 1)
    with pytest.raises(ValueError, match="samples should be at least 2, for a standard error, got 1"):
        aggregate_kl(StandardNormal(3), posteriors(), 1)
