"""No cache is keyed by a large array: Streamlit hashes only a sample of it, and would mix them."""

import ast
import os
import re
import shutil
from pathlib import Path

import pytest

from core.checkpoints import DOCUMENT, SHELF
from core.config import RunConfig, with_seed
from core.experiments.kept import write_entries, write_numbers
from core.experiments.rate import RATE
from core.experiments.traits import TRAITS
from core.recipes import recipe
from core.shelf import shipped
from core.ui.kit import cache

ROOT = Path(__file__).parents[2]
PLAIN = {"str", "int", "float", "bool", "None", "tuple"} | {
    "DataConfig",
    "RunConfig",
    "Study",
    "Draws",
}


CACHES = re.compile(r"^(st\.cache_|cache\.fresh\()")


def is_inner(function: ast.FunctionDef) -> bool:
    """Return whether it is the function inside `fresh` that hands on any arguments."""
    return function.args.vararg is not None and "wraps" in ast.unparse(function.decorator_list[-1])


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
        if CACHES.search(ast.unparse(decorator)) and not is_inner(node)
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


def names_in_all(function: ast.FunctionDef) -> set[str]:
    return {name for argument in function.args.args for name in names_in(argument.annotation)}


def test_the_cached_functions_are_found():
    names = {function.name for function, _ in CACHED.values()}
    assert names >= {"run", "samples_png", "tsne", "one_image", "queue"}


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


@pytest.mark.parametrize("name", CACHED)
def test_a_cache_of_a_config_or_a_study_knows_how_to_tell_them_apart(name):
    function, decorator = CACHED[name]
    arguments = names_in_all(function)
    if arguments & {"RunConfig", "Study"} and "fresh(" not in ast.unparse(decorator):
        assert "hash_funcs" in ast.unparse(decorator)


def test_equal_configs_share_an_entry():
    one, same = recipe("digits", "vae"), recipe("digits", "vae")
    assert one is not same
    assert cache.run(one) is cache.run(same)
    assert cache.run(one) is not cache.run(recipe("digits", "ae"))


@pytest.mark.usefixtures("other_shelf")
def test_what_is_read_of_a_study_is_read_anew_when_its_numbers_change():
    calls = []

    @cache.fresh(TRAITS, RATE, max_entries=4)
    def read(config: RunConfig, factor: int) -> int:
        calls.append(config)
        return factor * len(calls)

    vae = recipe("digits", "vae")
    assert [read(vae, 1), read(recipe("digits", "vae"), 1), read(vae, 2)] == [1, 1, 4]
    write_entries(RATE, cache.SHELF, {"compared": {}, "entries": {}})
    assert read(vae, 1) == 3
    os.utime(RATE.path(cache.SHELF), ns=(0, 1))
    assert read(vae, 1) == 4
    assert read(vae, 1) == 4


def test_numbers_over_seeds_are_read_anew_when_they_change(other_shelf):
    vae = recipe("digits", "vae")
    assert cache.over_seeds(TRAITS, vae) == []
    write_numbers(TRAITS, {with_seed(vae, 1): {"kl": 1.0}}, other_shelf)
    assert cache.over_seeds(TRAITS, vae) == [{"kl": 1.0}]
    assert cache.over_seeds(RATE, vae) == []


@pytest.fixture
def shelf_of_one(other_shelf):
    """Return a shelf with one run, and a function that says whether its cache entry is there."""
    config = next(iter(shipped()))
    shutil.copytree(SHELF / config.key, other_shelf / config.key)
    cache.shelf()
    opened = cache.run(config)
    return other_shelf, config, lambda: cache.run(config) is opened


def test_a_new_run_takes_nothing_from_the_caches(shelf_of_one):
    folder, _, same = shelf_of_one
    new = list(shipped())[1]
    shutil.copytree(SHELF / new.key, folder / new.key)
    assert cache.is_there(new)
    assert same()


def test_a_run_that_was_replaced_or_removed_is_forgotten(shelf_of_one):
    folder, config, same = shelf_of_one
    os.utime(folder / config.key / DOCUMENT, ns=(0, 0))
    cache.shelf()
    assert not same()
    shutil.rmtree(folder / config.key)
    assert cache.shelf() == ((), [])
    assert not cache.is_there(config)
    assert cache.version(config) == 0


def test_a_shelf_is_looked_through_anew_for_runs_and_nothing_else(other_shelf, monkeypatch):
    looks = []
    monkeypatch.setattr(cache, "survey", lambda root: looks.append(root) or [])
    cache.shelf()
    (other_shelf / ".jobs").mkdir()
    (other_shelf / ".jobs" / DOCUMENT).touch()
    (other_shelf / "half a copy").mkdir()
    (other_shelf / "notes.txt").touch()
    cache.shelf()
    assert len(looks) == 1
    (other_shelf / "run").mkdir()
    (other_shelf / "run" / DOCUMENT).touch()
    cache.shelf()
    assert len(looks) == 2
    shutil.rmtree(other_shelf)
    cache.shelf()
    assert len(looks) == 3
