"""The numbers of one model over its trainings, which differ in their seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.experiments.kept import Numbers


@dataclass(frozen=True)
class Trainings:
    """Numbers of one model, by what was measured and by the seed of its training.

    Args:
        parts: name of a part -> seed -> its numbers. A part need not have every seed.
    """

    parts: Mapping[str, Mapping[int, Numbers]]

    def rows(self, part: str) -> Mapping[int, Numbers]:
        """Return the numbers of a part by seed; none where it was not measured."""
        return self.parts.get(part, {})

    def column(self, part: str, name: str) -> dict[int, Any]:
        """Return one number, or a list of them, of a part by seed.

        Raises:
            KeyError: a training has no number of that name.
        """
        return {seed: row[name] for seed, row in self.rows(part).items()}


NOTHING = Trainings({})
"""Of a model that was not measured."""
