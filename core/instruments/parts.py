"""What one instrument shows besides the runs; a bundle holds the parts of one or of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Part:
    """What one instrument shows besides the runs.

    Args:
        name: of the instrument.
        header: words and single numbers, which travel as JSON.
        tensors: arrays by name: float32, uint8 or int32.
    """

    name: str
    header: Mapping[str, Any]
    tensors: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def header_of(parts: Sequence[Part]) -> dict[str, Any]:
    """Return the headers of some parts by their names."""
    return {part.name: dict(part.header) for part in parts}


def tensors_of(parts: Sequence[Part]) -> dict[str, NDArray[Any]]:
    """Return the tensors of some parts; each name begins with the part's name and a slash."""
    return {
        f"{part.name}/{name}": np.ascontiguousarray(array)
        for part in parts
        for name, array in part.tensors.items()
    }
