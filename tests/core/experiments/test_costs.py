import math

import numpy as np
import pytest

from core.checkpoints import load
from core.config import RunConfig
from core.data import load as images_of
from core.experiments.costs import COSTS
from core.experiments.evidence import EVIDENCE
from core.experiments.kept import numbers_of
from core.experiments.measuring.costs import distortion, error_of_one_code, measure
from core.experiments.measuring.originals import originals
from core.metrics.likelihood import quadrature
from core.recipes import recipe, with_prior
from core.runs import Run, open_run
from core.shelf import SHELF, shipped
from core.training import evaluate

DIGITS = [recipe("digits", name, 2) for name in ("ae", "noisy-ae", "vae", "beta-vae")]
VAE = recipe("digits", "vae", 2)


def name_of(config: RunConfig) -> str:
    return config.model.label


@pytest.fixture(scope="module")
def vae() -> Run:
    return open_run(VAE.key)


@pytest.mark.parametrize("config", DIGITS, ids=name_of)
def test_the_kept_numbers_are_those_that_are_measured(config: RunConfig):
    found, kept = measure(open_run(config.key), SHELF), numbers_of(COSTS, config)
    assert kept is not None
    assert kept == {name: pytest.approx(value, abs=2e-4) for name, value in found.items()}


@pytest.mark.parametrize(
    "config", [c for c in shipped() if COSTS.includes(c)], ids=lambda config: config.key
)
def test_nll_and_kl_are_the_negative_elbo_and_near_the_runs_own(config: RunConfig):
    kept, own = numbers_of(COSTS, config), load(SHELF, config.key).metrics
    assert kept is not None
    assert kept["test_images"] == own["test_images"]
    # One code per image has 16 times the variance of the mean of 16.
    noise = kept["nll_error"] * math.sqrt(kept["codes"] + 1)
    assert kept["nll"] == pytest.approx(own["nll"], abs=5 * noise + 0.002)
    if kept["elbo"] is None:
        assert own["elbo"] is None
    else:
        assert kept["nll"] + kept["kl"] + kept["elbo"] == pytest.approx(0, abs=2e-4)


@pytest.mark.parametrize(
    "config",
    [c for c in shipped() if EVIDENCE.includes(c) and COSTS.includes(c)],
    ids=lambda config: config.key,
)
def test_there_is_one_elbo(config: RunConfig):
    kept, bound = numbers_of(COSTS, config), numbers_of(EVIDENCE, config)
    assert kept is not None
    assert bound is not None
    assert kept["elbo"] == pytest.approx(bound["elbo"], abs=0.003)


def test_the_elbo_is_that_of_many_codes_within_its_error(vae: Run):
    x, kept = originals(vae), numbers_of(COSTS, VAE)
    nll, error = distortion(vae.model, x, 2000, seed=7)
    many = -nll - vae.metrics["kl"]
    assert kept is not None
    assert error < 0.002
    assert many == pytest.approx(-24.176, abs=0.01)
    assert kept["elbo"] == pytest.approx(many, abs=4 * kept["elbo_error"])
    assert kept["elbo"] < quadrature(vae.model, x).value.mean()


def test_the_error_of_one_code_is_how_far_the_runs_own_number_moves_with_the_codes(vae: Run):
    images = images_of(VAE.data).test
    seeds = [evaluate(vae.model, images, seed=seed).nll for seed in range(40)]
    assert error_of_one_code(vae) == pytest.approx(np.std(seeds, ddof=1), rel=0.5)
    assert error_of_one_code(open_run(recipe("digits", "ae", 2).key)) == 0


def test_the_error_says_how_far_the_mean_over_codes_moves(vae: Run):
    found = [distortion(vae.model, originals(vae), 4, seed) for seed in range(60)]
    means, errors = np.array(found).T
    assert np.mean(errors) == pytest.approx(np.std(means, ddof=1), rel=0.35)


def test_a_kl_without_a_closed_form_has_an_error_and_one_with_has_none():
    sampled = numbers_of(COSTS, with_prior("digits", 2, "vamp"))
    exact = numbers_of(COSTS, VAE)
    assert sampled is not None
    assert exact is not None
    assert sampled["kl_error"] > 0
    assert exact["kl_error"] == 0
    assert exact["kl"] == pytest.approx(load(SHELF, VAE.key).metrics["kl"], abs=1e-3)
