"""What a release keeps: exact pins, small files, data that is no code, a README that is true."""

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from core.config import SIZES
from core.data import mnist
from core.shelf import shipped
from tests.test_floors import FLOORS

ROOT = Path(__file__).parents[1]
REQUIREMENTS = (
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-ray.txt",
    "tests/benchmarks/pythae.txt",
)
INCLUDED = "-r requirements-ray.txt"
"""By those for development, so that the tests of a cluster start one."""
MB = 1_000_000


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files that git keeps, or where there is no git all files of the project."""
    if not (ROOT / ".git").exists():
        return tuple(
            path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts
        )
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    names = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    return tuple(ROOT / name for name in names if name and (ROOT / name).is_file())


def size(paths: list[Path]) -> float:
    return sum(path.stat().st_size for path in paths) / MB


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_requirement_is_pinned_to_one_version(name: str):
    lines = _packages(name)
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_-]+==\d+(\.\d+)*", line)] == []


def test_no_package_is_required_twice():
    names = [line.split("==")[0] for name in REQUIREMENTS[:3] for line in _packages(name)]
    assert len(names) == len(set(names))


def test_what_only_a_cluster_needs_is_there_for_the_tests_and_not_for_the_dashboard():
    assert INCLUDED in (ROOT / "requirements-dev.txt").read_text().splitlines()
    assert "ray" not in (ROOT / "requirements.txt").read_text()


def _packages(name: str) -> list[str]:
    return [line for line in (ROOT / name).read_text().splitlines() if line != INCLUDED]


def test_files_are_small():
    assert [path for path in tracked() if path.stat().st_size > 5 * MB] == []
    assert size(list(tracked())) < 145


def test_the_whole_shelf_ships_and_is_small():
    kept = [path for path in tracked() if path.is_relative_to(ROOT / "checkpoints")]
    documents = {path.parent.name for path in kept if path.name == "run.json"}
    assert {config.key for config in shipped()} - documents == set()
    assert size(kept) < 130


SOURCES = [
    path
    for path in tracked()
    if path.suffix == ".py" and path.relative_to(ROOT).parts[0] != "tests"
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_data_is_run_as_code(path: Path):
    assert [
        ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if _is_unsafe(node)
    ] == []


def _is_unsafe(node: ast.AST) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = {getattr(node, "module", None), *(alias.name for alias in node.names)}
        return bool(names & {"pickle", "dill", "joblib", "cloudpickle", "shelve"})
    if isinstance(node, ast.Call):
        switched_on = {
            k.arg
            for k in node.keywords
            if not (isinstance(k.value, ast.Constant) and k.value.value is False)
        }
        return ast.unparse(node.func) == "torch.load" or bool(
            switched_on & {"allow_pickle", "unsafe_allow_html"}
        )
    return False


@pytest.mark.parametrize(
    ("line", "unsafe"),
    [
        ("import pickle", True),
        ("from joblib import load", True),
        ("torch.load(path)", True),
        ("np.load(path, allow_pickle=True)", True),
        ("np.load(path, allow_pickle=False)", False),
        ("st.markdown(text, unsafe_allow_html=wanted)", True),
        ("st.markdown(text)", False),
    ],
)
def test_what_is_unsafe_is_found(line: str, unsafe: bool):
    assert any(_is_unsafe(node) for node in ast.walk(ast.parse(line))) == unsafe


def test_the_readme_is_short_and_names_commands_that_exist():
    readme = (ROOT / "README.md").read_text()
    assert len(readme.splitlines()) < 120
    commands = set(re.findall(r"\bmake ([a-z]+)\b(?=`|\n|  )", readme))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert commands >= {"run", "test"}
    assert commands - targets == set()


def test_each_data_set_has_a_row_that_names_its_owners_and_licence():
    licences, readme = ((ROOT / name).read_text() for name in ("LICENCES.md", "README.md"))
    rows = re.findall(r"^\| (`.+?) \| (.+?) \| (.+?) \| (.+?) \|$", licences, flags=re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row[0])}
    assert named == set(SIZES)
    assert "(LICENCES.md)" in readme
    shipped = [path for path in tracked() if path.suffix == ".gz"]
    assert shipped
    assert {path.parent for path in shipped} == {mnist.SHIPPED}
    assert f"`{mnist.SHIPPED.relative_to(ROOT)}`" in licences


def test_the_drawing_in_the_readme_is_the_one_that_the_floors_are_held_to():
    readme = (ROOT / "README.md").read_text()
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", readme, flags=re.MULTILINE | re.DOTALL)
    (drawing,) = [text for language, text in blocks if not language]
    rooms: dict[str, int] = {}
    floor = 0
    for line in drawing.splitlines():
        floor = int(line[0]) if line[0].isdigit() else floor
        for name in re.split(r"  +", line[1:].strip()):
            room = re.split(r"[/.]", name.removeprefix("core/"))[0]
            if room in FLOORS:
                rooms[room] = floor
    assert rooms == {room: int(floor) for room, floor in FLOORS.items()}
