"""The contract of an engine: it trains runs into a folder and says of each how it ended.

Whichever engine trains a run, it is the same training from the same seed, written by the same
functions: `local` and `ray` give the same weights to the bit where the number of threads is the
same, `batched` within rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.config import RunConfig

TOLD_EVERY = 0.25
"""Seconds between two reports of a run."""

Report = Callable[[RunConfig, int], None]
"""Called now and then with a run and the number of images that it has seen since its start."""


@dataclass(frozen=True)
class Outcome:
    """The end of a run.

    Args:
        config: of the run.
        reason: why it failed, one sentence; empty where it is kept.
    """

    config: RunConfig
    reason: str = ""


class Engine(Protocol):
    """Trains runs, in its own way."""

    def run(self, configs: Sequence[RunConfig], root: Path, report: Report) -> Iterator[Outcome]:
        """Yield how each run ended, in the order in which they end.

        An engine whose iterator is closed leaves nothing running.

        Args:
            configs: of the runs.
            root: folder of checkpoints, which the runs that end well are written into.
            report: called now and then.

        Raises:
            ValueError: there is a config that it cannot train.
            RuntimeError: it cannot work here.
        """
        ...
