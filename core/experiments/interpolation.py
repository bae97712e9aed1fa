"""What lies between two images: how evenly a path through latent space moves, and how far from
anything real it leads.

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
from core.experiments.kept import Numbers, Study, over_seeds
from core.families import is_doubled

PAIRS, FRAMES, PAIR_SEED = 500, 11, 0
HALFWAY = FRAMES // 2
STILL = 0.01
"""Root mean squared difference per pixel below which two end images are one: ratios to it would mean nothing."""

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
    """What one model does between two images, by one kind of path, one value for each seed of its
    training.

    Args:
        largest: largest over mean step, median over pairs; empty where the end images are one
            picture.
        detour: length of the path over the distance of its ends, median over pairs; likewise.
        gap: of the midpoints, see `gap`; likewise.
        doubt: by how much the classifier's confidence is lower halfway than at the ends.
    """

    largest: tuple[float, ...]
    detour: tuple[float, ...]
    gap: tuple[float, ...]
    doubt: tuple[float, ...]

    @property
    def moves(self) -> bool:
        """Whether there is a path to speak of."""
        return bool(self.largest and self.gap)


def passage(measured: Sequence[Numbers], path: str) -> Passage:
    """Return what was measured of one model over seeds, by one kind of path."""
    on_path = [numbers[path] for numbers in measured]
    return Passage(
        largest=tuple(found["largest"][1] for found in on_path if found["largest"]),
        detour=tuple(found["detour"][1] for found in on_path if found["detour"]),
        gap=tuple(found["gap"] for found in on_path if found["gap"] is not None),
        doubt=tuple(n["ends"]["confidence"] - n[path]["confidence"][HALFWAY] for n in measured),
    )


def apart(one: Sequence[float], other: Sequence[float]) -> bool:
    """Return whether the values of one model over seeds all lie on one side of those of another:
    else it is a tie.

    >>> apart([0.1, 0.2], [0.3, 0.4]), apart([0.1, 0.35], [0.3, 0.4])
    (True, False)
    """
    return max(one) < min(other) or max(other) < min(one)


def extremes(values: Mapping[str, Sequence[float]]) -> tuple[list[str], list[str]]:
    """Return the models with the least mean and with the largest, each with those that tie with it
    alone.

    Both are empty where the least and the largest tie with each other, or there is one model only.
    One side is empty where a model that ties with both ends stands among those that tie with it
    alone: who leads is not clear then.

    Args:
        values: model -> one value for each seed.

    >>> extremes({"a": [1, 2], "b": [2, 3], "c": [8, 9]})
    (['a', 'b'], ['c'])
    >>> extremes({"a": [1, 4], "between": [2, 9], "b": [4, 8], "c": [8.5, 9]})
    ([], ['c'])
    """
    order = sorted(values, key=lambda name: float(np.mean(values[name])))
    if len(order) < 2 or not apart(values[order[0]], values[order[-1]]):
        return [], []
    from_least, from_most = (
        [apart(values[name], values[end]) for name in order] for end in (order[0], order[-1])
    )
    with_least = [high and not low for low, high in zip(from_least, from_most, strict=True)]
    with_most = [low and not high for low, high in zip(from_least, from_most, strict=True)]
    return _unbroken(order, with_least), _unbroken(order[::-1], with_most[::-1])[::-1]


def _unbroken(order: Sequence[str], chosen: Sequence[bool]) -> list[str]:
    """Return the chosen names where they are the first of the order; none where another one stands among them."""
    count = sum(chosen)
    return list(order[:count]) if all(chosen[:count]) else []


def kept_passages(config: RunConfig, root: Path = SHELF) -> list[Numbers]:
    """Return what was measured of a run, and of the same trained with other seeds."""
    return over_seeds(INTERPOLATIONS, config, root)
