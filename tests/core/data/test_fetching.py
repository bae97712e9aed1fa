import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.config import DataConfig
from core.data import MissingData, fetching, load, missing, mnist
from tests.core.data.source import COUNT, Source, arrays, bare, files, serving

MNIST = DataConfig(name="mnist")
IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare(monkeypatch, tmp_path / "cache")


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    """Return a server that has both files, the only one that is asked."""
    with serving(files()) as server:
        ask(monkeypatch, server)
        yield server


def ask(monkeypatch: pytest.MonkeyPatch, *servers: Source) -> None:
    monkeypatch.setattr(fetching, "SOURCES", tuple(server.address for server in servers))


def left() -> set[str]:
    """Return the names of the files that are kept."""
    return {path.name for path in mnist.downloads().iterdir()}


def test_both_files_are_fetched_once_and_read(source: Source):
    assert missing(MNIST) is not None
    train = load(MNIST, download=True).train
    assert np.array_equal(train.raw().squeeze(1).numpy(), arrays()["train-images"])
    assert train.labels.tolist() == list(range(COUNT))
    assert missing(MNIST) is None
    assert left() == {IMAGES, LABELS}
    fetching.fetch_once()
    load(MNIST, download=True)
    assert source.asked == [IMAGES, LABELS]


def test_without_leave_to_download_nothing_is_asked(source: Source):
    with pytest.raises(MissingData, match="python -m core fetch"):
        load(MNIST)
    assert source.asked == []


def test_progress_is_the_bytes_of_both_files(source: Source):
    told: list[tuple[int, int | None]] = []
    fetching.fetch_once(lambda arrived, total: told.append((arrived, total)))
    sizes = [len(content) for content in files().values()]
    arrived = [arrived for arrived, _ in told]
    assert arrived == sorted(arrived)
    assert {sizes[0], sum(sizes)} <= set(arrived)
    assert max(arrived) == sum(sizes)
    assert {total for _, total in told} == {sum(sizes)}


@pytest.mark.parametrize("lacks", [IMAGES, LABELS])
def test_a_download_that_was_stopped_goes_on_with_the_file_that_is_not_there(
    source: Source, lacks: str
):
    fetching.fetch_once()
    mnist.downloads().joinpath(lacks).unlink()
    assert "are not on this machine" in (missing(MNIST) or "")
    source.asked.clear()
    fetching.fetch_once()
    assert source.asked == [lacks]
    assert missing(MNIST) is None


@pytest.mark.parametrize("content", [b"", b"half a file", files()[LABELS]])
def test_a_damaged_download_is_named_and_fetched_again(source: Source, content: bytes):
    fetching.fetch_once()
    path = mnist.downloads() / IMAGES
    path.write_bytes(content)
    assert str(path) in (missing(MNIST) or "")
    source.asked.clear()
    fetching.fetch_once()
    assert source.asked == [IMAGES]
    assert missing(MNIST) is None


@pytest.mark.parametrize("announce", [0, len(files()[IMAGES])])
def test_a_file_that_is_cut_short_is_refused(monkeypatch: pytest.MonkeyPatch, announce: int):
    whole = files()[IMAGES]
    with serving({IMAGES: whole[:1000]}, announce) as source:
        ask(monkeypatch, source)
        refused(rf"got 1,000 of its {len(whole):,} bytes from 127.0.0.1;")


def test_no_more_is_read_than_the_file_has(monkeypatch: pytest.MonkeyPatch):
    size = len(files()[IMAGES])
    told: list[int] = []
    with serving({IMAGES: files()[IMAGES] + bytes(1_000_000)}) as source:
        ask(monkeypatch, source)
        with pytest.raises(MissingData, match=rf"got more than its {size:,} bytes from"):
            fetching.fetch_once(lambda arrived, _: told.append(arrived))
    assert told[-1] == size + 1


@pytest.mark.parametrize("place", [5, -100])
def test_a_file_with_another_checksum_is_refused(monkeypatch: pytest.MonkeyPatch, place: int):
    content = bytearray(files()[IMAGES])
    content[place] ^= 1
    with serving({IMAGES: bytes(content)}) as source:
        ask(monkeypatch, source)
        refused(r"MNIST's train-images should .*, got a file with another checksum from 127")


def test_what_the_file_unpacks_to_has_the_last_word(monkeypatch: pytest.MonkeyPatch):
    """The MD5 that are published would be of little use against somebody who means harm."""
    monkeypatch.setattr(mnist, "DIGESTS", mnist.DIGESTS | {"train-images": "0" * 64})
    with serving(files()) as source:
        ask(monkeypatch, source)
        refused(r"got other bytes than those of MNIST's train-images from 127")


def test_no_more_is_unpacked_than_the_file_holds(monkeypatch: pytest.MonkeyPatch):
    """A few kilobytes may unpack to more than a machine can hold."""
    shorter = fetching.FILES["train-images"]._replace(unpacked=100)
    monkeypatch.setattr(fetching, "FILES", fetching.FILES | {"train-images": shorter})
    with serving(files()) as source:
        ask(monkeypatch, source)
        refused(r"got other bytes than those of MNIST's train-images from 127")


def test_a_file_that_is_not_there_is_refused_with_its_code(monkeypatch: pytest.MonkeyPatch):
    with serving({}) as source:
        ask(monkeypatch, source)
        refused(
            r"^MNIST's train-images should come from the network, got 404 Not Found from"
            r" 127.0.0.1; try again with a network, or set LATENT_LAB_DATA to a folder with"
            r" train-images and train-labels as IDX files$"
        )


def test_no_network_is_one_sentence(monkeypatch: pytest.MonkeyPatch):
    def nowhere(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    refused(
        r"got “Temporary failure in name resolution” from ossci-datasets.s3.amazonaws.com and"
        r" “Temporary failure in name resolution” from storage.googleapis.com; try again"
    )


def test_a_source_that_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setattr(fetching, "PATIENCE", 0.1)
        port = silent.getsockname()[1]
        monkeypatch.setattr(fetching, "SOURCES", (f"http://127.0.0.1:{port}/",))
        refused(r"got nothing for 0 s from 127.0.0.1; try again")


def test_the_second_source_is_asked_where_the_first_fails(monkeypatch: pytest.MonkeyPatch):
    whole = files()
    with serving({IMAGES: whole[IMAGES], LABELS: b"other"}) as first, serving(whole) as second:
        ask(monkeypatch, first, second)
        fetching.fetch_once()
    assert (first.asked, second.asked) == ([IMAGES, LABELS], [LABELS])
    assert missing(MNIST) is None


def test_what_both_sources_answer_is_said(monkeypatch: pytest.MonkeyPatch):
    with serving({}) as first, serving({IMAGES: b"short"}) as second:
        ask(monkeypatch, first, second)
        refused(r"got 404 Not Found from 127.0.0.1 and 5 of its [\d,]+ bytes from 127.0.0.1; try")


def refused(sentence: str) -> None:
    """A refusal is one sentence, and leaves nothing."""
    with pytest.raises(MissingData, match=sentence) as error:
        fetching.fetch_once()
    assert "\n" not in str(error.value)
    assert left() == set()


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, r"mnist should have room for \d+ MB, got a full disk; free some space"),
        (errno.EACCES, r"mnist should be a folder that may be written to, got: Permission denied"),
        (errno.EROFS, r"got: Read-only file system; set XDG_CACHE_HOME to one that may"),
    ],
)
def test_a_folder_that_cannot_be_written_is_one_sentence(
    source: Source, monkeypatch: pytest.MonkeyPatch, number: int, sentence: str
):
    def full(path: Path, content: bytes) -> int:
        path.touch()
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", full)
    refused(sentence)


def test_a_folder_that_may_not_be_made_is_refused_before_anything_is_asked(
    source: Source, tmp_path: Path
):
    (tmp_path / "cache").write_bytes(b"a file in the way")
    with pytest.raises(MissingData, match=r"should be a folder that may be written to, got: "):
        fetching.fetch_once()
    assert source.asked == []


def test_half_a_file_of_a_killed_process_is_removed_when_it_is_old(source: Source):
    mnist.downloads().mkdir(parents=True)
    old, new = (mnist.downloads() / f".{IMAGES}-{name}" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    fetching.fetch_once()
    assert left() == {IMAGES, LABELS, new.name}


@pytest.mark.parametrize("lacks", ["folder", "labels"])
def test_a_folder_that_is_named_and_wrong_is_no_reason_to_download(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacks: str
):
    if lacks == "labels":
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / IMAGES).write_bytes(files()[IMAGES])
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "data"))
    with pytest.raises(MissingData, match=r"LATENT_LAB_DATA should|got no train-labels"):
        fetching.fetch_once()
    assert source.asked == []


def test_the_addresses_and_checksums_are_those_that_are_published(
    monkeypatch: pytest.MonkeyPatch,
):
    """They are torchvision's; the bytes unpacked are those of the sizes in the files' heads."""
    monkeypatch.undo()
    assert all(source.startswith("https://") for source in fetching.SOURCES)
    images, labels = fetching.FILES["train-images"], fetching.FILES["train-labels"]
    assert (images.unpacked, labels.unpacked) == (16 + 60_000 * 784, 8 + 60_000)
    assert images.md5 == "f68b3c2dcbeaaa9fbdd348bbdeb94873"
    assert labels.md5 == "d53e105ee54ea40749a09fcbcd1e9432"
    assert 9.5e6 < images.size + labels.size < 11e6
