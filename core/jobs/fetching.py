"""MNIST's images to train on, fetched in the background: one process, whoever asks.

<downloads>/fetching.json     how far that process is, or why it failed; gone when all is here

The process goes on when the server ends, and ends by itself. Servers that share a folder see one
another's; should two begin in the same moment, both write the same files.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from core.checkpoints import write_file
from core.data import MissingData, Progress
from core.data.fetching import unwritable
from core.jobs.limits import Limits, TooMany
from core.runtime import FAILURES, birth, death, is_alive, reason_of

NAME = "fetching.json"
FETCHER = (sys.executable, "-m", "core", "fetch", "--progress")
"""Command that fetches, before its argument: the file for its progress."""
TOLD_EVERY = 0.25
"""Seconds between two reports."""

State = Literal["running", "interrupted", "failed"]


@dataclass(frozen=True, kw_only=True)
class Download:
    """The state and progress of a download.

    Args:
        state: `running`, `interrupted` (its process is gone) or `failed`.
        reason: why it failed, in one sentence.
        pid: number of its process.
        born: when that process began, see `core.runtime.birth`.
        began: time of its begin, in seconds since 1970.
        told: time of the report.
        arrived: bytes so far.
        total: bytes in all; 0 before that is known.
    """

    state: State = "running"
    reason: str = ""
    pid: int = field(default_factory=os.getpid)
    born: int = field(default_factory=lambda: birth(os.getpid()))
    began: float = field(default_factory=time.time)
    told: float = 0.0
    arrived: int = 0
    total: int = 0

    @property
    def seconds_left(self) -> float | None:
        """How long the download still takes at its speed so far; None before that is known."""
        if self.arrived <= 0 or self.told <= self.began:
            return None
        return (self.total - self.arrived) * (self.told - self.began) / self.arrived


def read_download(path: Path) -> Download | None:
    """Return the download that is reported in a file; None where none is that can be read."""
    try:
        download = Download(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    if not _is_sound(download):
        return None
    if download.state == "running" and not is_alive(download.pid, download.born):
        return replace(download, state="interrupted")
    return download


def _is_sound(download: Download) -> bool:
    counts = (download.pid, download.born, download.arrived, download.total)
    times = (download.began, download.told)
    return (
        {type(count) for count in counts} == {int}
        and {type(time) for time in times} <= {int, float}
        and download.state in get_args(State)
        and isinstance(download.reason, str)
    )


def write_download(path: Path, download: Download) -> None:
    """Report a download in a file.

    Raises:
        MissingData: the disk is full or may not be written to.
    """
    try:
        write_file(path, json.dumps(asdict(download)).encode())
    except OSError as error:
        raise unwritable(path.parent, error) from error


@contextlib.contextmanager
def reported(path: Path) -> Iterator[Progress]:
    """Report to a file how far a download inside the block is, and why it failed if it did.

    Args:
        path: of the file, which is gone when the block has ended well. Where it cannot be written,
            the download goes on.

    Returns:
        What to tell of the bytes that arrive.
    """
    download = Download()

    def tell(arrived: int, total: int | None) -> None:
        nonlocal download
        now = time.time()
        if now - download.told >= TOLD_EVERY:
            download = replace(download, arrived=arrived, total=total or 0, told=now)
            _try_to_write(path, download)

    _try_to_write(path, download)
    try:
        yield tell
    except FAILURES as error:
        _try_to_write(path, replace(download, state="failed", reason=reason_of(error)))
        raise
    with contextlib.suppress(OSError):
        path.unlink()


def _try_to_write(path: Path, download: Download) -> None:
    with contextlib.suppress(MissingData):
        write_download(path, download)


class Fetcher:
    """The part of a server that starts the process and sees to its end.

    Args:
        path: of the file for its progress.
        limits: limits of this deployment.
        command: command that fetches; the file is added as its argument.
    """

    def __init__(
        self, path: Path, limits: Limits | None = None, command: Sequence[str] = FETCHER
    ) -> None:
        self.path, self.limits, self.command = path, limits or Limits(), tuple(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the download, unless one runs.

        Raises:
            TooMany: training is not allowed on this deployment.
            MissingData: the disk is full or may not be written to.
        """
        if not self.limits.training:
            raise TooMany(self.limits.reason)
        with self._lock:
            now = self._look()
            if now and now.state == "running":
                return
            # Written before the process starts, which then writes its own number.
            begun = Download()
            write_download(self.path, begun)
            here = Path(__file__).resolve().parents[2]
            try:
                self._process = subprocess.Popen(
                    [*self.command, str(self.path)],
                    cwd=here,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
            except OSError as error:
                reason = f"it could not be started ({error})"
                write_download(self.path, replace(begun, state="failed", reason=reason))

    def look(self) -> Download | None:
        """Return how far the download is; None where none was begun, or all has arrived."""
        with self._lock:
            return self._look()

    def _look(self) -> Download | None:
        if self._process is None:
            return read_download(self.path)
        code = self._process.poll()
        now = read_download(self.path)
        if now is None or now.state == "failed":
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=1)  # it has said how it ended, and is about to
                self._process = None
        elif code is not None:
            self._process = None
            now = replace(now, state="failed", reason=death(code))
            _try_to_write(self.path, now)
        return now
