from pathlib import Path

import numpy as np
import pytest
import torch

from core.checkpoints import CheckpointError, write_folder
from core.config import DataConfig
from core.data import digits
from core.experiments.classifiers import folder_name
from core.experiments.measuring.reference import (
    Reference,
    ceiling_of,
    judge,
    load_classifier,
    make_reference,
    save_classifier,
)
from core.metrics.classifier import FEATURES, accuracy, features_and_probabilities

DIGITS = DataConfig(name="digits")


@pytest.fixture(scope="module")
def reference() -> Reference:
    return make_reference(DIGITS, digits.load(), epochs=2)


def test_a_reference_holds_as_many_held_out_as_test_images(reference: Reference):
    assert reference.real.shape == reference.held_out.shape == (360, FEATURES)
    assert reference.real.dtype == reference.held_out.dtype == np.float16


def test_save_and_load_keep_every_bit(reference: Reference, tmp_path: Path):
    folder = save_classifier(tmp_path, reference)
    loaded = load_classifier(tmp_path, DIGITS)
    assert folder == tmp_path / "classifier-digits"
    np.testing.assert_array_equal(loaded.real, reference.real)
    np.testing.assert_array_equal(loaded.held_out, reference.held_out)
    images = digits.load().test.images()
    for a, b in zip(
        *(features_and_probabilities(r.classifier, images) for r in (loaded, reference)),
        strict=True,
    ):
        assert torch.equal(a, b)
    assert loaded.accuracy == reference.accuracy == accuracy(loaded.classifier, digits.load().test)


def test_the_numbers_need_no_data_once_kept(reference: Reference, tmp_path: Path):
    save_classifier(tmp_path, reference)
    assert ceiling_of(load_classifier(tmp_path, DIGITS), n=200) == ceiling_of(reference, n=200)
    assert ceiling_of(reference).n == 360


def test_real_images_beat_noise_and_copies_are_perfect(reference: Reference):
    noise = judge(reference, torch.rand(360, 1, 8, 8, generator=torch.Generator().manual_seed(0)))
    copies = judge(reference, digits.load().test.images())
    best = ceiling_of(reference)
    assert (copies.frechet, copies.density, copies.coverage) == (pytest.approx(0, abs=1e-6), 1, 1)
    assert copies.frechet < best.frechet < noise.frechet
    assert noise.coverage < 0.2 < 0.8 < best.coverage


def test_the_folder_is_named_after_the_data():
    assert folder_name(DataConfig(name="mnist")) == "classifier-mnist"
    assert folder_name(DataConfig(name="sprites", size=64)) == "classifier-sprites64"


def test_images_of_another_size_are_refused(reference: Reference):
    with pytest.raises(ValueError, match=r"images should be \(M, 1, 8, 8\), got \(2, 1, 28, 28\)"):
        judge(reference, torch.rand(2, 1, 28, 28))


def test_a_missing_classifier_is_said_to_be_missing(tmp_path: Path):
    with pytest.raises(
        CheckpointError, match=r"no classifier named 'classifier-digits' in .*; train it first"
    ):
        load_classifier(tmp_path, DIGITS)


def test_an_altered_classifier_is_refused(reference: Reference, tmp_path: Path):
    weights = save_classifier(tmp_path, reference) / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(CheckpointError, match=r"weights\.safetensors was altered or cut short"):
        load_classifier(tmp_path, DIGITS)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"kind": "run"},
        {"kind": "classifier", "data": {"name": "digits", "size": 8}, "classes": 10},
    ],
)
def test_a_folder_of_something_else_is_refused(document: dict[str, object], tmp_path: Path):
    write_folder(tmp_path / "classifier-digits", document, {})
    with pytest.raises(CheckpointError, match="classifier-digits is not a classifier of this lab"):
        load_classifier(tmp_path, DIGITS)


@pytest.mark.slow
def test_the_usual_reference_of_the_digits_reads_them():
    assert make_reference(DIGITS, digits.load()).accuracy >= 0.97
