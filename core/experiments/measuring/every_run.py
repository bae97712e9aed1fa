"""Measure every run of a folder that a study covers, and write the numbers into its file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from core.checkpoints import SHELF, CheckpointError, survey
from core.config import DataConfig, RunConfig
from core.data import MissingData
from core.experiments.classifiers import folder_name
from core.experiments.kept import (
    Numbers,
    Parts,
    Study,
    entries_of,
    has_settings,
    mark_of,
    settings_on,
    write_entries,
)
from core.runs import open_run
from core.runtime import FAILURES, reason_of
from core.shelf import more_seeds

Folders = Mapping[str, tuple[Path, RunConfig]]
"""Key of a run -> the folder that its own folder lies in, and its config."""


def measure_runs(
    study: Study,
    root: Path = SHELF,
    *,
    more: Path | None = None,
    on_done: Callable[[int, int], object] = lambda done, total: None,
    on_refused: Callable[[str], object] = lambda sentence: None,
) -> Path:
    """Measure every run of a folder that is not measured with its weights, and return the file.

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
    folders = _folders(study, root, more)
    parts = {part: dict(entries) for part, entries in entries_of(study, root).items()}
    parts["entries"] = _that_stay(parts["entries"], study, folders, root)
    for done, (key, (folder, config)) in enumerate(folders.items(), 1):
        before = numbers = parts["entries"].get(key)
        with _refusing(on_refused, study, key):
            numbers = _numbers(study, config, folder, root, before)
        if numbers is not None and numbers is not before:
            parts["entries"][key] = numbers
            write_entries(study, root, parts)
        on_done(done, len(folders))
    data_sets = {folder_name(config.data): config.data for _, config in folders.values()}
    for name, data in data_sets.items():
        with _refusing(on_refused, study, name):
            _compare(study, root, parts, data)
    for name in parts["compared"].keys() - data_sets.keys():
        del parts["compared"][name]
    return write_entries(study, root, parts)


@contextmanager
def _refusing(refuse: Callable[[str], object], study: Study, name: str) -> Iterator[None]:
    """Say why a run or a data set is passed over, and go on with the next one."""
    try:
        yield
    except FAILURES as error:
        refuse(_sentence(study, name, error))


def _that_stay(
    entries: Mapping[str, Numbers], study: Study, folders: Folders, root: Path
) -> dict[str, Numbers]:
    """Return the entries that stay in the file before anything is measured.

    A run whose folder is there and cannot be read may be read again tomorrow.
    """
    further = {config.key: config for config in more_seeds()}

    def stays(key: str) -> bool:
        if key in folders or (Path(root) / key).is_dir():
            return True
        return key in further and has_settings(entries[key]["of"], study, further[key], root)

    return {key: entry for key, entry in entries.items() if stays(key)}


def _folders(study: Study, root: Path, more: Path | None) -> Folders:
    """Return where each run that can be measured lies, by key; the shelf's own first."""
    places = [Path(root)] if more is None else [Path(more), Path(root)]

    folders: dict[str, tuple[Path, RunConfig]] = {}
    for place in places:
        runs = {key: run for key, run in survey(place) if isinstance(run, RunConfig)}
        folders |= {key: (place, run) for key, run in runs.items() if _is_asked(study, run, root)}
    return dict(sorted(folders.items()))


def _is_asked(study: Study, config: RunConfig, root: Path) -> bool:
    """Return whether a study measures a run, with the classifier where it takes one."""
    is_judged = not study.judged or (Path(root) / folder_name(config.data)).is_dir()
    return study.includes(config) and is_judged


def _sentence(study: Study, name: str, error: BaseException) -> str:
    """Return why a run or a data set is passed over.

    A fault that many studies meet is said by each in the same words.
    """
    if isinstance(error, CheckpointError | MissingData):
        return reason_of(error)
    return f"{name} is passed over by {study.name}: {reason_of(error)}"


def _numbers(
    study: Study, config: RunConfig, folder: Path, root: Path, entry: Numbers | None
) -> Numbers:
    """Return the entry of a run: the old one if it is of the same weights, else a new one.

    Raises:
        ValueError: a number is not finite.
    """
    mark = mark_of(study, config, folder / config.key, root)
    if entry is not None and entry.get("of") == mark:
        return entry
    numbers = {"of": mark, **study.measure(open_run(config.key, folder), root)}
    try:
        json.dumps(numbers, allow_nan=False)
    except ValueError:
        raise ValueError("each number should be finite, one is not") from None
    return numbers


def _compare(study: Study, root: Path, parts: Parts, data: DataConfig) -> None:
    """Measure what runs on a data set are held against, unless it is, with these settings."""
    settings, name = settings_on(study, data, root), folder_name(data)
    if study.compared_by and parts["compared"].get(name, {}).get("of") != settings:
        parts["compared"][name] = {"of": settings, **study.compare(data, root)}
