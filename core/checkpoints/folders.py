"""Folders that appear whole or not at all, with a digest of every file, verified when read."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.config import RunConfig

FORMAT = 1
DOCUMENT = "run.json"

MOST_OF_FILE = 2_000_000_000
"""Bytes of the largest file that is read.

It holds weights and moments of the largest model that a machine trains in a day.
"""
MOST_OF_DOCUMENT = 1_000_000
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_NO_DOCUMENT = "{} has no " + DOCUMENT + ", so it is not a checkpoint; delete the folder"
_LACKS = "{} lacks {}; copy the folder again or train it again"
_LONGEST_MESSAGE = 600

_TURNS = 20
"""Times that a folder is tried to be replaced while another process does so too."""
_REPLACING = threading.RLock()

_ABANDONED = 3600.0
"""Seconds after which a temporary folder is taken for one that a killed process left behind."""


class CheckpointError(ValueError):
    """A checkpoint that is missing, damaged, of another version or not ours.

    The message is one clear sentence. It may quote what somebody else wrote: it stays on one line,
    is no longer than can be read, and can be printed.
    """

    def __init__(self, message: str) -> None:
        line = " ".join(message.encode(errors="replace").decode().split())
        super().__init__(
            line if len(line) <= _LONGEST_MESSAGE else f"{line[:_LONGEST_MESSAGE]} ..."
        )


def read_document(folder: Path) -> dict[str, Any]:
    """Return a folder's `run.json`, itself verified, without reading the other files.

    Raises:
        CheckpointError: it is missing, damaged or altered, or cannot be read.
    """
    folder = Path(folder)
    document, claimed, digest = _parsed(folder, read_file(folder, DOCUMENT, MOST_OF_DOCUMENT))
    if document.get("format") != FORMAT:
        raise CheckpointError(
            f"{folder.name} should be of format {FORMAT}, was {document.get('format')!r:.100};"
            " train it again"
        )
    if claimed != digest:
        raise CheckpointError(
            f"{folder.name}/{DOCUMENT} was altered; delete the folder and train it again"
        )
    return document


def read_folder(
    folder: Path, document: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return a folder's document and the bytes of its files, each checked against its SHA-256.

    Args:
        folder: that `write_folder` wrote.
        document: its `run.json`, where that was read before.

    Raises:
        CheckpointError: a file is missing, altered, larger than any of ours or cannot be read, or
            the folder is not ours.
    """
    folder = Path(folder)
    document = read_document(folder) if document is None else dict(document)
    digests, files = document.get("files"), {}
    if not isinstance(digests, dict):
        raise CheckpointError(
            f"{folder.name}/{DOCUMENT} should list files, so it is not a checkpoint; delete the"
            " folder"
        )
    for name, digest in digests.items():
        files[name] = read_file(folder, name)
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise CheckpointError(
                f"{folder.name}/{name} was altered or cut short; copy the folder or train it again"
            )
    return document, files


def read_file(folder: Path, name: str, most: int = MOST_OF_FILE) -> bytes:
    """Return the bytes of a file that lies in a folder, never beside it.

    Args:
        folder: that `write_folder` wrote.
        name: of the file, without folders.
        most: bytes that it may have.

    Raises:
        CheckpointError: there is none, it is larger, or it cannot be read.
    """
    path = folder / name
    try:
        if not _PLAIN_NAME.fullmatch(name) or not path.is_file():
            lacks = _NO_DOCUMENT if name == DOCUMENT else _LACKS
            raise CheckpointError(lacks.format(folder.name, name))
        if path.stat().st_size > most:
            raise CheckpointError(
                f"{folder.name}/{name} should have at most {most:,} bytes, has more; delete the"
                " folder"
            )
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def write_folder(folder: Path, document: Mapping[str, Any], files: Mapping[str, bytes]) -> Path:
    """Write a document and files into a folder, which appears whole or not at all, and return it.

    They are written to a temporary folder beside it, flushed to disk, and renamed.

    Raises:
        CheckpointError: the disk is full or may not be written to.
    """
    folder = Path(folder)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    whole = {"format": FORMAT, **document, "files": digests}
    text = json.dumps(whole | {"sha256": digest_of(whole)}, indent=1, ensure_ascii=False)
    temporary = _temporary(folder)
    try:
        for name, content in {**files, DOCUMENT: text.encode()}.items():
            _write_flushed(temporary / name, content)
        temporary.chmod(0o755)
        _replace_in_turn(folder, temporary)
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
    # Named after nobody: several threads of a process may write the same file at once.
    part = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def check_writable(root: Path) -> None:
    """Make the folder of checkpoints if need be, and make sure that it can be written to.

    It is asked before a training, not after hours of it.

    Raises:
        CheckpointError: it may not be written to.
    """
    _temporary(Path(root) / "run").rmdir()


def folder_names(root: Path) -> list[str]:
    """Return the names of the folders in `root` that are not hidden, sorted.

    There are none where there is no `root`.

    Raises:
        CheckpointError: `root` cannot be read.
    """
    try:
        if not root.is_dir():
            return []
        return sorted(
            entry.name
            for entry in root.iterdir()
            if not entry.name.startswith(".") and entry.is_dir()
        )
    except OSError as error:
        raise unreadable(root, error) from error


def config_of(folder: Path, document: Mapping[str, Any]) -> RunConfig:
    """Return the config in a folder's document, after which the folder has to be named.

    Raises:
        CheckpointError: it cannot be read, or the folder has another name.
    """
    try:
        config = RunConfig.from_dict(document["config"])
    except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise CheckpointError(
            f"{folder.name} has a config this version cannot read ({error}); train it again"
        ) from error
    if config.key != folder.name:
        raise CheckpointError(
            f"{folder.name} should be named {config.key}, after its config; rename the folder"
        )
    return config


def restore_cut(root: Path) -> None:
    """Put back what a replacement that was cut off between its two renames has put aside."""
    # It may have been put back by another process just now, or lie where nothing may be read or
    # written.
    with contextlib.suppress(OSError):
        for aside in root.glob(".old-*"):
            folder = root / aside.name.removeprefix(".old-")
            if not folder.exists():
                aside.rename(folder)


def unreadable(path: Path, error: OSError) -> CheckpointError:
    """Return what to say where a file or a folder is there and cannot be read."""
    reason = error.strerror or type(error).__name__
    return CheckpointError(
        f"{path.parent.name}/{path.name} cannot be read ({reason}); check it or copy it again"
    )


def unwritable(folder: Path, error: OSError) -> CheckpointError:
    """Return what to say where a folder cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CheckpointError(
            f"the disk that holds {folder.parent} is full; free some space and train again"
        )
    return CheckpointError(
        f"{folder} cannot be written ({error.strerror}); check the folder and its permissions"
    )


def digest_of(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document.

    It decides every byte of the folder, since the document names the digests of the files.
    """
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _parsed(folder: Path, content: bytes) -> tuple[dict[str, Any], object, str]:
    """Return what a `run.json` says, the digest that it claims, and the one that it has."""
    try:
        document = json.loads(content)
        claimed = document.pop("sha256")
        json.dumps(
            document, ensure_ascii=False
        ).encode()  # half a character can neither be written nor shown
        return document, claimed, digest_of(document)
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise CheckpointError(
            f"{folder.name}/{DOCUMENT} is damaged; delete the folder and train it again"
        ) from None


def _write_flushed(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _temporary(folder: Path) -> Path:
    """Return a new, hidden folder beside `folder`; those of killed processes are removed."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for left in folder.parent.glob(".new-*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > _ABANDONED:
                    shutil.rmtree(left, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=f".new-{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise unwritable(folder, error) from error


def _replace_in_turn(folder: Path, temporary: Path) -> None:
    """Put `temporary` in the place of `folder`, after whoever does so too; the last one stays."""
    with _REPLACING:
        for left in reversed(range(_TURNS)):
            try:
                _replace(folder, temporary)
                return
            except OSError as error:
                # Another process replaces the same folder.
                if not left or error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                    raise
                time.sleep(0.01)


def _replace(folder: Path, temporary: Path) -> None:
    """Put `temporary` in the place of `folder`.

    `restore_cut` mends a cut between the two renames.
    """
    aside = folder.with_name(f".old-{folder.name}")
    if folder.exists():
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
    try:
        temporary.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        # Another process took the pause between the two renames for a cut and has put the old
        # folder back.
        folder.rename(aside)
        temporary.rename(folder)
    shutil.rmtree(aside, ignore_errors=True)
