import math

import torch
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import Normal

from core.devices import generator
from core.models.likelihoods import Bernoulli, GaussianLikelihood

SHAPE = (6, 1, 4, 4)


def test_bernoulli_nll_is_that_of_torch_distributions_on_binary_images():
    output = torch.randn(SHAPE, dtype=torch.float64, generator=generator(0))
    x = (torch.rand(SHAPE, generator=generator(1)) < 0.5).double()
    expected = -TorchBernoulli(logits=output).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(Bernoulli().nll(output, x), expected)


def test_bernoulli_nll_of_grey_is_the_average_over_random_binarisations():
    output = torch.randn(SHAPE, dtype=torch.float64, generator=generator(0))
    grey = torch.rand(SHAPE, dtype=torch.float64, generator=generator(1))
    draws = torch.stack([torch.bernoulli(grey, generator=generator(seed)) for seed in range(4000)])
    binary = torch.stack([Bernoulli().nll(output, draw) for draw in draws])
    error = binary.std(0) / math.sqrt(len(draws))
    assert ((Bernoulli().nll(output, grey) - binary.mean(0)).abs() < 5 * error).all()


def test_gaussian_nll_is_that_of_torch_distributions():
    output = torch.randn(SHAPE, dtype=torch.float64, generator=generator(0))
    x = torch.rand(SHAPE, dtype=torch.float64, generator=generator(1))
    likelihood = GaussianLikelihood(0.3).double()
    expected = -Normal(output, likelihood.log_scale.exp()).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(likelihood.nll(output, x), expected)


def test_gaussian_nll_is_an_affine_map_of_the_squared_error():
    output = torch.randn(SHAPE, dtype=torch.float64, generator=generator(0))
    x = torch.rand(SHAPE, dtype=torch.float64, generator=generator(1))
    scale, pixels = 0.25, 16
    error = (x - output).square().flatten(1).sum(1)
    expected = error / (2 * scale**2) + pixels * (math.log(scale) + 0.5 * math.log(2 * math.pi))
    torch.testing.assert_close(GaussianLikelihood(scale).double().nll(output, x), expected)


def test_only_a_scale_left_out_is_learned():
    assert [name for name, _ in GaussianLikelihood().named_parameters()] == ["log_scale"]
    assert not list(GaussianLikelihood(0.1).parameters())
    assert "log_scale" in GaussianLikelihood(0.1).state_dict()


def test_the_best_learned_scale_is_the_root_mean_squared_error():
    output, x = torch.zeros(SHAPE), torch.randn(SHAPE, generator=generator(0)) * 0.4
    likelihood = GaussianLikelihood()
    optimiser = torch.optim.Adam(likelihood.parameters(), lr=0.05)
    for _ in range(300):
        optimiser.zero_grad()
        likelihood.nll(output, x).mean().backward()
        optimiser.step()
    torch.testing.assert_close(
        likelihood.log_scale.exp().detach(), x.square().mean().sqrt(), rtol=1e-3, atol=0
    )
