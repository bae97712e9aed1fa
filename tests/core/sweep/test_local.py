import multiprocessing
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from core.checkpoints import unfinished_keys
from core.config import RunConfig
from core.recipes import recipe
from core.runs import load_or_train
from core.sweep.contract import Outcome, Report
from core.sweep.engines import ENGINES, Options, engine_named
from core.sweep.local import Local


def small(**changes: Any) -> RunConfig:
    return recipe("digits", "vae", **{"hidden": (8,), "epochs": 2} | changes)


def silent(config: RunConfig, seen: int) -> None:
    """Listen to no report."""


def weights(root: Path, config: RunConfig) -> bytes:
    return (root / config.key / "weights.safetensors").read_bytes() + (
        root / config.key / "codes.npz"
    ).read_bytes()


@pytest.mark.slow
def test_what_diverges_or_is_killed_costs_its_run_alone_and_the_others_are_as_if_trained_here(
    tmp_path: Path,
):
    diverges, endless, last = (
        small(hidden=(32, 32, 32), learning_rate=1.0),
        small(epochs=100_000),
        small(),
    )

    def kill(config: RunConfig, seen: int) -> None:
        if config == endless and unfinished_keys(tmp_path):
            (process,) = multiprocessing.active_children()
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)

    ended = list(Local(1, device="cpu", threads=1).run([diverges, endless, last], tmp_path, kill))
    assert [outcome.config for outcome in ended] == [diverges, endless, last]
    assert (
        ended[0].reason == "training diverged in epoch 1: the nll is nan; lower the learning rate"
    )
    assert ended[1].reason == "its process was ended by signal 9, as a system short of memory does"
    assert ended[2] == Outcome(last)
    assert unfinished_keys(tmp_path) == [endless.key]
    assert multiprocessing.active_children() == []
    load_or_train(last, tmp_path / "here", device="cpu")
    assert weights(tmp_path, last) == weights(tmp_path / "here", last)


@pytest.mark.slow
def test_a_sweep_that_is_stopped_leaves_no_process_and_what_goes_on_ends_in_the_same_weights(
    tmp_path: Path,
):
    config = small(epochs=20)

    def stop(config: RunConfig, seen: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Local(1, device="cpu", threads=1).run([config], tmp_path / "a", stop))
    assert multiprocessing.active_children() == []
    for folder in ("a", "b"):
        load_or_train(config, tmp_path / folder, device="cpu")
    assert weights(tmp_path / "a", config) == weights(tmp_path / "b", config)


def test_the_cores_are_divided_among_the_slots(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.sweep.local.cores", lambda: 12)
    monkeypatch.setattr("torch.get_num_threads", lambda: 8)
    assert [Local(slots).threads for slots in (1, 2, 4, 5, 12, 100)] == [8, 6, 3, 2, 1, 1]


def test_nothing_to_train_starts_nothing(tmp_path: Path):
    assert list(Local(2).run([], tmp_path, silent)) == []


@pytest.mark.slow
def test_an_engine_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each does what `ENGINES` says: a process of its own, models alike at once, a cluster."""

    def ends(name: str, config: RunConfig, report: Report = silent) -> list[Outcome]:
        return list(engine_named(name, Options(slots=1)).run([config], tmp_path, report))

    def kill(config: RunConfig, seen: int) -> None:
        for process in multiprocessing.active_children():
            process.kill()

    assert list(ENGINES) == ["local", "batched", "ray"]
    noisy = recipe("digits", "noisy-ae", hidden=(8,), epochs=100_000)
    assert ends("local", noisy, kill) == [
        Outcome(noisy, "its process was ended by signal 9, as a system short of memory does")
    ]
    with pytest.raises(ValueError, match="the batched engine trains AEs, VAEs and β-VAEs"):
        ends("batched", noisy)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RuntimeError, match="the ray engine needs Ray, which is not installed"):
        ends("ray", noisy)


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="slots should be at least 1, got 0"):
        Options(slots=0)
    with pytest.raises(ValueError, match=r"gpus should be at least 0, got -0\.5"):
        Options(gpus=-0.5)
