"""What was trained, kept on disk: a folder per run, written whole or not at all, verified when read, never pickled.

<key>/run.json              config, metrics, library versions, SHA-256 of every other file and of itself
<key>/weights.safetensors   half precision
<key>/history.npz           one array per column, a row per epoch
<key>/codes.npz             posterior means and standard deviations, labels, factors

.unfinished/<key>/          a training that was put aside: run.json, state.safetensors in full precision, history.npz
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from numpy.typing import NDArray

from core.config import SHELF as SHELF
from core.config import RunConfig, nearest

FORMAT = 1
DOCUMENT = "run.json"
UNFINISHED = ".unfinished"
"""The folder beside the runs for trainings that were put aside."""

Arrays = dict[str, NDArray[Any]]

_UNREADABLE = (KeyError, TypeError, ValueError, OSError, EOFError, zipfile.BadZipFile, safetensors.SafetensorError)
_ABANDONED = 3600.0
"""Seconds after which a temporary folder is taken for one that a killed process left behind."""


class CheckpointError(ValueError):
    """A checkpoint that is missing, damaged, of another version or not ours; the message is one clear sentence."""


@dataclass(frozen=True)
class Checkpoint:
    """A trained run as it lies on disk.

    Args:
        config: what was trained.
        metrics: plain numbers, by name; units in `core.training.evaluate`.
        weights: the model's state, float16 but for single numbers.
        history: one array per column with a row per epoch.
        codes: arrays over test images (`mean`, `std`, `label`, `factors`) and over the first training images
            (`train_mean`, `train_std`).
        environment: device, precision, library versions.
    """

    config: RunConfig
    metrics: dict[str, Any]
    weights: dict[str, torch.Tensor]
    history: Arrays
    codes: Arrays
    environment: dict[str, str]


def save(root: Path, checkpoint: Checkpoint) -> Path:
    """Write a run into `root/<key>`, replacing an older one of the same key, and return that folder.

    Raises:
        CheckpointError: the disk is full or may not be written to; nothing half-made is left.
    """
    weights = {name: tensor.contiguous().cpu() for name, tensor in checkpoint.weights.items()}
    document = {
        "kind": "run",
        "key": checkpoint.config.key,
        "config": checkpoint.config.to_dict(),
        "metrics": checkpoint.metrics,
        "environment": checkpoint.environment,
    }
    files = {
        "weights.safetensors": safetensors.torch.save(weights),
        "history.npz": pack_arrays(checkpoint.history),
        "codes.npz": pack_arrays(checkpoint.codes),
    }
    return write_folder(Path(root) / checkpoint.config.key, document, files)


def load(root: Path, key: str) -> Checkpoint:
    """Return the run kept in `root/<key>`, every byte verified.

    Raises:
        CheckpointError: there is none, or it is refused.
    """
    folder, there = Path(root) / key, _folder_names(Path(root))
    if key not in there:
        raise CheckpointError(f"no run named '{key}' in {root}{nearest(key, there)}")
    document, files = read_folder(folder)
    if document.get("kind") != "run":
        raise CheckpointError(f"{key} should be a run, is a {document.get('kind')}")
    config = _config_of(folder, document)
    try:
        return Checkpoint(
            config=config,
            metrics=document["metrics"],
            weights=safetensors.torch.load(files["weights.safetensors"]),
            history=unpack_arrays(files["history.npz"]),
            codes=unpack_arrays(files["codes.npz"]),
            environment=document["environment"],
        )
    except _UNREADABLE as error:
        raise CheckpointError(f"{folder.name} is not a run of this lab ({error}); delete the folder") from error


def survey(root: Path) -> Iterator[tuple[str, RunConfig | CheckpointError]]:
    """Yield each run's key with its config, or with the sentence why it was refused, sorted by key.

    Folders that hold something else than runs are passed over. A folder put aside by a replacement that was cut off
    is put back first.
    """
    root = Path(root)
    _restore(root)
    for name in _folder_names(root):
        try:
            document, _ = read_folder(root / name)
            if document.get("kind") == "run":
                yield name, _config_of(root / name, document)
        except CheckpointError as error:
            yield name, error


@dataclass(frozen=True)
class Unfinished:
    """A training that was put aside after an epoch.

    Args:
        config: what is trained.
        state: all that decides how it goes on.
        history: one array per column with a row per epoch so far.
    """

    config: RunConfig
    state: dict[str, torch.Tensor]
    history: Arrays


def put_aside(root: Path, unfinished: Unfinished) -> None:
    """Keep an unfinished training in `root`, replacing an older state of the same key.

    Raises:
        CheckpointError: the disk is full or may not be written to; the older state is left.
    """
    document = {"kind": "unfinished", "config": unfinished.config.to_dict()}
    state = {name: tensor.contiguous().cpu() for name, tensor in unfinished.state.items()}
    files = {"state.safetensors": safetensors.torch.save(state), "history.npz": pack_arrays(unfinished.history)}
    write_folder(Path(root) / UNFINISHED / unfinished.config.key, document, files)


def take_up(root: Path, config: RunConfig) -> Unfinished | None:
    """Return the training of a config that was put aside in `root`, or None; a damaged one is as good as none."""
    folder = Path(root) / UNFINISHED
    _restore(folder)
    try:
        document, files = read_folder(folder / config.key)
        if document.get("kind") != "unfinished" or _config_of(folder / config.key, document) != config:
            return None
        state, history = files["state.safetensors"], files["history.npz"]
        return Unfinished(config, safetensors.torch.load(state), unpack_arrays(history))
    except (CheckpointError, *_UNREADABLE):
        return None


def unfinished_keys(root: Path) -> list[str]:
    """Return the keys of the trainings that were put aside in `root`, sorted."""
    return _folder_names(Path(root) / UNFINISHED)


def drop_unfinished(root: Path, key: str) -> None:
    """Forget a training that was put aside, if there is one."""
    folder = Path(root) / UNFINISHED
    shutil.rmtree(folder / key, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.rmdir()  # only if it is empty


def read_document(folder: Path) -> dict[str, Any]:
    """Return a folder's `run.json`, itself verified, without reading the other files."""
    path = Path(folder) / DOCUMENT
    try:
        document = json.loads(path.read_bytes())
        claimed = document.pop("sha256")
    except FileNotFoundError:
        raise CheckpointError(
            f"{folder.name} has no {DOCUMENT}, so it is not a checkpoint; delete the folder"
        ) from None
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise CheckpointError(f"{folder.name}/{DOCUMENT} is damaged; delete the folder and train it again") from None
    if document.get("format") != FORMAT:
        raise CheckpointError(
            f"{folder.name} should be of format {FORMAT}, was {document.get('format')!r}; train it again"
        )
    if claimed != _digest(document):
        raise CheckpointError(f"{folder.name}/{DOCUMENT} was altered; delete the folder and train it again")
    return document


def read_folder(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return a folder's document and the bytes of its files, each checked against its SHA-256.

    Raises:
        CheckpointError: a file is missing or altered, or the folder is not ours.
    """
    folder = Path(folder)
    document = read_document(folder)
    digests, files = document.get("files"), {}
    if not isinstance(digests, dict):
        raise CheckpointError(
            f"{folder.name}/{DOCUMENT} should list files, so it is not a checkpoint; delete the folder"
        )
    for name, digest in digests.items():
        path = folder / Path(name).name
        if not path.is_file():
            raise CheckpointError(f"{folder.name} lacks {name}; copy the folder again or train it again")
        files[name] = path.read_bytes()
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise CheckpointError(f"{folder.name}/{name} was altered or cut short; copy the folder or train it again")
    return document, files


def write_folder(folder: Path, document: Mapping[str, Any], files: Mapping[str, bytes]) -> Path:
    """Write a document and files into a folder, which appears whole or not at all, and return it.

    They are written to a temporary folder beside it, flushed to disk, and renamed.

    Raises:
        CheckpointError: the disk is full or may not be written to.
    """
    folder = Path(folder)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    whole = {"format": FORMAT, **document, "files": digests}
    text = json.dumps(whole | {"sha256": _digest(whole)}, indent=1, ensure_ascii=False)
    temporary = _temporary(folder)
    try:
        for name, content in {**files, DOCUMENT: text.encode()}.items():
            _write_flushed(temporary / name, content)
        temporary.chmod(0o755)
        _replace(folder, temporary)
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def check_writable(root: Path) -> None:
    """Make the folder of checkpoints if need be, and find out now, not after hours of training, if nothing fits in.

    Raises:
        CheckpointError: it may not be written to.
    """
    _temporary(Path(root) / "run").rmdir()


def pack_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays as the bytes of a compressed npz, the same bytes for the same arrays.

    >>> unpack_arrays(pack_arrays({"a": np.arange(3)}))["a"]
    array([0, 1, 2])
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **dict(arrays))  # pyright: ignore[reportArgumentType]
    return buffer.getvalue()


def unpack_arrays(content: bytes) -> Arrays:
    """Return the arrays of an npz, read without pickle."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def run_names(root: Path) -> list[str]:
    """Return the names of the run folders in `root`, unread, sorted."""
    return [name for name in _folder_names(Path(root)) if not name.startswith("classifier-")]


def delete(root: Path, key: str) -> None:
    """Remove a run.

    Raises:
        CheckpointError: there is none, or it may not be removed.
    """
    folder = Path(root) / key
    if key not in _folder_names(Path(root)):
        raise CheckpointError(f"no run named '{key}' in {root}{nearest(key, _folder_names(Path(root)))}")
    try:
        aside = folder.with_name(f".gone-{key}")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)  # at once, so that nobody reads half of it
        shutil.rmtree(aside)
    except OSError as error:
        raise _unwritable(folder, error) from error


def pack_run(root: Path, key: str) -> bytes:
    """Return a run's folder as the bytes of a zip, to be carried to another shelf.

    Raises:
        CheckpointError: there is none, or it is refused.
    """
    load(root, key)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted((Path(root) / key).iterdir()):
            archive.writestr(f"{key}/{path.name}", path.read_bytes())
    return buffer.getvalue()


def unpack_run(root: Path, content: bytes, most: int = 50_000_000) -> str:
    """Put a run that `pack_run` packed on the shelf, every byte verified, and return its key.

    Args:
        root: folder of checkpoints.
        content: of the zip.
        most: bytes that it may unpack to.

    Raises:
        CheckpointError: it is no zip of one run, too large, altered, or already there.
    """
    with tempfile.TemporaryDirectory() as place:
        key = _unzip(content, Path(place), most)
        checkpoint = load(Path(place), key)
        if key in _folder_names(Path(root)):
            raise CheckpointError(f"{key} is on the shelf already; delete it there first")
        save(root, checkpoint)
    return key


def _unzip(content: bytes, place: Path, most: int) -> str:
    """Write the files of one folder into `place`, never beside it, and return the folder's name."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [entry for entry in archive.infolist() if not entry.is_dir()]
            folders = {entry.filename.split("/")[0] for entry in files}
            if len(folders) != 1 or any(entry.filename.count("/") != 1 for entry in files):
                raise CheckpointError("the file should hold one folder of one run; zip the run's folder and try again")
            if sum(entry.file_size for entry in files) > most:
                raise CheckpointError(f"the run should unpack to at most {most:,} bytes; it is larger")
            (key,) = folders
            for entry in files:
                target = place / Path(key).name / Path(entry.filename).name
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(archive.read(entry))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise CheckpointError("the file should be a zip of a run's folder; it cannot be read as one") from error
    return Path(key).name


def _digest(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _folder_names(root: Path) -> list[str]:
    if not root.is_dir():
        return []
    return sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _config_of(folder: Path, document: Mapping[str, Any]) -> RunConfig:
    try:
        config = RunConfig.from_dict(document["config"])
    except (KeyError, ValueError) as error:
        raise CheckpointError(
            f"{folder.name} has a config this version cannot read ({error}); train it again"
        ) from error
    if config.key != folder.name:
        raise CheckpointError(f"{folder.name} should be named {config.key}, after its config; rename the folder")
    return config


def _write_flushed(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _temporary(folder: Path) -> Path:
    """Return a new, hidden folder beside `folder`, and clear away what killed processes left there."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for left in folder.parent.glob(".new-*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > _ABANDONED:
                    shutil.rmtree(left, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=f".new-{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise _unwritable(folder, error) from error


def _replace(folder: Path, temporary: Path) -> None:
    """Put `temporary` in the place of `folder`; `_restore` mends a cut between the two renames."""
    aside = folder.with_name(f".old-{folder.name}")
    if folder.exists():
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
    try:
        temporary.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        # Another process took the pause between the two renames for a cut and has put the old folder back.
        folder.rename(aside)
        temporary.rename(folder)
    shutil.rmtree(aside, ignore_errors=True)


def _restore(root: Path) -> None:
    for aside in root.glob(".old-*"):
        folder = root / aside.name.removeprefix(".old-")
        if not folder.exists():
            # It may have been put back by another process just now, or lie where nothing may be written.
            with contextlib.suppress(OSError):
                aside.rename(folder)


def _unwritable(folder: Path, error: OSError) -> CheckpointError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CheckpointError(f"the disk that holds {folder.parent} is full; free some space and train again")
    return CheckpointError(f"{folder} cannot be written ({error.strerror}); check the folder and its permissions")
