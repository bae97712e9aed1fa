"""The IDX format of the MNIST files: a magic number, the sizes, then the bytes of one array."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.errors import MissingData

_GZIP = bytes([0x1F, 0x8B])
"""How every gzip file begins, and no IDX file."""


def read(path: Path, ndim: int) -> NDArray[np.uint8]:
    """Return the array in an IDX file, of `ndim` dimensions, which may be written to.

    Source: LeCun, Cortes and Burges, The MNIST database, http://yann.lecun.com/exdb/mnist/, "File
        formats".

    Args:
        path: the file, compressed by gzip or not, whatever its name ends in: a browser that
            downloads a .gz may unpack it and leave the name.
        ndim: number of dimensions that it should have.

    Raises:
        MissingData: the file is not IDX, holds another kind of array or is cut short; the message
            names it.
    """
    content = _bytes(path)
    magic = _magic(ndim)
    if content[:4] != magic:
        raise _damaged(
            path, f"start with the bytes {magic.hex(' ')}", content[:4].hex(" ") or "no bytes"
        )
    start = 4 + 4 * ndim
    sizes = [int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4)]
    expected = start + math.prod(sizes)
    if len(content) != expected:
        raise _damaged(
            path,
            f"hold {expected:,} bytes of {' x '.join(map(str, sizes))} values",
            f"{len(content):,}",
        )
    return np.frombuffer(bytearray(content), np.uint8, offset=start).reshape(sizes)


def digest(array: NDArray[np.uint8]) -> str:
    """Return the SHA-256 of an array as an uncompressed IDX file.

    It is what `sha256sum` says of the original files.

    >>> digest(np.zeros(1, np.uint8))[:8]
    'dd6678dd'
    """
    hashed = hashlib.sha256(_magic(array.ndim))
    for size in array.shape:
        hashed.update(size.to_bytes(4, "big"))
    hashed.update(np.ascontiguousarray(array).data)
    return hashed.hexdigest()


def _magic(ndim: int) -> bytes:
    return bytes([0, 0, 8, ndim])  # 8 stands for unsigned bytes


def _bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(_GZIP) else content
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _damaged(
            path, "be a whole gzip file", f"one that is cut short or damaged ({error})"
        ) from error
    except OSError as error:
        raise _damaged(path, "be readable", error.strerror or str(error)) from error


def _damaged(path: Path, should: str, was: str) -> MissingData:
    return MissingData(f"{path} should {should}, got {was}; copy it again")
