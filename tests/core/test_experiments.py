import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.checkpoints import CheckpointError, load, save, survey
from core.config import MODEL_LABELS, DataConfig, recipe
from core.data import digits
from core.experiments import (
    MEASURED,
    SEEDS,
    Quality,
    kept_ceiling,
    kept_quality,
    measure_samples,
    measure_shelf,
    sampler_of,
)
from core.explore.sampling import SAMPLERS, Box
from core.metrics.classifier import build_classifier
from core.metrics.reference import Reference, ceiling_of, load_classifier, make_reference, save_classifier
from core.runs import load_or_train, open_run

DIGITS = DataConfig(name="digits")
CONFIG = recipe("digits", "vae", hidden=(16,), epochs=1)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return make_reference(DIGITS, digits.load(), epochs=1)


@pytest.fixture(scope="module")
def made(reference: Reference, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a classifier and one run, measured."""
    folder = tmp_path_factory.mktemp("made")
    save_classifier(folder, reference)
    load_or_train(CONFIG, folder, device="cpu")
    measure_shelf(folder)
    return folder


@pytest.fixture
def measured(made: Path, tmp_path: Path) -> Path:
    """Return a copy of that folder."""
    return shutil.copytree(made, tmp_path, dirs_exist_ok=True)


@pytest.fixture
def root(measured: Path) -> Path:
    """Return a folder with a classifier and one run, not measured yet."""
    (measured / MEASURED).unlink()
    return measured


def write(root: Path, change: dict[str, object], entry: str) -> None:
    """Alter a kept entry by hand."""
    measured = json.loads((root / MEASURED).read_text())
    measured["entries"][entry] |= change
    (root / MEASURED).write_text(json.dumps(measured))


def alter_weights(root: Path) -> None:
    """Keep other weights under the same key, as training on another machine would."""
    kept = load(root, CONFIG.key)
    weights = {name: weight + 0.01 * (weight.ndim > 0) for name, weight in kept.weights.items()}
    save(root, replace(kept, weights=weights))


def test_every_sampler_of_every_run_is_measured_and_kept(root: Path, reference: Reference):
    told: list[tuple[int, int]] = []
    path = measure_shelf(root, lambda done, total: told.append((done, total)))
    assert path == root / MEASURED
    assert told == [(done, 4) for done in (1, 2, 3, 4)]
    run = open_run(CONFIG.key, root)
    for name in SAMPLERS:
        kept = kept_quality(CONFIG.key, name, root)
        assert kept is not None
        assert kept == measure_samples(run, load_classifier(root, DIGITS), name)
        assert (kept.n, kept.seeds) == (len(reference.held_out), SEEDS)
    assert kept_ceiling(DIGITS, root) == ceiling_of(load_classifier(root, DIGITS))


def test_nothing_is_known_before_it_is_measured(root: Path):
    assert kept_quality(CONFIG.key, "prior", root) is None
    assert kept_ceiling(DIGITS, root) is None


def test_measuring_leaves_the_shelf_free_of_refusals(measured: Path):
    assert list(survey(measured)) == [(CONFIG.key, CONFIG)]
    assert not [path.name for path in measured.iterdir() if path.name.startswith(".")]


def test_numbers_are_not_measured_again_while_the_weights_stay(measured: Path):
    write(measured, {"frechet": [7.0, 7.0, 7.0]}, f"{CONFIG.key} prior")
    measure_shelf(measured)
    kept = kept_quality(CONFIG.key, "prior", measured)
    assert kept is not None
    assert kept.mean("frechet") == 7


def test_numbers_of_older_weights_are_not_used_and_are_measured_again(measured: Path):
    stale = kept_quality(CONFIG.key, "prior", measured)
    alter_weights(measured)
    assert kept_quality(CONFIG.key, "prior", measured) is None
    measure_shelf(measured)
    fresh = kept_quality(CONFIG.key, "prior", measured)
    assert fresh is not None
    assert fresh != stale


def test_numbers_of_an_older_classifier_are_not_used(measured: Path, reference: Reference):
    save_classifier(measured, replace(reference, classifier=build_classifier(8, 10)))
    assert kept_quality(CONFIG.key, "prior", measured) is None


def test_training_again_to_the_same_weights_keeps_the_numbers(measured: Path):
    load_or_train(CONFIG, measured, device="cpu", again=True)
    assert kept_quality(CONFIG.key, "prior", measured) is not None


def test_numbers_of_a_run_that_is_gone_are_not_used_and_leave_the_file(measured: Path):
    (measured / CONFIG.key).rename(measured / ".gone")
    assert kept_quality(CONFIG.key, "prior", measured) is None
    measure_shelf(measured)
    assert json.loads((measured / MEASURED).read_text()) == {"ceilings": {}, "entries": {}}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"ceilings": 3, "entries": {}}'])
def test_a_damaged_file_says_so(root: Path, text: str):
    (root / MEASURED).write_text(text)
    with pytest.raises(CheckpointError, match=r"sample-quality.json is damaged; run `python -m core measure` again"):
        kept_quality(CONFIG.key, "prior", root)


def test_a_damaged_file_is_mended_by_measuring_again(root: Path):
    (root / MEASURED).write_text("{")
    measure_shelf(root)
    assert kept_quality(CONFIG.key, "prior", root) is not None


def test_a_run_without_a_classifier_is_passed_over(tmp_path: Path):
    load_or_train(CONFIG, tmp_path, device="cpu")
    told: list[int] = []
    measure_shelf(tmp_path, lambda done, total: told.append(done))
    assert told == []
    assert kept_quality(CONFIG.key, "prior", tmp_path) is None


def test_a_refused_run_does_not_keep_the_others_from_being_measured(root: Path):
    refused = load_or_train(replace(CONFIG, train=replace(CONFIG.train, seed=1)), root, device="cpu").config.key
    (root / refused / "codes.npz").unlink()
    measure_shelf(root)
    assert kept_quality(CONFIG.key, "prior", root) is not None
    assert kept_quality(refused, "prior", root) is None


def test_a_full_disk_leaves_the_old_numbers(measured: Path, monkeypatch: pytest.MonkeyPatch):
    alter_weights(measured)
    before = (measured / MEASURED).read_text()

    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            measure_shelf(measured)
    assert (measured / MEASURED).read_text() == before
    assert not [path.name for path in measured.iterdir() if path.name.startswith(".")]


def test_samples_depend_on_their_seed_alone(root: Path, reference: Reference):
    run = open_run(CONFIG.key, root)
    both = measure_samples(run, reference, "prior", seeds=(0, 1))
    one = measure_samples(run, reference, "prior", seeds=(1,))
    assert both.frechet[1] == one.frechet[0] != both.frechet[0]


def test_a_far_too_wide_box_gives_worse_images_than_a_fitted_one(root: Path, reference: Reference):
    run = open_run(CONFIG.key, root)
    fitted, wide = (measure_samples(run, reference, "box", half_width=width, seeds=(0,)) for width in (None, 1e4))
    assert wide.mean("density") < 0.2 * fitted.mean("density")
    source = sampler_of(run, "box", 0.5)
    assert isinstance(source, Box)
    assert source.half_width == 0.5


@pytest.mark.parametrize("model", list(MODEL_LABELS))
def test_samplers_are_fitted_to_the_aggregate_posterior_of_the_training_images(tmp_path: Path, model: str):
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
