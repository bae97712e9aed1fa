import gzip
import re
import socket
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.config import DataConfig
from core.data import MissingData, load, missing, mnist

MNIST = DataConfig(name="mnist")


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder, an empty cache, no network; a download a thousandth of its size."""

    def refuse(*_: Any) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.delenv("LATENT_LAB_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(mnist, "TRAIN_COUNT", 60)
    monkeypatch.setattr(mnist, "TEST_COUNT", 10)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def digits(count: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    numbers = np.arange(count)
    return np.repeat(numbers % 251, 784).reshape(-1, 28, 28).astype(np.uint8), (numbers % 10).astype(np.uint8)


def write(folder: Path, mark: str = "-", end: str = "") -> Path:
    """Write 7 training and 3 test images as IDX files."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in (("train", 7), ("t10k", 3)):
        for what, array in zip(("images", "labels"), digits(count), strict=True):
            sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
            content = bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()
            path = folder / f"{part}-{what}{mark}idx{array.ndim}-ubyte{end}"
            path.write_bytes(gzip.compress(content) if end else content)
    return folder


def fetch(_: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Answer as OpenML does, without a network: numbers as floats, labels as text."""
    images, labels = np.zeros((70, 784), np.int64), np.arange(70) % 10
    images[:, 0], images[60:, 1] = labels * 10, 255
    return images, labels.astype(str).astype(object)


@pytest.mark.parametrize("mark", ["-", "."])
@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("inside", ["", "mnist"])
def test_idx_files_are_found_and_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str, end: str, inside: str
):
    write(tmp_path / "data" / inside, mark, end)
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "data"))
    assert missing(MNIST) is None
    split = load(MNIST)
    for part, count in ((split.train, 7), (split.test, 3)):
        images, labels = digits(count)
        assert np.array_equal(part.raw().squeeze(1).numpy(), images)
        assert np.array_equal(part.labels.numpy(), labels)
        assert part.labels.dtype == torch.int64
        assert len(part.label_names) == 10


def test_without_files_load_says_what_to_do_and_leaves_the_network_alone(tmp_path: Path):
    sentence = missing(MNIST)
    assert sentence is not None
    assert "LATENT_LAB_DATA" in sentence
    with pytest.raises(MissingData) as refused:
        load(MNIST)
    assert str(refused.value) == sentence
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("name", ["digits", "sprites"])
def test_the_others_are_always_here(name: str):
    assert missing(DataConfig(name=name)) is None
    load(DataConfig(name=name))


def test_a_folder_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "nowhere"))
    refuses(r"LATENT_LAB_DATA should name a folder, got .*nowhere, which is none; correct or unset it")


def test_a_folder_with_some_of_the_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (write(tmp_path) / "t10k-labels-idx1-ubyte").unlink()
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    refuses(r"should hold the four files of MNIST, got no t10k-labels-idx1-ubyte; add it")


def test_a_folder_of_other_things_is_named_unless_the_cache_has_the_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    refuses(f"The images of MNIST are not on {tmp_path}")
    mnist.fetch_once(fetch=fetch)
    assert missing(MNIST) is None
    assert len(load(MNIST).test) == 10


def refuses(sentence: str) -> None:
    """Both questions are answered by the same sentence."""
    assert re.search(sentence, missing(MNIST) or "")
    with pytest.raises(MissingData, match=sentence):
        load(MNIST)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("train-images-idx3-ubyte", b"\0\0\x08\x03", r"train-images-idx3-ubyte should hold 16 bytes"),
        ("train-labels-idx1-ubyte", b"\0\0\x08\x01\0\0\0\x01\x01", r"train-images-idx3-ubyte should come with a label"),
        ("t10k-labels-idx1-ubyte", b"\0\0\x08\x01\0\0\0\x03\x01\x0a\x01", r"a label from 0 to 9 per image"),
        (
            "t10k-images-idx3-ubyte",
            b"\0\0\x08\x03\0\0\0\x01\0\0\0\x01\0\0\0\x01\x07",
            r"of 28 x 28 pixels, got \(1, 1, 1\)",
        ),
        (
            "t10k-images-idx3-ubyte",
            b"\0\0\x08\x03\0\0\0\0\0\0\0\x1c\0\0\0\x1c",
            r"of 28 x 28 pixels, got \(0, 28, 28\)",
        ),
    ],
)
def test_files_that_do_not_fit_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, sentence: str
):
    (write(tmp_path) / name).write_bytes(content)
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    with pytest.raises(MissingData, match=sentence):
        load(MNIST)


def test_a_download_is_stored_once_and_gives_the_classic_split():
    split = mnist.load(download=True, fetch=fetch)
    assert missing(MNIST) is None
    again = mnist.load(download=True, fetch=unreachable)
    assert (len(split.train), len(split.test)) == (60, 10)
    for part, mark in ((again.train, 0), (again.test, 255)):
        pixels = part.raw().flatten(1)
        assert torch.equal(pixels[:, 0].long(), part.labels * 10)
        assert pixels[:, 1].unique().tolist() == [mark]
    assert [path.name for path in mnist.cache_file().parent.iterdir()] == ["mnist.npz"]


def unreachable(_: Path) -> Any:
    raise OSError("Temporary failure in name resolution")


def short(_: Path) -> Any:
    return np.zeros((10, 784)), np.zeros(10)


def killed(home: Path) -> Any:
    (home / "half").write_bytes(b"half a file")
    raise MemoryError("killed")


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (unreachable, r"^MNIST should download from openml.org, got: Temporary failure in name resolution; set LATENT"),
        (killed, r"^MNIST should download from openml.org, got: killed"),
        (short, r"^the download should hold 70 images of 784 pixels, got \(10, 784\); try it again"),
    ],
)
def test_a_failed_download_is_one_sentence_and_leaves_nothing(bad: mnist.Fetch, sentence: str):
    with pytest.raises(MissingData, match=sentence):
        mnist.load(download=True, fetch=bad)
    assert list(mnist.cache_file().parent.iterdir()) == []


def test_a_crash_while_storing_leaves_no_half_file(monkeypatch: pytest.MonkeyPatch):
    def crash(path: Path, **_: Any) -> None:
        path.write_bytes(b"half a file")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez_compressed", crash)
    with pytest.raises(MissingData, match=r"should have room for MNIST, got: No space left on device"):
        mnist.load(download=True, fetch=fetch)
    assert list(mnist.cache_file().parent.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"half a file", b"PK\x03\x04 cut short"])
def test_a_damaged_cache_is_refused_by_name(content: bytes):
    mnist.cache_file().parent.mkdir(parents=True)
    mnist.cache_file().write_bytes(content)
    with pytest.raises(MissingData, match=r"mnist.npz should hold MNIST, got a damaged file; delete it and download"):
        load(MNIST)


def test_progress_is_the_bytes_that_have_arrived():
    def slow(home: Path) -> Any:
        for part in ("a", "b", "c"):
            (home / part).write_bytes(b"x" * 1000)
            time.sleep(0.3)
        return short(home)

    seen: list[tuple[int, int | None]] = []
    with pytest.raises(MissingData):
        mnist.fetch_once(progress=lambda done, total: seen.append((done, total)), fetch=slow)
    arrived = [done for done, _ in seen]
    assert arrived == sorted(arrived)
    assert 1000 <= arrived[0] < arrived[-1] <= 3000
    assert {total for _, total in seen} == {mnist.DOWNLOAD_BYTES}
