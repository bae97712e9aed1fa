"""Streamlit hashes only a sample of a large array, so a cache that is keyed by one can answer with another's result."""

import ast
import os
import shutil
from pathlib import Path

import pytest

from core.checkpoints import DOCUMENT, SHELF
from core.shelf import shipped
from core.ui.kit import cache

ROOT = Path(__file__).parents[2]
PLAIN = {"str", "int", "float", "bool", "None", "tuple", "DataConfig", "RunConfig"}


def cached_functions() -> dict[str, tuple[ast.FunctionDef, ast.expr]]:
    """Return every function that Streamlit caches, with its decorator, by file and name."""
    files = [*ROOT.glob("core/ui/**/*.py"), *ROOT.glob("pages/*.py")]
    found = [
        (path.name, node) for path in files for node in ast.walk(ast.parse(path.read_text("utf8")))
    ]
    return {
        f"{name}:{node.name}": (node, decorator)
        for name, node in found
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if "st.cache_" in ast.unparse(decorator)
    }


CACHED = cached_functions()


def names_in(annotation: ast.expr | None) -> set[str]:
    assert annotation is not None
    nodes = list(ast.walk(annotation))
    constants = {
        str(node.value)
        for node in nodes
        if isinstance(node, ast.Constant) and node.value is not ...
    }
    return {node.id for node in nodes if isinstance(node, ast.Name)} | constants


def test_there_are_caches_to_look_at():
    assert len(CACHED) > 8


@pytest.mark.parametrize("name", CACHED)
def test_a_cache_is_keyed_by_plain_choices_and_configs(name):
    function, _ = CACHED[name]
    arguments = function.args
    assert not arguments.vararg
    assert not arguments.kwarg
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        assert names_in(argument.annotation) <= PLAIN
        assert not argument.arg.startswith("_"), "Streamlit leaves such an argument out of the key"


@pytest.mark.parametrize("name", CACHED)
def test_a_cache_is_bounded(name):
    _, decorator = CACHED[name]
    assert isinstance(decorator, ast.Call)
    (bound,) = [keyword.value for keyword in decorator.keywords if keyword.arg == "max_entries"]
    assert not (isinstance(bound, ast.Constant) and bound.value is None)


@pytest.fixture
def shelf_of_one(other_shelf):
    """Return a shelf with one run, and a function that says whether what was cached of it is still there."""
    config = next(iter(shipped()))
    shutil.copytree(SHELF / config.key, other_shelf / config.key)
    cache.shelf_index(cache.shelf_stamp())
    opened = cache.run(config.key)
    return other_shelf, config, lambda: cache.run(config.key) is opened


def test_a_new_run_takes_nothing_from_the_caches(shelf_of_one):
    folder, _, same = shelf_of_one
    new = list(shipped())[1]
    shutil.copytree(SHELF / new.key, folder / new.key)
    assert new.key in cache.shelf_index(cache.shelf_stamp())[0]
    assert same()


def test_a_run_that_was_replaced_or_removed_is_forgotten(shelf_of_one):
    folder, config, same = shelf_of_one
    os.utime(folder / config.key / DOCUMENT, ns=(0, 0))
    cache.shelf_index(cache.shelf_stamp())
    assert not same()
    shutil.rmtree(folder / config.key)
    assert cache.shelf_index(cache.shelf_stamp()) == ({}, [])


def test_the_stamp_of_a_shelf_knows_runs_and_nothing_else(other_shelf):
    (other_shelf / ".jobs").mkdir()
    (other_shelf / ".jobs" / DOCUMENT).touch()
    (other_shelf / "half a copy").mkdir()
    (other_shelf / "notes.txt").touch()
    (other_shelf / "run").mkdir()
    (other_shelf / "run" / DOCUMENT).touch()
    assert [name for name, _ in cache.shelf_stamp()] == ["run"]
    shutil.rmtree(other_shelf)
    assert cache.shelf_stamp() == ()
