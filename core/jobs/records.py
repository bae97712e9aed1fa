"""Jobs on disk: the config that is trained, the state of the job, its progress, its newest epoch.

The files are all there is: any process may read them, and a job whose process is gone counts as
interrupted.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import zipfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from core.checkpoints import (
    DOCUMENT,
    Arrays,
    CheckpointError,
    check_folder,
    unpack_arrays,
    write_file,
)
from core.checkpoints.folders import unwritable
from core.config import RunConfig
from core.runtime import birth, is_alive

JOBS = ".jobs"
"""Name of the folder for jobs, beside the runs."""

State = Literal["queued", "running", "stopped", "interrupted", "failed"]

SHOWN_CODES, SHOWN_IMAGES = 1000, 8
"""Test codes and images of the newest epoch."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """The state and progress of a training.

    Args:
        config: the run that is trained.
        state: `queued`, `running`, `stopped` (by a visitor), `interrupted` (its process is gone)
            or `failed`.
        reason: why it failed, in one sentence.
        asked: time of the request, in seconds since 1970; the queue is in this order.
        pid: number of its process.
        born: when that process began, in the system's ticks; a later process may have its number.
        seen: number of images so far.
        total: number of images in all; 0 before it is known.
        epoch: number of finished epochs.
        images_per_second: speed now.
    """

    config: RunConfig
    state: State = "queued"
    reason: str = ""
    asked: float = field(default_factory=time.time)
    pid: int = 0
    born: int = 0
    seen: int = 0
    total: int = 0
    epoch: int = 0
    images_per_second: float = 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the training still takes at this speed; None before the speed is known."""
        if not self.images_per_second:
            return None
        return (self.total - self.seen) / self.images_per_second


def read_job(root: Path, key: str) -> Job | None:
    """Return the job of a key, or None where there is none that this version can read."""
    try:
        document = json.loads((Path(root) / JOBS / f"{key}.json").read_text())
        job = Job(**document | {"config": RunConfig.from_dict(document["config"])})
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    if job.config.key != key or not _is_sound(job):
        return None
    if job.state == "running" and not is_alive(job.pid, job.born):
        return replace(job, state="interrupted")
    return job


def _is_sound(job: Job) -> bool:
    counts = (job.pid, job.born, job.seen, job.total, job.epoch)
    numbers = (job.asked, job.images_per_second)
    return (
        {type(count) for count in counts} == {int}
        and {type(number) for number in numbers} <= {int, float}
        and job.state in get_args(State)
        and isinstance(job.reason, str)
    )


def read_jobs(root: Path) -> list[Job]:
    """Return all jobs, the one that was asked for first at the head."""
    keys = sorted(path.stem for path in (Path(root) / JOBS).glob("[!.]*.json"))
    jobs = filter(None, (read_job(root, key) for key in keys))
    return sorted(jobs, key=lambda job: job.asked)


def newest(root: Path, key: str) -> Arrays | None:
    """Return the arrays of a job's newest epoch; None before there is one.

    `core.jobs.worker.snapshot` says which arrays these are.
    """
    try:
        return unpack_arrays((Path(root) / JOBS / f"{key}.npz").read_bytes())
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None


def shown_at(root: Path, key: str) -> int:
    """Return a number that grows with each newest epoch, and once the run is on the shelf."""
    paths = (Path(root) / JOBS / f"{key}.npz", Path(root) / key / DOCUMENT)
    return max((path.stat().st_mtime_ns for path in paths if path.is_file()), default=0)


def going_jobs(root: Path) -> list[Job]:
    """Return the jobs that run or wait, the one that was asked for first at the head."""
    return [job for job in read_jobs(root) if job.state in ("queued", "running")]


def started(job: Job) -> Job:
    """Return a job as one that runs in this process."""
    return replace(job, state="running", reason="", pid=os.getpid(), born=birth(os.getpid()))


def write_job(root: Path, job: Job) -> None:
    """Write a job, which replaces the one of the same key.

    Raises:
        CheckpointError: the disk is full or may not be written to.
    """
    document = asdict(job) | {"config": job.config.to_dict()}
    write_bytes(root, f"{job.config.key}.json", json.dumps(document).encode())


def write_bytes(root: Path, name: str, content: bytes) -> None:
    """Write a file of a job, whole or not at all.

    Raises:
        CheckpointError: the disk is full or may not be written to.
    """
    folder = Path(root) / JOBS
    try:
        write_file(folder / name, content)
    except OSError as error:
        raise unwritable(folder, error) from error


def remove_job(root: Path, key: str) -> None:
    """Remove the files of a job, where they are there."""
    for ending in ("npz", "json"):
        with contextlib.suppress(OSError):
            (Path(root) / JOBS / f"{key}.{ending}").unlink()


def write_end(root: Path, job: Job, state: State, reason: str) -> None:
    """Write how a job ended; on a full disk, its newest epoch makes room for that."""
    ended = replace(job, state=state, reason=reason, images_per_second=0.0)
    try:
        write_job(root, ended)
    except CheckpointError:
        (Path(root) / JOBS / f"{job.config.key}.npz").unlink(missing_ok=True)
        with contextlib.suppress(CheckpointError):
            write_job(root, ended)


def is_kept(root: Path, key: str) -> bool:
    """Return whether a run is on the shelf and whole; a damaged run may be trained again."""
    try:
        check_folder(root / key)
    except CheckpointError:
        return False
    return True
