"""Runs with right digests and wrong contents: none is on the shelf, and no other run suffers."""

import errno
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from core.__main__ import main
from core.checkpoints import (
    CheckpointError,
    Unfinished,
    check_folder,
    forget_what_was_seen,
    load,
    load_film,
    load_unfinished,
    pack_arrays,
    read_folder,
    run_names,
    runs,
    save_unfinished,
    survey,
    unpack_arrays,
    write_file,
    write_folder,
)
from core.checkpoints.checks import check_run
from core.checkpoints.folders import config_of
from core.checkpoints.shipped import KNOWN, digests_in, shipped_digests
from core.config import RunConfig
from core.data import digits
from core.devices import pick_device
from core.models import build
from core.recipes import recipe
from core.shelf import SHELF
from core.training import Training

VAE, AE = recipe("digits", "vae"), recipe("digits", "ae")
SPRITES = recipe("sprites", "vae", 10)
Arrays = dict[str, np.ndarray]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a shelf of a VAE and an AE."""
    for config in (VAE, AE):
        shutil.copytree(SHELF / config.key, tmp_path / "shelf" / config.key)
    return tmp_path / "shelf"


def exchange(folder: Path, files: dict[str, bytes], **changes: Any) -> None:
    """Exchange files and parts of a run's document, its digests made right."""
    document, before = read_folder(folder)
    write_folder(folder, document | changes, before | files)


def change_arrays(folder: Path, name: str, change: Callable[[Arrays], object]) -> None:
    arrays = unpack_arrays((folder / name).read_bytes())
    change(arrays)
    exchange(folder, {name: pack_arrays(arrays)})


def change_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    weights = safetensors.torch.load((folder / "weights.safetensors").read_bytes())
    change(weights)
    exchange(folder, {"weights.safetensors": safetensors.torch.save(weights)})


def without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda parts: parts.pop(name)


def put(name: str, value: Any) -> Callable[[dict[str, Any]], object]:
    return lambda parts: parts.update({name: value})


def numbered(name: str, number: float) -> Callable[[Arrays], object]:
    """Return a change that puts one number into an array."""

    def change(arrays: Arrays) -> None:
        arrays[name] = arrays[name].copy()
        arrays[name].reshape(-1)[3] = number

    return change


METRICS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (dict.clear, "metric nll should be a number, is None"),
    (without("seconds"), "metric seconds should be a number"),
    (put("nll", "21"), "metric nll should be a number"),
    (put("nll", True), "metric nll should be a number"),
    (put("nll", float("nan")), "metric nll should be finite"),
    (put("nll", 10**400), "metric nll should be finite"),
    (put("mse", -1.0), "metric mse should be finite and at least 0"),
    (put("kl", None), "metric kl should be a number"),
    (put("kl_per_latent", [1.0]), "metric kl_per_latent should be a list of 2 numbers"),
    (put("kl_per_latent", [1.0, float("inf")]), "metric kl_per_latent should be finite"),
    (put("test_images", 361), "mean in codes.npz should have shape"),
    (put("test_images", 360.5), "metric test_images should be between 1 and 20,000"),
]
ARRAYS: list[tuple[str, Callable[[Arrays], object], str]] = [
    ("codes.npz", without("mean"), "codes.npz should hold mean, std, label"),
    ("codes.npz", put("other", np.zeros(3)), "codes.npz should hold mean, std, label"),
    (
        "codes.npz",
        put("mean", np.zeros((360, 3), np.float16)),
        "should have shape (360, 2), has (360, 3)",
    ),
    (
        "codes.npz",
        put("mean", np.zeros((360, 2), np.int64)),
        "mean in codes.npz should be float16 or float32, is int64",
    ),
    (
        "codes.npz",
        put("label", np.full(360, 10, np.uint8)),
        "label in codes.npz should be finite and between",
    ),
    (
        "codes.npz",
        put("train_std", np.zeros((3, 2), np.float16)),
        "should have a deviation for each code",
    ),
    ("codes.npz", numbered("mean", np.nan), "mean in codes.npz should be finite"),
    ("codes.npz", numbered("train_mean", np.inf), "train_mean in codes.npz should be finite"),
    ("codes.npz", numbered("std", -1), "std in codes.npz should be finite and between 0"),
    ("history.npz", without("test_nll"), "history.npz should hold nll, kl, test_nll"),
    ("history.npz", numbered("test_nll", np.nan), "test_nll in history.npz should be finite"),
    (
        "history.npz",
        put("nll", np.zeros(7, np.float32)),
        "nll in history.npz should have shape (200), has (7,)",
    ),
    ("film.npz", without("plane"), "film.npz should hold epoch, mean, half_width, plane"),
    ("film.npz", numbered("mean", np.nan), "mean in film.npz should be finite"),
    (
        "film.npz",
        put("plane", np.zeros((3, 80, 80), np.uint8)),
        "should have a code and a square plane for each epoch",
    ),
    (
        "film.npz",
        lambda film: film.update(half_width=0 * film["half_width"]),
        "half_width in film.npz should be finite",
    ),
    (
        "film.npz",
        lambda film: film.update(epoch=film["epoch"][::-1]),
        "the epochs of film.npz should rise",
    ),
]
WEIGHTS: list[tuple[Callable[[dict[str, torch.Tensor]], object], str]] = [
    (
        lambda weights: weights.update(
            {name: weight * torch.nan for name, weight in weights.items()}
        ),
        "should be finite",
    ),
    (
        without("encoder.1.weight"),
        "should hold the weights that fit its config, encoder.1.weight for one is not",
    ),
    (
        put("more", torch.zeros(3)),
        "should hold the weights that fit its config, more for one is not",
    ),
    (put("encoder.1.weight", torch.zeros(3, 64)), "encoder.1.weight for one is not"),
    (
        put("encoder.1.weight", torch.zeros(256, 64, dtype=torch.int64)),
        "should be of type F16 or F32, is I64",
    ),
]


def refused(root: Path, name: str = VAE.key) -> str:
    """Return why a run is refused, in one sentence, while the other one is listed."""
    found = dict(survey(root))
    assert found[AE.key] == AE
    assert isinstance(found[name], CheckpointError)
    with pytest.raises(CheckpointError) as caught:
        load(root, name)
    assert str(caught.value) == str(found[name])
    return str(found[name])


@pytest.mark.parametrize(("change", "said"), METRICS)
def test_a_run_without_the_right_metrics_is_refused(
    root: Path, change: Callable[[dict[str, Any]], object], said: str
):
    metrics = json.loads((root / VAE.key / "run.json").read_text())["metrics"]
    change(metrics)
    exchange(root / VAE.key, {}, metrics=metrics)
    assert f"{VAE.key} is not a run of this lab ({said}" in refused(root)


@pytest.mark.parametrize(("name", "change", "said"), ARRAYS)
def test_a_run_without_the_right_arrays_is_refused(
    root: Path, name: str, change: Callable[[Arrays], object], said: str
):
    change_arrays(root / VAE.key, name, change)
    assert said in refused(root)


@pytest.mark.parametrize(("change", "said"), WEIGHTS)
def test_a_run_with_weights_of_another_model_is_refused(
    root: Path, change: Callable[[dict[str, torch.Tensor]], object], said: str
):
    change_weights(root / VAE.key, change)
    assert said in refused(root)


@pytest.mark.parametrize("environment", [None, [], {"device": 3}, {"device": "x" * 2000}])
def test_a_run_without_its_environment_is_refused(root: Path, environment: object):
    exchange(root / VAE.key, {}, environment=environment)
    assert "environment" in refused(root)


@pytest.mark.parametrize("name", ["notes.txt", "classifier.npz"])
def test_a_run_with_other_files_is_refused(root: Path, name: str):
    exchange(root / VAE.key, {name: b"x"})
    assert f"it should have no other files than {'weights.safetensors'}" in refused(root)


def test_factors_beyond_those_of_the_sprites_are_refused(tmp_path: Path):
    shutil.copytree(SHELF / SPRITES.key, tmp_path / SPRITES.key)
    change_arrays(
        tmp_path / SPRITES.key, "codes.npz", put("factors", np.full((10_000, 5), 40, np.uint8))
    )
    with pytest.raises(
        CheckpointError, match=r"factors in codes\.npz should be those of the sprites"
    ):
        load(tmp_path, SPRITES.key)


def test_weights_that_decode_to_no_image_are_refused(root: Path):
    huge = {name: 1e37 * w.float().sign() for name, w in build(VAE).state_dict().items()}
    exchange(root / VAE.key, {"weights.safetensors": safetensors.torch.save(huge)})
    assert "should decode its own codes to images" in refused(root)


def test_an_array_laid_out_column_by_column_is_read(root: Path):
    change_arrays(
        root / VAE.key,
        "codes.npz",
        lambda arrays: arrays.update(mean=np.asfortranarray(arrays["mean"])),
    )
    np.testing.assert_array_equal(
        load(root, VAE.key).codes["mean"], load(SHELF, VAE.key).codes["mean"]
    )


def test_list_passes_over_a_run_without_metrics_and_says_so_once(
    root: Path, capsys: pytest.CaptureFixture[str]
):
    exchange(root / VAE.key, {}, metrics={})
    assert main(["--root", str(root), "list"]) == 2
    out, err = capsys.readouterr()
    assert (AE.key in out, VAE.key in out) == (True, False)
    assert err.count(VAE.key) == 1


def fail_at(monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> None:
    """Let every file of a name in the VAE's folder fail when it is read."""
    real = Path.read_bytes

    def failing(self: Path) -> bytes:
        if self.name == name and self.parent.name == VAE.key:
            raise OSError(number, os.strerror(number))
        return real(self)

    monkeypatch.setattr(Path, "read_bytes", failing)
    forget_what_was_seen()


@pytest.mark.parametrize("name", ["run.json", "codes.npz", "weights.safetensors", "film.npz"])
@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_file_that_cannot_be_read_is_said_and_hides_no_other_run(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    number: int,
):
    with monkeypatch.context() as patch:
        fail_at(patch, name, number)
        assert (
            refused(root)
            == f"{VAE.key}/{name} cannot be read ({os.strerror(number)}); check it or copy it"
            " again"
        )
        with pytest.raises(CheckpointError, match="cannot be read"):
            load_film(root, VAE.key)
        assert main(["--root", str(root), "list"]) == 2
        assert AE.key in capsys.readouterr().out
    assert dict(survey(root)) == {VAE.key: VAE, AE.key: AE}


def test_a_shelf_that_cannot_be_read_is_said(root: Path, monkeypatch: pytest.MonkeyPatch):
    def failing(self: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", failing)
    ((_, said),) = survey(root)
    assert "cannot be read (Permission denied)" in str(said)
    with pytest.raises(CheckpointError, match="cannot be read"):
        run_names(root)


def test_something_that_is_no_file_is_not_waited_for(root: Path):
    (root / VAE.key / "run.json").unlink()
    os.mkfifo(root / VAE.key / "run.json")
    assert "has no run.json" in refused(root)


def test_a_sentence_stays_on_one_line_and_can_be_printed(root: Path):
    error = CheckpointError("a\nb \udcff " + "x" * 2000)
    assert str(error).startswith("a b ?")
    assert len(str(error)) < 700
    assert str(error).encode()


def test_a_run_is_checked_once_and_again_when_a_file_changes(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    exchange(root / VAE.key, {}, environment={"device": "another"})
    for path in root.rglob("*"):
        os.utime(path, (1, 1))
    checked: list[str] = []
    monkeypatch.setattr(
        runs,
        "check_run",
        lambda config, *rest: checked.append(config.key) or check_run(config, *rest),
    )
    monkeypatch.setattr(runs, "_SETTLED", -1)
    for _ in range(3):
        assert check_folder(root / VAE.key) == VAE
    assert checked == [VAE.key]
    read: list[str] = []
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: read.append(self.name) or real(self))
    assert check_folder(root / VAE.key) == VAE
    assert read == []
    os.utime(root / VAE.key / "codes.npz", (2, 2))
    assert check_folder(root / VAE.key) == VAE
    assert "codes.npz" in read
    assert checked == [VAE.key]


def test_a_folder_that_was_just_written_is_not_remembered(root: Path):
    assert check_folder(root / VAE.key) == VAE
    content = bytearray((root / VAE.key / "codes.npz").read_bytes())
    content[100] ^= 1
    (root / VAE.key / "codes.npz").write_bytes(content)
    assert "was altered" in refused(root)


def test_the_list_of_the_runs_that_ship_is_that_of_the_shelf():
    command = "run `python -m core.checkpoints`"
    assert json.loads(KNOWN.read_text()) == digests_in(SHELF), command
    assert shipped_digests() == {*digests_in(SHELF).values()}, command


@pytest.mark.parametrize("config", [VAE, AE, SPRITES], ids=lambda config: config.key)
def test_a_run_that_ships_would_be_taken_from_anybody(config: RunConfig):
    document, files = read_folder(SHELF / config.key)
    check_run(config_of(SHELF / config.key, document), document, files)


@pytest.mark.slow
def test_every_run_that_ships_would_be_taken_from_anybody():
    for key in digests_in(SHELF):
        document, files = read_folder(SHELF / key)
        check_run(config_of(SHELF / key, document), document, files)


def unfinished() -> Unfinished:
    config = recipe("digits", "ae", 3, hidden=(8,), epochs=3)
    training = Training(build(config), digits.load(), config, device=pick_device("cpu"))
    next(training.epochs())
    columns = (
        "nll",
        "kl",
        "test_nll",
        "test_kl",
        "test_mse",
        "squared_radius",
        "code_scale",
        "seconds",
    )
    history = {name: np.ones(1, np.float32) for name in (*columns, "images_per_second")}
    return Unfinished(
        config, training.state(), history | {"kl_per_latent": np.ones((1, 0), np.float32)}, {}
    )


def test_a_training_that_does_not_fit_its_config_is_not_gone_on_with(tmp_path: Path):
    whole = unfinished()
    save_unfinished(tmp_path, whole)
    assert load_unfinished(tmp_path, whole.config) is not None
    name = next(name for name in whole.state if name.startswith("model."))
    states = [
        {key: value for key, value in whole.state.items() if key != name},
        whole.state | {name: torch.zeros(3)},
        whole.state | {name: whole.state[name] * torch.nan},
        whole.state | {"epoch": torch.tensor(7)},
        {key: value for key, value in whole.state.items() if key != "epoch"},
    ]
    histories = [
        {},
        whole.history | {"nll": np.full(1, np.nan, np.float32)},
        whole.history | {"nll": np.ones(2, "f4")},
    ]
    odd = [Unfinished(whole.config, state, whole.history, {}) for state in states]
    odd += [Unfinished(whole.config, whole.state, history, {}) for history in histories]
    odd += [Unfinished(whole.config, whole.state, whole.history, {"plane": np.zeros(3)})]
    for one in odd:
        save_unfinished(tmp_path, one)
        assert load_unfinished(tmp_path, whole.config) is None


def in_many_threads(work: Callable[[int], object], times: int) -> None:
    """Call a function from eight threads at once, and fail where one of them does."""
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, number % 8) for number in range(8 * times)]:
            done.result()


def test_many_threads_may_write_one_file(tmp_path: Path):
    in_many_threads(lambda number: write_file(tmp_path / "file", bytes([number]) * 5000), times=50)
    assert len({*(tmp_path / "file").read_bytes()}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_many_threads_may_write_one_folder(tmp_path: Path):
    in_many_threads(
        lambda number: write_folder(tmp_path / "a", {"kind": "x"}, {"file": bytes([number])}),
        times=10,
    )
    assert read_folder(tmp_path / "a")[0]["kind"] == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_arrays_are_never_read_from_headers_that_numpy_does_not_write():
    for header in (
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        "(" * 900,
        "{}",
        "x\0",
    ):
        text = header.encode().ljust(118) + b"\n"
        content = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(8)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("mean.npy", content)
        with pytest.raises(ValueError, match="should be an array of plain numbers"):
            unpack_arrays(buffer.getvalue())
