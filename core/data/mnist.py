"""70,000 handwritten digits of 28x28 pixels, from a folder of IDX files or a cached download."""

from __future__ import annotations

import contextlib
import os
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.data import idx
from core.data.errors import MissingData

if TYPE_CHECKING:
    from core.data.images import ImageSet, Split

FOLDER_SETTING = "LATENT_LAB_DATA"
SHIPPED = Path(__file__).parent / "files"
"""Where the images to test on lie, which ship with the lab; `LICENCES.md` says whose they are."""
DIGESTS = {
    "train-images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""SHA-256 of the four original files, uncompressed.

Files of other sets have the same names, those of Fashion-MNIST among them.
"""

FOLDERS = ("", "mnist", "MNIST", "raw", "MNIST/raw", "mnist/raw")
"""Where the files are looked for, below the folder that is named.

torchvision keeps them in MNIST/raw.
"""

TRAIN_COUNT, TEST_COUNT = 60_000, 10_000
DOWNLOAD_BYTES = 15_500_000
"""About what arrives over the network, for the progress bar."""

Progress = Callable[[int, int | None], object]
"""Called with the bytes that have arrived, and with about how many will, None if not known."""

Fetch = Callable[[Path], tuple[NDArray[Any], NDArray[Any]]]
"""Downloads into a folder and returns images (70,000, 784) and labels (70,000,)."""


class Part(NamedTuple):
    """Images of MNIST and their labels.

    Args:
        images: (N, 28, 28), 0 black and 255 white.
        labels: (N,), 0 to 9.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


class Parts(NamedTuple):
    """The classic split.

    Args:
        train: 60,000 digits.
        test: 10,000 digits.
    """

    train: Part
    test: Part


_HOW_TO_GET_IT = (
    f"set {FOLDER_SETTING} to a folder with its four IDX files, or run `python -m core fetch` once"
    " with a network"
)

_PROBLEMS: dict[tuple[Any, ...], str] = {}
"""Paths, sizes and times of the files read last -> what is wrong with them, empty for nothing."""


def load(
    *, download: bool = False, progress: Progress | None = None, fetch: Fetch | None = None
) -> Split:
    """Return the classic split as tensors; arguments and errors as for `read`."""
    parts = read(download=download, progress=progress, fetch=fetch)
    from core.data.images import Split

    return Split(*map(_image_set, parts))


def read(
    *, download: bool = False, progress: Progress | None = None, fetch: Fetch | None = None
) -> Parts:
    """Return the classic split: 60,000 digits to train on and 10,000 to test on.

    Source: LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document
        recognition, https://doi.org/10.1109/5.726791.

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


def read_test() -> Part:
    """Return the 10,000 digits to test on, which ship with the lab.

    Raises:
        MissingData: a file of the lab is damaged or gone.
    """
    return _part(_files_in(SHIPPED), "t10k")


def missing() -> str | None:
    """Return None where `load` needs no network, else what is missing and how to get it.

    Files are read once, to find out whether they are MNIST, and again when they change.
    """
    try:
        files = find_files() or {"cache": cache_file()}
    except MissingData as error:
        return str(error)
    if not all(map(_is_file, files.values())):
        return _absent()
    return _problem_with(files) or None


def find_files() -> dict[str, Path]:
    """Return the four IDX files by name; none where no folder is set, or it has none of them.

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


def _absent() -> str:
    """Return that there are no images, and how to get them, in a sentence."""
    place = os.environ.get(FOLDER_SETTING) or "this machine"
    return f"The images of MNIST are not on {place}; {_HOW_TO_GET_IT}"


def _file_names(name: str) -> list[str]:
    kind = "idx3" if name.endswith("images") else "idx1"
    return [f"{name}{mark}{kind}-ubyte{end}" for mark in "-." for end in ("", ".gz")]


def _files_in(folder: Path) -> dict[str, Path]:
    """Return the IDX files in a folder, by name; where two hold the same, the last one."""
    files: dict[str, Path] = {}
    for name in DIGESTS:
        for path in (folder / file for file in _file_names(name)):
            if _is_file(path):
                files[name] = path
    return files


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
    """Return what is wrong with files, empty for nothing.

    They are read unless they were read last.
    """
    state = _state_of(files)
    if state not in _PROBLEMS:
        with contextlib.suppress(MissingData):
            _read(files)
    return _PROBLEMS.get(state, "")


def _read(files: dict[str, Path]) -> Parts:
    """Return the split in files, and note what is wrong with them.

    Raises:
        MissingData: something is wrong with them.
    """
    state = _state_of(files)
    try:
        if "cache" in files:
            parts = _read_cache(files["cache"])
        else:
            parts = Parts(_part(files, "train"), _part(files, "t10k"))
    except MissingData as error:
        _note(state, str(error))
        raise
    _note(state, "")
    return parts


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


def _part(files: Mapping[str, Path], name: str) -> Part:
    """Return a part of MNIST, `train` or `t10k`, from its IDX files.

    Raises:
        MissingData: they are gone, damaged, or not MNIST's.
    """
    if absent := {f"{name}-images", f"{name}-labels"} - files.keys():
        raise MissingData(f"the lab should come with {sorted(absent)[0]}, lacks it; copy it again")
    images, labels = files[f"{name}-images"], files[f"{name}-labels"]
    part = Part(idx.read(images, ndim=3), idx.read(labels, ndim=1))
    _check_part(part, name, {"images": images, "labels": labels})
    return part


def _check_part(part: Part, name: str, sources: Mapping[str, Path]) -> None:
    """Make sure that images and labels are those of a part of MNIST, `train` or `t10k`.

    Raises:
        MissingData: they are not MNIST's.
    """
    source, (images, labels) = sources["images"], part
    if images.shape[1:] != (28, 28) or not len(images):
        raise MissingData(
            f"{source} should hold images of 28 x 28 pixels, got {images.shape}; copy it again"
        )
    if len(labels) != len(images) or labels.max() > 9:
        raise MissingData(
            f"{source} should come with a label from 0 to 9 per image, got others; copy both again"
        )
    for what, array in part._asdict().items():
        _check_known(array, f"{name}-{what}", sources[what])


def _image_set(part: Part) -> ImageSet:
    """Return a part of MNIST as tensors."""
    import torch

    from core.data.images import ImageSet

    return ImageSet(
        pixels=torch.from_numpy(part.images).unsqueeze(1),
        labels=torch.from_numpy(part.labels).long(),
        label_names=tuple("0123456789"),
    )


def _check_known(array: NDArray[np.uint8], name: str, source: Path) -> None:
    """Refuse an array that has not the digest of MNIST's own.

    Raises:
        MissingData: it has another one.
    """
    if idx.digest(array) != DIGESTS[name]:
        raise MissingData(
            f"{source} should hold MNIST's own {name}, got others of the same form, such as"
            " Fashion-MNIST's; put the original file there"
        )


def _read_cache(path: Path) -> Parts:
    """Return the split in a download that `fetch_once` kept.

    Raises:
        MissingData: it is damaged, or not MNIST's.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            images, labels = arrays["images"].reshape(-1, 28, 28), arrays["labels"].reshape(-1)
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


def _classic_split(images: NDArray[Any], labels: NDArray[Any], source: Path) -> Parts:
    """Return images (N, 28, 28) and labels (N,) as those to train on and those to test on.

    Raises:
        MissingData: they are not MNIST's.
    """
    if images.dtype != np.uint8 or labels.dtype != np.uint8:
        raise MissingData(
            f"{source} should hold whole numbers from 0 to 255, got {images.dtype} and"
            f" {labels.dtype}"
        )
    sources = {"images": source, "labels": source}
    train = Part(images[:TRAIN_COUNT], labels[:TRAIN_COUNT])
    test = Part(images[TRAIN_COUNT:], labels[TRAIN_COUNT:])
    _check_part(train, "train", sources)
    _check_part(test, "t10k", sources)
    return Parts(train, test)


def _fetch_openml(data_home: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    from sklearn.datasets import fetch_openml

    # pandas reads it in less memory, but a machine that only trains need not have it.
    parser = "pandas" if find_spec("pandas") else "liac-arff"
    table: Any = fetch_openml(
        "mnist_784", version=1, as_frame=False, parser=parser, data_home=data_home
    )
    return table.data, table.target


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
    """Download, and tell the thread that waits what came of it."""
    try:
        answer.set_result(fetch(home))
    # Whatever ends the download, whose code is not ours: an error that stayed in this thread would
    # let the other one wait for ever. It is raised there.
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
        _classic_split(images.reshape(-1, 28, 28), labels, Path("the download"))
    except (MissingData, ValueError, OverflowError) as error:
        raise MissingData(
            "the download should hold MNIST's own images and labels, got others; set"
            f" {FOLDER_SETTING} to a folder with its four IDX files"
        ) from error
    return images, labels
