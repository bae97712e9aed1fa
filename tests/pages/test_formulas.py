"""Formulas of all texts, read from the source, as Streamlit's Markdown reads them."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("pages/*.py"), *ROOT.glob("core/ui/**/*.py")])
PAIRS = (r"\left", r"\right"), (r"\begin", r"\end")


def texts_of(source: str) -> list[str]:
    """Return every string of a module that holds a formula."""
    constants = (
        node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)
    )
    return [value for value in constants if isinstance(value, str) and "$" in value]


def formulas_of(text: str) -> list[str]:
    """Return the formulas of a text, those on lines of their own first."""
    displayed = re.compile(r"^\$\$\n(.+?)\n\$\$$", re.MULTILINE | re.DOTALL)
    rest = displayed.sub("", text)
    return displayed.findall(text) + re.findall(r"(?<!\\)\$(.+?)(?<!\\)\$", rest, re.DOTALL)


def faults_of(text: str) -> list[str]:
    """Return the faults of a text's formulas, each with the formula or line that has it."""
    lines = text.splitlines()
    # What stands behind an opening $$ is taken for the name of a language and left out, and the
    # next line begins the formula, which then never ends.
    faults = [f"$$ shares a line: {line}" for line in lines if "$$" in line and line != "$$"]
    if lines.count("$$") % 2:
        faults.append("a $$ is never closed")
    for formula in formulas_of(text):
        bare = formula.replace(r"\{", "").replace(r"\}", "")
        if bare.count("{") != bare.count("}"):
            faults.append(f"braces: {formula}")
        if any(
            len(re.findall(rf"\{a}\b", bare)) != len(re.findall(rf"\{b}\b", bare))
            for a, b in PAIRS
        ):
            faults.append(f"pairs: {formula}")
        if "\n\n" in formula:
            faults.append(f"a $ is never closed: {formula[:40]}")
    return faults


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_formula_is_one_that_markdown_finds_whole(path: Path):
    assert [
        fault for text in texts_of(path.read_text(encoding="utf-8")) for fault in faults_of(text)
    ] == []


def test_the_texts_are_found():
    found = {path.stem: texts_of(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert sum(map(len, found.values())) >= 12
    assert len(found["likelihood"]) == 4
    assert sum(len(formulas_of(text)) for text in found["likelihood"]) > 30


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("$$a +\nb$$", "$$ shares a line: $$a +"),
        ("$$a$$", "$$ shares a line: $$a$$"),
        ("$$\na", "a $$ is never closed"),
        (r"is $\frac{1}{2$ of", r"braces: \frac{1}{2"),
        (r"is $\left(a)$ of", r"pairs: \left(a)"),
        ("one $a and\n\nanother$", "a $ is never closed: a and\n\nanother"),
    ],
)
def test_a_broken_formula_is_noticed(text: str, fault: str):
    assert fault in faults_of(text)


def test_a_whole_formula_is_not():
    assert faults_of("$$\n\\left\\{ a +\nb \\right)\n$$\n\nof $c \\leftarrow d$") == []
