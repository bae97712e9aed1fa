"""Contenders that take turns within one run, and the median of their rounds with its spread."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]


def alternate(
    contenders: Mapping[str, Callable[[], float]], rounds: int
) -> dict[str, list[float]]:
    """Return what each contender reached in each round.

    They take turns, so that other work on the machine slows all of them down. Every second round
    runs backwards, so that no contender always goes first. A round before the first warms up and
    is not counted.
    """
    reached: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        order = list(contenders) if turn % 2 else list(contenders)[::-1]
        for name in order:
            value = contenders[name]()
            if turn:
                reached[name].append(value)
    return reached


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Return ours over theirs, round by round."""
    return [a / b for a, b in zip(ours, theirs, strict=True)]


def figure(what: str, values: Sequence[float], unit: str, goal: str = "") -> dict:
    """Return one measured figure: its median, least and largest value, and its goal."""
    return {
        "what": what,
        "median": median(values),
        "low": min(values),
        "high": max(values),
        "rounds": len(values),
        "unit": unit,
        "goal": goal,
    }


def report(benchmark: str, figures: Sequence[dict], **conditions: object) -> None:
    """Print each figure as a line to read, and all of them as one line of JSON."""
    for row in figures:
        goal = f"; to reach: {row['goal']}" if row["goal"] else ""
        print(f"{row['what']}: {written(row)}{goal}")
    print(json.dumps({"benchmark": benchmark, "figures": list(figures), **conditions}), flush=True)


def written(row: dict) -> str:
    """Return a figure with its spread and unit.

    >>> written(figure("speed", [1.0, 2.0, 4.0], "times"))
    '2.00 (1.00 to 4.00) times'
    """
    middle, low, high = (_short(row[name]) for name in ("median", "low", "high"))
    spread = "" if row["rounds"] == 1 else f" ({low} to {high})"
    return f"{middle}{spread} {row['unit']}"


def _short(value: float) -> str:
    """Return a number with about three digits."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def machine() -> str:
    """Return the name of the processor and the number of its cores that are at hand."""
    from core.runtime import cores

    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    name = next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")),
        platform.processor(),
    )
    return f"{name or platform.machine()}, {cores()} cores"
