"""The instruments' JavaScript as one text, which fetches nothing.

A text can stand before an instrument's own code in a module or in a page's `<script>`.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from pathlib import Path

from core.config import check_name

_HERE = Path(__file__).parent

PUBLIC = {
    "engine": ("openBundle", "readSafetensors"),
    "stage": (
        *("make", "Picture", "onFrame", "onRest", "followPointer", "makeSlider", "makeSaving"),
        *("Stage", "partOf", "standStill"),
    ),
    "sheet": ("Source", "Sheet", "Turns", "piecesOf", "Scale", "written"),
    "later": ("later", "whenLater"),
    "grid": ("grid",),
    "scrub": ("scrub",),
    "centring": ("centredAsMnist", "centredAsDigits"),
    "path": ("path",),
    "planes": ("planes",),
    "pad": ("pad",),
    "gallery": ("Gallery",),
    "ways": ("onLine", "onCircle"),
    "sliders": ("sliders",),
    "passage": ("passage",),
}
"""File -> the functions of it that an instrument calls."""

SHARED = {
    "planes": ("sheet",),
    "grid": ("sheet",),
    "scrub": ("sheet", "later"),
    "pad": ("centring",),
    "sliders": ("sheet", "gallery"),
    "passage": ("sheet", "gallery", "ways"),
}
"""Instrument -> the files besides engine and stage that it stands on."""


def files_of(name: str) -> tuple[str, ...]:
    """Return the files that an instrument is made of, in their order, its own last.

    >>> files_of("grid")
    ('sheet', 'grid')
    """
    return (*SHARED.get(name, ()), name)


@cache
def script(*names: str) -> str:
    """Return the text of some files of `PUBLIC`, in this order.

    An instrument sees their public functions alone, so that it may call its own what it likes.

    Raises:
        ValueError: there is no such file.

    >>> script("ways").startswith("const { onLine, onCircle } = (() => {")
    True
    """
    for name in names:
        check_name("script", name, PUBLIC)
    return "".join(_closed(name) for name in names)


@cache
def style(*names: str) -> str:
    """Return the style sheets of some instruments as one text, after what they share."""
    sheets = ("stage", *names)
    paths = [_HERE / f"{name}.css" for name in sheets]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if path.exists())


def _closed(name: str) -> str:
    text = (_HERE / f"{name}.js").read_text(encoding="utf-8")
    if name == "engine":
        text = f'const KERNEL = "{kernel()}";\n{text}'
    public = ", ".join(PUBLIC[name])
    return f"const {{ {public} }} = (() => {{\n{text}\nreturn {{ {public} }};\n}})();\n"


def kernel() -> str:
    """Return the bytes of `kernel.wat`, compiled, in base64."""
    return b64encode((_HERE / "kernel.wasm").read_bytes()).decode()
