import base64
import json
import logging
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import safetensors.numpy
import streamlit as st
from numpy.typing import NDArray
from PIL import Image
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from core.ui.kit import cache

DASHBOARD = Path(__file__).parents[2] / "dashboard.py"

OpenPage = Callable[..., AppTest]


def parts(app: AppTest, name: str) -> list[dict[str, Any]]:
    """Return the data of each component with a name."""
    components = [component.proto for component in app.get("bidi_component")]
    return [json.loads(proto.json) for proto in components if proto.component_name.endswith(name)]


class Sent(NamedTuple):
    """What an instrument on a page was sent.

    Args:
        header: of the instrument.
        runs: each run's label, layers and options.
        tensors: of the instrument, by name.
    """

    header: dict[str, Any]
    runs: list[dict[str, Any]]
    tensors: dict[str, NDArray[Any]]


def sent(app: AppTest, name: str) -> Sent:
    """Return what the only instrument with a name was sent; see `core.instruments.bundle`."""
    components = [component.proto for component in app.get("bidi_component")]
    (content,) = [proto.bytes for proto in components if proto.component_name.endswith(name)]
    length = int.from_bytes(content[:8], "little")
    note = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["bundle"])
    prefix = f"tensors/{name}/"
    tensors = {
        key.removeprefix(prefix): tensor
        for key, tensor in safetensors.numpy.load(content).items()
        if key.startswith(prefix)
    }
    return Sent(note["meta"][name], note["runs"], tensors)


def picture(source: str) -> NDArray[np.uint8]:
    """Return the grey levels of a picture inside a page."""
    return np.asarray(Image.open(BytesIO(base64.b64decode(source.split(",")[1]))).convert("L"))


class _Warnings(logging.Handler):
    """Records the warnings of a logger."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture(autouse=True)
def _without_mnist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no test depend on whether this machine happens to have MNIST."""
    monkeypatch.delenv("LATENT_LAB_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def _nothing_to_complain_about(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail where Streamlit's log warns of the way a page uses it."""
    monkeypatch.setattr("streamlit.elements.lib.policies._shown_default_value_warning", False)
    warnings = _Warnings()
    rooms = ("streamlit.elements", "streamlit.commands", "streamlit.deprecation_util")
    names = [name for name in logging.root.manager.loggerDict if name.startswith(rooms)]
    for name in names:
        logging.getLogger(name).addHandler(warnings)
    yield
    for name in names:
        logging.getLogger(name).removeHandler(warnings)
    assert warnings.messages == []


@pytest.fixture
def warm_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every run find a server on which `dashboard.py` has run before.

    AppTest's own server is fresh each time. There a page runs without its frame first, and its
    second run has forgotten which button was pressed.
    """
    forgetful = type("PagesManager", (PagesManager,), {})
    monkeypatch.setattr("streamlit.testing.v1.app_test.PagesManager", forgetful)
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)


@pytest.fixture
def open_page(warm_server: None) -> OpenPage:
    """Return a function that opens a page, by its file, the way a link with these choices does."""

    def opened(page: str = "pages/overview.py", **choices: object) -> AppTest:
        app = AppTest.from_file(DASHBOARD, default_timeout=120)
        for key, value in choices.items():
            app.query_params[key] = str(value)
        app.switch_page(page).run()
        assert not app.exception
        return app

    return opened


@pytest.fixture
def other_shelf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Return an empty folder that the dashboard takes for its shelf."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    monkeypatch.setattr(cache, "SHELF", folder)
    st.cache_resource.clear()
    st.cache_data.clear()
    yield folder
    st.cache_resource.clear()
    st.cache_data.clear()
