"""What one instrument shows besides the runs; a bundle holds the parts of one or of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.instruments.bundle import Entry, pack


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


def bundle(entries: Sequence[Entry], parts: Sequence[Part], still: bytes) -> bytes:
    """Return runs and what some instruments show of them, for `openBundle` in the browser.

    Args:
        entries: the runs.
        parts: of the instruments, each of another name.
        still: PNG of what is seen at first, for a browser that cannot decode.

    Raises:
        ValueError: see `core.instruments.bundle.pack`.
    """
    tensors: dict[str, NDArray[Any]] = {"still": np.frombuffer(still, np.uint8)}
    for part in parts:
        tensors |= {f"{part.name}/{name}": array for name, array in part.tensors.items()}
    return pack(entries, tensors, {part.name: dict(part.header) for part in parts})
