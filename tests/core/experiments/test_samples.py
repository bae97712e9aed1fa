from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.config import MODEL_LABELS, DataConfig, with_seed
from core.data import digits
from core.experiments.measuring.every_run import measure_runs
from core.experiments.measuring.reference import (
    Reference,
    ceiling_of,
    load_classifier,
    make_reference,
    save_classifier,
)
from core.experiments.measuring.samples import measure_samples
from core.experiments.noise import SAMPLED
from core.experiments.noise import measured as noise_measured
from core.experiments.priors import EXPOST
from core.experiments.priors import measured as priors_measured
from core.experiments.samples import (
    CODE_SEEDS,
    SAMPLES,
    Quality,
    Trained,
    kept_ceiling,
    kept_quality,
    kept_trainings,
)
from core.explore.sampling import SAMPLERS, Box, codes_of, sampler_of
from core.models.posteriors import BOX
from core.recipes import recipe
from core.runs import load_or_train, open_run

DIGITS = DataConfig(name="digits")
CONFIG = recipe("digits", "vae", hidden=(16,), epochs=1)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return make_reference(DIGITS, digits.load(), epochs=1)


@pytest.fixture(scope="module")
def root(reference: Reference, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a classifier and one run."""
    folder = tmp_path_factory.mktemp("made")
    save_classifier(folder, reference)
    load_or_train(CONFIG, folder, device="cpu")
    return folder


def test_every_sampler_is_measured_and_kept_and_so_is_the_ceiling(
    root: Path, reference: Reference
):
    assert kept_quality(CONFIG, "prior", root) is None
    assert kept_ceiling(DIGITS, root) is None
    measure_runs(SAMPLES, root)
    run, judge = open_run(CONFIG.key, root), load_classifier(root, DIGITS)
    for name in SAMPLERS:
        kept = kept_quality(CONFIG, name, root)
        assert kept is not None
        assert kept == measure_samples(run, judge, name)
        assert (kept.n, kept.seeds) == (len(reference.held_out), CODE_SEEDS)
    assert kept_ceiling(DIGITS, root) == ceiling_of(judge)


def test_samples_depend_on_their_seed_alone(root: Path, reference: Reference):
    run = open_run(CONFIG.key, root)
    both = measure_samples(run, reference, "prior", seeds=(0, 1))
    one = measure_samples(run, reference, "prior", seeds=(1,))
    assert both.frechet[1] == one.frechet[0] != both.frechet[0]


def test_a_far_too_wide_box_gives_worse_images_than_a_fitted_one(root: Path, reference: Reference):
    run = open_run(CONFIG.key, root)
    fitted, wide = (
        measure_samples(run, reference, "box", half_width=width, seeds=(0,))
        for width in (None, 1e4)
    )
    assert wide.mean("density") < 0.2 * fitted.mean("density")
    source = sampler_of(run, "box", 0.5)
    assert isinstance(source, Box)
    assert source.half_width == 0.5


@pytest.mark.parametrize("model", list(MODEL_LABELS))
def test_samplers_are_fitted_to_the_aggregate_posterior_of_the_training_images(
    tmp_path: Path, model: str
):
    run = load_or_train(recipe("digits", model, hidden=(16,), epochs=1), tmp_path, device="cpu")
    variance = run.codes["train_mean"].var(0) + np.square(run.codes["train_std"]).mean(0)
    drawn = sampler_of(run, "gaussian").sample(20_000, 0)
    np.testing.assert_allclose(drawn.var(0), variance, rtol=0.15)


def test_mean_and_spread_are_over_seeds():
    quality = Quality((1.0, 3.0), (1.0, 1.0), (0.5, 0.5), (0.0, 1.0), n=10, seeds=(0, 1))
    assert quality.mean("frechet") == 2
    assert quality.spread("frechet") == pytest.approx(np.sqrt(2))
    assert quality.spread("density") == 0
    assert replace(quality, frechet=(4.0,)).spread("frechet") == 0


def test_over_trainings_each_counts_once_however_many_codes_it_drew():
    quality = Quality((1.0, 3.0), (1.0, 1.0), (0.5, 0.5), (0.0, 1.0), n=10, seeds=(0, 1))
    trained = Trained({0: quality, 4: replace(quality, frechet=(8.0,), seeds=(0,))})
    assert (trained.seeds, trained.n, trained.values("frechet")) == ((0, 4), 10, (2.0, 8.0))
    assert trained.mean("frechet") == 5
    assert trained.spread("frechet") == pytest.approx(np.sqrt(18))
    assert Trained({0: quality}).spread("frechet") == 0


@pytest.mark.parametrize("name", SAMPLED)
def test_all_pages_average_over_the_same_trainings(name: str):
    for config in (recipe("mnist", "ae", 10), recipe("mnist", "vae", 10), recipe("digits", "vae")):
        trained = kept_trainings(config, name)
        assert trained is not None
        by_seed = dict(zip(trained.seeds, trained.values("frechet"), strict=True))
        noise = noise_measured(config).column("samples", name)
        assert {seed: distance for seed, (distance, _) in noise.items()} == by_seed
        which = {"prior": "", "mixture": EXPOST}
        if name in which:
            priors = priors_measured(config, which[name])
            assert priors.column("samples", "frechet") == by_seed


def test_a_run_of_another_seed_stands_for_itself():
    assert kept_trainings(with_seed(recipe("digits", "vae"), 77), "prior") is None


def test_codes_of_a_box_stay_in_it_and_others_have_the_noise_of_their_posteriors(tmp_path: Path):
    for prior in ("uniform", "normal"):
        run = load_or_train(recipe("digits", "vae", prior=prior, hidden=(16,), epochs=3), tmp_path)
        for which in ("", "train_"):
            z, mean, std = (
                codes_of(run, which),
                run.codes[f"{which}mean"],
                run.codes[f"{which}std"],
            )
            assert z.shape == mean.shape
            np.testing.assert_array_equal(z, codes_of(run, which))
            assert (np.abs(z).max() <= BOX) == (prior == "uniform")
            assert np.square(z - mean).mean() == pytest.approx(np.square(std).mean(), rel=0.15)
