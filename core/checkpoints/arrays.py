"""Arrays as bytes and back, never pickled, and never more of them than they declare."""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import safetensors
from numpy.typing import NDArray

from core.checkpoints.zips import Entry, entries_of

Arrays = dict[str, NDArray[Any]]

UNREADABLE = (
    KeyError,
    TypeError,
    ValueError,
    OSError,
    EOFError,
    RuntimeError,
    safetensors.SafetensorError,
)
"""What reading altered bytes may raise."""

MOST_UNPACKED = 150_000_000
"""Bytes that an npz may unpack to."""

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 1024
_HEADER = re.compile(
    rb"\{'descr': '([<|][a-z][1-8])', 'fortran_order': (True|False), 'shape': \(([0-9,"
    rb" ]{0,200})\), \}\s*"
)
"""As numpy writes it: sorted, and the same since its first version."""


_NUMBERS = (
    b"|b1",
    b"|i1",
    b"|u1",
    b"<i2",
    b"<u2",
    b"<i4",
    b"<u4",
    b"<i8",
    b"<u8",
    b"<f2",
    b"<f4",
    b"<f8",
)


class Declared(NamedTuple):
    """What an array says that it is, before it is unpacked.

    Args:
        dtype: of its numbers, little-endian.
        shape: of the array.
        order: `C` or `F`, as it lies in memory.
        entry: of the npz.
        start: byte of the entry at which the numbers begin.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    order: Literal["C", "F"]
    entry: Entry
    start: int


def pack_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays as the bytes of a compressed npz, the same bytes for the same arrays.

    >>> unpack_arrays(pack_arrays({"a": np.arange(3)}))["a"]
    array([0, 1, 2])
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **dict(arrays))  # pyright: ignore[reportArgumentType]
    return buffer.getvalue()


def pack_densely(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays as the bytes of an npz packed by LZMA.

    It is an eighth smaller than that of `pack_arrays`, and takes ten times as long to write.

    >>> unpack_arrays(pack_densely({"a": np.arange(3)}))["a"]
    array([0, 1, 2])
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(array), allow_pickle=False)
            # Without a date, so that the same arrays make the same bytes.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue(), zipfile.ZIP_LZMA)
    return buffer.getvalue()


def unpack_arrays(content: bytes) -> Arrays:
    """Return the arrays of an npz, read without pickle.

    Raises:
        ValueError: it is damaged, holds something else than arrays of plain numbers, or unpacks to
            too much.
    """
    return {name: unpack_array(declared) for name, declared in declared_arrays(content).items()}


def declared_arrays(content: bytes) -> dict[str, Declared]:
    """Return what the arrays of an npz say that they are; nothing but their headers is unpacked.

    Raises:
        ValueError: it is damaged, holds something else than arrays of plain numbers, or would
            unpack to too much.
    """
    entries = entries_of(content)
    names = [entry.name.removesuffix(".npy") for entry in entries]
    if len(set(names)) != len(names):
        raise ValueError("each array should be there once, one is there twice")
    if sum(entry.size for entry in entries) > MOST_UNPACKED:
        raise ValueError(
            f"arrays should unpack to at most {MOST_UNPACKED:,} bytes, these declare more"
        )
    return {name: _declared(name, entry) for name, entry in zip(names, entries, strict=True)}


def unpack_array(declared: Declared) -> NDArray[Any]:
    """Return a declared array.

    Raises:
        ValueError: it is damaged.
    """
    # A bytearray, so that the array may be written to.
    content = bytearray(declared.entry.content())
    return np.ndarray(
        declared.shape, declared.dtype, content, declared.start, order=declared.order
    )


def _declared(name: str, entry: Entry) -> Declared:
    """Return what the header of an npy says. Source: NEP 1, format versions 1.0 to 3.0."""
    beginning = entry.beginning(_LONGEST_HEADER)
    if not beginning.startswith(_MAGIC) or len(beginning) < 12:
        raise ValueError(f"{name} should be an array, is none")
    start, end = _header_place(beginning)
    header = _HEADER.fullmatch(beginning[start:end])
    if end > len(beginning) or header is None or header[1] not in _NUMBERS:
        raise ValueError(f"{name} should be an array of plain numbers, is none")
    dtype = np.dtype(header[1].decode())
    shape = tuple(int(number) for number in header[3].decode().split(",") if number.strip())
    if len(shape) > 8 or end + dtype.itemsize * math.prod(shape) != entry.size:
        raise ValueError(
            f"{name} declares an array of shape {shape} in {entry.size:,} bytes, which it is not"
        )
    return Declared(dtype, shape, "F" if header[2] == b"True" else "C", entry, end)


def _header_place(beginning: bytes) -> tuple[int, int]:
    """Return where the header of an npy begins and ends; its length is written before it."""
    if beginning[6] > 1:
        return 12, 12 + struct.unpack("<I", beginning[8:12])[0]
    return 10, 10 + struct.unpack("<H", beginning[8:10])[0]
