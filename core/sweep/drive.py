"""The part that all engines share: which runs are left, how far each is, why it failed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from core.checkpoints import load_unfinished, unfinished_keys
from core.config import DataConfig, RunConfig
from core.sweep.contract import Engine, Outcome
from core.sweep.records import note, place_of


def missing(configs: Iterable[RunConfig], places: Sequence[Path]) -> list[RunConfig]:
    """Return the runs of which none of some folders has a checkpoint that opens."""
    return [config for config in configs if place_of(config, places) is None]


def seen_before(
    configs: Iterable[RunConfig], root: Path, images: Mapping[DataConfig, int]
) -> dict[RunConfig, int]:
    """Return the number of images that each run has seen which an earlier sweep put aside.

    Args:
        configs: of the runs.
        root: folder of checkpoints.
        images: data set -> number of its training images.
    """
    keys, seen = set(unfinished_keys(root)), {}
    for config in configs:
        unfinished = load_unfinished(root, config) if config.key in keys else None
        if unfinished:
            seen[config] = len(unfinished.history["nll"]) * images[config.data]
    return seen


def train_missing(
    configs: Sequence[RunConfig],
    engine: Engine,
    root: Path,
    images: Mapping[DataConfig, int],
    on_progress: Callable[[int, int], None],
) -> Iterator[Outcome]:
    """Train runs into a folder, yield how each ended, and write down why a run failed.

    Args:
        configs: of runs without a checkpoint.
        engine: that trains them.
        root: folder of checkpoints.
        images: data set -> number of its training images.
        on_progress: called now and then with the number of images seen, and of those to see.
    """
    total = {config: config.train.epochs * images[config.data] for config in configs}
    seen = dict.fromkeys(configs, 0) | seen_before(configs, root, images)

    def report(config: RunConfig, now: int) -> None:
        seen[config] = max(seen[config], now)
        on_progress(sum(seen.values()), sum(total.values()))

    running = engine.run(configs, root, report)
    with contextlib.closing(running) as outcomes:  # pyright: ignore[reportArgumentType]
        for outcome in outcomes:
            with contextlib.suppress(OSError):  # a full disk: the next run says so once more
                note(root, outcome)
            config = outcome.config
            if outcome.reason:  # nobody will see the images that a failed run has not seen
                total[config] = seen[config]
            seen[config] = total[config]
            yield outcome
            report(config, seen[config])
