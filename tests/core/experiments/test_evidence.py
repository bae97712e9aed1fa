import math

import numpy as np
import pytest
import torch

from core.devices import generator
from core.experiments.evidence import EVIDENCE
from core.experiments.measuring import evidence
from core.experiments.measuring.evidence import in_gaussian_form, measure, spread_out
from core.experiments.measuring.originals import originals
from core.metrics.likelihood import importance_weighted, quadrature
from core.models import Autoencoder, Gaussian, build
from core.models.posteriors import BOX, Squashed
from core.models.priors import Mixture, StandardNormal, Uniform
from core.recipes import recipe, with_prior
from core.runs import open_run
from core.shelf import SHELF, more_seeds, shipped

X = torch.rand((3, 1, 8, 8), generator=generator(1))


def plain(prior: str, latents: int = 2) -> Autoencoder:
    return build(with_prior("digits", latents, prior)).double().requires_grad_(False)


def grid(half: float, steps: int) -> tuple[torch.Tensor, float]:
    """Return the middles of equal cells of a square, (S², 2), and the area of one."""
    line = (torch.arange(steps, dtype=torch.float64) + 0.5) / steps * 2 * half - half
    return torch.cartesian_prod(line, line), (2 * half / steps) ** 2


def test_the_uniform_prior_in_gaussian_form_has_the_log_p_that_a_sum_over_the_box_has():
    model, x = plain("uniform"), X.double()
    assert isinstance(model.prior, Uniform)
    codes, area = grid(BOX, 150)
    output = model.decoder(codes)
    nll = torch.stack([model.likelihood.nll(output, image.expand_as(output)) for image in x])
    by_hand = (model.prior.log_prob(codes) + math.log(area) - nll).logsumexp(1)
    np.testing.assert_allclose(quadrature(in_gaussian_form(model), x).value, by_hand, atol=0.01)


def test_the_kl_of_a_code_does_not_depend_on_its_name():
    model = plain("uniform", 10).float()
    same = in_gaussian_form(model)
    inside, outside = model.encode(X), same.encode(X)
    assert isinstance(model.prior, Uniform)
    assert isinstance(same.prior, StandardNormal)
    assert isinstance(inside, Squashed)
    assert isinstance(outside, Gaussian)
    torch.testing.assert_close(
        model.prior.kl_per_latent(inside), same.prior.kl_per_latent(outside)
    )
    torch.testing.assert_close(
        inside.mean, BOX * torch.erf(outside.mean / (2 + 2 * outside.std**2).sqrt())
    )


@pytest.mark.parametrize("prior", ["uniform", "mixture", "vamp"])
def test_what_is_decoded_from_a_posterior_is_the_same_in_gaussian_form(prior: str):
    model = plain(prior).float()
    same = in_gaussian_form(model)
    ours, theirs = model.encode(X), same.encode(X)
    assert isinstance(theirs, Gaussian)
    means, others = (m.decode(p.sample(generator(0))) for m, p in ((model, ours), (same, theirs)))
    torch.testing.assert_close(means, others)


def test_a_vamp_prior_in_gaussian_form_is_the_same_density():
    model = plain("vamp", 10)
    same = in_gaussian_form(model)
    assert isinstance(same.prior, Mixture)
    codes = torch.randn((6, 10), dtype=torch.float64, generator=generator(0))
    torch.testing.assert_close(same.prior.log_prob(codes), model.prior.log_prob(codes))


def test_the_numbers_of_a_run_are_those_of_its_bounds():
    run = open_run(recipe("digits", "vae").key)
    found, x = measure(run, SHELF), originals(run)
    bounds = importance_weighted(run.model, x, k=(1, found["k"]))
    assert found["images"] == found["test_images"] == len(x) == 360
    assert found["elbo"] == pytest.approx(bounds.value[0].mean(), abs=5 * found["error"])
    assert -found["nll"] == pytest.approx(bounds.value[1].mean(), abs=5 * found["error"])
    assert -found["nll"] == pytest.approx(
        quadrature(run.model, x).value.mean(), abs=5 * found["error"] + 0.1
    )
    assert 0 < found["error"] < 0.1


def test_a_part_of_the_images_stands_for_all(monkeypatch: pytest.MonkeyPatch):
    run = open_run(recipe("digits", "vae").key)
    exact = quadrature(run.model, originals(run)).value
    monkeypatch.setattr(evidence, "IMAGES", 40)
    found = measure(run, SHELF)
    assert (found["images"], found["test_images"]) == (40, 360)
    assert -found["nll"] == pytest.approx(exact.mean(), abs=5 * found["error"] + 0.1)
    alone = exact[spread_out(360, 40).numpy()].std(ddof=1) / math.sqrt(40)
    assert found["error"] < alone / 3


def test_all_that_can_be_bounded_is_covered_and_nothing_else():
    covered = [config for config in (*shipped(), *more_seeds()) if EVIDENCE.covers(config)]
    assert {config.model.posterior for config in covered} == {"learned"}
    assert {config.model.prior for config in covered} == {"normal", "uniform", "mixture", "vamp"}
    assert {config.data.name for config in covered} == {
        "digits",
        "mnist",
        "mnist-dynamic",
        "mnist-static",
    }


@pytest.mark.parametrize(("total", "count"), [(10_000, 1000), (360, 1000), (7, 3), (1, 1)])
def test_images_are_spread_evenly_and_none_is_taken_twice(total: int, count: int):
    chosen = spread_out(total, count).numpy()
    assert len(set(chosen)) == len(chosen) == min(total, count)
    assert chosen[0] == 0
    assert total - chosen[-1] <= -(-total // len(chosen))
