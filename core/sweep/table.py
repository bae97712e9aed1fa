"""The results of a sweep as a table, a row per run: CSV, and Parquet if pyarrow is installed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core.checkpoints import load, write_file
from core.config import RunConfig
from core.metrics.latents import active
from core.runtime import FAILURES, reason_of
from core.sweep.grid import Sweep
from core.sweep.records import place_of, reason_noted

NUMBERS = ("nll", "kl", "elbo", "active", "seconds")
"""Measured columns: nats per test image, number of active latents, seconds of training."""

Row = dict[str, Any]


class Table:
    """The rows of a sweep; the numbers of a run are read once.

    Args:
        sweep: of the runs.
        root: folder of checkpoints that the sweep trains into.
        places: all folders that may have its runs, `root` among them.
    """

    def __init__(self, sweep: Sweep, root: Path, places: Sequence[Path]) -> None:
        self.sweep, self.root, self.places = sweep, root, places
        self._read: dict[str, Row] = {}

    def columns(self) -> list[str]:
        """Return the names of the columns."""
        varied = [name for name in self.sweep.varied if name != "seed"]
        return ["key", *varied, "seed", *NUMBERS, "state", "reason"]

    def rows(self) -> list[Row]:
        """Return a row per run, in the sweep's order, with the fields of `columns`.

        The state is `kept`, `failed` or `missing`. A number is None where it is not known, or not
        defined.
        """
        return [self._row(point.config, point.values) for point in self.sweep.points]

    def write(self, path: Path) -> list[Path]:
        """Write the table and return its files.

        It is CSV, and where pyarrow is installed also Parquet beside it.

        Args:
            path: of the CSV.

        Raises:
            ValueError: the name does not end in .csv.
            OSError: they cannot be written.
        """
        if path.suffix != ".csv":
            raise ValueError(f"the table should be named something.csv, got {path}")
        rows = self.rows()
        written = {path: _csv(rows, self.columns())}
        if find_spec("pyarrow"):
            written[path.with_suffix(".parquet")] = _parquet(rows, self.columns())
        for file, content in written.items():
            write_file(file, content)
        return list(written)

    def _row(self, config: RunConfig, values: Mapping[str, Any]) -> Row:
        row: Row = {
            "key": config.key,
            **values,
            "seed": config.train.seed,
            **dict.fromkeys(NUMBERS),
        }
        if config.key not in self._read:
            place = place_of(config, self.places)
            if place is None:
                reason = reason_noted(self.root, config)
                return row | {"state": "failed" if reason else "missing", "reason": reason}
            try:
                self._read[config.key] = _numbers(config, place)
            except FAILURES as error:  # the other runs have nothing to do with this one
                return row | {"state": "failed", "reason": reason_of(error)}
        return row | self._read[config.key] | {"state": "kept", "reason": ""}


def _numbers(config: RunConfig, place: Path) -> Row:
    run = load(place, config.key)
    alive = active(run.codes["mean"], run.codes["std"])
    return {name: run.metrics.get(name) for name in NUMBERS} | {"active": int(alive.sum())}


def _csv(rows: Iterable[Row], columns: Sequence[str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _parquet(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({name: [row[name] for row in rows] for name in columns})
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink)
    return sink.getvalue().to_pybytes()
