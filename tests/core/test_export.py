"""A file of runs holds what it should, is small, is the same each time, and refuses the rest."""

from pathlib import Path

import pytest

from core import checkpoints
from core.__main__ import main
from core.handout import page, write
from core.shelf import SHELF

DIGITS = ("digits-ae-z2-s0-189ce3e1", "digits-vae-z2-s0-6cd8f220")
MNIST = (
    "mnist-ae-z2-s0-1ab12f67",
    "mnist-noisy-ae-0.05-z2-s0-b935233e",
    "mnist-vae-z2-s0-72651eae",
    "mnist-beta-vae-4-z2-s0-85ea946e",
)


def _load(*keys: str) -> list[checkpoints.Checkpoint]:
    return [checkpoints.load(SHELF, key) for key in keys]


def test_a_file_says_what_it_holds() -> None:
    runs = _load(*DIGITS)
    text = page(runs)
    for run in runs:
        assert f"<code>{run.config.key}</code>" in text
        assert f"nll {run.metrics['nll']:.3f}" in text
    assert f"python -m core export {' '.join(DIGITS)}" in text
    assert "<noscript>" in text
    assert "MNIST" not in text.partition('<script type="application/octet-stream"')[0]


def test_planes_are_there_with_two_latents_alone() -> None:
    ten = _load("digits-ae-z10-s0-35fbac82")
    assert 'data-name="planes"' in page(_load(*DIGITS))
    assert 'data-name="planes"' not in page(ten)


def test_the_same_runs_give_the_same_file() -> None:
    assert page(_load(*DIGITS)) == page(_load(*DIGITS))


def test_four_mnist_models_fit_into_5_mb_and_name_the_licence() -> None:
    text = page(_load(*MNIST))
    assert len(text.encode()) <= 5_000_000
    assert "Yann LeCun and Corinna Cortes" in text


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ((), "at least one"),
        ((DIGITS[0], DIGITS[0]), "each once"),
        ((DIGITS[0], MNIST[0]), "one data set"),
        ((DIGITS[0], "digits-ae-z10-s0-35fbac82"), "as many latents"),
    ],
)
def test_runs_that_do_not_fit_are_refused(keys: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        page(_load(*keys))


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "lab.html"
    path.write_text("mine")
    with pytest.raises(ValueError, match="should be a new file"):
        write(_load(DIGITS[0]), path)
    assert path.read_text() == "mine"


def test_the_command_writes_one_file(tmp_path: Path) -> None:
    path = tmp_path / "lab.html"
    main(["export", *DIGITS, "--out", str(path)])
    assert path.read_text() == page(_load(*DIGITS))
    assert list(tmp_path.iterdir()) == [path]
