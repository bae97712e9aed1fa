"""A run as a zip, to be carried to another shelf."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from core.checkpoints.folders import (
    DOCUMENT,
    CheckpointError,
    folder_names,
    read_file,
    read_folder,
    write_folder,
)
from core.checkpoints.runs import check_folder
from core.checkpoints.zips import Entry, entries_of
from core.config import nearest

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,199}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_NOT_ONE_FOLDER = "the file should hold one folder of one run; zip the run's folder and try again"
_ODD_NAME = "the file should hold one folder of one run; a name in it is none of a run's"
_ODDMENTS = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")
"""What other systems put into a zip of their own accord."""


def pack_run(root: Path, key: str) -> bytes:
    """Return a run's folder as the bytes of a zip, to be carried to another shelf.

    Raises:
        CheckpointError: there is none, or it is refused.
    """
    folder, there = Path(root) / key, folder_names(Path(root))
    if key not in there:
        raise CheckpointError(f"no run named '{key}' in {root}{nearest(key, there)}")
    check_folder(folder)
    _, files = read_folder(folder)
    files[DOCUMENT] = read_file(folder, DOCUMENT)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            archive.writestr(f"{key}/{name}", files[name])
    return buffer.getvalue()


def unpack_run(root: Path, content: bytes, most: int = 50_000_000) -> str:
    """Put a run that `pack_run` packed on the shelf, every byte verified, and return its key.

    A zip that another system made of the run's folder will do too: what it adds of its own accord
    is passed over.

    Args:
        root: folder of checkpoints.
        content: of the zip.
        most: bytes that it may unpack to.

    Raises:
        CheckpointError: it is no zip of one run, too large, altered, would not open, or is already
            there.
    """
    with tempfile.TemporaryDirectory() as place:
        key = _unzip(content, Path(place), most)
        check_folder(Path(place) / key)
        if key in folder_names(Path(root)):
            raise CheckpointError(f"{key} is on the shelf already; delete it there first")
        write_folder(Path(root) / key, *read_folder(Path(place) / key))
    return key


def _unzip(content: bytes, place: Path, most: int) -> str:
    """Write the files of one folder into `place`, never beside it, and return its name.

    Raises:
        CheckpointError: it is no zip of a run's folder, or too large.
    """
    try:
        key, files = _one_folder(entries_of(content))
        if sum(entry.size for entry in files.values()) > most:
            raise CheckpointError(f"the run should unpack to at most {most:,} bytes; it is larger")
        (place / key).mkdir()
        for name, entry in files.items():
            (place / key / name).write_bytes(entry.content())
    except CheckpointError:
        raise
    except (ValueError, OSError) as error:
        raise CheckpointError(
            f"the file should be a zip of a run's folder; it cannot be read as one ({error})"
        ) from error
    return key


def _one_folder(entries: Iterable[Entry]) -> tuple[str, dict[str, Entry]]:
    """Return the name of the only folder in a zip, and its files by name."""
    key, files = "", dict[str, Entry]()
    for entry in entries:
        parts = _parts_of(entry.name)
        if any(map(_is_oddment, parts)):
            continue
        if len(parts) != 2 or parts[0] != (key or parts[0]):
            raise CheckpointError(_NOT_ONE_FOLDER)
        key, name = parts
        if name in files or entry.is_link or not _FILE.fullmatch(name):
            raise CheckpointError(_ODD_NAME)
        files[name] = entry
    if not files:
        raise CheckpointError(_NOT_ONE_FOLDER)
    if not _KEY.fullmatch(key):
        raise CheckpointError(_ODD_NAME)
    return key, files


def _parts_of(name: str) -> tuple[str, ...]:
    r"""Return the folders and the file of an entry, whichever way its system writes them.

    >>> _parts_of("./key/run.json"), _parts_of("key\\run.json")
    (('key', 'run.json'), ('key', 'run.json'))
    """
    return tuple(name.replace("\\", "/").removeprefix("./").split("/"))


def _is_oddment(part: str) -> bool:
    """Return whether a system put a file there of its own accord.

    Those of macOS begin with `._`.
    """
    return part in _ODDMENTS or part.startswith("._")
