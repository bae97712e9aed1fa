"""70,000 handwritten digits of 28x28 pixels: from a folder of IDX files, else downloaded once into a per-user cache."""

from __future__ import annotations

import contextlib
import os
import sys
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import Future, wait
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data import idx
from core.data.images import ImageSet, MissingData, Split

FOLDER_SETTING = "LATENT_LAB_DATA"
DIGESTS = {
    "train-images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""SHA-256 of the four original files, uncompressed: other sets, Fashion-MNIST among them, are named as they are."""

FOLDERS = ("", "mnist", "MNIST", "raw", "MNIST/raw", "mnist/raw")
"""Where the files are looked for, below the folder that is named; torchvision keeps them in MNIST/raw."""

TRAIN_COUNT, TEST_COUNT = 60_000, 10_000
DOWNLOAD_BYTES = 15_500_000
"""About what arrives over the network, for the progress bar."""

Progress = Callable[[int, int | None], object]
"""Called with the bytes that have arrived and about how many will, None where that is not known."""

Fetch = Callable[[Path], tuple[NDArray[Any], NDArray[Any]]]
"""Downloads into a folder and returns images (70,000, 784) and labels (70,000,)."""

_HOW_TO_GET_IT = (
    f"set {FOLDER_SETTING} to a folder with its four IDX files, or run `python -m core fetch` once"
    " with a network"
)

_PROBLEMS: dict[tuple[Any, ...], str] = {}
"""Paths, sizes and times of the files that this process read last -> what is wrong with them, empty for nothing."""


def load(
    *, download: bool = False, progress: Progress | None = None, fetch: Fetch | None = None
) -> Split:
    """Return the classic split: 60,000 digits to train on and 10,000 to test on.

    Source: LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document
        recognition.

    Args:
        download: whether the network may be used where the digits are neither in the folder nor in
            the cache.
        progress: told about the download.
        fetch: downloads; scikit-learn's `fetch_openml` when left out.

    Raises:
        MissingData: the digits are not on this machine, a file is damaged, or the download failed.
    """
    files = find_files()
    if download and not files and not _is_file(cache_file()):
        fetch_once(progress, fetch)
    if problem := missing():
        raise MissingData(problem)
    return _read(files or {"cache": cache_file()})


def missing() -> str | None:
    """Return None where `load` needs no network, else a sentence that says what is missing and how
    to get it.

    Files are read once, to find out whether they are MNIST, and again when they change.
    """
    try:
        files = find_files() or {"cache": cache_file()}
    except MissingData as error:
        return str(error)
    if not all(map(_is_file, files.values())):
        place = os.environ.get(FOLDER_SETTING) or "this machine"
        return f"The images of MNIST are not on {place}; {_HOW_TO_GET_IT}"
    return _problem_with(files) or None


def find_files() -> dict[str, Path]:
    """Return the four IDX files by name, or nothing where the folder is not set or has none of
    them.

    Raises:
        MissingData: the folder does not exist or has only some of the files.
    """
    named = os.environ.get(FOLDER_SETTING)
    if not named:
        return {}
    folder = Path(os.path.expanduser(named))  # noqa: PTH111, which raises where there is no home
    if not _is_folder(folder):
        raise MissingData(
            f"{FOLDER_SETTING} should name a folder, got {named}, which is none; correct or"
            " unset it"
        )
    places = [_files_in(folder / inside) for inside in FOLDERS]
    found = max(places, key=len)
    absent = [_file_names(name)[0] for name in DIGESTS if name not in found]
    if found and absent:
        raise MissingData(
            f"{folder} should hold the four files of MNIST, got no {' and no '.join(absent)};"
            " add it"
        )
    return found


def cache_file() -> Path:
    """Return where a download is kept for this user.

    Raises:
        MissingData: the user has no home, as in a container that gives it a number and no name.
    """
    default = {"darwin": "Library/Caches", "win32": "AppData/Local"}.get(sys.platform, ".cache")
    if root := os.environ.get("XDG_CACHE_HOME"):
        return Path(root, "latent-lab", "mnist.npz")
    try:
        return Path(Path.home(), default, "latent-lab", "mnist.npz")
    except RuntimeError:
        raise MissingData(
            "The images of MNIST are not on this machine, and its user has no home to keep a"
            f" download in; set {FOLDER_SETTING} to a folder with its four IDX files, or"
            " XDG_CACHE_HOME to one that may be written to"
        ) from None


def fetch_once(progress: Progress | None = None, fetch: Fetch | None = None) -> None:
    """Download the digits into `cache_file`, which appears whole or not at all.

    Args:
        progress: told about the download five times a second, in the caller's thread.
        fetch: downloads; scikit-learn's `fetch_openml` when left out.

    Raises:
        MissingData: no network, not the data that was expected, or no room for it.
    """
    target = cache_file()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Inside the cache, so that the last step is a rename on one disk. A download that was
        # given up may still write.
        with TemporaryDirectory(
            dir=target.parent, prefix="download-", ignore_cleanup_errors=True
        ) as home:
            images, labels = _checked(*_watched(fetch or _fetch_openml, Path(home), progress))
            whole = Path(home, target.name)
            np.savez_compressed(whole, allow_pickle=False, images=images, labels=labels)
            whole.replace(target)
    except OSError as error:
        raise MissingData(
            f"{target.parent} should have room for MNIST, got: {error}; {_HOW_TO_GET_IT}"
        ) from error


def _file_names(name: str) -> list[str]:
    kind = "idx3" if name.endswith("images") else "idx1"
    return [f"{name}{mark}{kind}-ubyte{end}" for mark in "-." for end in ("", ".gz")]


def _files_in(folder: Path) -> dict[str, Path]:
    return {
        name: folder / file
        for name in DIGESTS
        for file in _file_names(name)
        if _is_file(folder / file)
    }


def _is_file(path: Path) -> bool:
    """Return whether there is a file, no where the folder may not be looked into."""
    try:
        return path.is_file()
    except OSError:
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _problem_with(files: dict[str, Path]) -> str:
    """Return what is wrong with files, empty for nothing; they are read unless they are those that were read last."""
    state = _state_of(files)
    if state not in _PROBLEMS:
        with contextlib.suppress(MissingData):
            _read(files)
    return _PROBLEMS.get(state, "")


def _read(files: dict[str, Path]) -> Split:
    """Return the split in files, and note what is wrong with them.

    Raises:
        MissingData: something is.
    """
    state = _state_of(files)
    try:
        split = (
            _read_cache(files["cache"])
            if "cache" in files
            else Split(_part(files, "train"), _part(files, "t10k"))
        )
    except MissingData as error:
        _note(state, str(error))
        raise
    _note(state, "")
    return split


def _state_of(files: dict[str, Path]) -> tuple[Any, ...]:
    """Return what changes with the files."""
    state = []
    for path in files.values():
        try:
            now = path.stat()
            state.append((path, now.st_size, now.st_mtime_ns, now.st_ino))
        except OSError:  # removed since it was found
            state.append((path, None))
    return tuple(state)


def _note(state: tuple[Any, ...], problem: str) -> None:
    _PROBLEMS.clear()
    _PROBLEMS[state] = problem


def _part(files: dict[str, Path], part: str) -> ImageSet:
    images, labels = files[f"{part}-images"], files[f"{part}-labels"]
    return _image_set(
        idx.read(images, ndim=3),
        idx.read(labels, ndim=1),
        part,
        {"images": images, "labels": labels},
    )


def _image_set(images: Tensor, labels: Tensor, part: str, sources: dict[str, Path]) -> ImageSet:
    """Return the images and labels of a part of MNIST, `train` or `t10k`.

    Raises:
        MissingData: they are not MNIST's.
    """
    source = sources["images"]
    if images.shape[1:] != (28, 28) or not len(images):
        raise MissingData(
            f"{source} should hold images of 28 x 28 pixels, got {tuple(images.shape)}; copy it"
            " again"
        )
    if len(labels) != len(images) or labels.max() > 9:
        raise MissingData(
            f"{source} should come with a label from 0 to 9 per image, got others; copy both again"
        )
    for what, array in (("images", images), ("labels", labels)):
        _check_known(array, f"{part}-{what}", sources[what])
    return ImageSet(
        pixels=images.unsqueeze(1), labels=labels.long(), label_names=tuple("0123456789")
    )


def _check_known(array: Tensor, name: str, source: Path) -> None:
    if idx.digest(array) != DIGESTS[name]:
        raise MissingData(
            f"{source} should hold MNIST's own {name}, got others of the same form, such as"
            " Fashion-MNIST's; put the original file there"
        )


def _read_cache(path: Path) -> Split:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            images, labels = (torch.from_numpy(arrays[name]) for name in ("images", "labels"))
            images, labels = images.view(-1, 28, 28), labels.view(-1)
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise MissingData(
            f"{path} should hold MNIST, got a damaged file; delete it and download again"
        ) from error
    try:
        return _classic_split(images, labels, path)
    except MissingData as error:
        raise MissingData(
            f"{path} should hold MNIST, got other images; delete it and download again"
        ) from error


def _classic_split(images: Tensor, labels: Tensor, source: Path) -> Split:
    """Return images (N, 28, 28) and labels (N,) as those to train on and those to test on."""
    if images.dtype != torch.uint8 or labels.dtype != torch.uint8:
        raise MissingData(
            f"{source} should hold whole numbers from 0 to 255, got {images.dtype} and"
            f" {labels.dtype}"
        )
    sources = {"images": source, "labels": source}
    parts = {"train": slice(TRAIN_COUNT), "t10k": slice(TRAIN_COUNT, None)}
    return Split(
        *(_image_set(images[rows], labels[rows], part, sources) for part, rows in parts.items())
    )


def _fetch_openml(data_home: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    from sklearn.datasets import fetch_openml

    # pandas reads it in less memory, but a machine that only trains need not have it.
    parser = "pandas" if find_spec("pandas") else "liac-arff"
    found: Any = fetch_openml(
        "mnist_784", version=1, as_frame=False, parser=parser, data_home=data_home
    )
    return found.data, found.target


def _watched(
    fetch: Fetch, home: Path, progress: Progress | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    # scikit-learn reports no progress: what has arrived is read from its folder. A daemon, so that
    # Ctrl-C need not wait for the network.
    answer: Future[tuple[NDArray[Any], NDArray[Any]]] = Future()
    Thread(target=_answer, args=(answer, fetch, home), daemon=True).start()
    while not wait([answer], timeout=0.2).done:
        if progress:
            progress(_bytes_in(home), DOWNLOAD_BYTES)
    if error := answer.exception():
        raise MissingData(
            f"MNIST should download from openml.org, got: {error}; {_HOW_TO_GET_IT}"
        ) from error
    return answer.result()


def _answer(answer: Future[Any], fetch: Fetch, home: Path) -> None:
    try:
        answer.set_result(fetch(home))
    except Exception as error:
        answer.set_exception(error)


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:  # moved to its final name since it was listed
            continue
    return total


def _checked(
    images: NDArray[Any], labels: NDArray[Any]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    count = TRAIN_COUNT + TEST_COUNT
    if images.shape != (count, 784) or labels.shape != (count,):
        raise MissingData(
            f"the download should hold {count:,} images of 784 pixels, got {images.shape}; try it"
            " again"
        )
    try:
        images, labels = images.astype(np.uint8), labels.astype(np.uint8)
        _classic_split(
            torch.from_numpy(images).view(-1, 28, 28),
            torch.from_numpy(labels),
            Path("the download"),
        )
    except (MissingData, ValueError, OverflowError) as error:
        raise MissingData(
            "the download should hold MNIST's own images and labels, got others; set"
            f" {FOLDER_SETTING} to a folder with its four IDX files"
        ) from error
    return images, labels
