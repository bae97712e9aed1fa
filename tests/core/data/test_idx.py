import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from core.data import MissingData, idx


def as_idx(array: NDArray[np.uint8], kind: int = 8) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, kind, array.ndim]) + sizes + array.tobytes()


@settings(deadline=None, max_examples=40)
@given(
    array=arrays(np.uint8, st.tuples(*[st.integers(0, 5)] * 3))
    | arrays(np.uint8, st.tuples(st.integers(0, 50))),
    packed=st.booleans(),
)
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, array: NDArray[np.uint8], packed: bool
):
    path = tmp_path_factory.mktemp("idx") / ("some-idx.gz" if packed else "some-idx")
    path.write_bytes(gzip.compress(as_idx(array), mtime=0) if packed else as_idx(array))
    assert np.array_equal(idx.read(path, array.ndim), array)


WHOLE = as_idx(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))


@pytest.mark.parametrize("kept", range(len(WHOLE)))
def test_a_file_cut_short_anywhere_is_refused_by_name(tmp_path: Path, kept: int):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(WHOLE[:kept])
    with pytest.raises(
        MissingData,
        match=r"train-images-idx3-ubyte should (start with|hold) .*, got .*; copy it again$",
    ):
        idx.read(path, 3)


@pytest.mark.parametrize("kept", [0, 5, 15, 30])
def test_a_gzip_file_cut_short_is_refused_by_name(tmp_path: Path, kept: int):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(WHOLE, mtime=0)[:kept])
    with pytest.raises(MissingData, match=r"train-images-idx3-ubyte.gz should .*; copy it again$"):
        idx.read(path, 3)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (WHOLE + b"more", r"should hold 40 bytes of 2 x 3 x 4 values, got 44"),
        (
            as_idx(np.zeros((2, 2), np.uint8)),
            r"should start with the bytes 00 00 08 03, got 00 00 08 02",
        ),
        (
            as_idx(np.zeros((1, 2, 2), np.uint8), kind=13),
            r"should start with the bytes 00 00 08 03, got 00 00 0d 03",
        ),
        (
            b"<html>no such page</html>",
            r"should start with the bytes 00 00 08 03, got 3c 68 74 6d",
        ),
        (
            gzip.compress(gzip.compress(WHOLE, mtime=0), mtime=0),
            r"should start with the bytes 00 00 08 03, got 1f 8b",
        ),
    ],
)
def test_another_file_is_refused(tmp_path: Path, content: bytes, sentence: str):
    path = tmp_path / "images"
    path.write_bytes(content)
    with pytest.raises(MissingData, match=sentence):
        idx.read(path, 3)


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "train-images-idx3-ubyte.gz"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_name_need_not_say_whether_the_file_is_compressed(
    tmp_path: Path, name: str, packed: bool
):
    path = tmp_path / name
    path.write_bytes(gzip.compress(WHOLE, mtime=0) if packed else WHOLE)
    assert np.array_equal(idx.read(path, 3).ravel(), np.arange(24))


def test_a_damaged_gzip_file_is_refused(tmp_path: Path):
    content = bytearray(gzip.compress(WHOLE, mtime=0))
    content[-8] ^= 255
    (tmp_path / "damaged.gz").write_bytes(content)
    with pytest.raises(
        MissingData, match=r"damaged.gz should be a whole gzip file, got one that is cut short or"
    ):
        idx.read(tmp_path / "damaged.gz", 3)


def test_what_cannot_be_opened_is_refused(tmp_path: Path):
    with pytest.raises(MissingData, match=r"should be readable, got"):
        idx.read(tmp_path, 3)


def test_the_digest_of_an_array_is_that_of_its_uncompressed_file():
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert idx.digest(array) == hashlib.sha256(as_idx(array)).hexdigest()
