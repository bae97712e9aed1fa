"""Numbers measured of many runs, kept in files so that no page waits for them and none is stale.

    checkpoints/<name of the study>.json    made by `python -m core measure`

An entry names the SHA-256 of the weights, codes and classifier that it was measured with, and the
study's settings. Runs of further seeds need not ship: their entry goes by the run's key, which
says all that decided its training.

This file reads and writes numbers. `core.experiments.measuring` measures them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.checkpoints import SHELF, CheckpointError, read_document, write_file
from core.config import DataConfig, RunConfig, with_seed
from core.experiments.classifiers import folder_name
from core.shelf import mapped, more_seeds, seeds_of, shipped

if TYPE_CHECKING:
    from core.runs import Run

Numbers = dict[str, Any]
"""What JSON can hold: names -> numbers, texts and lists of them."""

Parts = dict[str, dict[str, Numbers]]
"""The file of a study: `entries`, numbers by key of the run, and `compared`, numbers by folder of
the data set's classifier. Each says in `of` what it was measured of."""

Measure = Callable[["Run", Path], Numbers]
"""(run, folder of the classifiers) -> numbers."""

Compare = Callable[[DataConfig, Path], Numbers]
"""(data set, folder of the classifiers) -> numbers that runs on it are held against."""


@dataclass(frozen=True)
class Study:
    """A measurement that is made of every run in the same way.

    It says what is asked and names the function that measures. The function's module needs torch
    and is imported when something is measured, so that reading numbers needs none.

    Args:
        name: of its file, without the ending.
        settings: whatever the numbers depend on but the run, as text; a change makes every number
            stale.
        measured_by: a `Measure`, or where it is, as `module:function`.
        compared_by: a `Compare`, or where it is; None where runs are held against nothing.
        covers: which runs it is made of.
        judged: whether it asks the data set's classifier, and is stale with another one.
        settings_of: what the numbers of one data set depend on besides, as text; nothing where it
            is empty.
        of_map: whether it is made of the short runs of the map of β and latents, which every other
            study leaves out.
    """

    name: str
    settings: str
    measured_by: Measure | str
    compared_by: Compare | str | None = None
    covers: Callable[[RunConfig], bool] = lambda config: True
    judged: bool = False
    settings_of: Callable[[DataConfig], str] = lambda data: ""
    of_map: bool = False

    def measure(self, run: Run, root: Path) -> Numbers:
        """Return the numbers of a run, measured now.

        Args:
            run: to measure.
            root: folder of the classifiers.
        """
        return _function(self.measured_by)(run, root)

    def compare(self, data: DataConfig, root: Path) -> Numbers:
        """Return the numbers that runs on a data set are held against, measured now.

        Args:
            data: the data set.
            root: folder of the classifiers.

        Raises:
            ValueError: the study holds runs against nothing.
        """
        if self.compared_by is None:
            raise ValueError(f"{self.name} should have numbers to compare with, has none")
        return _function(self.compared_by)(data, root)

    def includes(self, config: RunConfig) -> bool:
        """Return whether it is made of a run."""
        return self.covers(config) and self.of_map == (config in mapped())

    def path(self, root: Path) -> Path:
        """Return its file."""
        return Path(root) / f"{self.name}.json"


def _function(named: Callable[..., Numbers] | str) -> Callable[..., Numbers]:
    """Return a function that is given by itself or as `module:function`."""
    if not isinstance(named, str):
        return named
    module, _, name = named.partition(":")
    return getattr(import_module(module), name)


def short(value: float, digits: int = 6) -> float:
    """Return a number with as many digits as count, so that files stay small.

    >>> short(2 / 3, 2)
    0.67
    """
    return float(f"{value:.{digits}g}")


def numbers_of(study: Study, config: RunConfig, root: Path = SHELF) -> Numbers | None:
    """Return what was measured of a run, or None if it was not, or with other weights."""
    return _valid(entries_of(study, root)["entries"].get(config.key), study, config, root)


def by_seed(study: Study, config: RunConfig, root: Path = SHELF) -> dict[int, Numbers]:
    """Return what was measured of a config, by the seed that it was trained with.

    The seeds are those of its data set. A training that was not measured is left out.

    Args:
        study: that measured.
        config: of any seed.
        root: folder of the numbers.
    """
    configs = {seed: with_seed(config, seed) for seed in seeds_of(config.data.name)}
    rows = {seed: numbers_of(study, trained, root) for seed, trained in configs.items()}
    return {seed: numbers for seed, numbers in rows.items() if numbers is not None}


def over_seeds(study: Study, config: RunConfig, root: Path = SHELF) -> list[Numbers]:
    """Return what was measured of a config as `by_seed`, a row for each seed, in order."""
    return list(by_seed(study, config, root).values())


def compared(study: Study, data: DataConfig, root: Path = SHELF) -> Numbers | None:
    """Return the numbers that runs on a data set are held against, or None."""
    entry = entries_of(study, root)["compared"].get(folder_name(data))
    try:
        if entry is None or entry["of"] != settings_on(study, data, root):
            return None
    except CheckpointError:  # of the classifier, which then judges nothing
        return None
    return _without_mark(entry)


def damage_of(study: Study, root: Path = SHELF) -> str | None:
    """Return why the file of a study cannot be read, or None where it can be or there is none.

    The numbers of a file that cannot be read are as good as not measured.

    Returns:
        A sentence.
    """
    return _read_with_damage(study, root)[1]


def version(study: Study, root: Path = SHELF) -> int:
    """Return a number that changes whenever the numbers of a study do.

    It is the time of the file's last change, in ns, and 0 where there is no file. What is worked
    out from a study's numbers may be kept as long as it stays the same.
    """
    try:
        return study.path(root).stat().st_mtime_ns
    except OSError:
        return 0


def stale(study: Study, root: Path = SHELF) -> list[str]:
    """Return the keys of the runs whose numbers are not theirs any more, or are missing.

    Numbers are missing of a run that ships and has none.
    """
    entries = entries_of(study, root)["entries"]
    runs = {config.key: config for config in (*shipped(), *more_seeds()) if study.includes(config)}
    ships = {config.key for config in shipped()}
    wanted = [key for key in runs if key in ships or key in entries]
    unknown = [key for key in entries if key not in runs]
    return unknown + [key for key in wanted if numbers_of(study, runs[key], root) is None]


def write_numbers(
    study: Study,
    numbers: Mapping[RunConfig, Numbers],
    root: Path = SHELF,
    *,
    compared: Mapping[DataConfig, Numbers] | None = None,
) -> Path:
    """Write numbers of runs into the file of a study, beside those of other runs.

    They count as measured of the weights that lie in `root` now. A run that does not lie there
    counts as one of a further seed, whose numbers depend on the study's settings alone.

    Args:
        study: whose file.
        numbers: of each run.
        root: folder of the runs, of the classifiers and of the file.
        compared: numbers that runs on a data set are held against, if any.

    Returns:
        The file.

    Raises:
        CheckpointError: the study asks a classifier that is not there, or a run's folder cannot be
            read.
        ValueError: a number is not finite.
    """
    parts = {part: dict(rows) for part, rows in entries_of(study, root).items()}
    for config, row in numbers.items():
        folder = Path(root) / config.key
        is_there = folder.is_dir()
        of = (
            mark_of(study, config, folder, root)
            if is_there
            else settings_on(study, config.data, root)
        )
        parts["entries"][config.key] = {"of": of, **row}
    for data, row in (compared or {}).items():
        parts["compared"][folder_name(data)] = {"of": settings_on(study, data, root), **row}
    return write_entries(study, root, parts)


def mark_of(study: Study, config: RunConfig, folder: Path, root: Path) -> Numbers:
    """Return all that a run's numbers depend on: weights, codes, and `settings_on` its data.

    Args:
        study: that measures.
        config: of the run.
        folder: of the run.
        root: folder of the classifiers.

    Raises:
        CheckpointError: the run or the classifier cannot be read.
    """
    files = read_document(folder)["files"]
    return {
        "weights": files["weights.safetensors"][:16],
        "codes": files["codes.npz"][:16],
        **settings_on(study, config.data, root),
    }


def settings_on(study: Study, data: DataConfig, root: Path) -> Numbers:
    """Return all that every number of a data set depends on: settings, and the classifier.

    Raises:
        CheckpointError: the study asks a classifier that cannot be read.
    """
    settings = {"settings": study.settings}
    if of_data := study.settings_of(data):
        settings["of_data"] = of_data
    if study.judged:
        files = read_document(Path(root) / folder_name(data))["files"]
        settings["classifier"] = files["weights.safetensors"][:16]
    return settings


def has_settings(of: Numbers, study: Study, config: RunConfig, root: Path) -> bool:
    """Return whether numbers were measured with the settings that a study has now.

    Args:
        of: what the numbers say that they were measured of.
        study: that measures.
        config: of the run.
        root: folder of the classifiers.
    """
    return settings_on(study, config.data, root).items() <= of.items()


def entries_of(study: Study, root: Path) -> Parts:
    """Return the file of a study, not to be changed.

    It is empty where the file is missing or damaged, see `damage_of`.
    """
    return _read_with_damage(study, root)[0]


def write_entries(study: Study, root: Path, parts: Parts) -> Path:
    """Write the file of a study, and return it.

    Raises:
        ValueError: a number is not finite; the file stays as it was.
    """
    write_file(study.path(root), _text(parts).encode())
    return study.path(root)


def _valid(entry: Numbers | None, study: Study, config: RunConfig, root: Path) -> Numbers | None:
    """Return the numbers of an entry where they are those of a run as it is now, else None."""
    folder = Path(root) / config.key
    try:
        if entry is None or not _is_current(entry["of"], study, config, folder, root):
            return None
    except CheckpointError:
        return None
    return _without_mark(entry)


def _is_current(of: Numbers, study: Study, config: RunConfig, folder: Path, root: Path) -> bool:
    if folder.is_dir():
        return of == mark_of(study, config, folder, root)
    return config in more_seeds() and has_settings(of, study, config, root)


def _without_mark(entry: Numbers) -> Numbers:
    return {name: value for name, value in entry.items() if name != "of"}


def _nothing() -> Parts:
    return {"compared": {}, "entries": {}}


def _read_with_damage(study: Study, root: Path) -> tuple[Parts, str | None]:
    path = study.path(root)
    try:
        now = path.stat()
    except OSError:
        return _nothing(), None
    return _read_at(path, (now.st_mtime_ns, now.st_ino, now.st_size))


@lru_cache(maxsize=32)
def _read_at(path: Path, version: tuple[int, ...]) -> tuple[Parts, str | None]:
    """Return the parts of a file, and a sentence where it is damaged.

    `version` tells one state of the file from the next.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
        parts = {part: dict(document[part]) for part in _nothing()}
        for entry in _every_entry(parts):
            if not isinstance(entry["of"], dict):
                raise TypeError("an entry should say what it was measured of")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return _nothing(), f"{path} is damaged; run `python -m core measure` again"
    return parts, None


def _every_entry(parts: Parts) -> Iterator[Numbers]:
    for entries in parts.values():
        yield from entries.values()


def _refuse_constant(name: str) -> None:
    raise ValueError(f"a number should be finite, is {name}")


def _text(parts: Parts) -> str:
    """Return JSON with a line for each entry, so that a change to one run changes one line."""
    texts = [f"{json.dumps(part)}: {_lines(entries)}" for part, entries in parts.items()]
    return "{\n" + ",\n".join(texts) + "\n}\n"


def _lines(entries: Mapping[str, Numbers]) -> str:
    """Return entries as JSON, sorted by name, one a line."""
    rows = [
        f" {json.dumps(name)}: {json.dumps(entries[name], allow_nan=False)}"
        for name in sorted(entries)
    ]
    return "{\n" + ",\n".join(rows) + "\n}"
