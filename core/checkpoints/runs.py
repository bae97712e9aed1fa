"""Trained runs: kept, read, listed, removed; each that comes in is checked once.

A run's digest decides every byte of it, so what was found out about a digest stays true. Those of
the runs that ship are known beforehand. What was found out about a folder stays true until a file
in it has another size or time.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from core.checkpoints.arrays import UNREADABLE, Arrays, pack_arrays, pack_densely, unpack_arrays
from core.checkpoints.checks import CODES, FILM, HISTORY, WEIGHTS, check_run
from core.checkpoints.folders import (
    DOCUMENT,
    MOST_OF_DOCUMENT,
    CheckpointError,
    config_of,
    digest_of,
    folder_names,
    read_document,
    read_file,
    read_folder,
    restore_cut,
    unreadable,
    unwritable,
    write_folder,
)
from core.checkpoints.shipped import shipped_digests
from core.config import RunConfig, nearest

Stamp = tuple[tuple[str, int, tuple[int, int]], ...]
"""Name, size and two times, in nanoseconds, of every file in a folder."""

RUN = "run"
"""The kind of folder that holds a run."""

_MOST_REMEMBERED = 2000
_SETTLED = 2.0
"""Seconds after which a file written once more has another time, even on the coarsest disk."""

_SOUND: dict[str, None] = {}
"""Digests of runs that were checked and open, in the order in which they were."""
_SEEN: dict[str, tuple[Stamp, RunConfig | CheckpointError | None]] = {}
"""Folder -> its stamp, and what was found there."""


@dataclass(frozen=True)
class Checkpoint:
    """A trained run as it lies on disk.

    Args:
        config: what was trained.
        metrics: plain numbers, by name; units in `core.training.evaluate`.
        weights: the model's state by name, float16 but for single numbers; see
            `core.models.restore`.
        history: one array per column with a row per epoch.
        codes: arrays over test images (`mean`, `std`, `label`, `factors`) and over the first
            training images (`train_mean`, `train_std`).
        environment: device, precision, library versions.
        film: see `core.film`; empty where there is none. Written but not read by `load`: see
            `load_film`.
    """

    config: RunConfig
    metrics: dict[str, Any]
    weights: Arrays
    history: Arrays
    codes: Arrays
    environment: dict[str, str]
    film: Arrays = field(default_factory=dict)


def save(root: Path, checkpoint: Checkpoint) -> Path:
    """Write a run into `root/<key>`, in the place of an older one, and return that folder.

    Raises:
        CheckpointError: the disk is full or may not be written to, or the run would not open;
            nothing half-made is left.
    """
    # Row by row, since safetensors takes the memory of an array as it lies.
    weights = {name: np.asarray(weight, order="C") for name, weight in checkpoint.weights.items()}
    document = {
        "kind": "run",
        "key": checkpoint.config.key,
        "config": checkpoint.config.to_dict(),
        "metrics": checkpoint.metrics,
        "environment": checkpoint.environment,
    }
    files = {
        WEIGHTS: safetensors.numpy.save(weights),
        HISTORY: pack_arrays(checkpoint.history),
        CODES: pack_arrays(checkpoint.codes),
        **({FILM: pack_densely(checkpoint.film)} if checkpoint.film else {}),
    }
    folder = Path(root) / checkpoint.config.key
    try:
        check_run(checkpoint.config, document, files)
    except UNREADABLE as error:
        raise CheckpointError(
            f"{folder.name} should open once it is kept, would not ({error}); train it again"
        ) from error
    return write_folder(folder, document, files)


def load(root: Path, key: str) -> Checkpoint:
    """Return the run kept in `root/<key>`, every byte verified.

    Raises:
        CheckpointError: there is none, or it is refused.
    """
    folder, there = Path(root) / key, folder_names(Path(root))
    if key not in there:
        raise CheckpointError(f"no run named '{key}' in {root}{nearest(key, there)}")
    config, document, files = _read_run(folder)
    try:
        return Checkpoint(
            config=config,
            metrics=document["metrics"],
            weights=safetensors.numpy.load(files[WEIGHTS]),
            history=unpack_arrays(files[HISTORY]),
            codes=unpack_arrays(files[CODES]),
            environment=document["environment"],
        )
    except UNREADABLE as error:
        raise _foreign(folder, error) from error


def load_film(root: Path, key: str) -> Arrays:
    """Return the film of the run in `root/<key>`, as in `core.film`; empty where there is none.

    Raises:
        CheckpointError: there is no such run, or it is refused.
    """
    _, _, files = _read_run(Path(root) / key)
    try:
        return unpack_arrays(files[FILM]) if FILM in files else {}
    except UNREADABLE as error:
        raise _foreign(Path(root) / key, error) from error


def check_folder(folder: Path) -> RunConfig:
    """Return the config of the run in a folder, which opens.

    Every byte is verified and every number makes sense.

    What was found is remembered until a file in the folder changes its size or its time.

    Raises:
        CheckpointError: there is none, or it is refused.
    """
    found = _look_at(Path(folder))
    if isinstance(found, RunConfig):
        return found
    raise found or CheckpointError(f"{Path(folder).name} should be a run, is something else")


def survey(root: Path) -> Iterator[tuple[str, RunConfig | CheckpointError]]:
    """Yield each run's key with its config, or with why it was refused, sorted by key.

    Folders that hold something else than runs are passed over. A folder put aside by a replacement
    that was cut off is put back first. A `root` that cannot be read holds nothing but that
    sentence.
    """
    root = Path(root)
    try:
        restore_cut(root)
        names = folder_names(root)
    except CheckpointError as error:
        yield root.name, error
        return
    for name in names:
        if (found := _look_at(root / name)) is not None:
            yield name, found


def forget_what_was_seen() -> None:
    """Look at every folder anew from now on."""
    _SEEN.clear()


def run_names(root: Path) -> list[str]:
    """Return the names of the folders in `root` that hold runs, sorted; nothing is verified.

    A folder counts unless it says that it holds something else.

    Raises:
        CheckpointError: `root` cannot be read.
    """
    names = folder_names(Path(root))
    return [name for name in names if _claimed_kind(Path(root) / name) in (RUN, None)]


def delete(root: Path, key: str) -> None:
    """Remove a run.

    Raises:
        CheckpointError: there is none, or it may not be removed.
    """
    folder = Path(root) / key
    if key not in folder_names(Path(root)):
        raise CheckpointError(
            f"no run named '{key}' in {root}{nearest(key, folder_names(Path(root)))}"
        )
    try:
        aside = folder.with_name(f".gone-{key}")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)  # at once, so that nobody reads half of it
        shutil.rmtree(aside)
    except OSError as error:
        raise unwritable(folder, error) from error


def _claimed_kind(folder: Path) -> str | None:
    """Return what a folder says that it holds; None where it says nothing that can be read."""
    try:
        return json.loads(read_file(folder, DOCUMENT, MOST_OF_DOCUMENT))["kind"]
    except (CheckpointError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _look_at(folder: Path) -> RunConfig | CheckpointError | None:
    """Return the config of the run in a folder, or why it is refused; None where it is no run."""
    name, stamp = str(folder.absolute()), ()
    try:
        stamp = _stamp_of(folder)
        before, found = _SEEN.get(name, ((), None))
        if stamp and before == stamp:
            return found
        found = _config_in(folder)
    except CheckpointError as error:
        if isinstance(error.__cause__, OSError):
            return error  # the disk's doing, which may pass
        found = error
    if stamp and time.time() - max(max(times) for *_, times in stamp) / 1e9 > _SETTLED:
        _remember(_SEEN, name, (stamp, found))
    return found


def _config_in(folder: Path) -> RunConfig | None:
    document = read_document(folder)
    return _read_run(folder, document)[0] if document.get("kind") == RUN else None


def _read_run(
    folder: Path, document: dict[str, Any] | None = None
) -> tuple[RunConfig, dict[str, Any], dict[str, bytes]]:
    """Return config, document and files of a run, every byte verified, every number checked."""
    document = read_document(folder) if document is None else document
    if document.get("kind") != RUN:
        raise CheckpointError(f"{folder.name} should be a run, is a {document.get('kind')}")
    config = config_of(folder, document)
    document, files = read_folder(folder, document)
    digest = digest_of(document)
    if digest not in shipped_digests() and digest not in _SOUND:
        _check(folder, config, document, files)
        _remember(_SOUND, digest, None)
    return config, document, files


def _check(
    folder: Path, config: RunConfig, document: Mapping[str, Any], files: Mapping[str, bytes]
) -> None:
    try:
        check_run(config, document, files)
    except UNREADABLE as error:
        raise _foreign(folder, error) from error


def _foreign(folder: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"{folder.name} is not a run of this lab ({error}); delete the folder")


def _remember(memory: dict[str, Any], name: str, what: Any) -> None:
    """Keep something in a memory that forgets everything where it has grown too large."""
    if len(memory) >= _MOST_REMEMBERED:
        memory.clear()
    memory[name] = what


def _stamp_of(folder: Path) -> Stamp:
    """Return name, size and times of every file in a folder."""
    try:
        with os.scandir(folder) as entries:
            told = sorted((entry.name, entry.stat()) for entry in entries)
    except OSError as error:
        raise unreadable(folder, error) from error
    # The second time tells of new permissions, and of a file that took another's place.
    return tuple((name, one.st_size, (one.st_mtime_ns, one.st_ctime_ns)) for name, one in told)
