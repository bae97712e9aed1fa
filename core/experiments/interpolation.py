"""Between two images: how evenly does a path move, and how far from real images does it lead?

Four yardsticks stand beside every path: the model's own end images (their blur alone has a
distance), the cross-fade of those end images (the same blur, and no latent space), the cross-fade
of the originals, and real test images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.checkpoints import SHELF
from core.config import RunConfig
from core.data.twins import has_twins
from core.experiments.claims import DEPENDS, BySeed, compare
from core.experiments.kept import Numbers, Study, by_seed
from core.families import is_doubled

PAIRS, FRAMES, PAIR_SEED = 500, 11, 0
HALFWAY = FRAMES // 2
STILL = 0.01
"""Least root mean squared difference per pixel of two end images; below, ratios mean nothing."""

Floats = NDArray[np.floating]


_SETTINGS = f"{PAIRS} pairs of different labels, seed {PAIR_SEED}, {FRAMES} frames"
INTERPOLATIONS = Study(
    "interpolations",
    _SETTINGS,
    "core.experiments.measuring.interpolation:measure",
    "core.experiments.measuring.interpolation:compare",
    covers=lambda config: (
        not config.data.binarised and config.model.in_family and not is_doubled(config)
    ),
    judged=True,
    settings_of=lambda data: "without twins" if has_twins(data) else "",
)


@dataclass(frozen=True)
class Passage:
    """The path of one model between two images, of one kind, by the seed of its training.

    Args:
        largest: largest over mean step, median over pairs; empty where the end images are one
            picture.
        detour: length of the path over the distance of its ends, median over pairs; likewise.
        gap: of the midpoints, see `gap`; likewise.
        doubt: by how much the classifier's confidence is lower halfway than at the ends.
    """

    largest: BySeed
    detour: BySeed
    gap: BySeed
    doubt: BySeed

    @property
    def moves(self) -> bool:
        """Whether there is a path to speak of."""
        return bool(self.largest and self.gap)


def passage(measured: Mapping[int, Numbers], path: str) -> Passage:
    """Return what was measured of one model by seed, on one kind of path."""
    rows = {seed: numbers[path] for seed, numbers in measured.items()}
    doubt = {
        seed: numbers["ends"]["confidence"] - numbers[path]["confidence"][HALFWAY]
        for seed, numbers in measured.items()
    }
    return Passage(
        largest={seed: row["largest"][1] for seed, row in rows.items() if row["largest"]},
        detour={seed: row["detour"][1] for seed, row in rows.items() if row["detour"]},
        gap={seed: row["gap"] for seed, row in rows.items() if row["gap"] is not None},
        doubt=doubt,
    )


def differs(ours: BySeed, theirs: BySeed) -> bool:
    """Return whether one of two models has the larger number with every seed; else it is a tie.

    How many seeds there are is not asked.

    >>> differs({0: 0.1, 1: 0.35}, {0: 0.3, 1: 0.4}), differs({0: 0.1, 1: 0.5}, {0: 0.3, 1: 0.4})
    (True, False)
    """
    return compare(ours, theirs).leaning != DEPENDS


def extremes(values: Mapping[str, BySeed]) -> tuple[list[str], list[str]]:
    """Return the models with the least mean and with the largest, each with its ties.

    A model that ties with both ends belongs to neither. Both lists are empty where the least and
    the largest tie with each other, or there is one model only. One list is empty where a model
    that ties with both ends stands among those that tie with its end: who leads is not clear then.

    Args:
        values: model -> a number for each seed.

    >>> extremes({"a": {0: 1, 1: 2}, "b": {0: 2, 1: 1}, "c": {0: 8, 1: 9}})
    (['a', 'b'], ['c'])
    >>> a, b, c = {0: 1, 1: 4}, {0: 7, 1: 3}, {0: 9, 1: 9}
    >>> extremes({"a": a, "between": {0: 0, 1: 9}, "b": b, "c": c})
    ([], ['c'])
    """
    order = sorted(values, key=lambda name: float(np.mean(list(values[name].values()))))
    if len(order) < 2 or not differs(values[order[0]], values[order[-1]]):
        return [], []
    from_least = np.array([differs(values[name], values[order[0]]) for name in order])
    from_most = np.array([differs(values[name], values[order[-1]]) for name in order])
    with_least = from_most & ~from_least
    with_most = from_least & ~from_most
    return _unbroken(order, with_least), _unbroken(order[::-1], with_most[::-1])[::-1]


def _unbroken(order: Sequence[str], chosen: NDArray[np.bool_]) -> list[str]:
    """Return the chosen names where they come first; none where another one stands among them."""
    count = int(chosen.sum())
    return list(order[:count]) if chosen[:count].all() else []


def kept_passages(config: RunConfig, root: Path = SHELF) -> dict[int, Numbers]:
    """Return what was measured of a run, by the seed that it was trained with."""
    return by_seed(INTERPOLATIONS, config, root)
