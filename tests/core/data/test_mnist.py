import gzip
import os
import re
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.config import DataConfig
from core.data import MissingData, Split, idx, load, load_test, missing, mnist, read_test_images

MNIST = DataConfig(name="mnist")


REAL = os.environ.get("LATENT_LAB_DATA")
"""The folder of the real images, on a machine that has them."""

COUNTS = {"train": 7, "t10k": 3}
"""Images of each part of the made-up set."""


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder, an empty cache, no network, and ten made-up images that pass for MNIST."""

    def refuse(*_: Any) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.delenv("LATENT_LAB_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(mnist, "SHIPPED", write(tmp_path / "shipped", end=".gz"))
    monkeypatch.setattr(mnist, "DIGESTS", {name: idx.digest(a) for name, a in stand_in().items()})
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def stand_in(shade: int = 0) -> dict[str, NDArray[np.uint8]]:
    """Return the arrays of a made-up set: images of one grey level each, and labels."""
    arrays: dict[str, NDArray[np.uint8]] = {}
    for part, count in COUNTS.items():
        numbers = np.arange(count, dtype=np.uint8)
        arrays[f"{part}-images"] = np.repeat(numbers + shade, 784).reshape(-1, 28, 28)
        arrays[f"{part}-labels"] = numbers
    return arrays


def write(folder: Path, mark: str = "-", end: str = "", shade: int = 0) -> Path:
    """Write the made-up set as IDX files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in stand_in(shade).items():
        sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
        content = bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()
        path = folder / f"{name}{mark}idx{array.ndim}-ubyte{end}"
        path.write_bytes(gzip.compress(content) if end else content)
    return folder


def check_is_the_stand_in(split: Split) -> None:
    for part, images in (("train", split.train), ("t10k", split.test)):
        assert np.array_equal(images.raw().squeeze(1).numpy(), stand_in()[f"{part}-images"])
        assert np.array_equal(images.labels.numpy(), stand_in()[f"{part}-labels"])
        assert images.labels.dtype == torch.int64
        assert len(images.label_names) == 10


@pytest.mark.parametrize("mark", ["-", "."])
@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("inside", ["", "mnist", "MNIST/raw"])
def test_idx_files_are_found_and_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str, end: str, inside: str
):
    write(tmp_path / "data" / inside, mark, end)
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "data"))
    assert missing(MNIST) is None
    check_is_the_stand_in(load(MNIST))


@pytest.mark.parametrize("named", ["~", "~/data"])
def test_a_folder_below_home_may_be_named_by_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
):
    write(tmp_path / named.removeprefix("~").removeprefix("/") / "mnist")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LATENT_LAB_DATA", named)
    assert missing(MNIST) is None
    check_is_the_stand_in(load(MNIST))


def test_files_that_a_browser_has_unpacked_and_left_their_names_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for path in write(tmp_path / "data").iterdir():
        path.rename(path.with_name(f"{path.name}.gz"))
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "data"))
    check_is_the_stand_in(load(MNIST))


def test_a_whole_set_counts_before_a_part_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(tmp_path / "mnist")
    (write(tmp_path) / "train-labels-idx1-ubyte").unlink()
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    check_is_the_stand_in(load(MNIST))


def test_images_of_another_set_in_files_of_the_same_names_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write(tmp_path, shade=1)
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    refuses(
        r"train-images-idx3-ubyte should hold MNIST's own train-images, got others of the same"
        r" form"
    )


@pytest.mark.parametrize("name", mnist.TO_TRAIN)
def test_one_file_of_another_set_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    (path,) = write(tmp_path).glob(f"{name}-*")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    refuses(rf"{path.name} should hold MNIST's own {name}, got others")
    write(tmp_path)
    assert missing(MNIST) is None


def test_files_are_read_once_to_find_out_what_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    reads: list[Path] = []
    monkeypatch.setattr(
        idx, "read", lambda path, ndim, read=idx.read: (reads.append(path), read(path, ndim))[1]
    )
    monkeypatch.setenv("LATENT_LAB_DATA", str(write(tmp_path)))
    assert [missing(MNIST) for _ in range(3)] == [None] * 3
    assert len(reads) == 2


@pytest.mark.skipif(not REAL, reason="the real images are not on this machine")
def test_the_real_images_are_known(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    assert missing(MNIST) is None
    split = load(MNIST)
    assert (len(split.train), len(split.test)) == (60_000, 10_000)
    assert split.train.labels[:5].tolist() == [5, 0, 4, 1, 9]


def test_a_user_without_a_home_is_told_where_to_put_the_images(monkeypatch: pytest.MonkeyPatch):
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", nobody)
    refuses(
        "MNIST's images to train on are not on this machine, and its user has no home .* set"
        " LATENT_LAB_DATA to a folder"
    )
    with pytest.raises(MissingData, match="no home"):
        load(MNIST, download=True)
    assert not mnist.can_be_fetched()


def test_a_tilde_without_a_home_is_a_folder_that_is_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LATENT_LAB_DATA", "~/data")
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    refuses("LATENT_LAB_DATA should name a folder, got ~/data, which is none")


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
    refuses(
        r"LATENT_LAB_DATA should name a folder, got .*nowhere, which is none; correct or unset it"
    )


def test_a_folder_with_some_of_the_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (write(tmp_path) / "train-labels-idx1-ubyte").unlink()
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    refuses(r"should hold both files to train on MNIST, got no train-labels-idx1-ubyte; add it")
    assert not mnist.can_be_fetched()


def test_a_folder_needs_no_files_of_the_images_to_test_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for path in write(tmp_path).glob("t10k-*"):
        path.unlink()
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    assert missing(MNIST) is None
    check_is_the_stand_in(load(MNIST))


def test_a_folder_of_other_things_is_named_unless_a_download_has_the_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    refuses(f"MNIST's images to train on are not on {tmp_path}")
    assert mnist.can_be_fetched()
    write(mnist.downloads())
    assert missing(MNIST) is None
    assert not mnist.can_be_fetched()
    check_is_the_stand_in(load(MNIST))


def refuses(sentence: str) -> None:
    """Both questions are answered by the same sentence."""
    assert re.search(sentence, missing(MNIST) or "")
    with pytest.raises(MissingData, match=sentence):
        load(MNIST)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "train-images-idx3-ubyte",
            b"\0\0\x08\x03",
            r"train-images-idx3-ubyte should hold 16 bytes",
        ),
        (
            "train-labels-idx1-ubyte",
            b"\0\0\x08\x01\0\0\0\x01\x01",
            r"train-images-idx3-ubyte should come with a label",
        ),
        (
            "train-labels-idx1-ubyte",
            b"\0\0\x08\x01\0\0\0\x07\x01\x0a\x01\x01\x01\x01\x01",
            r"a label from 0 to 9 per image",
        ),
        (
            "train-images-idx3-ubyte",
            b"\0\0\x08\x03\0\0\0\x01\0\0\0\x01\0\0\0\x01\x07",
            r"of 28 x 28 pixels, got \(1, 1, 1\)",
        ),
        (
            "train-images-idx3-ubyte",
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
    refuses(sentence)


@pytest.mark.parametrize("name", ["mnist", "mnist-dynamic", "mnist-static"])
def test_images_to_test_on_are_the_same_without_tensors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    data = DataConfig(name=name)
    images = read_test_images(data, slice(2))
    monkeypatch.setenv("LATENT_LAB_DATA", str(write(tmp_path)))
    for test in (load(data).test, load_test(data)):
        assert np.array_equal(images, test.raw(slice(2)).squeeze(1).numpy())
        assert test.labels.tolist() == [0, 1, 2]
    assert read_test_images(data, np.array([2, 0])).shape == (2, 28, 28)


def test_images_to_test_on_ship_and_ask_for_no_folder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LATENT_LAB_DATA", "/is/none")
    assert np.array_equal(read_test_images(MNIST, slice(None)), stand_in()["t10k-images"])
    assert len(load_test(MNIST)) == COUNTS["t10k"]


def test_the_images_that_ship_are_those_of_mnist(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    part = mnist.read_test()
    assert {idx.digest(array) for array in part} == {
        mnist.DIGESTS["t10k-images"],
        mnist.DIGESTS["t10k-labels"],
    }


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_a_file_that_should_have_shipped_is_named(damage: str):
    path = mnist.SHIPPED / "t10k-images-idx3-ubyte.gz"
    path.unlink() if damage == "gone" else path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(MissingData, match="t10k-images"):
        read_test_images(MNIST, slice(2))
