import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.config import SHELF
from core.ui import cache

DASHBOARD = Path(__file__).parents[2] / "dashboard.py"

OpenPage = Callable[..., AppTest]


class _Kept(logging.Handler):
    """Keeps what Streamlit finds wrong with the way a page uses it, which it says in the log only."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if "missing ScriptRunContext" not in message:
            self.messages.append(message)


@pytest.fixture(autouse=True)
def _without_mnist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no test depend on whether this machine happens to have MNIST."""
    monkeypatch.delenv("LATENT_LAB_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def _quiet_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("streamlit.elements.lib.policies._shown_default_value_warning", False)
    kept = _Kept()
    loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict if name.startswith("streamlit")]
    for logger in loggers:
        logger.addHandler(kept)
    yield
    for logger in loggers:
        logger.removeHandler(kept)
    assert kept.messages == []


@pytest.fixture
def open_page() -> OpenPage:
    """Return a function that opens a page, by its file, the way a link with these choices does."""

    def opened(page: str = "pages/overview.py", **choices: object) -> AppTest:
        app = AppTest.from_file(DASHBOARD, default_timeout=120)
        for key, value in choices.items():
            app.query_params[key] = str(value)
        app.run() if page == "pages/overview.py" else app.switch_page(page).run()
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


@pytest.fixture(scope="session")
def shelf() -> Path:
    """Return the folder of the runs that ship."""
    return SHELF
