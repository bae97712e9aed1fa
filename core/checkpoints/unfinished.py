"""Trainings that are not finished, kept so that they can be resumed."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.checkpoints.arrays import UNREADABLE, Arrays, pack_arrays, unpack_arrays
from core.checkpoints.checks import FILM, HISTORY, STATE, check_unfinished
from core.checkpoints.folders import (
    CheckpointError,
    config_of,
    folder_names,
    read_folder,
    restore_cut,
    write_folder,
)
from core.config import RunConfig

if TYPE_CHECKING:
    import torch

UNFINISHED = ".unfinished"
"""The folder beside the runs for trainings that are not finished."""


@dataclass(frozen=True)
class Unfinished:
    """A training as it was after an epoch.

    Args:
        config: what is trained.
        state: all that decides how it goes on.
        history: one array per column with a row per epoch so far.
        film: so far.
    """

    config: RunConfig
    state: dict[str, torch.Tensor]
    history: Arrays
    film: Arrays


def save_unfinished(root: Path, unfinished: Unfinished) -> None:
    """Keep an unfinished training in `root`, replacing an older state of the same key.

    Raises:
        CheckpointError: the disk is full or may not be written to; the older state is left.
    """
    import safetensors.torch

    document = {"kind": "unfinished", "config": unfinished.config.to_dict()}
    state = {name: tensor.contiguous().cpu() for name, tensor in unfinished.state.items()}
    files = {
        STATE: safetensors.torch.save(state),
        HISTORY: pack_arrays(unfinished.history),
        FILM: pack_arrays(unfinished.film),
    }
    write_folder(Path(root) / UNFINISHED / unfinished.config.key, document, files)


def load_unfinished(root: Path, config: RunConfig) -> Unfinished | None:
    """Return the unfinished training of a config in `root`; None where there is none that fits."""
    import safetensors.torch

    folder = Path(root) / UNFINISHED
    try:
        restore_cut(folder)
        document, files = read_folder(folder / config.key)
        if (
            document.get("kind") != "unfinished"
            or config_of(folder / config.key, document) != config
        ):
            return None
        check_unfinished(config, files)
        history, film = (unpack_arrays(files[name]) for name in (HISTORY, FILM))
        return Unfinished(config, safetensors.torch.load(files[STATE]), history, film)
    except (CheckpointError, *UNREADABLE):
        return None


def unfinished_keys(root: Path) -> list[str]:
    """Return the keys of the unfinished trainings in `root`, sorted.

    There are none where the folder cannot be read.
    """
    try:
        return folder_names(Path(root) / UNFINISHED)
    except CheckpointError:
        return []


def drop_unfinished(root: Path, key: str) -> None:
    """Forget an unfinished training, if there is one."""
    folder = Path(root) / UNFINISHED
    shutil.rmtree(folder / key, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.rmdir()  # only if it is empty
