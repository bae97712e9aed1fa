"""Imports go down, never up or sideways: the drawing of the floors is held against the code."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent

FLOORS: dict[str, float] = {
    **dict.fromkeys(["dashboard", "pages", "cloud"], 9),
    **dict.fromkeys(["ui", "__main__"], 8),
    "handout": 7.5,
    "lessons": 7.2,
    "verdicts": 7,
    **dict.fromkeys(["experiments", "jobs", "sweep"], 6),
    "instruments": 5.5,
    **dict.fromkeys(["runs", "pace", "explore", "metrics", "figures"], 5),
    "opening": 4.5,
    **dict.fromkeys(["training", "checkpoints", "frames"], 4),
    **dict.fromkeys(["objectives", "film"], 3),
    **dict.fromkeys(["models", "data"], 2),
    **dict.fromkeys(["devices", "runtime"], 1),
    "architecture": 1.4,
    "families": 1.3,
    "shelf": 1.2,
    "recipes": 1.1,
    "config": 1,
}
"""Rooms on one floor do not import each other."""

STEPS: dict[str, list[set[str]]] = {
    "experiments": [
        {"claims", "classifiers", "odds", "published"},
        {"kept"},
        {"*"},
        {"measuring"},
    ],
    "sweep": [
        {"contract", "grid", "layers"},
        {"records"},
        {"*"},
        {"ray"},
        {"engines"},
        {"__init__"},
    ],
    "jobs": [{"limits", "records"}, {"fetching", "queue", "worker"}, {"__init__", "__main__"}],
    "ui": [{"kit"}, {"*"}],
}
"""Room -> its steps, from the bottom: files and folders that import none above them.

`*` stands for all that no step names.
"""

APART = {"ui"}
"""Rooms whose files and folders on one step do not import each other."""

TENSORS = {
    "core/devices.py",
    "core/models/",
    "core/objectives/",
    "core/training.py",
    "core/frames.py",
    "core/runs.py",
    "core/jobs/worker.py",
    "core/data/images.py",
    "core/data/sprites.py",
    "core/checkpoints/decoding.py",
    "core/explore/decoding.py",
    "core/explore/drawing.py",
    "core/explore/neighbours.py",
    "core/metrics/classifier.py",
    "core/metrics/cross_entropy.py",
    "core/metrics/divergence.py",
    "core/metrics/gradients.py",
    "core/metrics/likelihood/",
    "core/metrics/rate.py",
    "core/metrics/sample_quality.py",
    "core/experiments/measuring/",
    "core/sweep/batched.py",
    "core/sweep/layers.py",
    "core/sweep/local.py",
    "core/sweep/ray.py",
    "core/ui/priors/blocks.py",
}
"""Files, and folders with all that is in them, that may import torch: they learn or measure."""

READ_WITHOUT = {
    "config",
    "architecture",
    "recipes",
    "shelf",
    "families",
    "runtime",
    "film",
    "data",
    "checkpoints",
    "instruments",
    "experiments",
    "jobs",
    "opening",
    "pace",
    "verdicts",
}
"""Rooms that are read where torch is not installed, all but those of their files in `TENSORS`."""

TENSORS_LATE = {
    "core/pace.py",
    "core/data/binarised.py",
    "core/data/mnist.py",
    "core/data/shapes.py",
    "core/checkpoints/unfinished.py",
    "core/explore/sampling.py",
    "core/opening.py",
    "core/ui/kit/cache.py",
}
"""Files that may import torch inside a function or for a type checker: they read without it."""

_NUMBERS = {
    "models",
    "data",
    "objectives",
    "training",
    "checkpoints",
    "film",
    "frames",
    "opening",
    "runs",
    "explore",
    "metrics",
    "jobs",
    "pace",
    "experiments",
    "sweep",
    "instruments",
    "verdicts",
    "handout",
    "lessons",
    "ui",
    "figures",
    "pages",
}
MAY_IMPORT = {
    "streamlit": {"ui", "pages", "dashboard"},
    "plotly": {"figures", "ui"},
    "PIL": {"figures"},
    "sklearn": {"data", "explore", "metrics"},
    "scipy": {"explore", "metrics"},
    "threadpoolctl": {"explore"},
    "safetensors": {"checkpoints", "experiments", "instruments"},
    "tqdm": {"__main__"},
    "ray": {"sweep"},
    "pyarrow": {"sweep"},
    "numpy": _NUMBERS,
}
"""Package -> rooms; what is neither here nor in the standard library is imported nowhere.

torch is asked for by file, see `TENSORS`.
"""

MAY_SEE = {
    "dashboard": {"ui"},
    "cloud": {"ui"},
    "pages": {"ui", "figures", "config", "recipes", "shelf"},
    "figures": {"config", "recipes", "shelf"},
    "config": set[str](),
    "recipes": {"config"},
    "shelf": {"config", "recipes"},
    "families": {"config", "recipes", "shelf"},
    "architecture": {"config"},
    "instruments": {
        *("config", "recipes", "shelf", "families", "architecture"),
        *("checkpoints", "film", "data", "explore"),
    },
}
"""Sealed rooms -> the rooms of `core` they may see."""


def sources() -> dict[str, str]:
    """Return path -> source of every file that is held against the drawing."""
    folders = ("core", "pages", "cloud")
    paths = [PROJECT / "dashboard.py"]
    for folder in folders:
        paths += PROJECT.glob(f"{folder}/**/*.py")
    return {path.relative_to(PROJECT).as_posix(): path.read_text() for path in paths}


def room_of(path: str) -> str:
    """Return the room that a file of the project lies in; `core` for its front door."""
    parts = path.removesuffix(".py").removeprefix("core/").split("/")
    return "core" if parts[0] == "__init__" else parts[0]


def place_of(path: str) -> str:
    """Return the file or folder of its room that a file is or lies in."""
    parts = path.removesuffix(".py").removeprefix("core/").split("/")
    return parts[1] if len(parts) > 1 else "__init__"


def step_of(room: str, place: str) -> int:
    """Return the step that a file or folder of a room stands on, from 0 at the bottom."""
    steps = STEPS[room]
    for step, names in enumerate(steps):
        if place in names:
            return step
    return steps.index({"*"})


def imported(source: str) -> Iterator[str]:
    """Yield the dotted name of everything a file imports, wherever in the file."""
    yield from _imported(ast.walk(ast.parse(source)))


def imported_at_once(source: str) -> Iterator[str]:
    """Yield the dotted name of everything that is imported when a file is.

    That is what is imported in no function, and not for a type checker alone.
    """
    yield from _imported(_at_once(ast.parse(source).body))


def _imported(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports should be written in full, from the root"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _at_once(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from _at_once(node.orelse)
            continue
        yield node
        yield from _at_once(ast.iter_child_nodes(node))


def is_torch(name: str) -> bool:
    """Return whether an import is torch, or brings it."""
    return name.split(".")[0] == "torch" or name.startswith("safetensors.torch")


def in_list(path: str, places: Iterable[str]) -> bool:
    """Return whether a file is in a list of files and folders."""
    return any(path == place or (place[-1] == "/" and path.startswith(place)) for place in places)


def wrong(path: str, name: str) -> str | None:
    """Return what is wrong with an import of a file, or None."""
    room = room_of(path)
    package, _, below = name.partition(".")
    if is_torch(name):
        fine = in_list(path, TENSORS | TENSORS_LATE)
        return None if fine else f"{path} imports torch"
    if package != "core":
        fine = package in sys.stdlib_module_names or room in MAY_IMPORT.get(package, ())
        return None if fine else f"{room} imports {package}"
    target = below.split(".")[0]
    if target == room:
        return wrong_inside(path, below)
    if FLOORS.get(target, 9) >= FLOORS.get(room, 0):
        return (
            f"{room} (floor {FLOORS.get(room, 0)}) imports {name} (floor"
            f" {FLOORS.get(target, 'unknown')})"
        )
    return None if target in MAY_SEE.get(room, FLOORS) else f"{room} is sealed and imports {name}"


def wrong_inside(path: str, below: str) -> str | None:
    """Return what is wrong with an import of a file from its own room, or None."""
    room, place = room_of(path), place_of(path)
    if room not in STEPS:
        return None
    target = [*below.split("."), "__init__"][1]
    step, other = step_of(room, place), step_of(room, target)
    if other > step:
        return f"{room}/{place} (step {step}) imports {room}/{target} (step {other})"
    if room in APART and other == step and target != place:
        return f"{room}/{place} and {room}/{target} should not see each other"
    return None


def file_of(name: str, files: Mapping[str, str]) -> str | None:
    """Return the file of the project that an imported name is in, or None where it is in none."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        stem = "/".join(parts[:count])
        for path in (f"{stem}.py", f"{stem}/__init__.py"):
            if path in files:
                return path
    return None


def arrows(files: Mapping[str, str]) -> dict[str, set[str]]:
    """Return file -> the files of the project that it imports anything from, wherever in it."""
    table: dict[str, set[str]] = {}
    for path, source in files.items():
        targets = {file_of(name, files) for name in imported(source)}
        table[path] = {target for target in targets if target is not None} - {path}
    return table


def circle(table: Mapping[str, set[str]]) -> list[str]:
    """Return the files of a circle of imports, one circle of all there are, or none."""
    try:
        TopologicalSorter(table).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_import_goes_up_or_sideways_or_out_of_a_sealed_room():
    found = {
        path: [wrong(path, name) for name in imported(source)]
        for path, source in sources().items()
    }
    assert [f"{path}: {what}" for path, whats in found.items() for what in whats if what] == []


def test_every_room_has_a_floor_and_every_floor_a_room():
    assert {room_of(path) for path in sources()} - {"core"} == FLOORS.keys()


def test_no_files_import_each_other_round_in_a_circle():
    assert circle(arrows(sources())) == []


def test_a_circle_is_found():
    files = {
        "core/a.py": "from core.b import name",
        "core/b.py": "def late():\n    from core import c",
        "core/c.py": "import core.a",
        "core/d.py": "from core.a import other",
    }
    assert set(circle(arrows(files))) == {"core/a.py", "core/b.py", "core/c.py"}


def test_torch_is_imported_at_once_only_where_it_may_be():
    users = {
        path for path, source in sources().items() if any(map(is_torch, imported_at_once(source)))
    }
    assert [path for path in users if not in_list(path, TENSORS)] == []
    assert [place for place in TENSORS if not any(in_list(path, {place}) for path in users)] == []


def test_torch_is_imported_late_where_the_list_says_so():
    for path in TENSORS_LATE:
        source = sources()[path]
        assert any(map(is_torch, imported(source))), path
        assert not any(map(is_torch, imported_at_once(source))), path


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("core/models/priors.py", "from core.training import train"),
        ("core/models/priors.py", "from core.data import load"),
        ("core/runs.py", "def late():\n    from core.experiments import measure_shelf"),
        ("core/config.py", "import numpy as np"),
        ("core/explore/planes.py", "import plotly.graph_objects as go"),
        ("core/runs.py", "import streamlit"),
        ("core/figures/bars.py", "from core.runs import Run"),
        ("pages/noise.py", "from core.runs import open_run"),
        ("pages/noise.py", "import plotly.express"),
        ("core/data/mnist.py", "import pandas"),
        ("core/ui/noise/blocks.py", "from core import helpers"),
        ("core/experiments/noise.py", "from core.experiments.measuring.noise import measure"),
        ("core/experiments/kept.py", "from core.experiments import STUDIES"),
        ("core/experiments/odds.py", "from core.experiments.kept import Study"),
        ("core/experiments/noise.py", "import torch"),
        ("core/checkpoints/runs.py", "import safetensors.torch"),
        ("core/verdicts/noise.py", "import torch"),
        ("core/verdicts/noise.py", "import plotly.graph_objects as go"),
        ("core/verdicts/noise.py", "import streamlit as st"),
        ("core/verdicts/noise.py", "from core.ui.kit import cache"),
        ("core/sweep/records.py", "from core.sweep.drive import train_missing"),
        ("core/sweep/grid.py", "from core.sweep import ENGINES"),
        ("core/ui/kit/cache.py", "from core.ui.noise import blocks"),
        ("core/ui/noise/blocks.py", "from core.ui.priors.blocks import called"),
    ],
)
def test_an_arrow_that_runs_wrong_is_found(path: str, source: str):
    assert any(wrong(path, name) for name in imported(source))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("core/ui/noise/answer.py", "from core.ui.noise.blocks import vae_of"),
        ("core/ui/noise/answer.py", "from core.ui.kit import cache"),
        ("core/experiments/measuring/noise.py", "from core.experiments.noise import LEVELS"),
        ("core/experiments/priors.py", "from core.experiments.samples import SAMPLES"),
        ("core/data/mnist.py", "def late():\n    import torch"),
    ],
)
def test_an_arrow_that_goes_down_is_let_through(path: str, source: str):
    assert not any(wrong(path, name) for name in imported(source))


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
    done = run_python(EVERYTHING, "-W", "error")
    assert {"core.__main__", "core.experiments", "core.figures.latents", "core.runs"} <= {
        *done.split()
    }


READING = """
import importlib, sys
for package in ("torch", "streamlit", "plotly"):
    sys.modules[package] = None
for name in sys.argv[1:]:
    importlib.import_module(name)

import numpy as np
from core.checkpoints import SHELF, load, load_film, survey
from core.config import DataConfig, RunConfig
from core.data import read_test_images
from core.experiments import STUDIES, kept
from core.shelf import more_seeds, shipped

configs = [config for _, config in survey(SHELF)]
assert all(isinstance(config, RunConfig) for config in configs)
assert set(shipped()) <= set(configs)
for config in configs:
    run = load(SHELF, config.key)
    for arrays in (run.weights, run.history, run.codes, load_film(SHELF, config.key)):
        assert all(isinstance(array, np.ndarray) for array in arrays.values()), config.key
    assert run.weights and run.history and run.codes and run.metrics["test_images"] > 0

for study in STUDIES:
    rows = [kept.numbers_of(study, config) for config in shipped() if study.includes(config)]
    assert None not in rows, study.name
    assert kept.damage_of(study) is None
    assert kept.version(study) > 0
    for data in {config.data for config in shipped() if study.includes(config)}:
        assert not study.compared_by or kept.compared(study, data), study.name
print(sum(len(kept.over_seeds(study, config)) for study in STUDIES for config in shipped()))

for name in ("digits", "sprites", "mnist", "mnist-static"):
    images = read_test_images(DataConfig(name=name), slice(3))
    assert isinstance(images, np.ndarray) and images.dtype == np.uint8 and len(images) == 3
    print(name, images.shape)
"""


def test_what_only_reads_needs_no_torch():
    """Every run that ships, every number of every study and images to test on are read."""
    paths = [path for path in sources() if room_of(path) in READ_WITHOUT]
    modules = [module_of(path) for path in paths if not in_list(path, TENSORS)]
    assert {"core.checkpoints.runs", "core.experiments.noise", "core.verdicts"} <= {*modules}
    out = run_python(READING, "-W", "error", arguments=modules)
    count, *shapes = out.splitlines()
    assert int(count) > 1000
    assert shapes == [
        "digits (3, 8, 8)",
        "sprites (3, 32, 32)",
        "mnist (3, 28, 28)",
        "mnist-static (3, 28, 28)",
    ]


FIRST_SCREEN = """
import logging, sys
logging.disable(logging.CRITICAL)
for package in ("torch", "sklearn.mixture"):
    sys.modules[package] = None

from streamlit.testing.v1 import AppTest

for data, latents in (("digits", "2"), ("digits", "10"), ("sprites", "10"), ("mnist", "10")):
    app = AppTest.from_file("dashboard.py", default_timeout=60)
    app.query_params["data"], app.query_params["latents"] = data, latents
    app.run()
    assert not app.exception, app.exception[0].stack_trace
    assert app.selectbox(key="data").value == data
    parts = [part.proto.component_name.split("_")[-1] for part in app.get("bidi_component")]
    charts = len(app.get("plotly_chart"))
    print(data, latents, app.title[0].value, *parts, charts, len(app.dataframe[0].value))
"""


def test_the_first_screen_needs_no_torch(tmp_path: Path):
    """Frame, picker and all of Overview are drawn where torch is not installed."""
    shown = run_python(FIRST_SCREEN, LATENT_LAB_DATA=tmp_path).splitlines()
    title = "What does a random code decode to?"
    assert shown == [
        f"digits 2 {title} drawer address path scheme 1 4",
        f"digits 10 {title} drawer address path scheme 1 4",
        f"sprites 10 {title} drawer address path scheme 1 4",
        f"mnist 10 {title} drawer address path scheme 1 4",
    ]


def module_of(path: str) -> str:
    """Return the dotted name of a file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def run_python(code: str, *options: str, arguments: Iterable[str] = (), **settings: object) -> str:
    """Return what a program prints that a fresh interpreter runs in the project's folder."""
    command = [sys.executable, *options, "-c", code, *arguments]
    environment = os.environ | {name: str(value) for name, value in settings.items()}
    done = subprocess.run(
        command,
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
