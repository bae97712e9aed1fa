import math
from pathlib import Path

import numpy as np
import pytest
import torch

from core.config import PRIORS, RunConfig
from core.data import load
from core.experiments.claims import DEPENDS, FAILS, FIRST_LOOK, HOLDS
from core.experiments.gaps import (
    GAPS,
    TIGHT,
    Tightness,
    boundable,
    integrable,
    tightness,
)
from core.experiments.measuring import gaps
from core.experiments.measuring.gaps import likeliest, measure
from core.metrics.likelihood import quadrature, true_posterior
from core.metrics.likelihood.joint import log_likelihoods
from core.models import unsquashed
from core.models.posteriors import BOX
from core.recipes import recipe
from core.runs import Run, load_or_train
from core.shelf import shipped


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    config = recipe("digits", "vae", hidden=(16,), epochs=5)
    return load_or_train(config, tmp_path_factory.mktemp("runs"))


@pytest.fixture(autouse=True)
def _few_images(monkeypatch: pytest.MonkeyPatch):
    for name, value in (("MOST_IMAGES", 20), ("SPLIT_IMAGES", 6), ("STEPS", 40)):
        monkeypatch.setattr(gaps, name, value)


def test_the_gap_is_what_quadrature_says_and_its_parts_add_up(run: Run):
    found = measure(run, Path())
    images = load(run.config.data).test.images(slice(20))
    assert (
        (found["n"], found["split_n"])
        == (20, 6)
        == (len(found["gap"]), len(found["amortisation"]))
    )
    assert found["log_evidence"] == pytest.approx(
        quadrature(run.model, images).value.mean(), abs=1e-4
    )
    assert found["log_evidence"] - found["elbo"] == pytest.approx(np.mean(found["gap"]), abs=1e-3)
    assert found["gap"][3] == pytest.approx(true_posterior(run.model, images[3:4]).kl, abs=0.03)
    assert min(found["amortisation"]) >= 0
    parts = np.add(found["amortisation"], found["approximation"])
    np.testing.assert_allclose(parts, found["gap"][:6], atol=1e-3)


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (
            recipe("mnist", "vae", 10),
            "Quadrature needs one or two latents, this run has 10; pick a run with 2.",
        ),
        (recipe("mnist", "ae"), "AE learned no distribution over codes"),
        (recipe("mnist", "noisy-ae"), "Noisy AE, η = 0.05 learned no distribution over codes"),
        (
            recipe("digits", "vae", 3, prior="uniform"),
            "Quadrature needs one or two latents, this run has 3",
        ),
    ],
)
def test_what_cannot_be_integrated_is_told_in_one_sentence(config: RunConfig, why: str):
    said = integrable(config)
    assert said
    assert why in said
    assert said.endswith(".")
    assert not GAPS.covers(config)


def test_bounds_need_no_few_latents():
    assert boundable(recipe("mnist", "vae", 10)) is None
    assert integrable(recipe("mnist", "vae", 1)) is None


def test_the_study_covers_every_shipped_vae_with_two_latents():
    covered = {config for config in shipped() if GAPS.covers(config)}
    assert covered == {
        config
        for config in shipped()
        if config.model.name in ("vae", "beta-vae") and config.model.latent_dim == 2
    }
    assert {config.model.prior for config in covered} == PRIORS.keys()


def test_the_gap_under_a_uniform_prior_is_that_before_its_box(tmp_path: Path):
    run = load_or_train(recipe("digits", "vae", hidden=(16,), epochs=5, prior="uniform"), tmp_path)
    found = measure(run, tmp_path)
    images = load(run.config.data).test.images(slice(20))
    evidence = quadrature(unsquashed(run.model), images).value
    assert found["log_evidence"] == pytest.approx(evidence.mean(), abs=1e-4)
    # p(x) is an integral over the box as well, where the uniform density is a constant: a plain
    # sum over it agrees.
    side = torch.linspace(-BOX, BOX, 401)[:-1] + BOX / 400
    with torch.no_grad():
        output = run.model.decoder(torch.cartesian_prod(side, side)).flatten(1)
        logs = log_likelihoods(run.model.likelihood, images.flatten(1), output)
    plain = logs.logsumexp(1) - 2 * math.log(len(side))
    np.testing.assert_allclose(evidence, plain.numpy(), atol=0.05)
    assert min(found["gap"]) > -0.02
    assert min(found["amortisation"]) >= 0


def entry(gap: float, amortisation: float, approximation: float) -> dict:
    return {
        "n": 2,
        "split_n": 1,
        "gap": [gap - 0.1, gap + 0.1],
        "amortisation": [amortisation],
        "approximation": [approximation],
    }


@pytest.mark.parametrize(
    ("entries", "encoder_lags", "tight"),
    [
        ([entry(3, 2, 1), entry(4, 3, 1), entry(4, 3, 1)], HOLDS, FAILS),
        ([entry(0.3, 0.1, 0.2), entry(0.4, 0.1, 0.3), entry(0.4, 0.1, 0.3)], FAILS, HOLDS),
        (
            [entry(0.5, 0.3, 0.2), entry(TIGHT + 1, 0.1, 1.9), entry(0.5, 0.3, 0.2)],
            DEPENDS,
            DEPENDS,
        ),
        ([entry(3, 2, 1), entry(4, 3, 1)], FIRST_LOOK, FIRST_LOOK),
    ],
)
def test_the_larger_part_is_so_with_every_seed(entries: list[dict], encoder_lags: str, tight: str):
    found = tightness(dict(enumerate(entries)))
    assert isinstance(found, Tightness)
    assert (found.encoder_lags.word, found.tight.word) == (encoder_lags, tight)
    assert (found.seeds, found.n, found.split_n) == (len(entries), 2, 1)
    assert found.gap == {seed: np.mean(one["gap"]) for seed, one in enumerate(entries)}


def test_nothing_measured_says_nothing():
    assert tightness({}) is None


def test_the_start_of_a_fit_explains_the_image_best_of_all_known_codes(run: Run):
    images = load(run.config.data).test.images(slice(4))
    found = likeliest(run, images)
    mean = torch.from_numpy(run.codes["mean"])
    with torch.no_grad():
        output = run.model.decoder(mean)
        for image, chosen in zip(images, found.mean, strict=True):
            joint = run.model.prior.log_prob(mean) - run.model.likelihood.nll(
                output, image.expand_as(output)
            )
            assert (mean[joint.argmax()] == chosen).all()
    which = int((mean == found.mean[0]).all(1).nonzero()[0])
    np.testing.assert_allclose(found.std[0], run.codes["std"][which], rtol=1e-5)
