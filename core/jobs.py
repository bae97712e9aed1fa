"""Training in the background: one process per run, one job per key, whoever asks and however often.

<root>/.jobs/<key>.json     what is asked for, how it stands and how far it is
<root>/.jobs/<key>.npz      the newest epoch to look at: history, test codes, reconstructions

The files are all there is: any process may read them, and a job whose process is gone is an interrupted one. What was
trained before is taken up again from where `core.runs` put it aside.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Literal

import torch

from core.checkpoints import (
    SHELF,
    Arrays,
    CheckpointError,
    drop_unfinished,
    pack_arrays,
    read_folder,
    run_names,
    unpack_arrays,
)
from core.config import RunConfig, shelf
from core.data import MissingData, Split, load
from core.models import Autoencoder
from core.runs import train_and_keep
from core.runtime import generator, keep_freed_memory

JOBS = ".jobs"
"""The folder beside the runs for jobs."""

State = Literal["queued", "running", "stopped", "interrupted", "failed"]

TOLD_EVERY = 0.25
"""Seconds between two reports of a running job."""
LOOKED_EVERY = 0.2
"""Seconds between two looks at the queue."""


class TooMany(RuntimeError):
    """A limit of this deployment is reached; the message says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a deployment allows; the defaults suit two cores that many people share.

    Args:
        training: whether anything may be trained at all.
        at_once: jobs that run at the same time.
        waiting: jobs in the queue, those that run included.
        epochs: of one training.
        runs: that are kept besides those that ship.
    """

    training: bool = True
    at_once: int = 1
    waiting: int = 8
    epochs: int = 500
    runs: int = 40


def limits_of(environment: Mapping[str, str]) -> Limits:
    """Return the limits that a deployment sets: LATENT_LAB_TRAINING=off, and LATENT_LAB_MAX_<name>=<number>.

    Raises:
        ValueError: a value that is neither, with what it should be.

    >>> limits_of({"LATENT_LAB_TRAINING": "off", "LATENT_LAB_MAX_WAITING": "3"}).waiting
    3
    """
    training = environment.get("LATENT_LAB_TRAINING", "on").strip().lower()
    if training not in ("on", "off"):
        raise ValueError(f"LATENT_LAB_TRAINING should be on or off, got '{training}'")
    numbers: dict[str, int] = {}
    for one in fields(Limits):
        name = f"LATENT_LAB_MAX_{one.name.upper()}"
        if one.name != "training" and name in environment:
            if not environment[name].strip().isdecimal():
                raise ValueError(f"{name} should be a whole number, got '{environment[name]}'")
            numbers[one.name] = int(environment[name])
    return Limits(training=training == "on", **numbers)


@dataclass(frozen=True, kw_only=True)
class Job:
    """How a training stands.

    Args:
        config: what is trained.
        state: `queued`, `running`, `stopped` (asked to), `interrupted` (its process is gone) or `failed`.
        reason: why it failed, one sentence.
        asked: when it was asked for, seconds since 1970; the queue's order.
        pid: of its process.
        seen: images so far.
        total: images in all; 0 before it is known.
        epoch: finished so far.
        images_per_second: now.
    """

    config: RunConfig
    state: State = "queued"
    reason: str = ""
    asked: float = field(default_factory=time.time)
    pid: int = 0
    seen: int = 0
    total: int = 0
    epoch: int = 0
    images_per_second: float = 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long it still takes at this speed; None before it is known."""
        return (self.total - self.seen) / self.images_per_second if self.images_per_second else None


def read_job(root: Path, key: str) -> Job | None:
    """Return how the training of a key stands, or None if there is no job."""
    try:
        found = json.loads((Path(root) / JOBS / f"{key}.json").read_text())
        job = Job(**found | {"config": RunConfig.from_dict(found["config"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return replace(job, state="interrupted") if job.state == "running" and not _alive(job.pid) else job


def read_jobs(root: Path) -> list[Job]:
    """Return all jobs, in the order in which they were asked for."""
    names = sorted(path.stem for path in (Path(root) / JOBS).glob("[!.]*.json"))
    return sorted(filter(None, (read_job(root, name) for name in names)), key=lambda job: job.asked)


def newest(root: Path, key: str) -> Arrays | None:
    """Return what the newest epoch of a job looks like, or None before there is one."""
    try:
        return unpack_arrays((Path(root) / JOBS / f"{key}.npz").read_bytes())
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None


class Jobs:
    """The queue of one server: starts jobs in processes of their own, in turn, and sees how they end.

    Args:
        root: folder of checkpoints.
        limits: of this deployment.
    """

    def __init__(self, root: Path = SHELF, limits: Limits | None = None) -> None:
        self.root, self.limits = Path(root), limits or Limits()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.RLock()
        self._watch: threading.Thread | None = None
        self._closed = threading.Event()

    def submit(self, config: RunConfig) -> None:
        """Queue a training, unless it is queued, running or finished; one that was left goes on where it was.

        Raises:
            TooMany: a limit is reached.
        """
        with self._lock:
            job = read_job(self.root, config.key)
            if not _is_kept(self.root, config.key) and not (job and job.state in ("queued", "running")):
                self._check_limits(config)
                _write(self.root, Job(config=config, seen=job.seen if job else 0, total=job.total if job else 0))
            self.attend()

    def attend(self) -> None:
        """Start what waits, also what an earlier server left waiting, and see to it until nothing is left."""
        with self._lock:
            if self._look() and self._watch is None:
                self._watch = threading.Thread(target=self._watch_queue, name="jobs", daemon=True)
                self._watch.start()

    def stop(self, key: str) -> None:
        """End a job after its step; what it reached by its last putting aside is kept."""
        with self._lock:
            job = read_job(self.root, key)
            if job and job.state == "queued":
                _write(self.root, replace(job, state="stopped"))
            if key in self._processes:
                self._processes[key].terminate()

    def forget(self, key: str) -> None:
        """Remove a job that does not run, and what it reached."""
        with self._lock:
            if key not in self._processes:
                _remove(self.root, key)
                drop_unfinished(self.root, key)

    def place(self, key: str) -> int:
        """Return how many jobs come before a queued one, those that run included."""
        before = [job.config.key for job in read_jobs(self.root) if job.state in ("queued", "running")]
        return before.index(key) if key in before else 0

    def close(self) -> None:
        """Stop all jobs and wait for them; what they reached is kept."""
        self._closed.set()
        with self._lock:
            processes = dict(self._processes)
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.wait(timeout=30)
        self._look(start=False)

    def _check_limits(self, config: RunConfig) -> None:
        if not self.limits.training:
            raise TooMany("training is switched off on this deployment; run the lab on your own machine to train")
        if config.train.epochs > self.limits.epochs:
            raise TooMany(f"epochs should be at most {self.limits.epochs} here, got {config.train.epochs}")
        going = [job for job in read_jobs(self.root) if job.state in ("queued", "running")]
        if len(going) >= self.limits.waiting:
            raise TooMany(f"there should be at most {self.limits.waiting} trainings in the queue; wait for one to end")
        own = [name for name in run_names(self.root) if name not in {ships.key for ships in shelf()}]
        if len(own) >= self.limits.runs:
            raise TooMany(f"there should be at most {self.limits.runs} trained runs here; delete one first")

    def _watch_queue(self) -> None:
        while not self._closed.wait(LOOKED_EVERY):
            with self._lock:
                if not self._look():
                    self._watch = None
                    return

    def _look(self, *, start: bool = True) -> bool:
        """See which processes ended, start the next, and return whether there is anything left to wait for."""
        with self._lock:
            for key, process in list(self._processes.items()):
                if process.poll() is not None:
                    del self._processes[key]
                    self._bury(key, process.returncode)
            waiting = [job for job in read_jobs(self.root) if job.state == "queued"]
            while start and waiting and len(self._processes) < self.limits.at_once:
                self._start(waiting.pop(0))
            return bool(self._processes or waiting)

    def _start(self, job: Job) -> None:
        key = job.config.key
        command = [sys.executable, "-m", "core.jobs", str(self.root), key]
        here = Path(__file__).resolve().parents[1]
        # Before the process starts, which then writes its own number: the other way round, this could come last.
        _write(self.root, replace(job, state="running", reason="", pid=os.getpid()))
        self._processes[key] = subprocess.Popen(command, cwd=here, stdin=subprocess.DEVNULL, start_new_session=True)

    def _bury(self, key: str, code: int) -> None:
        """Say why a process ended that did not say so itself."""
        job = read_job(self.root, key)
        if job and code == -signal.SIGTERM:  # asked to stop before it could listen
            _write(self.root, replace(job, state="stopped"))
        elif job and job.state in ("running", "interrupted"):
            reason = f"its process was ended by signal {-code}, as a system short of memory does" if code < 0 else ""
            reason = reason or f"its process ended with code {code}"
            _write(self.root, replace(job, state="failed", reason=reason))


class _Stop(BaseException):
    """The job is asked to end."""


def work(root: Path, key: str) -> None:
    """Train the run of a job, in this process, and report on it; the job is gone when the run is on the shelf."""
    keep_freed_memory()
    job = read_job(root, key)
    if job is None:
        return
    job = replace(job, state="running", pid=os.getpid())
    _write(root, job)
    try:
        _train(root, job)
        _remove(root, key)
    except _Stop:
        _conclude(root, key, "stopped", "")
    except (ArithmeticError, CheckpointError, MissingData, MemoryError, RuntimeError, OSError) as error:
        _conclude(root, key, "failed", " ".join(str(error).split()) or type(error).__name__)


def _train(root: Path, job: Job) -> None:
    data = load(job.config.data)
    reporter = _Reporter(root, job, data)
    signal.signal(signal.SIGTERM, reporter.ask_to_stop)
    for _ in train_and_keep(job.config, root, data=data, on_step=reporter.step, on_model=reporter.epoch):
        pass


class _Reporter:
    """Writes down how far a training is, now and then."""

    def __init__(self, root: Path, job: Job, data: Split) -> None:
        self.root, self.data = root, data
        self.job = replace(job, total=job.config.train.epochs * len(data.train))
        self.parent, self.stopping = os.getppid(), False
        self.told, self.started_at = 0.0, (time.monotonic(), -1)

    def ask_to_stop(self, *_: object) -> None:
        self.stopping = True

    def step(self, seen: int) -> None:
        if self.stopping or os.getppid() != self.parent:
            raise _Stop
        now = time.monotonic()
        since, first = self.started_at
        if first < 0:
            self.started_at = now, seen
        elif now - self.told > TOLD_EVERY:
            speed = (seen - first) / max(now - since, 1e-9)
            self.job = replace(self.job, seen=seen, images_per_second=speed)
            _write(self.root, self.job)
            self.told = now

    def epoch(self, model: Autoencoder, history: Arrays) -> None:
        self.job = replace(self.job, epoch=len(history["nll"]))
        _write_bytes(self.root, f"{self.job.config.key}.npz", pack_arrays(snapshot(model, self.data, history)))


SHOWN_CODES, SHOWN_IMAGES = 1000, 8


@torch.inference_mode()
def snapshot(model: Autoencoder, data: Split, history: Arrays) -> Arrays:
    """Return what an epoch looks like.

    The columns of `history`, `mean` codes (N, L) of the first test images and their `label` (N,), the first `images`
    reconstructed (B, H, W), and `samples` (B, H, W): always the same random codes from N(0, I), decoded.

    Args:
        model: as it is now; left in evaluation mode.
        data: whose first test images are encoded.
        history: so far.
    """
    model.eval()
    device = next(model.parameters()).device
    mean = model.encode(data.test.images(slice(SHOWN_CODES)).to(device)).mean
    random = torch.randn(SHOWN_IMAGES, mean.shape[1], generator=generator(0)).to(mean.device)
    images, samples = (model.decode(codes).clamp(0, 1).squeeze(1).cpu() for codes in (mean[:SHOWN_IMAGES], random))
    return {
        **{f"history.{name}": column for name, column in history.items()},
        "mean": mean.half().cpu().numpy(),
        "label": data.test.labels[:SHOWN_CODES].to(torch.uint8).numpy(),
        "images": (images * 255).to(torch.uint8).numpy(),
        "samples": (samples * 255).to(torch.uint8).numpy(),
    }


def _conclude(root: Path, key: str, state: State, reason: str) -> None:
    job = read_job(root, key)
    if job is not None:
        _write(root, replace(job, state=state, reason=reason, images_per_second=0.0))


def _is_kept(root: Path, key: str) -> bool:
    """Return whether a run is on the shelf and whole; a damaged one may be trained again."""
    try:
        read_folder(root / key)
    except CheckpointError:
        return False
    return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _write(root: Path, job: Job) -> None:
    _write_bytes(root, f"{job.config.key}.json", json.dumps(asdict(job) | {"config": job.config.to_dict()}).encode())


def _write_bytes(root: Path, name: str, content: bytes) -> None:
    folder = Path(root) / JOBS
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{name}-{os.getpid()}"
    try:
        part.write_bytes(content)
        part.replace(folder / name)
    finally:
        part.unlink(missing_ok=True)


def _remove(root: Path, key: str) -> None:
    for ending in ("npz", "json"):
        with contextlib.suppress(OSError):
            (Path(root) / JOBS / f"{key}.{ending}").unlink()


def main(arguments: Sequence[str]) -> None:
    """Do the job that a server asks for: `python -m core.jobs ROOT KEY`."""
    root, key = arguments
    work(Path(root), key)


if __name__ == "__main__":
    main(sys.argv[1:])
