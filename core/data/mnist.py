"""70,000 handwritten digits of 28x28 pixels: those to test on ship, the others are fetched.

The 60,000 images to train on lie in the folder that `LATENT_LAB_DATA` names, or where
`core.data.fetching` has put them.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
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
TO_TRAIN, TO_TEST = ("train-images", "train-labels"), ("t10k-images", "t10k-labels")
"""Images and labels of each part."""

FOLDERS = ("", "mnist", "MNIST", "raw", "MNIST/raw", "mnist/raw")
"""Where the files are looked for, below the folder that is named.

torchvision keeps them in MNIST/raw.
"""


class Part(NamedTuple):
    """Images of MNIST and their labels.

    Args:
        images: (N, 28, 28), 0 black and 255 white.
        labels: (N,), 0 to 9.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


_HOW_TO_GET_THEM = (
    "run `python -m core fetch` once with a network, or set"
    f" {FOLDER_SETTING} to a folder with {' and '.join(TO_TRAIN)} as IDX files"
)

_PROBLEMS: dict[tuple[Any, ...], str] = {}
"""Paths, sizes and times of the files read last -> what is wrong with them, empty for nothing."""


def load() -> Split:
    """Return the classic split as tensors; errors as for `read_train` and `read_test`."""
    from core.data.images import Split

    return Split(_image_set(read_train()), load_test())


def load_test() -> ImageSet:
    """Return the 10,000 digits to test on as tensors; errors as for `read_test`."""
    return _image_set(read_test())


def read_train() -> Part:
    """Return the 60,000 digits to train on.

    Source: LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document
        recognition, https://doi.org/10.1109/5.726791.

    Raises:
        MissingData: they are not on this machine, or a file is damaged.
    """
    files = find_files()
    if not files:
        raise MissingData(_absent())
    return _read(files)


def read_test() -> Part:
    """Return the 10,000 digits to test on, which ship with the lab.

    Raises:
        MissingData: a file of the lab is damaged or gone.
    """
    return _part(_files_in(SHIPPED, TO_TEST), TO_TEST)


def missing() -> str | None:
    """Return None where the images to train on are here, else why not and how to get them.

    Files are read once, to find out whether they are MNIST, and again when they change.
    """
    try:
        files = find_files()
    except MissingData as error:
        return str(error)
    return (_problem_with(files) or None) if files else _absent()


def can_be_fetched() -> bool:
    """Return whether a download brings images that are missing or damaged.

    It does not where the folder that is named has files of its own, which come first.
    """
    try:
        return not _files_named() and bool(downloads()) and missing() is not None
    except MissingData:
        return False


def find_files() -> dict[str, Path]:
    """Return the two files to train on by name: those in the folder that is named, or a download.

    There are none where neither is there.

    Raises:
        MissingData: the folder does not exist or has only one of the files, or there can be no
            download.
    """
    files = _files_named() or _files_in(downloads(), TO_TRAIN)
    return files if len(files) == len(TO_TRAIN) else {}  # a download that was stopped has one


def _files_named() -> dict[str, Path]:
    """Return the two files in the folder that is named; none where it has neither, or is not set.

    Raises:
        MissingData: the folder does not exist or has only one of the files.
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
    places = [_files_in(folder / inside, TO_TRAIN) for inside in FOLDERS]
    found = max(places, key=len)
    absent = [_file_names(name)[0] for name in TO_TRAIN if name not in found]
    if found and absent:
        raise MissingData(
            f"{folder} should hold both files to train on MNIST, got no {absent[0]}; add it"
        )
    return found


def downloads() -> Path:
    """Return the folder of this user that a download is kept in.

    Raises:
        MissingData: the user has no home, as in a container that gives it a number and no name.
    """
    default = {"darwin": "Library/Caches", "win32": "AppData/Local"}.get(sys.platform, ".cache")
    if root := os.environ.get("XDG_CACHE_HOME"):
        return Path(root, "latent-lab", "mnist")
    try:
        return Path(Path.home(), default, "latent-lab", "mnist")
    except RuntimeError:
        raise MissingData(
            "MNIST's images to train on are not on this machine, and its user has no home to keep"
            f" a download in; set {FOLDER_SETTING} to a folder with {' and '.join(TO_TRAIN)} as"
            " IDX files, or XDG_CACHE_HOME to a folder that may be written to"
        ) from None


def _absent() -> str:
    """Return that there are no images, and how to get them, in a sentence."""
    place = os.environ.get(FOLDER_SETTING) or "this machine"
    return f"MNIST's images to train on are not on {place}; {_HOW_TO_GET_THEM}"


def _file_names(name: str) -> list[str]:
    kind = "idx3" if name.endswith("images") else "idx1"
    return [f"{name}{mark}{kind}-ubyte{end}" for mark in "-." for end in ("", ".gz")]


def _files_in(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """Return the IDX files in a folder, by name; where two hold the same, the last one."""
    files: dict[str, Path] = {}
    for name in names:
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


def _problem_with(files: Mapping[str, Path]) -> str:
    """Return what is wrong with the files to train on, empty for nothing.

    They are read unless they were read last.
    """
    state = _state_of(files)
    if state not in _PROBLEMS:
        with contextlib.suppress(MissingData):
            _read(files)
    return _PROBLEMS.get(state, "")


def _read(files: Mapping[str, Path]) -> Part:
    """Return the images to train on, and note what is wrong with their files.

    Raises:
        MissingData: something is wrong with them.
    """
    state = _state_of(files)
    try:
        part = _part(files, TO_TRAIN)
    except MissingData as error:
        _note(state, str(error))
        raise
    _note(state, "")
    return part


def _state_of(files: Mapping[str, Path]) -> tuple[Any, ...]:
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


def _part(files: Mapping[str, Path], names: tuple[str, str]) -> Part:
    """Return a part of MNIST from its IDX files.

    Raises:
        MissingData: they are gone, damaged, or not MNIST's.
    """
    if absent := [name for name in names if name not in files]:
        raise MissingData(f"the lab should come with {absent[0]}, lacks it; copy it again")
    images, labels = (files[name] for name in names)
    part = Part(idx.read(images, ndim=3), idx.read(labels, ndim=1))
    _check_form(part, images)
    for name, array in zip(names, part, strict=True):
        _check_known(array, name, files[name])
    return part


def _check_form(part: Part, source: Path) -> None:
    """Make sure that there are images of MNIST's size, and a label for each.

    Raises:
        MissingData: there are others.
    """
    images, labels = part
    if images.shape[1:] != (28, 28) or not len(images):
        raise MissingData(
            f"{source} should hold images of 28 x 28 pixels, got {images.shape}; copy it again"
        )
    if len(labels) != len(images) or labels.max() > 9:
        raise MissingData(
            f"{source} should come with a label from 0 to 9 per image, got others; copy both again"
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


def _image_set(part: Part) -> ImageSet:
    """Return a part of MNIST as tensors."""
    import torch

    from core.data.images import ImageSet

    return ImageSet(
        pixels=torch.from_numpy(part.images).unsqueeze(1),
        labels=torch.from_numpy(part.labels).long(),
        label_names=tuple("0123456789"),
    )
