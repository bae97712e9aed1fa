"""The engine of one machine: a process per slot trains run after run."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, final

import torch

from core.config import RunConfig
from core.data import load
from core.runs import train_and_keep
from core.runtime import FAILURES, cores, death, keep_freed_memory, reason_of
from core.sweep.contract import TOLD_EVERY, Outcome, Report

load_once = lru_cache(maxsize=1)(load)
"""A process holds one data set of a sweep, the one that it trains on."""


def attempt(
    config: RunConfig, root: Path, device: str | None, tell: Callable[[int], None]
) -> Outcome:
    """Train a run in this process, keep it, and return how that ended.

    A training that was put aside is resumed.

    Args:
        config: of the run.
        root: folder of checkpoints.
        device: where to train; the best there is for None.
        tell: called now and then with the number of images seen since the start.
    """
    last = -TOLD_EVERY

    def on_step(seen: int) -> None:
        nonlocal last
        if time.monotonic() - last > TOLD_EVERY:
            last = time.monotonic()
            tell(seen)

    try:
        data = load_once(config.data)
        for _ in train_and_keep(config, root, data=data, device=device, on_step=on_step):
            pass
    except FAILURES as error:
        return Outcome(config, reason_of(error))
    return Outcome(config)


@final
class Local:
    """Trains as many runs at a time as there are slots, each on its share of the cores.

    A process that dies costs the run that it trains, and is replaced.

    Args:
        slots: processes, at least 1.
        device: where to train; the best there is for None.
        threads: of each process; the cores divided by the slots when left out.
    """

    def __init__(
        self, slots: int, *, device: str | None = None, threads: int | None = None
    ) -> None:
        self.slots, self.device = slots, device
        self.threads = threads or max(1, min(torch.get_num_threads(), cores() // slots))

    def run(self, configs: Sequence[RunConfig], root: Path, report: Report) -> Iterator[Outcome]:
        """Yield how each run ended, as `Engine.run` does."""
        waiting = deque(configs)
        busy: dict[Any, _Slot] = {}
        try:
            for _ in range(min(self.slots, len(configs))):
                self._add(busy, root, waiting.popleft())
            while busy:
                for pipe in wait(list(busy)):
                    outcome = busy[pipe].hear(report)
                    if outcome:
                        self._go_on(busy, pipe, root, waiting)
                        yield outcome
        finally:
            for slot in busy.values():
                slot.process.terminate()
            for slot in busy.values():
                slot.process.join()

    def _add(self, busy: dict[Any, _Slot], root: Path, config: RunConfig) -> None:
        slot = _Slot(root, self.device, self.threads)
        busy[slot.pipe] = slot
        slot.begin(config)

    def _go_on(
        self, busy: dict[Any, _Slot], pipe: Any, root: Path, waiting: deque[RunConfig]
    ) -> None:
        """Give a slot that has become free the next run; without one, end it."""
        slot = busy[pipe]
        if waiting and slot.alive:
            slot.begin(waiting.popleft())
            return
        del busy[pipe]
        slot.close()
        if waiting:
            self._add(busy, root, waiting.popleft())


class _Slot:
    """A process that trains, and the pipe to it."""

    def __init__(self, root: Path, device: str | None, threads: int) -> None:
        # Not forked: threads of torch do not outlive a fork, nor does CUDA.
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(
            target=_work, args=(theirs, root, device, threads), daemon=True
        )
        self.process.start()
        theirs.close()
        self.config: RunConfig | None = None
        self.alive = True

    def begin(self, config: RunConfig) -> None:
        self.config = config
        with contextlib.suppress(OSError):  # where it died meanwhile, `hear` says so
            self.pipe.send(config)

    def hear(self, report: Report) -> Outcome | None:
        """Take what the process says, and return how its run ended, once it has."""
        assert self.config is not None
        try:
            said = self.pipe.recv()
        except (EOFError, OSError):
            self.alive = False
            self.process.join()
            return Outcome(self.config, death(self.process.exitcode or 0))
        if isinstance(said, int):
            report(self.config, said)
            return None
        return Outcome(self.config, said)

    def close(self) -> None:
        self.pipe.close()
        self.process.join()


def _work(pipe: Connection, root: Path, device: str | None, threads: int) -> None:
    """Train the configs that come through the pipe, and send back image counts and reasons."""
    # Ctrl-C is for the process that started this one, which ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)
    keep_freed_memory()

    def tell(seen: int) -> None:
        try:
            pipe.send(seen)
        except OSError:  # nobody listens: the sweep is gone
            raise SystemExit from None

    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send(attempt(pipe.recv(), root, device, tell).reason)
