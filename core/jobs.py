"""Trainings in the background: one process a run, one job a key, whoever asks and however often.

<root>/.jobs/<key>.json     the config that is trained, the state of the job and its progress
<root>/.jobs/<key>.npz      the newest epoch to look at: history, test codes, reconstructions

The files are all there is: any process may read them, and a job whose process is gone counts as
interrupted. A training that was left resumes where `core.runs` put it aside.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from core.checkpoints import (
    DOCUMENT,
    SHELF,
    Arrays,
    CheckpointError,
    check_folder,
    drop_unfinished,
    pack_arrays,
    run_names,
    unfinished_keys,
    unpack_arrays,
    write_file,
)
from core.checkpoints.folders import unwritable
from core.config import RunConfig
from core.data import Split, load
from core.devices import generator, narrowed
from core.models import Autoencoder
from core.runs import FAILURES, reason_of, train_and_keep
from core.runtime import cores, death, keep_freed_memory
from core.shelf import shipped

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

JOBS = ".jobs"
"""Name of the folder for jobs, beside the runs."""

TRAINER = (sys.executable, "-m", "core.jobs")
"""Command that trains the run of a job, before its arguments: ROOT KEY SERVER."""

State = Literal["queued", "running", "stopped", "interrupted", "failed"]

TOLD_EVERY = 0.25
"""Seconds between two reports of a running job."""
SHOWN_EVERY = 0.5
"""Seconds between two epochs that a running job shows."""
POLLED_EVERY = 0.2
"""Seconds between two looks at the queue."""
NICENESS = 10
"""Niceness of a job, as in nice(1), so that pages come first."""
LEAST = {"at_once": 1, "waiting": 1, "epochs": 1, "runs": 0}
"""Limit -> the least that may be set; with no job at once, every training would wait forever."""
SWITCHED_OFF = (
    "training is switched off on this deployment; run the lab on your own machine to train"
)


class TooMany(RuntimeError):
    """A limit of this deployment is reached; the message says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of a deployment; the defaults suit two cores that many people share.

    Args:
        training: whether runs may be trained at all.
        reason: why they may not, in one sentence.
        at_once: number of jobs that run at the same time.
        waiting: number of jobs in the queue, those that run included.
        epochs: number of epochs of one training.
        runs: number of runs on the shelf besides those that ship; with 0 nothing is trained or
            uploaded.
    """

    training: bool = True
    reason: str = SWITCHED_OFF
    at_once: int = 1
    waiting: int = 8
    epochs: int = 500
    runs: int = 40


def limits_of(environment: Mapping[str, str]) -> Limits:
    """Return the limits that a deployment sets in its environment.

    The variables are LATENT_LAB_TRAINING=off and LATENT_LAB_MAX_<NAME>=<number>.

    Args:
        environment: names of variables and their values.

    Raises:
        ValueError: a value is neither; the message says what it should be.

    >>> limits_of({"LATENT_LAB_TRAINING": "off", "LATENT_LAB_MAX_WAITING": "3"}).waiting
    3
    """
    training = environment.get("LATENT_LAB_TRAINING", "on").strip().lower()
    if training not in ("on", "off"):
        raise ValueError(f"LATENT_LAB_TRAINING should be on or off, got '{training}'")
    numbers: dict[str, Any] = {}
    for limit, least in LEAST.items():
        name = f"LATENT_LAB_MAX_{limit.upper()}"
        if name in environment:
            numbers[limit] = _limit(name, environment[name], least)
    return Limits(training=training == "on", **numbers)


def _limit(name: str, text: str, least: int) -> int:
    if not text.strip().isdecimal():
        raise ValueError(f"{name} should be a whole number, got '{text}'")
    if int(text) < least:
        raise ValueError(
            f"{name} should be at least {least}, got {text.strip()}; LATENT_LAB_TRAINING=off"
            " allows none"
        )
    return int(text)


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
    if job.state == "running" and not _alive(job.pid, job.born):
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
    """Return the arrays of a job's newest epoch, see `snapshot`; None before there is one."""
    try:
        return unpack_arrays((Path(root) / JOBS / f"{key}.npz").read_bytes())
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None


def shown_at(root: Path, key: str) -> int:
    """Return a number that grows with each newest epoch, and once the run is on the shelf."""
    paths = (Path(root) / JOBS / f"{key}.npz", Path(root) / key / DOCUMENT)
    return max((path.stat().st_mtime_ns for path in paths if path.is_file()), default=0)


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
            if not is_going and not _is_kept(self.root, config.key):
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
            _remove(self.root, key)
            drop_unfinished(self.root, key)

    def place(self, key: str) -> int:
        """Return how many jobs come before a queued one, those that run included."""
        keys = [job.config.key for job in _going(self.root)]
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
        if len(_going(self.root)) >= self.limits.waiting:
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
        going = {job.config.key for job in _going(self.root)}
        left = [job.config.key for job in jobs if job.config.key not in going]
        too_many = left[: max(0, len(left) - self.limits.runs)]
        for key in {*left, *unfinished_keys(self.root)} - going:
            if key in too_many or _is_kept(self.root, key):
                _remove(self.root, key)
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
        jobs = _going(self.root)  # once more: another server may have been faster
        busy = {job.config.key for job in jobs if job.state == "running"}.union(self._processes)
        waiting = [job for job in jobs if job.state == "queued" and job.config.key not in busy]
        for job in waiting[: max(0, self.limits.at_once - len(busy))]:
            self._start(job)

    def _start(self, job: Job) -> None:
        key = job.config.key
        if _is_kept(self.root, key):  # trained elsewhere while this waited
            _remove(self.root, key)
            return
        command = [*self.trainer, str(self.root), key, str(os.getpid())]
        here = Path(__file__).resolve().parents[1]
        try:
            # This is written before the process starts, which then writes its own number: the
            # other way round, this could be written last.
            write_job(self.root, started(job))
            self._processes[key] = subprocess.Popen(
                command, cwd=here, stdin=subprocess.DEVNULL, start_new_session=True
            )
        except (OSError, CheckpointError) as error:
            _write_end(self.root, job, "failed", f"it could not be started ({error})")

    def _note_end(self, key: str, code: int) -> None:
        """Write why a process ended, where it did not do so itself."""
        job = read_job(self.root, key)
        if job is None or job.state not in ("running", "interrupted"):
            return
        if _is_kept(self.root, key):  # it ended after it wrote the run and before it removed this
            self._clean_up()
        elif code == -signal.SIGTERM:  # it was asked to stop before it could listen
            _write_end(self.root, job, "stopped", "")
        else:
            _write_end(self.root, job, "failed", death(code))


def _going(root: Path) -> list[Job]:
    """Return the jobs that run or wait, the one that was asked for first at the head."""
    return [job for job in read_jobs(root) if job.state in ("queued", "running")]


class _Stop(BaseException):
    """The job is asked to end."""


def work(root: Path, key: str, server: int) -> None:
    """Train the run of a job in this process; the job is removed when the run is on the shelf.

    Args:
        root: folder of checkpoints.
        key: key of the job.
        server: number of the process that this one does not outlive.
    """
    keep_freed_memory()
    job = read_job(root, key)
    if job is None:
        return
    reporter = _Reporter(root, started(job), server)
    signal.signal(signal.SIGTERM, reporter.ask_to_stop)
    try:
        write_job(root, reporter.job)
        _train(reporter)
        _remove(root, key)
    except _Stop:
        _write_end(root, reporter.job, "stopped", "")
    except FAILURES as error:
        _write_end(root, reporter.job, "failed", reason_of(error))


def started(job: Job) -> Job:
    """Return a job as one that runs in this process."""
    return replace(job, state="running", reason="", pid=os.getpid(), born=_birth(os.getpid()))


def _train(reporter: _Reporter) -> None:
    config, root = reporter.job.config, reporter.root
    reporter.check()
    data = load(config.data)
    reporter.begin(data)
    for _ in train_and_keep(
        config, root, data=data, on_step=reporter.step, on_model=reporter.epoch
    ):
        pass


class _Reporter:
    """Writes the progress of a training now and then; a full disk does not stop the training."""

    def __init__(self, root: Path, job: Job, server: int) -> None:
        self.root, self.job, self.server, self.stopping = root, job, server, False
        self.data: Split | None = None
        self.told = self.shown = -math.inf
        self.first: tuple[float, int] | None = None

    def begin(self, data: Split) -> None:
        """Learn which images are trained on, and so how many there are in all."""
        self.data = data
        self.job = replace(self.job, total=self.job.config.train.epochs * len(data.train))

    def ask_to_stop(self, *_: object) -> None:
        self.stopping = True

    def check(self) -> None:
        """Stop if asked to, or if the server is gone."""
        if self.stopping or os.getppid() != self.server:
            raise _Stop

    def step(self, seen: int) -> None:
        self.check()
        now = time.monotonic()
        since, first = self.first = self.first or (now, seen)
        if now - self.told > TOLD_EVERY:
            speed = (seen - first) / (now - since) if seen > first else 0.0
            self.job, self.told = replace(self.job, seen=seen, images_per_second=speed), now
            with contextlib.suppress(CheckpointError):
                write_job(self.root, self.job)

    def epoch(self, model: Autoencoder, history: Arrays) -> None:
        assert self.data is not None
        self.job = replace(self.job, epoch=len(history["nll"]))
        if time.monotonic() - self.shown > SHOWN_EVERY:
            shown = pack_arrays(snapshot(model, self.data, history))
            with contextlib.suppress(CheckpointError):
                _write_bytes(self.root, f"{self.job.config.key}.npz", shown)
            self.shown = time.monotonic()


SHOWN_CODES, SHOWN_IMAGES = 1000, 8


@torch.inference_mode()
def snapshot(model: Autoencoder, data: Split, history: Arrays) -> Arrays:
    """Return the arrays that show an epoch.

    These are the columns of `history`, `mean` and `std` (N, L) of the first test images'
    posteriors and their `label` (N,), the reconstructions `images` (B, H, W) of the first of them,
    and `samples` (B, H, W): random codes from the prior, always the same seed, decoded.

    Args:
        model: the model as it is now; it is left in evaluation mode.
        data: the images, of which the first test images are encoded.
        history: columns (epochs, ...) so far.
    """
    model.eval()
    device = next(model.parameters()).device
    posterior = model.encode(data.test.images(slice(SHOWN_CODES)).to(device))
    mean = posterior.mean
    random = model.prior.sample(SHOWN_IMAGES, generator(0)).to(mean.device)
    images = model.decode(mean[:SHOWN_IMAGES]).clamp(0, 1).squeeze(1).cpu()
    samples = model.decode(random).clamp(0, 1).squeeze(1).cpu()
    return {
        **{f"history.{name}": column for name, column in history.items()},
        "mean": narrowed(mean.cpu()).numpy(),
        "std": narrowed(posterior.std.cpu()).numpy(),
        "label": data.test.labels[:SHOWN_CODES].to(torch.uint8).numpy(),
        "images": (images * 255).to(torch.uint8).numpy(),
        "samples": (samples * 255).to(torch.uint8).numpy(),
    }


def _write_end(root: Path, job: Job, state: State, reason: str) -> None:
    """Write how a job ended; on a full disk, its newest epoch makes room for that."""
    ended = replace(job, state=state, reason=reason, images_per_second=0.0)
    try:
        write_job(root, ended)
    except CheckpointError:
        (Path(root) / JOBS / f"{job.config.key}.npz").unlink(missing_ok=True)
        with contextlib.suppress(CheckpointError):
            write_job(root, ended)


def _is_kept(root: Path, key: str) -> bool:
    """Return whether a run is on the shelf and whole; a damaged run may be trained again."""
    try:
        check_folder(root / key)
    except CheckpointError:
        return False
    return True


def _alive(pid: int, born: int) -> bool:
    """Return whether a process is there and began when it should have, where the system tells."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return not born or _birth(pid) == born


def _birth(pid: int) -> int:
    """Return when a process began, in ticks since the system did; 0 where the system tells none.

    Source: proc(5), field 22; field 3 is Z for a process that has ended.
    """
    try:
        # The name of the process, in brackets, may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return 0 if fields[0] == "Z" else int(fields[19])
    except (OSError, ValueError, IndexError):
        return 0


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


def write_job(root: Path, job: Job) -> None:
    """Write a job, which replaces the one of the same key.

    Raises:
        CheckpointError: the disk is full or may not be written to.
    """
    document = asdict(job) | {"config": job.config.to_dict()}
    _write_bytes(root, f"{job.config.key}.json", json.dumps(document).encode())


def _write_bytes(root: Path, name: str, content: bytes) -> None:
    """Write a file of a job, whole or not at all.

    Raises:
        CheckpointError: the disk is full or may not be written to.
    """
    folder = Path(root) / JOBS
    try:
        write_file(folder / name, content)
    except OSError as error:
        raise unwritable(folder, error) from error


def _remove(root: Path, key: str) -> None:
    for ending in ("npz", "json"):
        with contextlib.suppress(OSError):
            (Path(root) / JOBS / f"{key}.{ending}").unlink()


def give_way() -> None:
    """Leave the pages one core, and a higher priority on the others.

    The training gains by that too: where its threads wait for a thread that a page keeps from its
    core, it took 10 to 50 times as long.
    """
    torch.set_num_threads(max(1, min(torch.get_num_threads(), cores() - 1)))
    if hasattr(os, "nice"):
        os.nice(NICENESS)


def main(arguments: Sequence[str]) -> None:
    """Do the job that a server asks for: `python -m core.jobs ROOT KEY SERVER`."""
    root, key, server = arguments
    give_way()
    work(Path(root), key, int(server))


if __name__ == "__main__":
    main(sys.argv[1:])
