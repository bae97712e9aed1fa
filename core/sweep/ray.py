"""The engine of a cluster: a Ray task per run, results through the shared folder.

Every node needs the project and its packages at the same paths, the images, and the folder of the
runs. Without a cluster, named by RAY_ADDRESS, one is started on this machine and ended with the
sweep.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, final

import torch

from core.config import RunConfig
from core.runtime import keep_freed_memory, reason_of
from core.sweep.contract import Outcome, Report
from core.sweep.local import attempt
from core.sweep.records import seen_path

TRIES = 2
"""Tries of a run whose worker dies; the second resumes what the first has put aside."""
LOOKED_EVERY = 0.5
"""Seconds between two looks at the tasks."""
MISSING = "the ray engine needs Ray, which is not installed: pip install -r requirements-ray.txt"


@final
class Ray:
    """Trains runs as tasks of a Ray cluster.

    A worker that dies costs its own run only, which is tried once more.

    Args:
        slots: tasks at a time on a cluster that is started here.
        device: where to train; the best that a task is given for None.
        threads: of each task, and the cores that it asks for.
        gpus: share of a GPU that each task asks for, such as 0.25 for four tasks on one.

    Raises:
        RuntimeError: Ray is not installed.
    """

    def __init__(
        self, slots: int, *, device: str | None = None, threads: int = 1, gpus: float = 0.0
    ) -> None:
        self.ray = _library()
        self.slots, self.device, self.threads, self.gpus = slots, device, threads, gpus

    def run(self, configs: Sequence[RunConfig], root: Path, report: Report) -> Iterator[Outcome]:
        """Yield how each run ended, as `Engine.run` does."""
        ours = not self.ray.is_initialized()
        if ours:
            start_cluster(self.slots * self.threads)
        try:
            self._check_gpus()
            yield from self._train(configs, root.absolute(), report)
        finally:
            if ours:
                self.ray.shutdown()

    def _check_gpus(self) -> None:
        """Refuse a share of a GPU that tasks would wait for for ever.

        Raises:
            ValueError: the share is larger than all GPUs of the cluster.
        """
        there = self.ray.cluster_resources().get("GPU", 0)
        if self.gpus > there:
            raise ValueError(
                f"gpus should be at most the {there:g} of this cluster, got {self.gpus:g}"
            )

    def _train(
        self, configs: Sequence[RunConfig], root: Path, report: Report
    ) -> Iterator[Outcome]:
        options = {"num_cpus": self.threads, "num_gpus": self.gpus, "max_retries": TRIES - 1}
        task = self.ray.remote(_train).options(**options)
        going = {
            task.remote(config.to_dict(), str(root), self.device, self.threads): config
            for config in configs
        }
        try:
            while going:
                ended, _ = self.ray.wait(list(going), timeout=LOOKED_EVERY)
                for config in going.values():
                    report(config, _seen(root, config))
                for task in ended:
                    yield self._outcome(task, going.pop(task), root)
        finally:
            for task, config in going.items():
                self.ray.cancel(task, force=True)
                seen_path(root, config).unlink(missing_ok=True)

    def _outcome(self, task: Any, config: RunConfig, root: Path) -> Outcome:
        try:
            reason = self.ray.get(task)
        except self.ray.exceptions.WorkerCrashedError:
            reason = f"its worker died {TRIES} times, as a system short of memory makes it"
        except self.ray.exceptions.RayError as error:
            reason = f"Ray gave it up: {reason_of(error)[:200]}"
        seen_path(root, config).unlink(missing_ok=True)
        return Outcome(config, reason)


def start_cluster(cpus: int, **options: Any) -> None:
    """Join the cluster that RAY_ADDRESS names, or start one here, without its web pages.

    Args:
        cpus: cores of a cluster that is started here.
        **options: of `ray.init`, for such a cluster.

    Raises:
        RuntimeError: Ray is not installed.
    """
    ray = _library()
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    if os.environ.get("RAY_ADDRESS"):
        ray.init(**quiet)
    else:
        # A task short of memory is tried as often as one that dies otherwise, not for ever.
        limits = {"task_oom_retries": TRIES - 1}
        ray.init(num_cpus=cpus, include_dashboard=False, _system_config=limits, **quiet, **options)


def _library() -> ModuleType:
    # Ray would send home usage statistics, which are nobody's business, unless told so before.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise RuntimeError(MISSING) from error
    return ray


def _train(config: dict[str, Any], root: str, device: str | None, threads: int) -> str:
    """Train a run, in a worker, and return why that failed, or nothing."""
    torch.set_num_threads(threads)
    keep_freed_memory()
    run = RunConfig.from_dict(config)
    path = seen_path(Path(root), run)

    def tell(seen: int) -> None:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            said = {"seen": seen, "host": platform.node(), "pid": os.getpid()}
            path.write_text(json.dumps(said))

    return attempt(run, Path(root), device, tell).reason


def _seen(root: Path, config: RunConfig) -> int:
    """Return the number of images that a run has seen, by its worker's last word."""
    try:
        return int(json.loads(seen_path(root, config).read_text())["seen"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
