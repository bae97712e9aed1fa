"""How soon are the first screen and a changed picture there, how fast are films, how much memory?

python -m tests.benchmarks.app [--quick]

Measured in a headless Chromium. Latency is taken inside the page, from the key that moves the
control to the last frame in which a picture changed, and held against an empty Streamlit page
(`blank.py`) that takes turns with each of ours."""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil
from playwright.sync_api import Browser, Error, Page, sync_playwright

from core.shelf import SHELF
from tests import chromium
from tests.benchmarks.measure import ROOT, alternate, figure, machine, report

PAGES = (
    "",
    "latent_space",
    "sampling",
    "noise",
    "likelihood",
    "priors",
    "traversals",
    "interpolations",
    "disentanglement",
)
DATA = {"digits": 2, "mnist": 2, "sprites": 10}
PATIENCE = 120_000
"""Milliseconds after which a page that is not finished counts as broken."""


class Control(NamedTuple):
    """A slider or a field that changes a picture.

    Args:
        name: its name in the table.
        address: page and choices that show it.
        label: the beginning of its label.
        picture: CSS selector of what it changes.
        presses: steps to the right, or up, that give a picture that was not drawn before.
        kind: Streamlit's name of the widget.
    """

    name: str
    address: str
    label: str
    picture: str
    presses: int
    kind: str = "stSlider"


SHEETS = '[data-testid="stMain"] img'
FIELD = "stNumberInput"
BLANKS = {
    FIELD: Control("an empty page with a field", "", "Grey by number", SHEETS, 255, FIELD),
}
KEYS = {"stSlider": "ArrowRight", FIELD: "ArrowUp"}
"""Kind of control -> the key that moves it on."""
INTERPOLATIONS = "interpolations?data=sprites&latents=10"
CONTROLS = (
    Control(
        "another image and its likelihood (Likelihood)",
        "likelihood?data=digits&latents=10&part=The+bound",
        "Test image",
        SHEETS,
        20,
        FIELD,
    ),
)

FINISHED = """() => {
    const all = css => [...document.querySelectorAll(css)];
    const app = document.querySelector('[data-testid="stApp"]');
    const unfinished = ['stSkeleton', 'stAppSkeleton', 'stSpinner', 'stProgress']
        .map(id => `[data-testid="${id}"]`);
    const images = all('[data-testid="stMain"] img');
    const charts = all('[data-testid="stPlotlyChart"]');
    const roots = all('*').map(node => node.shadowRoot).filter(Boolean);
    const instruments = roots.map(root => root.querySelector('.instrument')).filter(Boolean);
    const done = app?.dataset.testScriptState === 'notRunning'
        && document.querySelector('h1')?.innerText
        && !all([...unfinished, '[data-stale="true"]'].join()).length
        && images.length + charts.length + instruments.length
        && instruments.every(instrument => instrument.dataset.ready)
        && images.every(image => image.complete && image.naturalWidth)
        && charts.every(chart => chart.querySelector('.main-svg'));
    window.calm = done ? (window.calm ?? performance.now()) : undefined;
    const calm = done && performance.now() - window.calm >= CALM;
    return calm ? performance.timeOrigin + window.calm : false;
}"""

WATCH = """selector => {
    const end = text => text.length + text.slice(-99);
    const source = p => p.tagName === 'IMG' ? end(p.currentSrc) + p.complete : end(p.href.baseVal);
    const nodes = [...document.querySelectorAll('*')];
    const shadows = nodes.map(node => node.shadowRoot).filter(Boolean);
    const roots = [document, ...shadows.filter(root => root.querySelector(selector))];
    const pictures = () => roots.flatMap(root => [...root.querySelectorAll(selector)]);
    const look = () => pictures().map(source).join();
    let seen = look();
    addEventListener('keydown', () => {
        window.pressed = performance.now();
        window.changed = undefined;
    }, true);
    const frame = () => {
        const looks = look();
        if (looks !== seen) { seen = looks; window.changed = performance.now(); }
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""

SETTLED = """() => {
    const app = document.querySelector('[data-testid="stApp"]');
    const calm = app.dataset.testScriptState === 'notRunning'
        && performance.now() - window.changed > 300;
    return calm ? window.changed - window.pressed : false;
}"""

COUNT = """() => {
    const pen = CanvasRenderingContext2D.prototype, draw = pen.drawImage;
    window.drawn = new Map();
    pen.drawImage = function (...all) {
        drawn.set(this.canvas, (drawn.get(this.canvas) ?? 0) + 1);
        return draw.apply(this, all);
    };
}"""

ONE_SECOND = """async () => {
    drawn.clear();
    const start = performance.now();
    await new Promise(done => setTimeout(done, 1000));
    return Math.max(0, ...drawn.values()) / (performance.now() - start) * 1000;
}"""


@contextmanager
def opened() -> Iterator[Browser]:
    """Open the system's Chromium, and close it again."""
    path = chromium.find()
    if path is None:
        sys.exit(chromium.HOW_TO_INSTALL)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.FLAGS))
        yield browser
        browser.close()


def main() -> None:
    """Measure and print."""
    options = _options()
    with opened() as browser:
        figures = [_first_screen(browser, 1 if options.quick else 3)]
        with running("dashboard.py") as lab, running("tests/benchmarks/blank.py") as blank:
            for control in CONTROLS:
                presses = 3 if options.quick else control.presses
                figures += _latency(browser, lab, blank, control, presses)
            figures.append(_films(browser, lab, 2 if options.quick else 5))
        figures.append(_memory(browser))
    report("app", figures, device=machine())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few rounds: does it run?")
    return parser.parse_args()


class Server(NamedTuple):
    """A Streamlit server: its address, its process, and its start in seconds since 1970."""

    address: str
    process: psutil.Popen
    started: float


@contextmanager
def lab_of_its_own() -> Iterator[tuple[Server, Path]]:
    """Start the lab on a copy of the shelf, and give the server and that folder."""
    with tempfile.TemporaryDirectory() as folder:
        shelf = shutil.copytree(SHELF, Path(folder) / "shelf", ignore=shutil.ignore_patterns(".*"))
        with running("dashboard.py", LATENT_LAB_SHELF=str(shelf)) as lab:
            yield lab, shelf


@contextmanager
def running(script: str, root: Path = ROOT, **variables: str) -> Iterator[Server]:
    """Start a script of a checkout as `streamlit run` does, and give its server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        script,
        "--server.headless=true",
        f"--server.port={port}",
    ]
    log = ROOT / ".bench" / f"{Path(script).stem}.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("w") as output:
        started = time.time()
        environment = {**os.environ, **variables}
        # On a warm disk the lab's modules are compiled.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        process = psutil.Popen(
            command, cwd=root, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_for_port(port, process, log)
            yield Server(f"http://127.0.0.1:{port}/", process, started)
        finally:
            process.terminate()
            process.wait()


def _wait_for_port(port: int, process: psutil.Popen, log: Path) -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"the server stopped; {log} says why")


def open_page(browser: Browser, address: str) -> tuple[Page, float]:
    """Return the page once it is finished, and when that was, in seconds since 1970."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(address, wait_until="commit")
    try:
        done = page.wait_for_function(
            FINISHED.replace("CALM", "500"), timeout=PATIENCE, polling="raf"
        ).json_value()
    except Error:
        page.screenshot(path=ROOT / ".bench" / "unfinished.png")
        sys.exit(f"{address} was not finished in time; .bench/unfinished.png shows it")
    return page, done / 1000


def close_page(page: Page) -> None:
    """Close a page and all that was kept for it."""
    page.context.close()


def _first_screen(browser: Browser, rounds: int) -> dict:
    """Return seconds from the start of the server to the front page with all its pictures.

    The first round, which is not counted, warms the disk.
    """
    seconds = alternate({"seconds": partial(_start, browser)}, rounds)["seconds"]
    return figure("From `streamlit run` to the first finished screen", seconds, "s", "at most 5 s")


def _start(browser: Browser) -> float:
    with running("dashboard.py") as lab:
        page, done = open_page(browser, lab.address)
        close_page(page)
        return done - lab.started


def _latency(
    browser: Browser, lab: Server, blank: Server, control: Control, presses: int
) -> list[dict]:
    """Return milliseconds from key to picture, of a control and the empty page in turn."""
    bare = BLANKS[control.kind]
    pages = {
        control.name: focused_page(browser, lab, control),
        bare.name: focused_page(browser, blank, bare),
    }
    key = KEYS[control.kind]
    presses_of = {name: partial(press_key, page, key) for name, page in pages.items()}
    values_of = alternate(presses_of, presses - 1)
    for page in pages.values():
        close_page(page)
    empty = median(values_of[bare.name])
    above = [value - empty for value in values_of[control.name]]
    return [
        *(figure(f"Key to picture: {name}", values, "ms") for name, values in values_of.items()),
        figure(
            f"Key to picture: {control.name}, above the empty page",
            above,
            "ms",
        ),
    ]


def focused_page(browser: Browser, server: Server, control: Control) -> Page:
    """Return a finished page that is watched and whose control has the focus."""
    page, _ = open_page(browser, server.address + control.address)
    page.evaluate(WATCH, control.picture)
    row = page.locator(f'[data-testid="{control.kind}"]').filter(has_text=control.label)
    row.locator("input").focus()
    return page


def press_key(page: Page, key: str) -> float:
    """Press a key and return the milliseconds until the picture has changed for good."""
    page.bring_to_front()
    page.keyboard.press(key)
    return page.wait_for_function(SETTLED, timeout=PATIENCE, polling="raf").json_value()


def _films(browser: Browser, lab: Server, rounds: int) -> dict:
    """Return the frames that the Interpolations page draws while it plays, second by second."""
    page, _ = open_page(browser, lab.address + INTERPOLATIONS)
    page.evaluate(COUNT)
    page.get_by_role("button", name="Play").click()
    seconds = [page.evaluate(ONE_SECOND) for _ in range(rounds + 1)][1:]
    close_page(page)
    return figure(
        "Frames drawn while it plays (Interpolations)", seconds, "per second", "at least 30"
    )


def _memory(browser: Browser) -> dict:
    """Return the megabytes of a fresh server after every page was opened for every data set."""
    with running("dashboard.py") as lab:
        for name, latents in DATA.items():
            for place in PAGES:
                page, _ = open_page(browser, f"{lab.address}{place}?data={name}&latents={latents}")
                close_page(page)
        family = [lab.process, *lab.process.children(recursive=True)]
        resident = sum(process.memory_info().rss for process in family) / 1e6
    return figure(
        "Resident memory after every page, all data sets", [resident], "MB", "at most 690 MB"
    )


if __name__ == "__main__":
    main()
