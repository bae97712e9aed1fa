"""Training in the background: one process per run, one job per key, whoever asks and however
often.

<root>/.jobs/<key>.json     what is asked for, how it stands and how far it is
<root>/.jobs/<key>.npz      the newest epoch to look at: history, test codes, reconstructions

The files are all there is: any process may read them, and a job whose process is gone is an
interrupted one. What was trained before is taken up again from where `core.runs` put it aside.
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
from dataclasses import asdict, dataclass, field, fields, replace
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
"""The folder beside the runs for jobs."""

State = Literal["queued", "running", "stopped", "interrupted", "failed"]

TOLD_EVERY = 0.25
"""Seconds between two reports of a running job."""
SHOWN_EVERY = 0.5
"""Seconds between two epochs that a running job shows."""
LOOKED_EVERY = 0.2
"""Seconds between two looks at the queue."""
NICENESS = 10
"""How far a job gives way to the pages, as in nice(1)."""
LEAST = {"at_once": 1, "waiting": 1, "epochs": 1, "runs": 0}
"""Least of each limit that a deployment may set: with no job at once, every training would wait for ever."""
SWITCHED_OFF = (
    "training is switched off on this deployment; run the lab on your own machine to train"
)


class TooMany(RuntimeError):
    """A limit of this deployment is reached; the message says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a deployment allows; the defaults suit two cores that many people share.

    Args:
        training: whether anything may be trained at all.
        reason: why not, one sentence.
        at_once: jobs that run at the same time.
        waiting: jobs in the queue, those that run included.
        epochs: of one training.
        runs: that are kept besides those that ship; 0 for none, so that nothing is trained or
            uploaded.
    """

    training: bool = True
    reason: str = SWITCHED_OFF
    at_once: int = 1
    waiting: int = 8
    epochs: int = 500
    runs: int = 40


def limits_of(environment: Mapping[str, str]) -> Limits:
    """Return the limits that a deployment sets: LATENT_LAB_TRAINING=off, and
    LATENT_LAB_MAX_<name>=<number>.

    Raises:
        ValueError: a value that is neither, with what it should be.

    >>> limits_of({"LATENT_LAB_TRAINING": "off", "LATENT_LAB_MAX_WAITING": "3"}).waiting
    3
    """
    training = environment.get("LATENT_LAB_TRAINING", "on").strip().lower()
    if training not in ("on", "off"):
        raise ValueError(f"LATENT_LAB_TRAINING should be on or off, got '{training}'")
    numbers: dict[str, Any] = {}
    for one in fields(Limits):
        name = f"LATENT_LAB_MAX_{one.name.upper()}"
        if one.name not in ("training", "reason") and name in environment:
            numbers[one.name] = _limit(name, environment[name], LEAST[one.name])
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
    """How a training stands.

    Args:
        config: what is trained.
        state: `queued`, `running`, `stopped` (asked to), `interrupted` (its process is gone) or
            `failed`.
        reason: why it failed, one sentence.
        asked: when it was asked for, seconds since 1970; the queue's order.
        pid: of its process.
        born: when that process began, as the system counts; another one may have the same number
            later.
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
    born: int = 0
    seen: int = 0
    total: int = 0
    epoch: int = 0
    images_per_second: float = 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long it still takes at this speed; None before it is known."""
        return (
            (self.total - self.seen) / self.images_per_second if self.images_per_second else None
        )


def read_job(root: Path, key: str) -> Job | None:
    """Return how the training of a key stands, or None if there is no job."""
    try:
        found = json.loads((Path(root) / JOBS / f"{key}.json").read_text())
        job = Job(**found | {"config": RunConfig.from_dict(found["config"])})
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    if job.config.key != key or not _is_sound(job):
        return None
    return (
        replace(job, state="interrupted")
        if job.state == "running" and not _alive(job.pid, job.born)
        else job
    )


def _is_sound(job: Job) -> bool:
    counts, numbers = (
        (job.pid, job.born, job.seen, job.total, job.epoch),
        (job.asked, job.images_per_second),
    )
    right = all(type(count) is int for count in counts) and all(
        type(n) in (int, float) for n in numbers
    )
    return right and job.state in get_args(State) and isinstance(job.reason, str)


def read_jobs(root: Path) -> list[Job]:
    """Return all jobs, in the order in which they were asked for."""
    names = sorted(path.stem for path in (Path(root) / JOBS).glob("[!.]*.json"))
    return sorted(
        filter(None, (read_job(root, name) for name in names)), key=lambda job: job.asked
    )


def newest(root: Path, key: str) -> Arrays | None:
    """Return what the newest epoch of a job looks like, or None before there is one."""
    try:
        return unpack_arrays((Path(root) / JOBS / f"{key}.npz").read_bytes())
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None


def shown_at(root: Path, key: str) -> int:
    """Return what changes whenever `newest` does, or a run is put on the shelf."""
    stamps = [
        path.stat().st_mtime_ns
        for path in (Path(root) / JOBS / f"{key}.npz", Path(root) / key / DOCUMENT)
        if path.is_file()
    ]
    return max(stamps, default=0)


class Jobs:
    """The queue of one server: starts jobs in processes of their own, in turn, and sees how they
    end.

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
        """Queue a training, unless it is queued, running or finished; one that was left goes on
        where it was.

        Raises:
            TooMany: a limit is reached.
            CheckpointError: the disk is full or may not be written to.
        """
        with self._lock:
            job = read_job(self.root, config.key)
            if not _is_kept(self.root, config.key) and not (
                job and job.state in ("queued", "running")
            ):
                self._check_limits(config)
                new = Job(config=config)
                _write(
                    self.root,
                    replace(new, seen=job.seen, total=job.total, epoch=job.epoch) if job else new,
                )
            self.attend()

    def attend(self) -> None:
        """Start what waits, also what an earlier server left waiting, and see to it until nothing is left."""
        with self._lock:
            self._sweep()
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
            elif (
                job and job.state == "running" and job.born
            ):  # of another server that shares this folder
                os.kill(job.pid, signal.SIGTERM)

    def forget(self, key: str) -> None:
        """Remove a job that does not run, and what it reached."""
        with self._lock:
            job = read_job(self.root, key)
            if job and job.state == "running":
                return
            if key in self._processes:  # which has said that it ends, and is about to
                self._processes[key].wait()
                self._look(start=False)
            _remove(self.root, key)
            drop_unfinished(self.root, key)

    def place(self, key: str) -> int:
        """Return how many jobs come before a queued one, those that run included."""
        before = [
            job.config.key for job in read_jobs(self.root) if job.state in ("queued", "running")
        ]
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
            raise TooMany(self.limits.reason)
        if config.train.epochs > self.limits.epochs:
            raise TooMany(
                f"epochs should be at most {self.limits.epochs} here, got {config.train.epochs}"
            )
        going = [job for job in read_jobs(self.root) if job.state in ("queued", "running")]
        if len(going) >= self.limits.waiting:
            raise TooMany(
                f"there should be at most {self.limits.waiting} trainings in the queue; wait for"
                " one to end"
            )
        self.check_room()

    def check_room(self) -> None:
        """Make sure that one more run may be kept.

        Raises:
            TooMany: it may not.
        """
        if not self.limits.runs:
            raise TooMany(
                "no further runs are kept on this deployment; run the lab on your own machine to"
                " train"
            )
        own = [
            name for name in run_names(self.root) if name not in {ships.key for ships in shipped()}
        ]
        if len(own) >= self.limits.runs:
            raise TooMany(
                f"there should be at most {self.limits.runs} trained runs here; delete one first"
            )

    def _watch_queue(self) -> None:
        while not self._closed.wait(LOOKED_EVERY):
            with self._lock:
                if not self._look():
                    self._watch = None
                    return

    def _sweep(self) -> None:
        """Clear away what is left of trainings whose run is on the shelf, and of the oldest where
        there are too many.

        A process that was killed after it kept its run has not cleared up itself.
        """
        found = read_jobs(self.root)
        going = {job.config.key for job in found if job.state in ("queued", "running")}
        left = [job.config.key for job in found if job.config.key not in going]
        too_many = left[: max(0, len(left) - self.limits.runs)]
        for key in {*left, *unfinished_keys(self.root)} - going:
            if key in too_many or _is_kept(self.root, key):
                _remove(self.root, key)
                drop_unfinished(self.root, key)

    def _look(self, *, start: bool = True) -> bool:
        """See which processes ended, start the next, and return whether there is anything left to wait for."""
        with self._lock:
            for key, process in list(self._processes.items()):
                if process.poll() is not None:
                    del self._processes[key]
                    self._bury(key, process.returncode)
            waiting = [job for job in read_jobs(self.root) if job.state == "queued"]
            if start and waiting and not self._closed.is_set():
                with _alone(self.root):
                    self._start_next()
            return bool(self._processes or waiting)

    def _start_next(self) -> None:
        found = read_jobs(self.root)  # once more: another server may have been faster
        busy = {job.config.key for job in found if job.state == "running"}.union(self._processes)
        waiting = [job for job in found if job.state == "queued" and job.config.key not in busy]
        for job in waiting[: max(0, self.limits.at_once - len(busy))]:
            self._start(job)

    def _start(self, job: Job) -> None:
        key = job.config.key
        if _is_kept(self.root, key):  # trained elsewhere while this waited
            _remove(self.root, key)
            return
        command = [sys.executable, "-m", "core.jobs", str(self.root), key, str(os.getpid())]
        here = Path(__file__).resolve().parents[1]
        try:
            # Before the process starts, which then writes its own number: the other way round,
            # this could come last.
            _write(self.root, _running(job))
            self._processes[key] = subprocess.Popen(
                command, cwd=here, stdin=subprocess.DEVNULL, start_new_session=True
            )
        except (OSError, CheckpointError) as error:
            _conclude(self.root, job, "failed", f"it could not be started ({error})")

    def _bury(self, key: str, code: int) -> None:
        """Say why a process ended that did not say so itself."""
        job = read_job(self.root, key)
        if job is None or job.state not in ("running", "interrupted"):
            return
        if _is_kept(self.root, key):  # ended between keeping the run and taking its leave
            self._sweep()
        elif code == -signal.SIGTERM:  # asked to stop before it could listen
            _conclude(self.root, job, "stopped", "")
        else:
            _conclude(self.root, job, "failed", death(code))


class _Stop(BaseException):
    """The job is asked to end."""


def work(root: Path, key: str, server: int) -> None:
    """Train the run of a job, in this process, and report on it; the job is gone when the run is
    on the shelf.

    Args:
        root: folder of checkpoints.
        key: of the job.
        server: number of the process that this one is not to outlive.
    """
    keep_freed_memory()
    job = read_job(root, key)
    if job is None:
        return
    reporter = _Reporter(root, _running(job), server)
    signal.signal(signal.SIGTERM, reporter.ask_to_stop)
    try:
        _write(root, reporter.job)
        _train(reporter)
        _remove(root, key)
    except _Stop:
        _conclude(root, reporter.job, "stopped", "")
    except FAILURES as error:
        _conclude(root, reporter.job, "failed", reason_of(error))


def _running(job: Job) -> Job:
    """Return a job as one of this process."""
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
    """Writes down how far a training is, now and then; where that cannot be written, the training goes on."""

    def __init__(self, root: Path, job: Job, server: int) -> None:
        self.root, self.job, self.server, self.stopping = root, job, server, False
        self.data: Split | None = None
        self.told = self.shown = -math.inf
        self.first: tuple[float, int] | None = None

    def begin(self, data: Split) -> None:
        """Know the images, and so how many steps there are."""
        self.data, self.job = (
            data,
            replace(self.job, total=self.job.config.train.epochs * len(data.train)),
        )

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
                _write(self.root, self.job)

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
    """Return what an epoch looks like.

    The columns of `history`, `mean` and `std` (N, L) of the first test images' posteriors and
    their `label` (N,), the first `images` reconstructed (B, H, W), and `samples` (B, H, W): random
    codes from the prior with always the same seed, decoded.

    Args:
        model: as it is now; left in evaluation mode.
        data: whose first test images are encoded.
        history: so far.
    """
    model.eval()
    device = next(model.parameters()).device
    posterior = model.encode(data.test.images(slice(SHOWN_CODES)).to(device))
    mean = posterior.mean
    random = model.prior.sample(SHOWN_IMAGES, generator(0)).to(mean.device)
    images, samples = (
        model.decode(codes).clamp(0, 1).squeeze(1).cpu() for codes in (mean[:SHOWN_IMAGES], random)
    )
    return {
        **{f"history.{name}": column for name, column in history.items()},
        "mean": narrowed(mean.cpu()).numpy(),
        "std": narrowed(posterior.std.cpu()).numpy(),
        "label": data.test.labels[:SHOWN_CODES].to(torch.uint8).numpy(),
        "images": (images * 255).to(torch.uint8).numpy(),
        "samples": (samples * 255).to(torch.uint8).numpy(),
    }


def _conclude(root: Path, job: Job, state: State, reason: str) -> None:
    """Say how a job ended; on a full disk, what its newest epoch looks like makes room for that."""
    ended = replace(job, state=state, reason=reason, images_per_second=0.0)
    try:
        _write(root, ended)
    except CheckpointError:
        (Path(root) / JOBS / f"{job.config.key}.npz").unlink(missing_ok=True)
        with contextlib.suppress(CheckpointError):
            _write(root, ended)


def _is_kept(root: Path, key: str) -> bool:
    """Return whether a run is on the shelf and whole; a damaged one may be trained again."""
    try:
        check_folder(root / key)
    except CheckpointError:
        return False
    return True


def _alive(pid: int, born: int) -> bool:
    """Return whether a process is there, and the one that was meant, where the system tells."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return not born or _birth(pid) == born


def _birth(pid: int) -> int:
    """Return when a process began, in the system's ticks since it started itself; 0 where it does
    not say.

    Source: proc(5), field 22; field 3 is Z for one that has ended.
    """
    try:
        told = (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        )  # the name in brackets may hold anything
        return 0 if told[0] == "Z" else int(told[19])
    except (OSError, ValueError, IndexError):
        return 0


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keep other servers that share the folder from starting a job inside the block, where the system can do that."""
    folder = os.open(Path(root) / JOBS, os.O_RDONLY) if fcntl else -1
    try:
        if fcntl:
            with contextlib.suppress(OSError):
                fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        if fcntl:
            os.close(folder)


def _write(root: Path, job: Job) -> None:
    _write_bytes(
        root,
        f"{job.config.key}.json",
        json.dumps(asdict(job) | {"config": job.config.to_dict()}).encode(),
    )


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


def _give_way() -> None:
    """Leave the pages a core, and the right of way on the others.

    That is for the training's good too: where its threads wait for one that a page keeps from its
    core, it was seen to take ten times as long, and up to fifty.
    """
    torch.set_num_threads(max(1, min(torch.get_num_threads(), cores() - 1)))
    if hasattr(os, "nice"):
        os.nice(NICENESS)


def main(arguments: Sequence[str]) -> None:
    """Do the job that a server asks for: `python -m core.jobs ROOT KEY SERVER`."""
    root, key, server = arguments
    _give_way()
    work(Path(root), key, int(server))


if __name__ == "__main__":
    main(sys.argv[1:])
