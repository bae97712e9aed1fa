import torch
from torch.distributions import Normal, kl_divergence

from core.models.posteriors import Gaussian
from core.models.priors import StandardNormal
from core.runtime import generator


def posterior(count: int = 50, latents: int = 4) -> Gaussian:
    random = generator(2)
    mean = torch.randn(count, latents, dtype=torch.float64, generator=random)
    return Gaussian(mean, torch.randn(count, latents, dtype=torch.float64, generator=random))


def test_kl_is_that_of_torch_distributions():
    q = posterior()
    expected = kl_divergence(Normal(q.mean, q.std), Normal(0.0, 1.0))
    torch.testing.assert_close(StandardNormal(4).kl_per_latent(q), expected)
    torch.testing.assert_close(StandardNormal(4).kl(q, q.mean), expected.sum(1))


def test_kl_is_never_negative_and_zero_only_at_the_prior():
    prior = StandardNormal(4)
    assert (prior.kl_per_latent(posterior()) > 0).all()
    same = Gaussian(torch.zeros(1, 4), torch.zeros(1, 4))
    assert torch.equal(prior.kl_per_latent(same), torch.zeros(1, 4))


def test_kl_is_the_mean_log_ratio_of_sampled_codes():
    q, prior, count = posterior(1), StandardNormal(4), 200_000
    many = Gaussian(q.mean.expand(count, 4), q.log_var.expand(count, 4))
    z = many.sample(generator(0))
    ratio = many.log_prob(z).sum(1) - prior.log_prob(z)
    error = ratio.std() / count**0.5
    assert abs(ratio.mean() - prior.kl(q, z)[0]) < 5 * error


def test_samples_are_standard_normal_and_repeatable():
    z = StandardNormal(3).sample(100_000, generator(0))
    assert torch.equal(z, StandardNormal(3).sample(100_000, generator(0)))
    assert z.mean(0).abs().max() < 0.02
    torch.testing.assert_close(z.T.cov(), torch.eye(3), atol=0.02, rtol=0)
