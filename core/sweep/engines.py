"""What an engine is: it trains runs into a folder and says of each how it ended.

Whichever engine trains a run, it is the same training from the same seed, kept by the same
functions: `local` and `ray` give the same weights to the bit where the number of threads is the
same, `batched` within rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.config import RunConfig

ENGINES = {
    "local": "a process per slot on this machine",
    "batched": "models that differ in β, seed or learning rate alone at once, for a GPU",
    "ray": "tasks on a Ray cluster, or on one started here",
}
"""Name of each engine -> what it does."""

BATCHED_SLOTS = 8
"""Models at once, unless said otherwise."""

TOLD_EVERY = 0.25
"""Seconds between two reports of a run."""

Report = Callable[[RunConfig, int], None]
"""Told now and then of a run how many images it has seen since its start."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Args:
        config: of the run.
        reason: why it failed, one sentence; empty where it is kept.
    """

    config: RunConfig
    reason: str = ""


class Engine(Protocol):
    """Trains runs, in its own way."""

    def run(self, configs: Sequence[RunConfig], root: Path, report: Report) -> Iterator[Outcome]:
        """Yield how each run ended, in the order in which they end; those that ended well are kept
        in `root`.

        An engine whose iterator is closed leaves nothing running.

        Raises:
            ValueError: there is a config that it cannot train.
            RuntimeError: it cannot work here.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Options:
    """What engines may be told.

    Args:
        slots: runs at once; a process each on every core, or `BATCHED_SLOTS`, when left out.
        device: `cuda`, `mps` or `cpu`; the best there is when left out.
        gpus: share of a GPU that each Ray task asks for.

    Raises:
        ValueError: no slot, or a share below 0.
    """

    slots: int | None = None
    device: str | None = None
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if self.slots is not None and self.slots < 1:
            raise ValueError(f"slots should be at least 1, got {self.slots}")
        if not 0 <= self.gpus < float("inf"):
            raise ValueError(f"gpus should be at least 0, got {self.gpus}")


def engine_named(name: str, options: Options) -> Engine:
    """Return one of `ENGINES`; what it needs is imported now."""
    from core.runtime import cores

    slots = options.slots or cores()
    if name == "batched":
        from core.sweep.batched import Batched

        return Batched(options.slots or BATCHED_SLOTS, device=options.device)
    if name == "ray":
        from core.sweep.ray import Ray

        return Ray(slots, device=options.device, gpus=options.gpus)
    from core.sweep.local import Local

    return Local(slots, device=options.device)
