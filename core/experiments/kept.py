"""Numbers measured of many runs, kept in files so that no page has to wait for them and none can
be stale.

    checkpoints/<name of the study>.json    made by `python -m core measure`

An entry names the SHA-256 of the weights, codes and classifier that it was measured with, and the
study's settings. Runs of further seeds need not ship: their entry goes by the run's key, which
says all that decided its training.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.checkpoints import SHELF, CheckpointError, read_document, survey, write_file
from core.config import DataConfig, RunConfig, with_seed
from core.data import MissingData
from core.metrics.reference import folder_name
from core.runs import FAILURES, Run, open_run, reason_of
from core.shelf import mapped, more_seeds, seeds_of, shipped

Numbers = dict[str, Any]
"""What JSON can hold: names -> numbers, texts and lists of them."""


@dataclass(frozen=True)
class Study:
    """A measurement that is made of every run in the same way.

    Args:
        name: of its file, without the ending.
        settings: whatever the numbers depend on but the run, as text; a change makes every number
            stale.
        measure: (run, folder of the classifiers) -> numbers.
        compare: (data set, folder of the classifiers) -> numbers that runs on it are held against.
        covers: which runs it is made of.
        judged: whether it asks the data set's classifier, and is stale with another one.
        settings_of: what the numbers of one data set depend on besides, as text; nothing where it
            is empty.
        of_map: whether it is made of the short runs of the map of β and latents, which every other
            study leaves out.
    """

    name: str
    settings: str
    measure: Callable[[Run, Path], Numbers]
    compare: Callable[[DataConfig, Path], Numbers] | None = None
    covers: Callable[[RunConfig], bool] = lambda config: True
    judged: bool = False
    settings_of: Callable[[DataConfig], str] = lambda data: ""
    of_map: bool = False

    def includes(self, config: RunConfig) -> bool:
        """Return whether it is made of a run."""
        return self.covers(config) and self.of_map == (config in mapped())

    def path(self, root: Path) -> Path:
        """Return its file."""
        return Path(root) / f"{self.name}.json"


def short(value: float, digits: int = 6) -> float:
    """Return a number with as many digits as count, so that files stay small.

    >>> short(2 / 3, 2)
    0.67
    """
    return float(f"{value:.{digits}g}")


def measure_runs(
    study: Study,
    root: Path = SHELF,
    *,
    more: Path | None = None,
    on_done: Callable[[int, int], None] | None = None,
    on_refused: Callable[[str], None] | None = None,
) -> Path:
    """Measure every run of a folder that was not measured before with the same weights, and return
    the file.

    The file is written after each run. A run whose data set has no classifier there is passed over
    where one is needed, and so is one that is refused or cannot be measured. Numbers of a further
    seed stay though its run is gone, unless the settings have changed; those of any other run
    leave the file with it.

    Args:
        study: what to measure.
        root: folder of checkpoints, and of the file.
        more: folder of the runs of further seeds, if any.
        on_done: told after each run how many are done, and how many there are.
        on_refused: told of each run and data set that is passed over, and why, in a sentence.
    """
    refuse = on_refused or (lambda sentence: None)
    folders = _folders(study, root, more)
    kept = {part: dict(entries) for part, entries in _read(study, root).items()}
    further = {config.key: config for config in more_seeds()}
    kept["entries"] = {
        key: entry
        for key, entry in kept["entries"].items()
        if key in folders
        or (
            Path(root) / key
        ).is_dir()  # one that is there and cannot be read may be read again tomorrow
        or (key in further and _has_settings(entry["of"], study, further[key], root))
    }
    for done, (key, (folder, config)) in enumerate(folders.items(), 1):
        try:
            measured = _measured(study, config, folder, root, kept["entries"].get(key))
        except FAILURES as error:
            refuse(_sentence(study, key, error))
        else:
            if measured is not kept["entries"].get(key):
                kept["entries"][key] = measured
                _write(study, root, kept)
        if on_done:
            on_done(done, len(folders))
    for data in dict.fromkeys(config.data for _, config in folders.values()):
        try:
            _compare(study, root, kept, data)
        except FAILURES as error:
            refuse(_sentence(study, folder_name(data), error))
    present = {folder_name(config.data) for _, config in folders.values()}
    kept["compared"] = {name: entry for name, entry in kept["compared"].items() if name in present}
    return _write(study, root, kept)


def numbers_of(study: Study, config: RunConfig, root: Path = SHELF) -> Numbers | None:
    """Return what was measured of a run, or None if it was not, or with other weights."""
    return _valid(_read(study, root)["entries"].get(config.key), study, config, root)


def over_seeds(study: Study, config: RunConfig, root: Path = SHELF) -> list[Numbers]:
    """Return what was measured of a config trained with each seed of its data set, in that order, as far as known."""
    found = (
        numbers_of(study, with_seed(config, seed), root) for seed in seeds_of(config.data.name)
    )
    return [numbers for numbers in found if numbers is not None]


def compared(study: Study, data: DataConfig, root: Path = SHELF) -> Numbers | None:
    """Return the numbers that runs on a data set are held against, or None."""
    entry = _read(study, root)["compared"].get(folder_name(data))
    try:
        if entry is None or entry["of"] != _settings(study, data, root):
            return None
    except CheckpointError:  # of the classifier, which then judges nothing
        return None
    return {name: value for name, value in entry.items() if name != "of"}


def damage_of(study: Study, root: Path = SHELF) -> str | None:
    """Return why the file of a study cannot be read, in a sentence; None where it can be, or there
    is none.

    Its numbers are as good as not measured then.
    """
    return _read_with_damage(study, root)[1]


def stale(study: Study, root: Path = SHELF) -> list[str]:
    """Return the keys of the runs whose kept numbers are not theirs any more, and of those that ship without any."""
    entries = _read(study, root)["entries"]
    runs = {config.key: config for config in (*shipped(), *more_seeds()) if study.includes(config)}
    ships = {config.key for config in shipped()}
    wanted = [key for key in runs if key in ships or key in entries]
    unknown = [key for key in entries if key not in runs]
    return unknown + [key for key in wanted if numbers_of(study, runs[key], root) is None]


def _folders(study: Study, root: Path, more: Path | None) -> dict[str, tuple[Path, RunConfig]]:
    """Return where each run that can be measured lies, by key; the shelf's own first."""
    places = [Path(root)] if more is None else [Path(root), Path(more)]
    found = {
        key: (place, config)
        for place in reversed(places)
        for key, config in survey(place)
        if isinstance(config, RunConfig) and study.includes(config)
    }
    ready = {
        k: v
        for k, v in found.items()
        if not study.judged or (Path(root) / folder_name(v[1].data)).is_dir()
    }
    return dict(sorted(ready.items()))


def _sentence(study: Study, name: str, error: BaseException) -> str:
    """Return why a run or a data set is passed over; what is wrong with many of them is said in the same words."""
    known = isinstance(error, CheckpointError | MissingData)
    return (
        reason_of(error) if known else f"{name} is passed over by {study.name}: {reason_of(error)}"
    )


def _measured(
    study: Study, config: RunConfig, folder: Path, root: Path, entry: Numbers | None
) -> Numbers:
    """Return the numbers of a run: those that are kept, if they are of the same weights, else new ones."""
    mark = _mark(study, config, folder / config.key, root)
    if entry is not None and entry.get("of") == mark:
        return entry
    measured = {"of": mark, **study.measure(open_run(config.key, folder), root)}
    try:
        json.dumps(measured, allow_nan=False)
    except ValueError:
        raise ValueError("each number should be finite, one is not") from None
    return measured


def _compare(study: Study, root: Path, kept: dict[str, Numbers], data: DataConfig) -> None:
    settings = _settings(study, data, root)
    if study.compare and kept["compared"].get(folder_name(data), {}).get("of") != settings:
        kept["compared"][folder_name(data)] = {"of": settings, **study.compare(data, root)}


def _valid(entry: Numbers | None, study: Study, config: RunConfig, root: Path) -> Numbers | None:
    folder = Path(root) / config.key
    try:
        if entry is None or not _is_current(entry["of"], study, config, folder, root):
            return None
    except CheckpointError:
        return None
    return {name: value for name, value in entry.items() if name != "of"}


def _is_current(of: Numbers, study: Study, config: RunConfig, folder: Path, root: Path) -> bool:
    if folder.is_dir():
        return of == _mark(study, config, folder, root)
    return config in more_seeds() and _has_settings(of, study, config, root)


def _has_settings(of: Numbers, study: Study, config: RunConfig, root: Path) -> bool:
    return _settings(study, config.data, root).items() <= of.items()


def _mark(study: Study, config: RunConfig, folder: Path, root: Path) -> Numbers:
    """Return all that a run's numbers depend on."""
    files = read_document(folder)["files"]
    return {
        "weights": files["weights.safetensors"][:16],
        "codes": files["codes.npz"][:16],
        **_settings(study, config.data, root),
    }


def _settings(study: Study, data: DataConfig, root: Path) -> Numbers:
    """Return what all numbers of a data set depend on."""
    found = {"settings": study.settings}
    if of_data := study.settings_of(data):
        found["of_data"] = of_data
    if study.judged:
        found["classifier"] = read_document(Path(root) / folder_name(data))["files"][
            "weights.safetensors"
        ][:16]
    return found


def _nothing() -> dict[str, Numbers]:
    return {"compared": {}, "entries": {}}


def _read(study: Study, root: Path) -> dict[str, Numbers]:
    """Return what is kept of a study; nothing where its file is missing or damaged, see `damage_of`."""
    return _read_with_damage(study, root)[0]


def _read_with_damage(study: Study, root: Path) -> tuple[dict[str, Numbers], str | None]:
    path = study.path(root)
    try:
        now = path.stat()
    except OSError:
        return _nothing(), None
    return _read_at(path, (now.st_mtime_ns, now.st_ino, now.st_size))


@lru_cache(maxsize=32)
def _read_at(path: Path, version: tuple[int, ...]) -> tuple[dict[str, Numbers], str | None]:
    try:
        measured = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
        parts = {part: dict(measured[part]) for part in _nothing()}
        for entry in (entry for entries in parts.values() for entry in entries.values()):
            if not isinstance(entry["of"], dict):
                raise TypeError("an entry should say what it was measured of")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return _nothing(), f"{path} is damaged; run `python -m core measure` again"
    return parts, None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"a number should be finite, is {name}")


def _write(study: Study, root: Path, measured: dict[str, Numbers]) -> Path:
    write_file(study.path(root), _text(measured).encode())
    return study.path(root)


def _text(measured: dict[str, Numbers]) -> str:
    """Return JSON with a line for each entry, so that a change to one run is a change to one line."""
    parts = [
        f"{json.dumps(part)}: {{\n"
        + ",\n".join(f" {json.dumps(key)}: {json.dumps(entries[key])}" for key in sorted(entries))
        + "\n}"
        for part, entries in measured.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"
