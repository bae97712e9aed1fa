"""MNIST's images to train on, from the network: two files of IDX, each kept whole or not at all.

A download that was stopped begins again with the file that is not there yet. Nothing is kept that
has not the checksums of the original files.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import os
import time
import zlib
from collections.abc import Callable
from http.client import HTTPException
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen
from uuid import uuid4

from core.data import mnist
from core.data.errors import MissingData

Progress = Callable[[int, int | None], object]
"""Called with the bytes that have arrived, and with how many will."""

SOURCES = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
"""Folders that hold the files; one is asked where those before it fail.

The first is torchvision's, the second that of TensorFlow's data sets.
"""


class Published(NamedTuple):
    """A file as it was published, compressed by gzip.

    Args:
        name: of the file.
        size: in bytes.
        md5: checksum, in hexadecimal.
        unpacked: bytes of the IDX file in it, whose SHA-256 stands in `core.data.mnist.DIGESTS`.
    """

    name: str
    size: int
    md5: str
    unpacked: int


FILES = {
    "train-images": Published(
        "train-images-idx3-ubyte.gz", 9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873", 47_040_016
    ),
    "train-labels": Published(
        "train-labels-idx1-ubyte.gz", 28_881, "d53e105ee54ea40749a09fcbcd1e9432", 60_008
    ),
}
"""Part of MNIST -> its file.

Source: the MD5 are those of torchvision,
    https://github.com/pytorch/vision/blob/main/torchvision/datasets/mnist.py.
"""

PATIENCE = 20.0
"""Seconds that a source may take to send anything more."""
_CHUNK = 1 << 16
"""Bytes that are read at a time."""
_ABANDONED = 3600.0
"""Seconds after which a half written file is taken for one that a killed process left behind."""


class Unfit(ValueError):
    """A source has sent something other than the file; the message says what."""


def fetch_once(progress: Progress | None = None) -> None:
    """Fetch the images to train on, unless they are on this machine.

    Raises:
        MissingData: they are not, and cannot be fetched; the message is one sentence that says why
            and what to do.
    """
    problem = mnist.missing()
    if problem is None:
        return
    if not mnist.can_be_fetched():
        raise MissingData(problem)
    fetch(mnist.downloads(), progress)


def fetch(folder: Path, progress: Progress | None = None) -> None:
    """Fetch into a folder the files that are not whole in it.

    Args:
        folder: made if need be.
        progress: told about the download, in the caller's thread.

    Raises:
        MissingData: no source has sent a file as it was published, or the folder has no room for
            it or may not be written to.
    """
    _make_ready(folder)
    left = [name for name in FILES if not _is_whole(folder, name)]
    total = sum(FILES[name].size for name in left)
    before = 0

    def tell(arrived: int) -> None:
        if progress:
            progress(before + arrived, total)

    for name in left:
        content = _ask_sources(name, tell)
        try:
            _write(folder / FILES[name].name, content)
        except OSError as error:
            raise unwritable(folder, error) from error
        before += FILES[name].size


def _make_ready(folder: Path) -> None:
    """Make a folder, and remove what killed processes have left in it.

    It is written to once before anything is asked of a network.

    Raises:
        MissingData: it may not be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
        for part in folder.glob(".*-ubyte.gz-*"):
            if time.time() - part.stat().st_mtime > _ABANDONED:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error


def _is_whole(folder: Path, name: str) -> bool:
    try:
        _check_content(name, (folder / FILES[name].name).read_bytes())
    except (OSError, Unfit):
        return False
    return True


def _ask_sources(name: str, tell: Callable[[int], object]) -> bytes:
    """Return a file of MNIST from the first source that has it.

    Raises:
        MissingData: none has.
    """
    refusals = []
    for source in SOURCES:
        try:
            content = _download(source + FILES[name].name, FILES[name].size, tell)
            _check(name, content)
        except (OSError, HTTPException, Unfit) as error:
            refusals.append(f"{_reason(error)} from {urlsplit(source).hostname}")
        else:
            return content
    raise MissingData(
        f"MNIST's {name} should come from the network, got {' and '.join(refusals)};"
        f" try again with a network, or set {mnist.FOLDER_SETTING} to a folder with"
        f" {' and '.join(mnist.TO_TRAIN)} as IDX files"
    )


def _download(address: str, size: int, tell: Callable[[int], object]) -> bytes:
    """Return what lies at an address, at most one byte more than `size`.

    Raises:
        OSError: there is no network, or the source refuses.
        HTTPException: the source does not speak HTTP.
    """
    content = bytearray()
    with urlopen(address, timeout=PATIENCE) as answer:
        while len(content) <= size and (
            chunk := answer.read1(min(_CHUNK, size + 1 - len(content)))
        ):
            content += chunk
            tell(len(content))
    return bytes(content)


def _check(name: str, content: bytes) -> None:
    """Refuse a download that is not the file as it was published.

    Raises:
        Unfit: it is too long, cut short, or another file.
    """
    size = FILES[name].size
    if len(content) > size:
        raise Unfit(f"more than its {size:,} bytes")
    if len(content) < size:
        raise Unfit(f"{len(content):,} of its {size:,} bytes")
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != FILES[name].md5:
        raise Unfit("a file with another checksum")
    _check_content(name, content)


def _check_content(name: str, content: bytes) -> None:
    """Refuse a file that does not unpack to the images or labels of MNIST.

    Raises:
        Unfit: it holds something else.
    """
    digest, left = hashlib.sha256(), FILES[name].unpacked + 1
    try:
        with gzip.open(BytesIO(content)) as file:
            while chunk := file.read(min(_CHUNK, left)):
                digest.update(chunk)
                left -= len(chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise Unfit("a damaged gzip file") from error
    if digest.hexdigest() != mnist.DIGESTS[name]:
        raise Unfit(f"other bytes than those of MNIST's {name}")


def _reason(error: Exception) -> str:
    """Return in a few words what came in place of a file."""
    if isinstance(error, HTTPError):
        error.close()
        return f"{error.code} {error.reason}"
    if isinstance(error, URLError) and isinstance(error.reason, Exception):
        return _reason(error.reason)
    if isinstance(error, TimeoutError):
        return f"nothing for {PATIENCE:.0f} s"
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"“{said}”" if not isinstance(error, Unfit) else said


def _write(path: Path, content: bytes) -> None:
    """Write a file, which appears whole or not at all.

    Raises:
        OSError: there is no room, or the folder may not be written to.
    """
    # Named after nobody: several processes may fetch at once.
    part = path.with_name(f".{path.name}-{uuid4().hex}")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def unwritable(folder: Path, error: OSError) -> MissingData:
    """Return why nothing can be kept in a folder, as an error."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        size = sum(file.size for file in FILES.values())
        return MissingData(
            f"{folder} should have room for {size / 1e6:.0f} MB, got a full disk; free some space"
            " and fetch again"
        )
    return MissingData(
        f"{folder} should be a folder that may be written to, got:"
        f" {error.strerror or os.strerror(error.errno or errno.EIO)}; set XDG_CACHE_HOME to one"
        " that may"
    )
