"""Folders that appear whole or not at all, with a digest of every file, verified when read."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.config import RunConfig

FORMAT = 1
DOCUMENT = "run.json"

_ABANDONED = 3600.0
"""Seconds after which a temporary folder is taken for one that a killed process left behind."""


class CheckpointError(ValueError):
    """A checkpoint that is missing, damaged, of another version or not ours; the message is one clear sentence."""


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
        raise unwritable(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def write_file(path: Path, content: bytes) -> None:
    """Write a file, which appears whole or not at all, and the folder it lies in.

    Raises:
        OSError: the disk is full or may not be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def check_writable(root: Path) -> None:
    """Make the folder of checkpoints if need be, and find out now, not after hours of training, if nothing fits in.

    Raises:
        CheckpointError: it may not be written to.
    """
    _temporary(Path(root) / "run").rmdir()


def folder_names(root: Path) -> list[str]:
    """Return the names of the folders in `root` that are not hidden, sorted; none where there is no `root`."""
    if not root.is_dir():
        return []
    return sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def config_of(folder: Path, document: Mapping[str, Any]) -> RunConfig:
    """Return the config in a folder's document, which has to be the one that the folder is named after."""
    try:
        config = RunConfig.from_dict(document["config"])
    except (KeyError, ValueError) as error:
        raise CheckpointError(
            f"{folder.name} has a config this version cannot read ({error}); train it again"
        ) from error
    if config.key != folder.name:
        raise CheckpointError(f"{folder.name} should be named {config.key}, after its config; rename the folder")
    return config


def restore_cut(root: Path) -> None:
    """Put back what a replacement that was cut off between its two renames has put aside."""
    for aside in root.glob(".old-*"):
        folder = root / aside.name.removeprefix(".old-")
        if not folder.exists():
            # It may have been put back by another process just now, or lie where nothing may be written.
            with contextlib.suppress(OSError):
                aside.rename(folder)


def unwritable(folder: Path, error: OSError) -> CheckpointError:
    """Return what to say where a folder cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CheckpointError(f"the disk that holds {folder.parent} is full; free some space and train again")
    return CheckpointError(f"{folder} cannot be written ({error.strerror}); check the folder and its permissions")


def _digest(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


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
        raise unwritable(folder, error) from error


def _replace(folder: Path, temporary: Path) -> None:
    """Put `temporary` in the place of `folder`; `restore_cut` mends a cut between the two renames."""
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
