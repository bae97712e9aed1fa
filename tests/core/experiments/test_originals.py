from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.config import DataConfig
from core.data import MissingData, load, mnist, read_test_images
from core.experiments.gaps import GAPS
from core.experiments.measuring import originals as module
from core.experiments.measuring.originals import originals
from core.experiments.noise import NOISE
from core.experiments.priors import GRADIENTS
from core.experiments.scale import SCALE
from core.recipes import recipe
from core.runs import Run, open_run


@pytest.fixture(scope="module")
def run() -> Run:
    return open_run(recipe("digits", "vae").key)


def test_they_are_the_first_test_images(run: Run):
    every = load(DataConfig(name="digits")).test.images()
    assert torch.equal(originals(run), every)
    assert torch.equal(originals(run, 20), every[:20])
    assert len(originals(run, 10_000)) == len(every) == 360


@pytest.mark.parametrize("study", [NOISE, GAPS, GRADIENTS, SCALE], ids=lambda study: study.name)
def test_other_images_than_those_of_the_codes_are_refused(run: Run, study):
    wrong = replace(run, codes=run.codes | {"label": (run.codes["label"] + 1) % 10})
    with pytest.raises(
        ValueError, match=r"should be those digits-vae-z2-s0-.* was tested on; their labels differ"
    ):
        study.measure(wrong, Path())


def test_without_the_images_there_is_an_error_and_no_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mnist, "SHIPPED", tmp_path)
    module.first_images.cache_clear()
    with pytest.raises(MissingData, match="the lab should come with t10k-images"):
        NOISE.measure(open_run(recipe("mnist", "ae").key), Path())


def test_those_of_mnist_are_here_without_the_images_to_train_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("LATENT_LAB_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    module.first_images.cache_clear()
    first = originals(open_run(recipe("mnist", "ae").key), 2)
    images = read_test_images(DataConfig(name="mnist"), slice(2))
    assert torch.equal(first, torch.from_numpy(images).unsqueeze(1) / 255)
