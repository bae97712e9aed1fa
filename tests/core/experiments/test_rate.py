import numpy as np
import pytest
import torch

from core.checkpoints import SHELF
from core.data import Split, load
from core.experiments.measuring.evidence import in_gaussian_form
from core.experiments.measuring.originals import originals
from core.experiments.measuring.rate import measure, measure_aggregate
from core.experiments.rate import AGGREGATE, RATE, limit
from core.metrics.divergence import kl_from_prior
from core.metrics.rate import split_rate
from core.models import Gaussian, build
from core.models.priors import StandardNormal
from core.recipes import recipe, with_prior
from core.runs import Run, open_run
from core.shelf import more_seeds, shipped

IMAGES = 360


def untrained(prior: str, latents: int = 3) -> Run:
    """Return a run of untrained weights with made-up codes."""
    config = with_prior("digits", latents, prior)
    random = np.random.default_rng(0)
    codes = {
        "mean": random.normal(size=(IMAGES, latents)).astype(np.float32),
        "std": random.uniform(0.2, 0.9, size=(IMAGES, latents)).astype(np.float32),
        "label": load(config.data).test.labels.numpy(),
    }
    weights = {name: weight.numpy() for name, weight in build(config).state_dict().items()}
    return Run(config, weights, {}, {}, codes, {})


@pytest.mark.parametrize("latents", [2, 10])
def test_the_parts_add_up_to_the_rate_that_the_run_was_trained_to(latents: int):
    run = open_run(recipe("digits", "vae", latents).key)
    found = measure(run, SHELF)
    assert found["rate"] == pytest.approx(run.metrics["kl"], rel=0.01)
    assert found["information"] + found["marginal"] == pytest.approx(found["rate"], abs=2e-4)
    assert 0 < found["information"] < limit(found["images"])
    assert found["marginal"] > 0
    assert found["images"] == 360


def test_a_collapsed_model_tells_nothing_and_pays_nothing():
    found = measure(open_run(recipe("digits", "beta-vae", 2).key), SHELF)
    assert [found[name] for name in ("rate", "information", "marginal")] == pytest.approx(
        [0, 0, 0], abs=0.005
    )


def test_a_uniform_prior_is_split_where_the_codes_are_gaussian():
    run = untrained("uniform")
    found = measure(run, SHELF)
    model = in_gaussian_form(run.model).requires_grad_(False)
    assert isinstance(model.prior, StandardNormal)
    x = originals(run)
    posterior = model.encode(x)
    expected = split_rate(posterior.mean.numpy(), posterior.std.numpy())
    assert found["images"] == len(x) == IMAGES
    assert found["rate"] == pytest.approx(expected.rate, abs=1e-3)
    assert found["information"] == pytest.approx(expected.information, abs=1e-3)


@pytest.mark.parametrize("prior", ["mixture", "vamp"])
def test_the_rate_of_a_prior_without_a_closed_form_is_that_of_many_codes(prior: str):
    run = untrained(prior)
    found = measure(run, SHELF)
    mean, std = (torch.from_numpy(run.codes[name]) for name in ("mean", "std"))
    posterior = Gaussian(mean, 2 * std.log())
    more = kl_from_prior(in_gaussian_form(run.model).prior, posterior, 2000, seed=7).value.mean()
    assert found["rate"] == pytest.approx(more, abs=5 * found["error"])
    assert 0 < found["error"] < 0.2


def test_a_prior_is_fitted_by_information_alone_when_it_is_the_aggregate_posterior():
    """With a part of the mixture prior for each posterior, the rate is the information alone."""
    run = untrained("mixture")
    config = recipe("digits", "vae", 3, prior="mixture", components=IMAGES)
    weights = {name: weight.numpy() for name, weight in build(config).state_dict().items()}
    weights["prior.logits"] = np.zeros(IMAGES, np.float32)
    weights["prior.mean"] = run.codes["mean"]
    weights["prior.log_var"] = 2 * np.log(run.codes["std"])
    found = measure(Run(config, weights, {}, {}, run.codes, {}), SHELF)
    assert found["marginal"] == pytest.approx(0, abs=4 * found["error"])
    assert found["information"] > 1


def test_every_run_with_a_kl_is_covered():
    runs = (*shipped(), *more_seeds())
    assert [c for c in runs if RATE.covers(c)] == [
        c for c in runs if c.model.posterior == "learned"
    ]


def test_with_few_images_more_counts_as_misfit_and_both_are_kept_apart():
    """A digits VAE: 0.156 of 360 test images, 0.110 of all 1,797, at least 0.096 of all digits."""
    run = open_run(recipe("digits", "vae", 2).key)
    few, every = measure(run, SHELF), measure_aggregate(run, SHELF)
    assert (few["images"], every["images"], every["whole"]) == (360, 1797, False)
    assert every["marginal"] == pytest.approx(0.1096, abs=0.002)
    assert every["low"] == pytest.approx(0.0962, abs=0.004)
    assert every["error"] < 1e-3
    assert every["low"] < every["marginal"] < few["marginal"]


def test_all_sprites_are_all_there_are(monkeypatch: pytest.MonkeyPatch):
    """Take a thousand of them, so that the test does not encode 184,320 images."""
    run = open_run(recipe("sprites", "beta-vae", 10).key)
    some = load(run.config.data).test.subset(slice(500))
    monkeypatch.setattr("core.experiments.measuring.rate.load", lambda data: Split(some, some))
    found = measure_aggregate(run, SHELF)
    assert found["whole"]
    assert (found["low"], found["low_error"], found["images"]) == (found["marginal"], 0, 1000)


def test_the_images_of_binarised_sets_are_too_many_to_take_all_of():
    covered = {c.data.name for c in (*shipped(), *more_seeds()) if AGGREGATE.covers(c)}
    assert covered == {"digits", "mnist", "sprites"}
