"""Arrays as bytes and back, never pickled."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]

UNREADABLE = (KeyError, TypeError, ValueError, OSError, EOFError, zipfile.BadZipFile, safetensors.SafetensorError)
"""What reading altered bytes may raise."""


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
