"""Trained runs: kept, read, listed, removed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from core.checkpoints.arrays import UNREADABLE, Arrays, pack_arrays, pack_densely, unpack_arrays
from core.checkpoints.folders import (
    CheckpointError,
    config_of,
    folder_names,
    read_folder,
    restore_cut,
    unwritable,
    write_folder,
)
from core.config import RunConfig, nearest


@dataclass(frozen=True)
class Checkpoint:
    """A trained run as it lies on disk.

    Args:
        config: what was trained.
        metrics: plain numbers, by name; units in `core.training.evaluate`.
        weights: the model's state, float16 but for single numbers.
        history: one array per column with a row per epoch.
        codes: arrays over test images (`mean`, `std`, `label`, `factors`) and over the first training images
            (`train_mean`, `train_std`).
        environment: device, precision, library versions.
        film: see `core.film`; empty where there is none. Written but not read by `load`: see `load_film`.
    """

    config: RunConfig
    metrics: dict[str, Any]
    weights: dict[str, torch.Tensor]
    history: Arrays
    codes: Arrays
    environment: dict[str, str]
    film: Arrays = field(default_factory=dict)


def save(root: Path, checkpoint: Checkpoint) -> Path:
    """Write a run into `root/<key>`, replacing an older one of the same key, and return that folder.

    Raises:
        CheckpointError: the disk is full or may not be written to; nothing half-made is left.
    """
    weights = {name: tensor.contiguous().cpu() for name, tensor in checkpoint.weights.items()}
    document = {
        "kind": "run",
        "key": checkpoint.config.key,
        "config": checkpoint.config.to_dict(),
        "metrics": checkpoint.metrics,
        "environment": checkpoint.environment,
    }
    files = {
        "weights.safetensors": safetensors.torch.save(weights),
        "history.npz": pack_arrays(checkpoint.history),
        "codes.npz": pack_arrays(checkpoint.codes),
        **({"film.npz": pack_densely(checkpoint.film)} if checkpoint.film else {}),
    }
    return write_folder(Path(root) / checkpoint.config.key, document, files)


def load(root: Path, key: str) -> Checkpoint:
    """Return the run kept in `root/<key>`, every byte verified.

    Raises:
        CheckpointError: there is none, or it is refused.
    """
    folder, there = Path(root) / key, folder_names(Path(root))
    if key not in there:
        raise CheckpointError(f"no run named '{key}' in {root}{nearest(key, there)}")
    document, files = read_folder(folder)
    if document.get("kind") != "run":
        raise CheckpointError(f"{key} should be a run, is a {document.get('kind')}")
    config = config_of(folder, document)
    try:
        return Checkpoint(
            config=config,
            metrics=document["metrics"],
            weights=safetensors.torch.load(files["weights.safetensors"]),
            history=unpack_arrays(files["history.npz"]),
            codes=unpack_arrays(files["codes.npz"]),
            environment=document["environment"],
        )
    except UNREADABLE as error:
        raise CheckpointError(f"{folder.name} is not a run of this lab ({error}); delete the folder") from error


def load_film(root: Path, key: str) -> Arrays:
    """Return the film of the run in `root/<key>`, as in `core.film`; empty where there is none.

    Raises:
        CheckpointError: there is no such run, or it is refused.
    """
    _, files = read_folder(Path(root) / key)
    return unpack_arrays(files["film.npz"]) if "film.npz" in files else {}


def survey(root: Path) -> Iterator[tuple[str, RunConfig | CheckpointError]]:
    """Yield each run's key with its config, or with the sentence why it was refused, sorted by key.

    Folders that hold something else than runs are passed over. A folder put aside by a replacement that was cut off
    is put back first.
    """
    root = Path(root)
    restore_cut(root)
    for name in folder_names(root):
        try:
            document, _ = read_folder(root / name)
            if document.get("kind") == "run":
                yield name, config_of(root / name, document)
        except CheckpointError as error:
            yield name, error


def run_names(root: Path) -> list[str]:
    """Return the names of the run folders in `root`, unread, sorted."""
    return [name for name in folder_names(Path(root)) if not name.startswith("classifier-")]


def delete(root: Path, key: str) -> None:
    """Remove a run.

    Raises:
        CheckpointError: there is none, or it may not be removed.
    """
    folder = Path(root) / key
    if key not in folder_names(Path(root)):
        raise CheckpointError(f"no run named '{key}' in {root}{nearest(key, folder_names(Path(root)))}")
    try:
        aside = folder.with_name(f".gone-{key}")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)  # at once, so that nobody reads half of it
        shutil.rmtree(aside)
    except OSError as error:
        raise unwritable(folder, error) from error
