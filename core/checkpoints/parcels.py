"""A run as a zip, to be carried to another shelf."""

from __future__ import annotations

import io
import tempfile
import zipfile
import zlib
from pathlib import Path

from core.checkpoints.folders import CheckpointError, folder_names, read_folder, write_folder
from core.checkpoints.runs import load


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
        load(Path(place), key)
        if key in folder_names(Path(root)):
            raise CheckpointError(f"{key} is on the shelf already; delete it there first")
        write_folder(Path(root) / key, *read_folder(Path(place) / key))
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
