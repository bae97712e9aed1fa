"""The runs that ship with the lab, known by the digests of their documents.

    core/checkpoints/shipped.json    key -> digest, written by `python -m core.checkpoints`

A digest decides every byte of a run. They were checked when they were made, so that a server need
not do it at every start.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from core.checkpoints.folders import DOCUMENT, folder_names, write_file

KNOWN = Path(__file__).with_name("shipped.json")


@cache
def shipped_digests() -> frozenset[str]:
    """Return the digests of the runs that ship.

    There are none where the list cannot be read: every run is checked then.
    """
    try:
        return frozenset(json.loads(KNOWN.read_bytes()).values())
    except (OSError, ValueError, AttributeError, TypeError):
        return frozenset()


def digests_in(root: Path) -> dict[str, str]:
    """Return the digest that each run in a folder claims, by key."""
    documents = {
        name: json.loads((Path(root) / name / DOCUMENT).read_bytes())
        for name in folder_names(Path(root))
    }
    return {
        name: document["sha256"]
        for name, document in documents.items()
        if document.get("kind") == "run"
    }


def write_shipped(root: Path, path: Path = KNOWN) -> Path:
    """Write the list of the runs in a folder, and return its file."""
    write_file(path, (json.dumps(digests_in(root), indent=1) + "\n").encode())
    return path
