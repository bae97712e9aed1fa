"""The queue of a server: it starts jobs in turn, each in a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from core.checkpoints import CheckpointError, drop_unfinished, run_names, unfinished_keys
from core.config import RunConfig
from core.jobs.limits import Limits, TooMany
from core.jobs.records import (
    JOBS,
    Job,
    going_jobs,
    is_kept,
    read_job,
    read_jobs,
    remove_job,
    started,
    write_end,
    write_job,
)
from core.runtime import death
from core.shelf import SHELF, shipped

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

TRAINER = (sys.executable, "-m", "core.jobs")
"""Command that trains the run of a job, before its arguments: ROOT KEY SERVER."""

POLLED_EVERY = 0.2
"""Seconds between two looks at the queue."""


class Jobs:
    """The queue of one server, which starts jobs in turn, each in a process of its own.

    Args:
        root: folder of checkpoints.
        limits: limits of this deployment.
        trainer: command that trains the run of a job; ROOT, KEY and the server's process number
            are added as its arguments.
    """

    def __init__(
        self,
        root: Path = SHELF,
        limits: Limits | None = None,
        trainer: Sequence[str] = TRAINER,
    ) -> None:
        self.root, self.limits, self.trainer = Path(root), limits or Limits(), tuple(trainer)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.RLock()
        self._watch: threading.Thread | None = None
        self._closed = threading.Event()

    def submit(self, config: RunConfig) -> None:
        """Queue a training, unless it is queued, running or finished; a training left resumes.

        Raises:
            TooMany: a limit is reached.
            CheckpointError: the disk is full or may not be written to.
        """
        with self._lock:
            job = read_job(self.root, config.key)
            is_going = job is not None and job.state in ("queued", "running")
            if not is_going and not is_kept(self.root, config.key):
                self._check_limits(config)
                new = Job(config=config)
                if job:
                    new = replace(new, seen=job.seen, total=job.total, epoch=job.epoch)
                write_job(self.root, new)
            self.attend()

    def attend(self) -> None:
        """Start the jobs that wait, an earlier server's too, and watch until none is left."""
        with self._lock:
            self._clean_up()
            if self._poll() and self._watch is None:
                self._watch = threading.Thread(target=self._watch_queue, name="jobs", daemon=True)
                self._watch.start()

    def stop(self, key: str) -> None:
        """End a job after its step; its progress up to the last time it was put aside stays."""
        with self._lock:
            job = read_job(self.root, key)
            if job and job.state == "queued":
                write_job(self.root, replace(job, state="stopped"))
            if key in self._processes:
                self._processes[key].terminate()
            elif job and job.state == "running" and job.born:
                # Another server that shares this folder started it.
                os.kill(job.pid, signal.SIGTERM)

    def forget(self, key: str) -> None:
        """Remove a job that does not run, with its progress."""
        with self._lock:
            job = read_job(self.root, key)
            if job and job.state == "running":
                return
            if key in self._processes:  # its process has said that it ends, and is about to
                self._processes[key].wait()
                self._poll(start=False)
            remove_job(self.root, key)
            drop_unfinished(self.root, key)

    def place(self, key: str) -> int:
        """Return how many jobs come before a queued one, those that run included."""
        keys = [job.config.key for job in going_jobs(self.root)]
        return keys.index(key) if key in keys else 0

    def close(self) -> None:
        """Stop all jobs and wait for them; their progress stays."""
        self._closed.set()
        with self._lock:
            processes = dict(self._processes)
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.wait(timeout=30)
        self._poll(start=False)

    def _check_limits(self, config: RunConfig) -> None:
        if not self.limits.training:
            raise TooMany(self.limits.reason)
        if config.train.epochs > self.limits.epochs:
            raise TooMany(
                f"epochs should be at most {self.limits.epochs} here, got {config.train.epochs}"
            )
        if len(going_jobs(self.root)) >= self.limits.waiting:
            raise TooMany(
                f"there should be at most {self.limits.waiting} trainings in the queue; wait for"
                " one to end"
            )
        self.check_room()

    def check_room(self) -> None:
        """Check that there is room for one more run.

        Raises:
            TooMany: there is none.
        """
        if not self.limits.runs:
            raise TooMany(
                "no further runs are kept on this deployment; run the lab on your own machine to"
                " train"
            )
        own = {*run_names(self.root)} - {config.key for config in shipped()}
        if len(own) >= self.limits.runs:
            raise TooMany(
                f"there should be at most {self.limits.runs} trained runs here; delete one first"
            )

    def _watch_queue(self) -> None:
        while not self._closed.wait(POLLED_EVERY):
            with self._lock:
                if not self._poll():
                    self._watch = None
                    return

    def _clean_up(self) -> None:
        """Remove the jobs of runs on the shelf, and the oldest left ones where there are too many.

        A process that was killed after it wrote its run has not cleaned up itself.
        """
        jobs = read_jobs(self.root)
        going = {job.config.key for job in going_jobs(self.root)}
        left = [job.config.key for job in jobs if job.config.key not in going]
        too_many = left[: max(0, len(left) - self.limits.runs)]
        for key in {*left, *unfinished_keys(self.root)} - going:
            if key in too_many or is_kept(self.root, key):
                remove_job(self.root, key)
                drop_unfinished(self.root, key)

    def _poll(self, *, start: bool = True) -> bool:
        """Note which processes ended, start the next, and return whether any job is left."""
        with self._lock:
            for key, process in list(self._processes.items()):
                if process.poll() is not None:
                    del self._processes[key]
                    self._note_end(key, process.returncode)
            waiting = [job for job in read_jobs(self.root) if job.state == "queued"]
            if start and waiting and not self._closed.is_set():
                with _alone(self.root):
                    self._start_next()
            return bool(self._processes or waiting)

    def _start_next(self) -> None:
        jobs = going_jobs(self.root)  # once more: another server may have been faster
        busy = {job.config.key for job in jobs if job.state == "running"}.union(self._processes)
        waiting = [job for job in jobs if job.state == "queued" and job.config.key not in busy]
        for job in waiting[: max(0, self.limits.at_once - len(busy))]:
            self._start(job)

    def _start(self, job: Job) -> None:
        key = job.config.key
        if is_kept(self.root, key):  # trained elsewhere while this waited
            remove_job(self.root, key)
            return
        command = [*self.trainer, str(self.root), key, str(os.getpid())]
        here = Path(__file__).resolve().parents[2]
        try:
            # This is written before the process starts, which then writes its own number: the
            # other way round, this could be written last.
            write_job(self.root, started(job))
            self._processes[key] = subprocess.Popen(
                command, cwd=here, stdin=subprocess.DEVNULL, start_new_session=True
            )
        except (OSError, CheckpointError) as error:
            write_end(self.root, job, "failed", f"it could not be started ({error})")

    def _note_end(self, key: str, code: int) -> None:
        """Write why a process ended, where it did not do so itself."""
        job = read_job(self.root, key)
        if job is None or job.state not in ("running", "interrupted"):
            return
        if is_kept(self.root, key):  # it ended after it wrote the run and before it removed this
            self._clean_up()
        elif code == -signal.SIGTERM:  # it was asked to stop before it could listen
            write_end(self.root, job, "stopped", "")
        else:
            write_end(self.root, job, "failed", death(code))


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keep other servers that share the folder from starting a job inside the block.

    A system without `fcntl` cannot do that.
    """
    folder = os.open(Path(root) / JOBS, os.O_RDONLY) if fcntl else -1
    try:
        if fcntl:
            with contextlib.suppress(OSError):
                fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        if fcntl:
            os.close(folder)
