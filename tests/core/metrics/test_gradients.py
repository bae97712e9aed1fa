import math

import pytest
import torch
from torch import Tensor

from core.config import PRIORS
from core.devices import generator
from core.metrics.gradients import ESTIMATORS, gradient_noise, gradients
from core.models import Gaussian, build, unsquashed
from core.recipes import recipe

pytestmark = pytest.mark.slow


def standard(count: int = 1, latents: int = 1) -> Gaussian:
    zero = torch.zeros(count, latents, dtype=torch.float64)
    return Gaussian(zero, zero.clone())


def square(q: Gaussian, z: Tensor) -> Tensor:
    return z.square().sum(-1)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_gradient_of_the_mean_square_is_the_closed_form(name: str):
    """E[z²] = m² + s²: by m in units of s it changes with 2 m s, by log s² with s²."""
    q = Gaussian(
        torch.tensor([[0.7, -1.0], [0.0, 2.0]]).double(),
        torch.tensor([[-1.0, 0.5], [0.3, 0.0]]).double(),
    )
    found = gradients(square, q, 200_000, generator(0))[name]
    expected = torch.cat([2 * q.mean * q.std, q.std.square()], -1)
    error = found.std(0) / math.sqrt(len(found))
    assert found.shape == (200_000, 2, 4)
    assert ((found.mean(0) - expected).abs() < 5 * error).all()


def test_the_variance_of_the_gradient_of_the_mean_square_is_the_closed_form():
    """Of z² at N(0, 1), reparameterised 2 ε and ε², with the score ε³ and ½ ε² (ε² - 1)."""
    found = gradients(square, standard(), 2_000_000, generator(1))
    torch.testing.assert_close(
        found["pathwise"].var(0)[0], torch.tensor([4.0, 2.0]).double(), rtol=0.02, atol=0
    )
    torch.testing.assert_close(
        found["score"].var(0)[0], torch.tensor([15.0, 18.5]).double(), rtol=0.05, atol=0
    )
    # Less the mean of f, 1: (ε² - 1) ε and ½ (ε² - 1)².
    torch.testing.assert_close(
        found["baseline"].var(0)[0], torch.tensor([10.0, 14.0]).double(), rtol=0.05, atol=0
    )


def test_a_constant_has_no_gradient_and_only_a_baseline_keeps_the_score_from_noise():
    found = gradients(
        lambda q, z: torch.full_like(z[:, 0], 100.0), standard(3, 2), 50, generator(0)
    )
    assert not found["pathwise"].any()
    assert found["baseline"].abs().max() < 1e-9
    assert found["score"].std() > 50


@pytest.mark.parametrize("name", ESTIMATORS)
def test_what_depends_on_the_posterior_itself_is_part_of_the_gradient(name: str):
    """The gradient of KL( N(m, s²) || N(0, 1) ) is m s by m / s, and ½ (s² - 1) by log s²."""

    def kl(q: Gaussian, z: Tensor) -> Tensor:
        return (
            q.log_prob(z) - Gaussian(torch.zeros_like(z), torch.zeros_like(z)).log_prob(z)
        ).sum(-1)

    q = Gaussian(torch.ones(1, 1).double(), torch.ones(1, 1).double())
    found = gradients(kl, q, 200_000, generator(2))[name][:, 0]
    expected = torch.tensor([math.exp(0.5), 0.5 * (math.e - 1)]).double()
    assert ((found.mean(0) - expected).abs() < 5 * found.std(0) / math.sqrt(len(found))).all()


@pytest.mark.parametrize("prior", PRIORS)
def test_all_estimators_agree_on_the_negative_elbo_of_a_model(prior: str):
    model = unsquashed(build(recipe("digits", "vae", prior=prior, hidden=(16,))))
    found = gradient_noise(model, torch.rand(20, 1, 8, 8, generator=generator(0)), draws=4000)
    assert found.draws == 4000
    assert {name: table.shape for name, table in found.variance.items()} == dict.fromkeys(
        ESTIMATORS, (20,)
    )
    assert all(0.7 < far < 1.4 for far in found.disagreement.values())
    assert (found.variance["pathwise"] < found.variance["baseline"]).all()
    assert (found.variance["baseline"] < found.variance["score"]).all()


def test_a_wrong_gradient_would_be_seen(monkeypatch: pytest.MonkeyPatch):
    right = gradients

    def wrong(*arguments):
        found = right(*arguments)
        return found | {"score": 1.5 * found["score"]}

    monkeypatch.setattr("core.metrics.gradients.gradients", wrong)
    model = build(recipe("digits", "vae", hidden=(16,)))
    for layer in model.encoder:  # so that there is a gradient to be wrong about
        if isinstance(layer, torch.nn.Linear):
            layer.weight.data *= 5
    images = torch.rand(20, 1, 8, 8, generator=generator(0))
    found = gradient_noise(model, images, draws=100_000)
    assert found.disagreement["baseline"] < 1.4 < found.disagreement["score"]


def test_images_in_several_parts_are_measured_like_each_alone():
    model = build(recipe("digits", "vae", hidden=(16,)))
    images = torch.rand(3, 1, 8, 8, generator=generator(0))
    together, alone = (gradient_noise(model, x, draws=4096) for x in (images, images[:1]))
    assert together.variance["pathwise"].shape == (3,)
    assert together.variance["pathwise"][0] == pytest.approx(alone.variance["pathwise"][0])


def test_what_has_no_gradient_is_refused():
    with pytest.raises(ValueError, match="draws should be at least 2, for a variance, got 1"):
        gradients(square, standard(), 1, generator(0))
    said = {
        recipe("digits", "ae"): "the posterior should have a density, got a point",
        recipe(
            "digits", "vae", prior="uniform"
        ): "the posterior should be a Gaussian, got one that .* has squashed",
    }
    for config, sentence in said.items():
        with pytest.raises(ValueError, match=sentence):
            gradient_noise(build(config), torch.zeros(1, 1, 8, 8))
    with pytest.raises(
        ValueError,
        match=r"images should lie in \[0, 1\] under a Bernoulli likelihood, got -1 to -1",
    ):
        gradient_noise(build(recipe("digits", "vae")), -torch.ones(1, 1, 8, 8))
