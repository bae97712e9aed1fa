"""70,000 handwritten digits of 28x28 pixels: from a folder of IDX files, else downloaded once into a per-user cache."""

from __future__ import annotations

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
NAMES = ("train-images", "train-labels", "t10k-images", "t10k-labels")
TRAIN_COUNT, TEST_COUNT = 60_000, 10_000
DOWNLOAD_BYTES = 15_500_000
"""About what arrives over the network, for the progress bar."""

Progress = Callable[[int, int | None], object]
"""Called with the bytes that have arrived and about how many will, None where that is not known."""

Fetch = Callable[[Path], tuple[NDArray[Any], NDArray[Any]]]
"""Downloads into a folder and returns images (70,000, 784) and labels (70,000,)."""

_HOW_TO_GET_IT = (
    f"set {FOLDER_SETTING} to a folder with its four IDX files, or run `python -m core fetch` once with a network"
)


def load(*, download: bool = False, progress: Progress | None = None, fetch: Fetch | None = None) -> Split:
    """Return the classic split: 60,000 digits to train on and 10,000 to test on.

    Source: LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition.

    Args:
        download: whether the network may be used where the digits are neither in the folder nor in the cache.
        progress: told about the download.
        fetch: downloads; scikit-learn's `fetch_openml` when left out.

    Raises:
        MissingData: the digits are not on this machine, a file is damaged, or the download failed.
    """
    if files := find_files():
        return Split(*(_read_part(files, part) for part in ("train", "t10k")))
    if download and not cache_file().is_file():
        fetch_once(progress, fetch)
    if problem := missing():
        raise MissingData(problem)
    return _read_cache(cache_file())


def missing() -> str | None:
    """Return None where `load` needs no network, else a sentence that says what is missing and how to get it."""
    try:
        found = find_files() or cache_file().is_file()
    except MissingData as error:
        return str(error)
    place = os.environ.get(FOLDER_SETTING) or "this machine"
    return None if found else f"The images of MNIST are not on {place}; {_HOW_TO_GET_IT}"


def find_files() -> dict[str, Path]:
    """Return the four IDX files by name, or nothing where the folder is not set or has none of them.

    Raises:
        MissingData: the folder does not exist or has only some of the files.
    """
    folder = os.environ.get(FOLDER_SETTING)
    if not folder:
        return {}
    if not Path(folder).is_dir():
        raise MissingData(f"{FOLDER_SETTING} should name a folder, got {folder}, which is none; correct or unset it")
    found = _files_in(Path(folder)) or _files_in(Path(folder, "mnist"))
    absent = [_file_names(name)[0] for name in NAMES if name not in found]
    if found and absent:
        raise MissingData(f"{folder} should hold the four files of MNIST, got no {' and no '.join(absent)}; add it")
    return found


def cache_file() -> Path:
    """Return where a download is kept for this user."""
    default = {"darwin": "Library/Caches", "win32": "AppData/Local"}.get(sys.platform, ".cache")
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / default
    return Path(root, "latent-lab", "mnist.npz")


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
        # Inside the cache, so that the last step is a rename on one disk. A download that was given up may still write.
        with TemporaryDirectory(dir=target.parent, prefix="download-", ignore_cleanup_errors=True) as home:
            images, labels = _checked(*_watched(fetch or _fetch_openml, Path(home), progress))
            whole = Path(home, target.name)
            np.savez_compressed(whole, allow_pickle=False, images=images, labels=labels)
            whole.replace(target)
    except OSError as error:
        raise MissingData(f"{target.parent} should have room for MNIST, got: {error}; {_HOW_TO_GET_IT}") from error


def _file_names(name: str) -> list[str]:
    kind = "idx3" if name.endswith("images") else "idx1"
    return [f"{name}{mark}{kind}-ubyte{end}" for mark in "-." for end in ("", ".gz")]


def _files_in(folder: Path) -> dict[str, Path]:
    return {name: folder / file for name in NAMES for file in _file_names(name) if (folder / file).is_file()}


def _read_part(files: dict[str, Path], part: str) -> ImageSet:
    images, labels = files[f"{part}-images"], files[f"{part}-labels"]
    return _image_set(idx.read(images, ndim=3), idx.read(labels, ndim=1), source=images)


def _image_set(images: Tensor, labels: Tensor, source: Path) -> ImageSet:
    if images.shape[1:] != (28, 28) or not len(images):
        raise MissingData(f"{source} should hold images of 28 x 28 pixels, got {tuple(images.shape)}; copy it again")
    if len(labels) != len(images) or labels.max() > 9:
        raise MissingData(f"{source} should come with a label from 0 to 9 per image, got others; copy both again")
    return ImageSet(pixels=images.unsqueeze(1), labels=labels.long(), label_names=tuple("0123456789"))


def _read_cache(path: Path) -> Split:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            images, labels = (torch.from_numpy(arrays[name]) for name in ("images", "labels"))
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise MissingData(f"{path} should hold MNIST, got a damaged file; delete it and download again") from error
    images = images.view(-1, 28, 28)
    parts = (slice(TRAIN_COUNT), slice(TRAIN_COUNT, None))
    return Split(*(_image_set(images[part], labels[part], source=path) for part in parts))


def _fetch_openml(data_home: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    from sklearn.datasets import fetch_openml

    # pandas reads it in less memory, but a machine that only trains need not have it.
    parser = "pandas" if find_spec("pandas") else "liac-arff"
    found: Any = fetch_openml("mnist_784", version=1, as_frame=False, parser=parser, data_home=data_home)
    return found.data, found.target


def _watched(fetch: Fetch, home: Path, progress: Progress | None) -> tuple[NDArray[Any], NDArray[Any]]:
    # scikit-learn reports no progress: what has arrived is read from its folder. A daemon, so that Ctrl-C need not
    # wait for the network.
    answer: Future[tuple[NDArray[Any], NDArray[Any]]] = Future()
    Thread(target=_answer, args=(answer, fetch, home), daemon=True).start()
    while not wait([answer], timeout=0.2).done:
        if progress:
            progress(_bytes_in(home), DOWNLOAD_BYTES)
    if error := answer.exception():
        raise MissingData(f"MNIST should download from openml.org, got: {error}; {_HOW_TO_GET_IT}") from error
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


def _checked(images: NDArray[Any], labels: NDArray[Any]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    count = TRAIN_COUNT + TEST_COUNT
    if images.shape != (count, 784) or labels.shape != (count,):
        raise MissingData(f"the download should hold {count:,} images of 784 pixels, got {images.shape}; try it again")
    return images.astype(np.uint8), labels.astype(np.uint8)
