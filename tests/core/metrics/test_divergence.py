import math

import pytest
import torch

from core.devices import generator
from core.metrics.divergence import kl_from_prior
from core.models import Gaussian, build, unsquashed
from core.models.posteriors import Squashed
from core.models.priors import Mixture, StandardNormal, Uniform
from core.recipes import recipe


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


def test_a_box_is_measured_before_its_codes_are_squashed():
    """The KL from a uniform prior is that of the Gaussian bases and that of codes in its box."""
    model = build(recipe("digits", "vae", 3, prior="uniform", hidden=(8,))).double()
    squashed = model.encode(torch.rand(30, 1, 8, 8, generator=generator(0)).double())
    assert isinstance(squashed, Squashed)
    found = kl_from_prior(unsquashed(model).prior, squashed.base)
    drawn = torch.stack([squashed.sample(generator(seed)) for seed in range(2000)])
    ratio = squashed.log_prob(drawn).sum(-1) - Uniform(3).log_prob(drawn)
    error = ratio.std(0) / math.sqrt(len(ratio))
    assert ((ratio.mean(0) - torch.from_numpy(found.value)).abs() < 5 * error).all()


def test_bad_numbers_are_refused():
    with pytest.raises(
        ValueError, match="samples should be at least 2, for a standard error, got 1"
    ):
        kl_from_prior(StandardNormal(3), posteriors(), 1)
