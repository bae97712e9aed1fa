"""What every engine's sweep has in common: what is left to train, how far it is, what failed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from core.checkpoints import load_unfinished, unfinished_keys
from core.config import DataConfig, RunConfig
from core.sweep.contract import Engine, Outcome
from core.sweep.records import note, place_of


def missing(configs: Iterable[RunConfig], places: Sequence[Path]) -> list[RunConfig]:
    """Return the runs that none of some folders has, or that are damaged there."""
    return [config for config in configs if place_of(config, places) is None]


def seen_before(
    configs: Iterable[RunConfig], root: Path, images: Mapping[DataConfig, int]
) -> dict[RunConfig, int]:
    """Return how many images each run has seen that was put aside, by an earlier sweep.

    Args:
        configs: of the runs.
        root: folder of checkpoints.
        images: that each data set trains on.
    """
    there = set(unfinished_keys(root))
    left = {config: load_unfinished(root, config) for config in configs if config.key in there}
    return {
        config: len(found.history["nll"]) * images[config.data]
        for config, found in left.items()
        if found
    }


def train_missing(
    configs: Sequence[RunConfig],
    engine: Engine,
    root: Path,
    images: Mapping[DataConfig, int],
    on_progress: Callable[[int, int], None],
) -> Iterator[Outcome]:
    """Train runs into a folder, yielding how each ended; why one failed is written down there.

    Args:
        configs: that are not kept yet.
        engine: that trains them.
        root: folder of checkpoints.
        images: that each data set trains on.
        on_progress: told now and then how many images were seen, and how many there are to see.
    """
    total = {config: config.train.epochs * images[config.data] for config in configs}
    seen = dict.fromkeys(configs, 0) | seen_before(configs, root, images)

    def report(config: RunConfig, now: int) -> None:
        seen[config] = max(seen[config], now)
        on_progress(sum(seen.values()), sum(total.values()))

    with contextlib.closing(engine.run(configs, root, report)) as outcomes:  # pyright: ignore[reportArgumentType]
        for outcome in outcomes:
            with contextlib.suppress(OSError):  # the disk is full: said of the next run once more
                note(root, outcome)
            config = outcome.config
            # What a failed run has not seen nobody will see.
            seen[config] = total[config] = seen[config] if outcome.reason else total[config]
            yield outcome
            report(config, seen[config])
