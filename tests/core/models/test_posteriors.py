import math

import pytest
import torch
from torch import Tensor

from core.devices import generator
from core.models.posteriors import Fixed, Gaussian, Learned, Point, mean_squared_radius


def codes(count: int = 64, latents: int = 3) -> Tensor:
    return torch.randn(count, latents, dtype=torch.float64, generator=generator(1)) * 2 + 1


def test_a_point_posterior_samples_its_mean_exactly():
    z = codes()
    assert torch.equal(Point()(z).sample(generator(0)), z)


def test_sampled_codes_have_the_mean_and_variance_they_claim():
    count = 200_000
    mean, log_var = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.5, -1.0]])
    z = Gaussian(mean.expand(count, 2), log_var.expand(count, 2)).sample(generator(0))
    torch.testing.assert_close(
        z.mean(0), mean[0], atol=5 * math.exp(0.25) / math.sqrt(count), rtol=0
    )
    torch.testing.assert_close(z.var(0), log_var[0].exp(), rtol=0.02, atol=0)


def test_log_prob_is_the_normal_density():
    mean, log_var, z = codes(5), codes(5) / 4, codes(5) + 0.3
    expected = torch.distributions.Normal(mean, (0.5 * log_var).exp()).log_prob(z)
    torch.testing.assert_close(Gaussian(mean, log_var).log_prob(z), expected)


@pytest.mark.parametrize("ratio", [0.01, 0.05, 1.0])
def test_fixed_noise_has_variance_eta_times_r_on_every_latent(ratio):
    z = codes()
    posterior = Fixed(ratio).double().train()(z)
    radius = (z**2).sum(1).mean()
    torch.testing.assert_close(posterior.std**2, (ratio * radius).expand_as(z))


def test_while_training_r_is_the_batch_and_afterwards_the_training_set():
    fixed = Fixed(0.05).double()
    training_set, batch = codes(500), codes(8) * 3
    fixed.calibrate(training_set)
    in_training = fixed.train()(batch).std[0, 0] ** 2
    afterwards = fixed.eval()(batch).std[0, 0] ** 2
    torch.testing.assert_close(in_training, 0.05 * mean_squared_radius(batch))
    torch.testing.assert_close(afterwards, 0.05 * mean_squared_radius(training_set))
    assert "squared_radius" in fixed.state_dict()


def test_gradient_flows_through_r_so_that_scaling_the_codes_scales_the_samples():
    z = codes()
    factor = torch.tensor(1.7, dtype=torch.float64, requires_grad=True)
    fixed = Fixed(0.05).double().train()
    scaled = fixed(factor * z).sample(generator(3))
    torch.testing.assert_close(scaled, factor.detach() * fixed(z).sample(generator(3)))
    (slope,) = torch.autograd.grad(scaled.sum(), factor)
    torch.testing.assert_close(slope, fixed(z).sample(generator(3)).sum())


def test_no_noise_is_a_point_and_its_gradient_is_finite():
    z = codes().requires_grad_()
    sample = Fixed(0.0).double().train()(z).sample(generator(0))
    (gradient,) = torch.autograd.grad(sample.sum(), z)
    assert torch.equal(sample, z)
    assert torch.equal(gradient, torch.ones_like(z))


def test_a_learned_posterior_takes_means_first():
    output = codes(latents=4)
    posterior = Learned()(output)
    assert torch.equal(posterior.mean, output[:, :2])
    assert torch.equal(posterior.log_var, output[:, 2:])
