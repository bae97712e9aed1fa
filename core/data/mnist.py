"""70,000 handwritten digits of 28x28 pixels: from IDX files in a folder, else downloaded once into a per-user cache."""

from __future__ import annotations

import gzip
import io
import math
import os
import struct
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.data.images import ImageSet, MissingData, Split

FOLDER_SETTING = "LATENT_LAB_DATA"
TRAIN_COUNT = 60_000
DOWNLOAD_BYTES = 15_500_000
"""About what arrives over the network, for the progress bar."""

Progress = Callable[[int, int | None], None]
Fetch = Callable[[Path], tuple[NDArray[Any], NDArray[Any]]]

_HOW_TO_GET_IT = (
    f"set {FOLDER_SETTING} to a folder with its four IDX files, or run `python -m core train mnist vae` once with a"
    " network, which downloads it"
)


def load(*, download: bool = False, progress: Progress | None = None) -> Split:
    """Return the classic split: 60,000 digits to train on and 10,000 to test on.

    Args:
        download: may the network be used, when the images are neither in the folder nor in the cache?
        progress: told how many bytes have arrived, and about how many will.

    Raises:
        MissingData: the images are not here, or a file is damaged, or the download failed.

    Source: LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition.
    """
    if folder := _folder():
        return _split(*(_read_part(folder, part) for part in ("train", "t10k")))
    if not _cache_file().is_file():
        if not download:
            raise MissingData(f"the images of MNIST are not on this machine; {_HOW_TO_GET_IT}")
        _store(*fetch(progress=progress))
    return _read_cache()


def missing() -> str | None:
    """Return None where `load` needs no network, else a sentence that says what is missing and how to get it."""
    try:
        folder = _folder()
    except MissingData as error:
        return str(error)
    if folder or _cache_file().is_file():
        return None
    return f"The images of MNIST are not on this machine; {_HOW_TO_GET_IT}"


def fetch(
    fetch_into: Fetch | None = None, progress: Progress | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return all 70,000 images (N, 784) and labels (N,), downloaded; nothing is kept but what is returned.

    Args:
        fetch_into: downloads into a folder; scikit-learn's `fetch_openml` when left out.
        progress: told how many bytes have arrived, and about how many will.

    Raises:
        MissingData: no network, or not the data that was expected.
    """
    with tempfile.TemporaryDirectory() as folder:
        images, labels = _watched(fetch_into or _fetch_openml, Path(folder), progress)
    if images.shape != (70_000, 784) or labels.shape != (70_000,):
        raise MissingData(f"the download should hold 70,000 images of 784 pixels, held {images.shape}; try it again")
    return images.astype(np.uint8), labels.astype(np.uint8)


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Return the array in an IDX file, gzipped or not.

    Raises:
        MissingData: it is damaged or no IDX file of bytes.
    """
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        zeros, kind, dimensions = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{dimensions}I", content, 4)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise MissingData(f"{path} cannot be read ({error}); copy it again") from error
    if (zeros, kind) != (0, 8):
        raise MissingData(f"{path} should be an IDX file of bytes, begins with {content[:4].hex()}; copy it again")
    start = 4 + 4 * dimensions
    if len(content) - start != math.prod(shape):
        expected, got = math.prod(shape), len(content) - start
        raise MissingData(f"{path} should hold {expected:,} bytes of data, holds {got:,}; copy it again")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _folder() -> Path | None:
    """Return the folder of IDX files that the setting names, if it is set."""
    setting = os.environ.get(FOLDER_SETTING)
    if not setting:
        return None
    for folder in (Path(setting), Path(setting) / "mnist"):
        if _find(folder, "train-images", 3):
            return folder
    problem = "holds no train-images-idx3-ubyte" if Path(setting).is_dir() else "is no folder"
    raise MissingData(f"{FOLDER_SETTING} should name a folder with the IDX files of MNIST, {setting} {problem}")


def _find(folder: Path, part: str, dimensions: int) -> Path | None:
    names = [f"{part}{dot}idx{dimensions}-ubyte{end}" for dot in "-." for end in ("", ".gz")]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _read_part(folder: Path, part: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    images, labels = (_read_named(folder, f"{part}-{what}", n) for what, n in (("images", 3), ("labels", 1)))
    if images.shape[1:] != (28, 28) or len(images) != len(labels):
        raise MissingData(
            f"{folder} should hold 28x28 images and as many labels, holds {images.shape} and {labels.shape}"
        )
    return images, labels


def _read_named(folder: Path, name: str, dimensions: int) -> NDArray[np.uint8]:
    path = _find(folder, name, dimensions)
    if path is None:
        raise MissingData(
            f"{folder} should hold {name}-idx{dimensions}-ubyte, gzipped or not, and does not; copy it there"
        )
    return read_idx(path)


def _split(*parts: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> Split:
    return Split(*(_image_set(images, labels) for images, labels in parts))


def _image_set(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> ImageSet:
    return ImageSet(
        pixels=torch.from_numpy(images.copy()).view(-1, 1, 28, 28),
        labels=torch.from_numpy(labels.astype(np.int64)),
        label_names=tuple("0123456789"),
    )


def _cache_file() -> Path:
    home = Path.home()
    default = {"darwin": home / "Library" / "Caches", "win32": home / "AppData" / "Local"}
    base = os.environ.get("XDG_CACHE_HOME") or default.get(sys.platform, home / ".cache")
    return Path(base) / "latent-lab" / "mnist.npz"


def _store(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
    """Keep a download in the cache; the file appears whole or not at all."""
    path, buffer = _cache_file(), io.BytesIO()
    np.savez_compressed(buffer, images=images, labels=labels)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        part.write_bytes(buffer.getvalue())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _read_cache() -> Split:
    path = _cache_file()
    try:
        with np.load(path, allow_pickle=False) as archive:
            images, labels = archive["images"], archive["labels"]
    except (OSError, ValueError, KeyError, EOFError, zlib.error) as error:
        raise MissingData(f"{path} is damaged ({error}); delete it and download again") from error
    images = images.reshape(-1, 28, 28)
    return _split((images[:TRAIN_COUNT], labels[:TRAIN_COUNT]), (images[TRAIN_COUNT:], labels[TRAIN_COUNT:]))


def _fetch_openml(folder: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    from sklearn.datasets import fetch_openml

    found = fetch_openml("mnist_784", version=1, as_frame=False, parser="liac-arff", data_home=folder)
    return found.data, found.target


def _watched(fetch_into: Fetch, folder: Path, progress: Progress | None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Download in a thread and report meanwhile what has arrived, which scikit-learn does not."""
    result: list[tuple[NDArray[Any], NDArray[Any]] | Exception] = []

    def work() -> None:
        try:
            result.append(fetch_into(folder))
        except Exception as error:  # whatever goes wrong over there is one sentence here
            result.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.2)
        if progress:
            progress(_size_of(folder), DOWNLOAD_BYTES)
    if isinstance(result[0], Exception):
        raise MissingData(f"MNIST could not be downloaded ({result[0]}); check the network, or {_HOW_TO_GET_IT}")
    return result[0]


def _size_of(folder: Path) -> int:
    """Return the bytes of the files in a folder, some of which may vanish meanwhile."""
    sizes = []
    for path in folder.rglob("*"):
        try:
            sizes.append(path.stat().st_size)
        except OSError:
            continue
    return sum(sizes)
