import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests import chromium

ROOT = Path(__file__).parents[2]
PATIENCE = 120_000
"""Milliseconds that a busy machine may take; a quiet one takes one or two seconds."""
LAPTOP: ViewportSize = {"width": 1280, "height": 800}

FINISHED = """() => {
    const all = css => [...document.querySelectorAll(css)];
    const app = document.querySelector('[data-testid="stApp"]');
    const unfinished = ['stSkeleton', 'stAppSkeleton', 'stSpinner', 'stProgress'].map(id => `[data-testid="${id}"]`);
    return app?.dataset.testScriptState === 'notRunning' && document.querySelector('h1')?.innerText
        && !all(unfinished.join()).length && !all('[data-stale="true"]').length
        && all('[data-testid="stMain"] img').every(image => image.complete)
        && all('[data-testid="stPlotlyChart"]').every(chart => chart.querySelector('.main-svg'));
}"""

OpenPage = Callable[..., Page]

expect.set_options(timeout=PATIENCE)


def finish(page: Page) -> Page:
    """Wait until a page is drawn to the end, and return it."""
    page.wait_for_function(FINISHED, timeout=PATIENCE)
    return page


@contextmanager
def running(log: Path, script: str = "dashboard.py", **variables: str) -> Iterator[str]:
    """Start the lab as `streamlit run` does, without the images of MNIST, and give its address.

    Args:
        log: where its output goes.
        script: the entry point.
        variables: of its environment.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = [
        "--server.headless=true",
        "--server.address=127.0.0.1",
        "--server.fileWatcherType=none",
    ]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        script,
        f"--server.port={port}",
        *settings,
    ]
    environment = {name: value for name, value in os.environ.items() if name != "LATENT_LAB_DATA"}
    environment |= {"XDG_CACHE_HOME": str(log.parent / "cache"), **variables}
    with log.open("w") as output:
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", server, log)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(timeout=60)
    assert "Traceback" not in log.read_text(), log.read_text()


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + PATIENCE / 1000
    while server.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    pytest.fail(f"the lab did not start: {log.read_text()}")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a lab that all tests share."""
    with running(tmp_path_factory.mktemp("lab") / "server.log") as address:
        yield address


@pytest.fixture
def fresh_lab(tmp_path: Path) -> Iterator[str]:
    """Return the address of a lab that nobody has visited."""
    with running(tmp_path / "server.log") as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    """Return the system's Chromium; closed after each module, since its event loop is in the way of other tests."""
    path = chromium.require()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.FLAGS))
        yield browser.new_context()
        browser.close()


@pytest.fixture
def sent(browser: BrowserContext) -> Iterator[list[object]]:
    """Return what pages that are opened from now on send to the server, as it grows."""
    frames: list[object] = []

    def listen(page: Page) -> None:
        page.on(
            "websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(frame))
        )

    browser.on("page", listen)
    yield frames
    browser.remove_listener("page", listen)


@pytest.fixture
def open_address(browser: BrowserContext) -> Iterator[OpenPage]:
    """Return a function that opens an address in a new tab and waits until it is drawn.

    Whatever a test does, its pages may log no error, and may ask no other machine for anything.
    """
    complaints: list[str] = []
    pages: list[Page] = []

    def opened(
        address: str, viewport: ViewportSize = LAPTOP, theme: Literal["light", "dark"] = "light"
    ) -> Page:
        page = browser.new_page()
        pages.append(page)
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=theme)
        page.set_default_timeout(PATIENCE)
        _listen(page, urlsplit(address).netloc, complaints)
        page.goto(address)
        return finish(page)

    yield opened
    for page in pages:
        page.close()
    assert complaints == []


@pytest.fixture
def open_page(open_address: OpenPage, lab: str) -> OpenPage:
    """Return a function that opens a page of the shared lab, by the end of its address."""
    return lambda end="", **looks: open_address(lab + end, **looks)


def _listen(page: Page, host: str, complaints: list[str]) -> None:
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("request", lambda request: _check_host(request.url, host, complaints))
    page.on("websocket", lambda socket: _check_host(socket.url, host, complaints))
    page.on(
        "console",
        lambda message: _check_message(message.type, message.text, message.location, complaints),
    )


def _check_host(url: str, host: str, complaints: list[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("data", "blob") and parts.netloc != host:
        complaints.append(f"request: {url}")


def _check_message(kind: str, text: str, location: object, complaints: list[str]) -> None:
    # On a link to a page, Streamlit's client first looks for the server below that page, and then
    # above it.
    probes = ("/_stcore/health", "/_stcore/host-config")
    path = urlsplit(location["url"]).path if isinstance(location, dict) else ""
    if kind == "error" and not (path.endswith(probes) and path.count("/") == 3 and "404" in text):
        complaints.append(f"console: {text} ({location})")
