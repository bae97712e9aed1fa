"""A sweep as a TOML file: what all runs share, and lists of values that are crossed.

    [run]
    data = "sprites"
    model = "beta-vae"
    latent_dim = 10

    [grid]
    beta = [1, 4, 16]
    seed = [0, 1, 2]

Any field of a `RunConfig` may stand under either; the lab's recipe says the others. Only the
standard library and configs are used here, so that a mistake is told at once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import product
from math import prod
from numbers import Real
from pathlib import Path
from typing import Any

from core.config import DataConfig, ModelConfig, RunConfig, TrainConfig, nearest
from core.recipes import beta_of, recipe

MOST_RUNS = 10_000
"""A larger grid is taken for a slip."""

_PARTS = {field.name for part in (DataConfig, ModelConfig, TrainConfig) for field in fields(part)}
FIELDS = (
    "data",
    "model",
    "latent_dim",
    "normalised_beta",
    *sorted(_PARTS - {"name", "posterior", "latent_dim"}),
)
"""Fields that a sweep's file may have."""


@dataclass(frozen=True)
class Point:
    """One run of a sweep.

    Args:
        config: of the run.
        values: of the fields that the sweep varies.
    """

    config: RunConfig
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Sweep:
    """A grid of runs.

    Args:
        name: of its file, without the ending.
        varied: the fields that are crossed, in the order of the file.
        points: one per run, the last field changing fastest; of equal runs the first.
    """

    name: str
    varied: tuple[str, ...]
    points: tuple[Point, ...]

    @property
    def configs(self) -> tuple[RunConfig, ...]:
        """The configs of its runs."""
        return tuple(point.config for point in self.points)


def read_sweep(path: Path) -> Sweep:
    """Return the sweep that a TOML file describes.

    Raises:
        ValueError: it is no such file, or a field or value of it is wrong; the message is one
            sentence.
    """
    path = Path(path)
    try:
        # Some editors begin a file with a byte-order mark.
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(
            f"the sweep should be a TOML file, {path} cannot be read ({error.strerror})"
        ) from error
    except ValueError as error:
        raise ValueError(f"{path} should be TOML: {error}") from error
    try:
        return sweep_of(path.stem, tables)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def sweep_of(name: str, tables: Mapping[str, Any]) -> Sweep:
    """Return the sweep of the tables `run` and `grid`.

    Raises:
        ValueError: an unknown table or field, with the nearest right name, or a wrong value.

    >>> grid = {"beta": [1, 4], "seed": [0, 1]}
    >>> sweep = sweep_of("small", {"run": {"data": "digits", "model": "beta-vae"}, "grid": grid})
    >>> [config.key[:-9] for config in sweep.configs]
    ['digits-vae-z2-s0', 'digits-vae-z2-s1', 'digits-beta-vae-4-z2-s0', 'digits-beta-vae-4-z2-s1']
    """
    _check_names("table", tables, ("run", "grid"))
    shared, grid = (_table(name, tables.get(name, {})) for name in ("run", "grid"))
    _check_grid(shared, grid)
    _check_shared(shared, grid)
    points: dict[RunConfig, Point] = {}
    for values in _crossed(grid):
        config = _config({**shared, **values}, values)
        points.setdefault(config, Point(config, values))
    return Sweep(name, tuple(grid), tuple(points.values()))


def _check_names(kind: str, names: Mapping[str, Any], right: tuple[str, ...]) -> None:
    for name in names:
        if name not in right:
            hint = nearest(name, right) or f"; there are {', '.join(right)}"
            raise ValueError(f"a sweep has no {kind} '{name}'{hint}")


def _table(name: str, table: Any) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise ValueError(f"{name} should be a table, [{name}], got {table!r}")
    _check_names("field", table, FIELDS)
    return table


def _check_grid(shared: Mapping[str, Any], grid: Mapping[str, Any]) -> None:
    for name, values in grid.items():
        if not isinstance(values, list) or not values:
            raise ValueError(
                f"{name} under [grid] should be a list of one value or more, got {values!r}"
            )
        if name in shared:
            raise ValueError(f"{name} should stand under [run] or under [grid], stands under both")
    count = prod(len(values) for values in grid.values())
    if count > MOST_RUNS:
        raise ValueError(f"a sweep should have at most {MOST_RUNS:,} runs, has {count:,}")


def _check_shared(shared: Mapping[str, Any], grid: Mapping[str, Any]) -> None:
    for name, value in shared.items():
        if isinstance(value, list) and name != "hidden":
            raise ValueError(
                f"{name} under [run] should be one value, got {value!r}; lists go under [grid]"
            )
    for name in ("data", "model"):
        if name not in shared and name not in grid:
            raise ValueError(f"a sweep should name its {name}, under [run] or [grid]")


def _crossed(grid: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for values in product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def _config(wanted: Mapping[str, Any], values: Mapping[str, Any]) -> RunConfig:
    changes: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in wanted.items()
    }
    try:
        return _recipe(**changes)
    except (ValueError, TypeError) as error:
        where = ", ".join(f"{name} = {value}" for name, value in values.items())
        raise ValueError(f"{error}, at {where}" if values else str(error)) from error


def _recipe(
    data: str,
    model: str,
    latent_dim: int = 2,
    normalised_beta: float | None = None,
    **changes: Any,
) -> RunConfig:
    if normalised_beta is None:
        return recipe(data, model, latent_dim, **changes)
    if "beta" in changes:
        raise ValueError("a sweep should give beta or normalised_beta, gives both")
    plain = recipe(data, model, latent_dim, **changes)
    if isinstance(normalised_beta, bool) or not isinstance(normalised_beta, Real):
        raise ValueError(f"normalised_beta should be a number, got {normalised_beta!r}")
    return recipe(
        data,
        model,
        latent_dim,
        beta=beta_of(float(normalised_beta), latent_dim, plain.data.size),
        **changes,
    )
