"""Streamlit hashes only a sample of a large array, so a cache that is keyed by one can answer with another's result."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLAIN = {"str", "int", "float", "bool", "None", "tuple", "DataConfig", "RunConfig"}


def cached_functions() -> dict[str, tuple[ast.FunctionDef, ast.expr]]:
    """Return every function that Streamlit caches, with its decorator, by file and name."""
    files = [*ROOT.glob("core/ui/*.py"), *ROOT.glob("pages/*.py")]
    found = [(path.name, node) for path in files for node in ast.walk(ast.parse(path.read_text("utf8")))]
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
    constants = {str(node.value) for node in nodes if isinstance(node, ast.Constant) and node.value is not ...}
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
