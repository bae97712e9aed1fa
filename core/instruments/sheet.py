"""Codes of a sheet of pictures: center + amount · scale · spread, the amount under a finger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Source:
    """Where the codes of some sheets come from, one sheet for each run and draw.

    The browser shows center + amount · scale · spread. The random numbers are in `spread`, so that
    none are drawn there.

    Args:
        name: a short word; the tensors' names begin with it.
        center: codes (S, R, N, L) of S draws, R runs and N pictures; S, R and N may be 1, where
            all have the same.
        spread: codes (S, R, N, L), likewise.
        scale: how far an amount of 1 goes in each run (R,), above 0.

    Raises:
        ValueError: the shapes do not fit each other.
    """

    name: str
    center: Floats
    spread: Floats
    scale: Sequence[float]

    def __post_init__(self) -> None:
        if self.center.ndim != 4 or self.spread.ndim != 4:
            raise ValueError(
                f"center and spread of '{self.name}' should be (S, R, N, L), got"
                f" {self.center.shape} and {self.spread.shape}"
            )
        shape = np.broadcast_shapes(self.center.shape, self.spread.shape)
        if shape[1] not in (1, len(self.scale)):
            raise ValueError(
                f"'{self.name}' should have a scale for each of {shape[1]} runs, got"
                f" {len(self.scale)}"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """S, R, N and L."""
        draws, _, count, latents = np.broadcast_shapes(self.center.shape, self.spread.shape)
        return draws, len(self.scale), count, latents

    def codes(self, run: int, draw: int = 0, amount: float = 1.0) -> NDArray[np.float32]:
        """Return the codes (N, L) of a sheet, as the browser works them out.

        Args:
            run: number of the run.
            draw: number of the draw.
            amount: of the spread.
        """
        draws, runs, count, latents = self.shape
        center = np.broadcast_to(self.center, (draws, runs, count, latents))[draw, run]
        spread = np.broadcast_to(self.spread, (draws, runs, count, latents))[draw, run]
        return (center + amount * self.scale[run] * spread).astype(np.float32)


@dataclass(frozen=True)
class Slider:
    """A slider of a sheet.

    Args:
        label: its name.
        least: its left end.
        most: its right end.
        step: from one value to the next, by an arrow key.
        value: where it stands at first.
        marks: values that are written below it, each with its words.
    """

    label: str
    least: float
    most: float
    step: float
    value: float
    marks: tuple[tuple[float, str], ...] = ()

    def header(self) -> dict[str, Any]:
        """Return what the browser makes the slider of."""
        return {
            "label": self.label,
            "min": self.least,
            "max": self.most,
            "step": self.step,
            "value": self.value,
            "marks": [list(mark) for mark in self.marks],
        }


def tensors_of(sources: Sequence[Source]) -> dict[str, NDArray[np.float32]]:
    """Return the tensors of some sources by name.

    Raises:
        ValueError: they are not of as many draws and runs.
    """
    shapes = {source.shape[1:2] for source in sources}
    if len(shapes) != 1:
        raise ValueError(f"sources should have as many runs as each other, got {sorted(shapes)}")
    tensors = {}
    for source in sources:
        tensors[f"{source.name}/center"] = source.center.astype(np.float32)
        tensors[f"{source.name}/spread"] = source.spread.astype(np.float32)
        tensors[f"{source.name}/scale"] = np.asarray(source.scale, np.float32)
    return tensors
