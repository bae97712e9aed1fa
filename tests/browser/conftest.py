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
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import (
    BrowserContext,
    Page,
    ViewportSize,
    WebSocket,
    expect,
    sync_playwright,
)

from tests import chromium

ROOT = Path(__file__).parents[2]
PATIENCE = 120_000
"""Milliseconds that a busy machine may take; a quiet one takes one or two seconds."""
LAPTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
FAULTS = (
    '[data-testid="stException"], [data-testid="stAlertContentError"],'
    ' [data-testid="stAlertContentWarning"]'
)
"""Selector of exceptions, errors and warnings on a page."""

FINISHED = """() => {
    const all = css => [...document.querySelectorAll(css)];
    const app = document.querySelector('[data-testid="stApp"]');
    const unfinished = ['stSkeleton', 'stAppSkeleton', 'stSpinner', 'stProgress']
        .map(id => `[data-testid="${id}"]`);
    return app?.dataset.testScriptState === 'notRunning' && document.querySelector('h1')?.innerText
        && !all(unfinished.join()).length && !all('[data-stale="true"]').length
        && all('[data-testid="stMain"] img').every(image => image.complete)
        && all('[data-testid="stPlotlyChart"]').every(chart => chart.querySelector('.main-svg'));
}"""

OpenPage = Callable[..., Page]

expect.set_options(timeout=PATIENCE)


# A chart is drawn anew a moment after its room has changed; charts in a closed fold have no room.
# What ran again fades in.
LAID_OUT = """() => new Promise(resolve => {
    const until = performance.now() + 2000;
    const plots = [...document.querySelectorAll('.js-plotly-plot')];
    const fits = plot => !plot.checkVisibility()
        || Math.abs(plot._fullLayout.width - plot.parentElement.clientWidth) < 2;
    const fading = () => document.getAnimations().some(
        animation => animation instanceof CSSTransition && animation.playState === 'running');
    const frame = calm => requestAnimationFrame(() => {
        const ended = calm === 3 || performance.now() > until;
        return ended ? resolve(calm) : frame(plots.every(fits) && !fading() ? calm + 1 : 0);
    });
    frame(0);
})"""


def finish(page: Page) -> Page:
    """Wait until a page is drawn to the end, and return it."""
    page.wait_for_function(FINISHED, timeout=PATIENCE)
    return page


def settle(page: Page) -> None:
    """Wait until the charts of a page fit their room, and nothing fades in or out."""
    page.evaluate(LAID_OUT)


def resize(page: Page, viewport: ViewportSize) -> None:
    """Give a page another window, and wait until its charts fit that."""
    page.set_viewport_size(viewport)
    settle(page)


def choices(page: Page) -> dict[str, str]:
    """Return the choices in the address bar."""
    return {key: value for key, (value,) in parse_qs(urlsplit(page.url).query).items()}


OBSERVE = """() => {
    window.hasRun = false;
    const app = document.querySelector('[data-testid="stApp"]');
    const name = 'data-test-script-state';
    new MutationObserver((changes, observer) => {
        // A short run may begin and end between two looks.
        const states = [app.getAttribute(name), ...changes.map(change => change.oldValue)];
        if (states.every(state => state === 'notRunning')) return;
        window.hasRun = true;
        observer.disconnect();
    }).observe(app, {attributeFilter: [name], attributeOldValue: true});
}"""


@contextmanager
def rerun(page: Page) -> Iterator[None]:
    """Wait, after what is done inside the block, until the page has run again and is drawn."""
    page.evaluate(OBSERVE)
    yield
    page.wait_for_function("() => window.hasRun")
    finish(page)


def pick(page: Page, key: str, option: str) -> None:
    """Pick an option of the drop-down list with a key, and wait until the page is drawn anew."""
    box = page.locator(f".st-key-{key}").get_by_role("combobox")
    if box.input_value() == option:
        return
    box.click()
    with rerun(page):
        page.get_by_role("option", name=option, exact=True).click()
    expect(box).to_have_value(option)


def press(page: Page, key: str, option: str) -> None:
    """Press a segment of the control with a key, and wait until the page is drawn anew."""
    segment = page.locator(f".st-key-{key} button", has_text=option)
    if segment.get_attribute("aria-checked") != "true":
        with rerun(page):
            segment.click()


def assert_nothing_sent(page: Page, sent: list[object], key: str) -> None:
    """Assert that a page has sent nothing: after one more choice, one frame was sent.

    Args:
        page: the page.
        sent: frames since the moment from which there should be none.
        key: key of a segmented control of the page, of which another segment is pressed.
    """
    with rerun(page):
        page.locator(f'.st-key-{key} button[aria-checked="false"]').first.click()
    assert len(sent) == 1


def reset_looks(page: Page) -> None:
    """Give a page the window of a laptop and the light theme."""
    page.emulate_media(color_scheme="light")
    if page.viewport_size != LAPTOP:
        resize(page, LAPTOP)


@contextmanager
def running(log: Path, script: str = "dashboard.py", **variables: str) -> Iterator[str]:
    """Start the lab as `streamlit run` does, without the images of MNIST, and give its address.

    Args:
        log: file for its output.
        script: file of the entry point.
        variables: more variables of its environment.
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
    """Return the system's Chromium.

    It is closed after each module, since its event loop is in the way of other tests.
    """
    path = chromium.require()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.FLAGS))
        yield browser.new_context()
        browser.close()


class Tabs:
    """Tabs of one browser, with the errors that their pages log and the frames that they send.

    Args:
        browser: the browser that opens them.
    """

    def __init__(self, browser: BrowserContext) -> None:
        self.browser = browser
        self.pages: list[Page] = []
        self.by_address: dict[str, Page] = {}
        self.complaints: list[str] = []
        self.sent: list[object] = []

    def open(
        self,
        address: str,
        viewport: ViewportSize = LAPTOP,
        theme: Literal["light", "dark"] = "light",
    ) -> Page:
        """Open an address in a new tab, and wait until it is drawn."""
        page = self.browser.new_page()
        self.pages.append(page)
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=theme)
        page.set_default_timeout(PATIENCE)
        _listen(page, urlsplit(address).netloc, self.complaints)
        page.on("websocket", self.record)
        page.goto(address)
        return finish(page)

    def look_at(self, address: str) -> Page:
        """Return the tab with an address, on a laptop in light; it is opened only once."""
        if address not in self.by_address:
            self.by_address[address] = self.open(address)
        page = self.by_address[address]
        page.bring_to_front()
        reset_looks(page)
        return page

    def check(self) -> None:
        """Assert that no page complained since the last check."""
        complaints = [*self.complaints]
        self.complaints.clear()
        assert complaints == []

    def close(self) -> None:
        for page in self.pages:
            page.close()

    def record(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: self.sent.append(frame))


@pytest.fixture
def tabs(browser: BrowserContext) -> Iterator[Tabs]:
    """Return the tabs of one test.

    Whatever a test does, its pages may log no error, and may ask no other machine for anything.
    """
    tabs = Tabs(browser)
    yield tabs
    tabs.close()
    tabs.check()


@pytest.fixture(scope="module")
def shared_tabs(browser: BrowserContext) -> Iterator[Tabs]:
    """Return the tabs that the tests of a module share."""
    tabs = Tabs(browser)
    yield tabs
    tabs.close()
    tabs.check()


@pytest.fixture
def sent(tabs: Tabs) -> list[object]:
    """Return the frames that the pages of a test send to the server; the list grows."""
    return tabs.sent


@pytest.fixture
def shared_sent(shared_tabs: Tabs) -> list[object]:
    """Return the frames that the tabs of a module send from now on; the list grows."""
    shared_tabs.sent.clear()
    return shared_tabs.sent


@pytest.fixture
def open_address(tabs: Tabs) -> OpenPage:
    """Return a function that opens an address in a new tab and waits until it is drawn."""
    return tabs.open


@pytest.fixture
def open_page(tabs: Tabs, lab: str) -> OpenPage:
    """Return a function that opens a page of the shared lab, by the end of its address."""
    return lambda end="", **looks: tabs.open(lab + end, **looks)


@pytest.fixture
def look_at(shared_tabs: Tabs, lab: str) -> Iterator[OpenPage]:
    """Return a function that shows a page of the shared lab, by the end of its address.

    A page is opened once for all tests of a module: they look at it, and change nothing of it
    that another one sees.
    """
    yield lambda end="": shared_tabs.look_at(lab + end)
    shared_tabs.check()


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
