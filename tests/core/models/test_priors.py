import math
from pathlib import Path

import pytest
import torch
from torch.distributions import (
    Categorical,
    Independent,
    MixtureSameFamily,
    Normal,
    TransformedDistribution,
    kl_divergence,
)
from torch.distributions.transforms import (
    AffineTransform,
    ComposeTransform,
    CumulativeDistributionTransform,
)

from core.architecture import BOX
from core.config import COMPONENTS, PRIORS
from core.devices import generator
from core.models import build
from core.models.posteriors import Gaussian, LearnedSquashed, Squashed
from core.models.priors import Mixture, StandardNormal, Uniform, Vamp, centers, marginal
from core.recipes import recipe
from core.runs import load_or_train, open_run


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


def squashed(count: int = 50, latents: int = 4) -> Squashed:
    return Squashed(posterior(count, latents))


def test_the_box_of_the_uniform_prior_has_unit_variance():
    z = Uniform(3).sample(200_000, generator(0))
    assert z.abs().max() <= BOX
    torch.testing.assert_close(z.var(0), torch.ones(3), atol=0.01, rtol=0)
    assert Uniform(3).log_prob(z[:5]).tolist() == pytest.approx([-3 * math.log(2 * BOX)] * 5)
    assert Uniform(3).log_prob(torch.full((1, 3), 1.01 * BOX)).item() == -math.inf


def test_the_kl_of_a_squashed_gaussian_is_the_mean_log_ratio_of_its_codes():
    q, count = squashed(1), 200_000
    many = Squashed(Gaussian(q.base.mean.expand(count, 4), q.base.log_var.expand(count, 4)))
    z = many.sample(generator(0))
    ratio = many.log_prob(z).sum(1) - Uniform(4).log_prob(z)
    assert abs(ratio.mean() - Uniform(4).kl(q, z)[0]) < 5 * ratio.std() / count**0.5


def test_a_squashed_gaussian_is_the_transformed_one_of_torch_distributions():
    q = squashed()
    z = q.sample(generator(1))
    squash = ComposeTransform(
        [CumulativeDistributionTransform(Normal(0.0, 1.0)), AffineTransform(-BOX, 2 * BOX)]
    )
    expected = TransformedDistribution(Normal(q.base.mean, q.base.std), squash)
    within = z.abs() < 0.999 * BOX
    torch.testing.assert_close(q.log_prob(z)[within], expected.log_prob(z)[within])
    assert within.float().mean() > 0.9
    assert torch.isfinite(q.log_prob(torch.full_like(z, BOX))).all()


def test_mean_and_spread_of_a_squashed_gaussian_are_those_of_its_codes():
    q, count = squashed(1), 400_000
    z = Squashed(Gaussian(q.base.mean.expand(count, 4), q.base.log_var.expand(count, 4))).sample(
        generator(0)
    )
    assert ((z.mean(0) - q.mean[0]).abs() < 5 * z.std(0) / count**0.5).all()
    torch.testing.assert_close(z.std(0), q.std[0], rtol=0.01, atol=0)
    torch.testing.assert_close(q.log_var, 2 * q.std.log())


def test_a_squashed_gaussian_is_known_by_the_moments_of_its_codes():
    q = Squashed(Gaussian(posterior().mean.clamp(-2, 2), posterior().log_var.clamp(-4, 0.5)))
    found = Squashed.from_moments(q.mean, q.std)
    torch.testing.assert_close(found.base.mean, q.base.mean, atol=1e-3, rtol=0)
    torch.testing.assert_close(found.base.log_var, q.base.log_var, atol=2e-3, rtol=0)
    kept = Squashed.from_moments(q.mean.half().float(), q.std.half().float())
    torch.testing.assert_close(kept.std, q.std.float(), atol=2e-3, rtol=0)
    at_the_edge = Squashed.from_moments(torch.tensor([[BOX]]), torch.tensor([[0.0]]))
    assert at_the_edge.sample(generator(0)).abs().item() <= BOX


def test_a_squashed_standard_normal_is_the_prior():
    q = Squashed(
        Gaussian(torch.zeros(1, 3, dtype=torch.float64), torch.zeros(1, 3, dtype=torch.float64))
    )
    z = Uniform(3).sample(50, generator(0)).double()
    torch.testing.assert_close(q.log_prob(z).sum(1), Uniform(3).log_prob(z).double())
    assert not Uniform(3).kl(q, z).any()
    torch.testing.assert_close(q.std, torch.ones(1, 3, dtype=torch.float64), rtol=1e-4, atol=0)


def test_a_squashed_posterior_never_leaves_the_box_of_the_prior():
    q = LearnedSquashed()(1e3 * torch.randn(1000, 6, generator=generator(0)))
    assert q.mean.abs().max() <= BOX
    assert q.sample(generator(1)).abs().max() <= BOX


def test_a_mixture_is_that_of_torch_distributions():
    prior = Mixture(3, 5).double()
    prior.logits.data.normal_(generator=generator(1))
    prior.log_var.data.normal_(generator=generator(2))
    parts = Independent(Normal(prior.mean, (0.5 * prior.log_var).exp()), 1)
    expected = MixtureSameFamily(Categorical(logits=prior.logits), parts)
    z = torch.randn(40, 3, dtype=torch.float64, generator=generator(3))
    torch.testing.assert_close(prior.log_prob(z), expected.log_prob(z))
    drawn = prior.sample(100_000, generator(4))
    torch.testing.assert_close(drawn.mean(0), expected.mean.detach(), atol=0.03, rtol=0)
    torch.testing.assert_close(drawn.var(0), expected.variance.detach(), rtol=0.05, atol=0)


def test_a_mixture_of_one_standard_normal_has_its_kl_on_average():
    prior, q = Mixture(4, 1).double(), posterior()
    prior.mean.data.zero_()
    many = Gaussian(
        q.mean.expand(4000, *q.mean.shape).reshape(-1, 4),
        q.log_var.expand(4000, 50, 4).reshape(-1, 4),
    )
    estimated = prior.kl(many, many.sample(generator(0))).reshape(4000, 50)
    error = estimated.std(0) / 4000**0.5
    assert ((estimated.mean(0) - StandardNormal(4).kl(q, q.mean)).abs() < 5 * error).all()


def test_a_vampprior_is_the_average_of_the_posteriors_of_its_images():
    model = build(recipe("digits", "vae", prior="vamp", components=3, hidden=(8,)))
    assert isinstance(model.prior, Vamp)
    q, z = model.encode(model.prior.images()), torch.randn(7, 2, generator=generator(0))
    each = Normal(q.mean, q.std).log_prob(z[:, None]).sum(-1).exp()
    torch.testing.assert_close(model.prior.log_prob(z), each.mean(1).log())
    assert model.prior.images().min() >= 0
    model.prior.log_prob(z).sum().backward()
    assert model.prior.pseudo_inputs.grad is not None
    assert model.prior.pseudo_inputs.grad.abs().sum() > 0


@pytest.mark.parametrize("prior", PRIORS)
def test_every_prior_draws_the_same_codes_for_the_same_seed(prior: str):
    model = build(recipe("digits", "vae", prior=prior, hidden=(8,)))
    z = model.prior.sample(1000, generator(0))
    assert z.shape == (1000, 2)
    assert torch.equal(z, model.prior.sample(1000, generator(0)))
    assert not z.requires_grad
    assert torch.isfinite(model.prior.log_prob(z)).all()


def test_a_code_of_a_mixture_lies_around_the_center_of_its_own_component():
    prior = Mixture(2, 3)
    with torch.no_grad():
        prior.mean.copy_(torch.tensor([[-100.0, 0.0], [0.0, 100.0], [100.0, 0.0]]))
        prior.log_var.fill_(2 * math.log(0.1))
        spread = prior.sample(500, generator(4)) - centers(prior, 500, generator(4))
    assert spread.abs().max() < 1
    assert spread.std() == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize("prior", [StandardNormal(3), Uniform(3)])
def test_a_product_over_latents_has_its_center_at_the_origin(prior: StandardNormal | Uniform):
    assert centers(prior, 4, generator(0)).tolist() == [[0.0] * 3] * 4


@pytest.mark.parametrize("prior", PRIORS)
def test_every_prior_is_trained_kept_and_restored(tmp_path: Path, prior: str):
    config = recipe("digits", "vae", prior=prior, hidden=(32,), epochs=3, warm_up=1)
    run = load_or_train(config, tmp_path, device="cpu")
    again = open_run(config.key, tmp_path)
    z = run.model.prior.sample(5, generator(0))
    assert torch.equal(z, again.model.prior.sample(5, generator(0)))
    assert run.history["test_nll"][-1] < run.history["test_nll"][0]
    assert run.metrics["kl"] > 0
    assert len(run.metrics["kl_per_latent"]) == (2 if prior in ("normal", "uniform") else 0)
    untrained = build(config).state_dict()
    learned = [name for name in untrained if name.startswith("prior.")]
    assert all(
        not torch.allclose(untrained[name], again.model.state_dict()[name]) for name in learned
    )
    assert bool(learned) == (prior in ("mixture", "vamp"))


@pytest.mark.parametrize("prior", PRIORS)
def test_the_prior_of_some_latents_is_what_is_left_when_the_others_are_summed_over(prior: str):
    model = build(
        recipe(
            "digits",
            "vae",
            3,
            prior=prior,
            components=4 if prior in COMPONENTS else None,
            hidden=(8,),
        )
    )
    spread = torch.linspace(-9, 9, 4001)
    alone, z = marginal(model.prior, [0, 2]), torch.tensor([[0.3, -0.8], [1.2, 0.1]])
    for pair in z:
        line = torch.stack([pair[0].expand_as(spread), spread, pair[1].expand_as(spread)], 1)
        summed = model.prior.log_prob(line).exp().sum() * (spread[1] - spread[0])
        assert alone.log_prob(pair[None]).exp().item() == pytest.approx(summed.item(), rel=2e-3)
    assert alone.sample(7, generator(0)).shape == (7, 2)


def test_the_prior_of_latents_in_another_order_is_turned_with_them():
    prior = Mixture(3, 4)
    z = torch.randn(5, 3, generator=generator(0))
    torch.testing.assert_close(
        marginal(prior, [2, 0, 1]).log_prob(z[:, [2, 0, 1]]), prior.log_prob(z)
    )
