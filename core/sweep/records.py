"""Notes of a sweep beside its runs: why a run failed, how far it is."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path

from core.checkpoints import CheckpointError, check_folder, write_file
from core.config import RunConfig
from core.sweep.contract import Outcome

RECORDS = ".sweep"
"""The folder beside the runs for a sweep's notes."""


def place_of(config: RunConfig, places: Iterable[Path]) -> Path | None:
    """Return the first of some folders whose checkpoint of a run opens; None where none does."""
    for place in places:
        with contextlib.suppress(CheckpointError):
            check_folder(Path(place) / config.key)
            return Path(place)
    return None


def seen_path(root: Path, config: RunConfig) -> Path:
    """Return the file in which a worker elsewhere writes how many images it has seen."""
    return Path(root) / RECORDS / f"{config.key}.seen"


def note(root: Path, outcome: Outcome) -> None:
    """Write down why a run failed; remove an earlier reason where it did not.

    Raises:
        OSError: the note cannot be written.
    """
    path = _path(root, outcome.config)
    if not outcome.reason:
        path.unlink(missing_ok=True)
        return
    said = {"key": outcome.config.key, "reason": outcome.reason}
    write_file(path, json.dumps(said, ensure_ascii=False).encode())


def reason_noted(root: Path, config: RunConfig) -> str:
    """Return why a run failed when it was last tried; empty where it did not."""
    try:
        return str(json.loads(_path(root, config).read_text())["reason"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _path(root: Path, config: RunConfig) -> Path:
    return Path(root) / RECORDS / f"{config.key}.json"
