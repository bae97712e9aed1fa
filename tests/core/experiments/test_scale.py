import math

import numpy as np
import pytest
import torch

from core.checkpoints import SHELF
from core.data import load
from core.devices import generator
from core.experiments.measuring.scale import (
    angle,
    difference,
    errors,
    gradient,
    knob,
    line_through,
    measure,
)
from core.experiments.scale import SCALE, affine
from core.models import Autoencoder, build
from core.models.likelihoods import GaussianLikelihood
from core.objectives import Terms, loss
from core.recipes import recipe
from core.runs import Run, open_run
from core.shelf import gaussians, more_seeds, shipped

X = torch.rand((20, 1, 8, 8), generator=generator(0))


def gaussian(scale: float | None) -> Autoencoder:
    return build(recipe("digits", "vae", 2, likelihood="gaussian", scale=scale, hidden=(16,)))


@pytest.mark.parametrize("scale", [0.05, 0.3, 1.0, 4.0])
def test_the_likelihoods_own_nll_lies_on_the_line(scale: float):
    sse, nll = errors(gaussian(scale), X)
    slope, intercept = affine(scale, 64)
    np.testing.assert_allclose(nll, slope * sse + intercept, rtol=1e-6)
    fitted = line_through(sse, nll)
    assert fitted[:2] == (
        pytest.approx(slope, rel=1e-5),
        pytest.approx(intercept, rel=1e-5, abs=1e-3),
    )
    assert fitted[2] < 1e-6 * max(1, abs(nll).max())


def test_the_nll_of_a_bernoulli_lies_on_no_line():
    assert line_through(*errors(build(recipe("digits", "vae", 2, hidden=(16,))), X))[2] > 0.01


def test_a_standard_deviation_of_one_over_root_two_pi_has_no_intercept():
    assert affine(1 / math.sqrt(2 * math.pi), 10) == (
        pytest.approx(math.pi),
        pytest.approx(0, abs=1e-12),
    )


@pytest.mark.parametrize(("scale", "beta"), [(1.0, 1.0), (0.2, 1.0), (0.2, 3.0)])
def test_the_gradient_is_that_of_the_objective_that_is_trained(scale: float, beta: float):
    model, x = gaussian(scale).double(), X.double()
    posterior = model.posterior(model.encoder(x))
    z = posterior.sample(generator(0))
    total = loss(
        Terms(model.likelihood.nll(model.decoder(z), x), model.prior.kl(posterior, z)), beta
    )  # pyright: ignore
    weights = [*model.encoder.parameters(), *model.decoder.parameters()]
    expected = torch.cat([part.flatten() for part in torch.autograd.grad(total, weights)])
    torch.testing.assert_close(gradient(model, X, scale, beta), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("one", "other"), [((1.0, 1.0), (0.1, 100.0)), ((0.3, 2.0), (0.7, 2.0 * (0.3 / 0.7) ** 2))]
)
def test_equal_sigma_squared_beta_is_an_equal_direction_to_rounding(one: tuple, other: tuple):
    model = gaussian(None)
    ours, theirs = (gradient(model, X, *pair) for pair in (one, other))
    assert difference(one[0] ** 2 * ours, other[0] ** 2 * theirs) < 1e-12
    assert angle(ours, theirs) < 1e-3
    changed = gradient(model, X, other[0], other[1] * 1.5)
    assert difference(one[0] ** 2 * ours, other[0] ** 2 * changed) > 1e-4


def test_the_knob_says_what_the_gradients_do_and_leaves_the_model_alone():
    model = gaussian(None).requires_grad_(False)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    found = knob(model, X, 0.1)
    assert (found["scale"], found["beta"]) == (1.0, pytest.approx(0.01))
    assert found["difference"] < 1e-12
    assert found["angle_without"] > 0.1 > found["angle"]
    assert knob(model, X, 1.0)["beta"] == pytest.approx(100)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(not p.requires_grad and p.dtype == torch.float32 for p in model.parameters())


def test_a_scale_of_nothing_is_refused():
    with pytest.raises(ValueError, match="scale should be above 0, got 0"):
        gradient(gaussian(None), X, 0.0, 1.0)


@pytest.mark.parametrize("scale", [None, 1.0])
def test_what_is_kept_of_a_run_agrees_with_itself(scale: float | None):
    config = recipe("digits", "vae", 2, likelihood="gaussian", scale=scale)
    codes = {"label": load(config.data).test.labels.numpy()}
    weights = {name: weight.numpy() for name, weight in build(config).state_dict().items()}
    found = measure(Run(config, weights, {}, {}, codes, {}), SHELF)
    slope, intercept = affine(found["scale"], found["pixels"])
    assert (found["slope"], found["intercept"]) == (
        pytest.approx(slope, rel=1e-4),
        pytest.approx(intercept, rel=1e-3),
    )
    assert found["scale"] == pytest.approx(scale or 0.1)
    assert (len(found["sse"]), len(found["nll"]), found["images"], found["pixels"]) == (
        200,
        200,
        360,
        64,
    )
    assert found["residual"] < 1e-6 * max(found["nll"])
    assert found["rmse"] == pytest.approx(math.sqrt(np.mean(found["sse"]) / 64), rel=0.1)


def test_a_bernoulli_has_no_scale():
    found = measure(open_run(recipe("digits", "vae").key), SHELF)
    assert found["scale"] is None
    assert found["knob"] is None
    assert found["residual"] > 1


def test_three_likelihoods_of_two_data_sets_are_covered():
    covered = {config for config in (*shipped(), *more_seeds()) if SCALE.covers(config)}
    wanted = {
        config
        for data in ("digits", "mnist")
        for config in (*gaussians(data), recipe(data, "vae"))
    }
    assert covered == wanted
    assert all(
        isinstance(build(config).likelihood, GaussianLikelihood) for config in gaussians("digits")
    )
