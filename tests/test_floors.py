"""Imports go down, never up or sideways: the drawing of the floors, held against every import of the code."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent

FLOORS: dict[str, float] = {
    **dict.fromkeys(["dashboard", "pages", "cloud"], 9),
    **dict.fromkeys(["ui", "__main__"], 8),
    "verdicts": 7,
    **dict.fromkeys(["experiments", "jobs", "sweep"], 6),
    **dict.fromkeys(["runs", "pace", "explore", "metrics", "figures"], 5),
    **dict.fromkeys(["training", "checkpoints", "frames"], 4),
    **dict.fromkeys(["objectives", "film"], 3),
    **dict.fromkeys(["models", "data"], 2),
    **dict.fromkeys(["devices", "runtime"], 1),
    "families": 1.3,
    "shelf": 1.2,
    "recipes": 1.1,
    "config": 1,
}
"""Rooms on one floor do not import each other."""

_TENSORS = {
    "devices",
    "models",
    "data",
    "objectives",
    "training",
    "checkpoints",
    "frames",
    "runs",
    "explore",
    "metrics",
    "jobs",
    "pace",
}
MAY_IMPORT = {
    "streamlit": {"ui", "pages", "dashboard"},
    "plotly": {"figures", "ui"},
    "PIL": {"figures"},
    "sklearn": {"data", "explore", "metrics"},
    "scipy": {"explore", "metrics"},
    "threadpoolctl": {"explore"},
    "safetensors": {"checkpoints", "experiments"},
    "tqdm": {"__main__"},
    "ray": {"sweep"},
    "pyarrow": {"sweep"},
    "torch": {*_TENSORS, "experiments", "sweep", "ui"},
    "numpy": {*_TENSORS, "film", "experiments", "verdicts", "ui", "figures", "pages"},
}
"""Package -> rooms; what is neither here nor in the standard library is imported nowhere."""

MAY_SEE = {
    "dashboard": {"ui"},
    "cloud": {"ui"},
    "pages": {"ui", "figures", "config", "recipes", "shelf"},
    "figures": {"config", "recipes", "shelf"},
    "config": set[str](),
    "recipes": {"config"},
    "shelf": {"config", "recipes"},
    "families": {"config", "recipes", "shelf"},
}
"""Sealed rooms -> the rooms of `core` they may see."""


def sources() -> dict[str, str]:
    """Return path -> source of every file that is held against the drawing."""
    folders = ("core", "pages", "cloud")
    paths = [
        PROJECT / "dashboard.py",
        *(path for name in folders for path in PROJECT.glob(f"{name}/**/*.py")),
    ]
    return {path.relative_to(PROJECT).as_posix(): path.read_text() for path in paths}


def room_of(path: str) -> str:
    """Return the room that a file of the project lies in; `core` for its front door."""
    parts = path.removesuffix(".py").removeprefix("core/").split("/")
    return "core" if parts[0] == "__init__" else parts[0]


def imported(source: str) -> Iterator[str]:
    """Yield the dotted name of everything a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports should be written in full, from the root"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def wrong(room: str, name: str) -> str | None:
    """Return what is wrong with an import, or None."""
    package, _, below = name.partition(".")
    if package != "core":
        known = package in sys.stdlib_module_names or room in MAY_IMPORT.get(package, ())
        return None if known else f"{room} imports {package}"
    target = below.split(".")[0]
    if target == room:
        return None
    if FLOORS.get(target, 9) >= FLOORS.get(room, 0):
        return (
            f"{room} (floor {FLOORS.get(room, 0)}) imports {name} (floor"
            f" {FLOORS.get(target, 'unknown')})"
        )
    return None if target in MAY_SEE.get(room, FLOORS) else f"{room} is sealed and imports {name}"


def test_no_import_goes_up_or_sideways_or_out_of_a_sealed_room():
    found = {
        path: [wrong(room_of(path), name) for name in imported(source)]
        for path, source in sources().items()
    }
    assert [f"{path}: {what}" for path, whats in found.items() for what in whats if what] == []


def test_every_room_has_a_floor_and_every_floor_a_room():
    assert {room_of(path) for path in sources()} - {"core"} == FLOORS.keys()


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("models", "from core.training import train"),
        ("models", "from core.data import load"),
        ("runs", "def late():\n    from core.experiments import measure_shelf"),
        ("config", "import numpy as np"),
        ("explore", "import plotly.graph_objects as go"),
        ("runs", "import streamlit"),
        ("figures", "from core.runs import Run"),
        ("pages", "from core.runs import open_run"),
        ("pages", "import plotly.express"),
        ("data", "import pandas"),
        ("ui", "from core import helpers"),
    ],
)
def test_an_arrow_that_runs_wrong_is_found(room: str, source: str):
    assert any(wrong(room, name) for name in imported(source))


EVERYTHING = """
import importlib, pkgutil, sys
sys.modules["streamlit"] = None
import core
for module in pkgutil.walk_packages(core.__path__, "core."):
    if not module.name.startswith("core.ui"):
        print(importlib.import_module(module.name).__name__)
"""


@pytest.mark.slow
def test_all_but_the_dashboard_imports_where_streamlit_is_not_installed():
    command = [sys.executable, "-W", "error", "-c", EVERYTHING]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {"core.__main__", "core.experiments", "core.figures.latents", "core.runs"} <= {
        *done.stdout.split()
    }
