"""The process that the lab runs in: its memory, its cores, whether it is there, how it ended."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Names of glibc's settings (malloc.h)."""

FAILURES = (ArithmeticError, ValueError, MemoryError, RuntimeError, OSError)
"""Errors that may end a training; `CheckpointError`, `MissingData`, `Diverged` are among them."""


def keep_freed_memory() -> None:
    """Let this process keep the memory that tensors free, instead of asking the system again.

    A training step frees and takes the same few megabytes each time; asking the system for them,
    page by page, costs up to a fifth of the step. It is for processes that train and end: a server
    would hold the most it ever used.
    """
    _set_up_malloc({_MMAP_THRESHOLD: 2**30, _TRIM_THRESHOLD: 2**31 - 1})


def share_freed_memory() -> None:
    """Let the threads of this process share the memory that they free, and keep some megabytes.

    It is for a server of many visitors.

    A batch of images through convolutional layers takes some ten megabytes. Without room for
    these, each one asks the system for them anew, which takes as long as the layers do.
    """
    _set_up_malloc({_ARENA_MAX: 2, _MMAP_THRESHOLD: 2**25, _TRIM_THRESHOLD: 2**25})


def _set_up_malloc(options: dict[int, int]) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt is not None:  # glibc
        for option, value in options.items():
            mallopt(option, value)


def cores() -> int:
    """Return how many processor cores this process may use."""
    return (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )


def death(code: int) -> str:
    """Return how a process ended that did not say so itself, in words.

    Args:
        code: its exit code; below 0, the signal that ended it.

    >>> death(-9)
    'its process was ended by signal 9, as a system short of memory does'
    """
    ended = (
        f"was ended by signal {-code}, as a system short of memory does"
        if code < 0
        else f"ended with code {code}"
    )
    return f"its process {ended}"


def is_alive(pid: int, born: int) -> bool:
    """Return whether a process is there and began when it should have, where the system tells.

    Args:
        pid: its number.
        born: what `birth` said of it; 0 where that is not known.
    """
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return not born or birth(pid) == born


def birth(pid: int) -> int:
    """Return when a process began, in ticks since the system did; 0 where the system tells none.

    A later process may have its number, and began later. Source: proc(5), field 22; field 3 is Z
    for a process that has ended.
    """
    try:
        # The name of the process, in brackets, may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return 0 if fields[0] == "Z" else int(fields[19])
    except (OSError, ValueError, IndexError):
        return 0


def reason_of(error: BaseException) -> str:
    """Return why a training ended, as one line.

    >>> reason_of(RuntimeError("out of   memory"))
    'out of memory'
    """
    return " ".join(str(error).split()) or type(error).__name__
