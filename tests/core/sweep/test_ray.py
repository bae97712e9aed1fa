import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from core.config import RunConfig
from core.recipes import recipe
from core.sweep import Options, engine_named
from core.sweep.contract import Outcome
from core.sweep.local import Local
from core.sweep.ray import MISSING, Ray, start_cluster
from core.sweep.records import seen_path


def small(**changes: Any) -> RunConfig:
    return recipe("digits", "beta-vae", **{"hidden": (8,), "epochs": 3} | changes)


def silent(config: RunConfig, seen: int) -> None:
    """Listen to no report."""


def weights(root: Path, config: RunConfig) -> bytes:
    return (root / config.key / "weights.safetensors").read_bytes() + (
        root / config.key / "codes.npz"
    ).read_bytes()


class Killer:
    """Kills the workers of a run, as often as told, once they train."""

    def __init__(self, root: Path, victim: RunConfig, times: int) -> None:
        self.root, self.victim, self.times, self.killed = root, victim, times, set[int]()

    def __call__(self, config: RunConfig, seen: int) -> None:
        if config != self.victim or not seen or len(self.killed) == self.times:
            return
        worker = json.loads(seen_path(self.root, config).read_text())["pid"]
        if worker not in self.killed:
            os.kill(worker, signal.SIGKILL)
            self.killed.add(worker)


@pytest.fixture(scope="module")
def ray() -> Iterator[ModuleType]:
    """Start a cluster of two workers and a GPU that is only said to be there."""
    library = pytest.importorskip("ray")
    start_cluster(2, num_gpus=1)
    yield library
    library.shutdown()


@pytest.mark.slow
def test_a_worker_that_dies_costs_only_its_run_which_is_tried_once_more_the_others_are_as_here(
    ray: ModuleType, tmp_path: Path
):
    long, endless, *others = configs = [
        small(epochs=100),
        small(epochs=100_000),
        small(seed=1),
        small(beta=1.0),
    ]
    here, cluster = tmp_path / "here", tmp_path / "cluster"
    once, always = Killer(cluster, long, times=1), Killer(cluster, endless, times=9)

    def kill(config: RunConfig, seen: int) -> None:
        once(config, seen)
        always(config, seen)

    ended = list(Ray(2).run(configs, cluster, kill))
    assert (len(once.killed), len(always.killed)) == (1, 2)
    failed = Outcome(endless, "its worker died 2 times, as a system short of memory makes it")
    assert {*ended} == {failed, *(Outcome(config) for config in (long, *others))}
    kept = [long, *others]
    assert len(list(Local(2, threads=1).run(kept, here, silent))) == 3
    assert [weights(cluster, config) for config in kept] == [
        weights(here, config) for config in kept
    ]
    assert list((cluster / ".sweep").iterdir()) == []


@pytest.mark.slow
def test_runs_share_a_gpu_say_why_they_fail_and_end_with_the_sweep(
    ray: ModuleType, tmp_path: Path
):
    diverges, endless = small(hidden=(32, 32, 32), learning_rate=1.0), small(epochs=100_000)
    left = set()

    def look(config: RunConfig, seen: int) -> None:
        if seen:
            left.add(ray.available_resources()["GPU"])

    ending = Ray(2, gpus=0.25).run([diverges, endless], tmp_path, look)
    outcome = next(ending)
    assert (outcome.config, outcome.reason[:17]) == (diverges, "training diverged")
    ending.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert left & {0.5, 0.75}
    assert next(iter(Ray(2).run([small()], tmp_path, silent))) == Outcome(small())


@pytest.mark.slow
def test_more_of_a_gpu_than_there_is_is_refused_instead_of_waited_for(
    ray: ModuleType, tmp_path: Path
):
    with pytest.raises(ValueError, match="gpus should be at most the 1 of this cluster, got 2"):
        next(iter(Ray(2, gpus=2).run([small()], tmp_path, silent)))


def test_without_ray_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RuntimeError, match=r"pip install -r requirements-ray\.txt") as error:
        engine_named("ray", Options())
    assert str(error.value) == MISSING
    assert (Path(__file__).parents[3] / "requirements-ray.txt").is_file()
    assert multiprocessing.active_children() == []
