"""How soon does a training show itself, how long does it take, do other pages stay as quick?

python -m tests.benchmarks.studio [--quick]

All is measured in a headless Chromium, on a copy of the shelf. A slider is moved without a
training and with one, in turn; during a training its page is open and refreshes itself, as in a
lecture.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from functools import partial
from statistics import median

from playwright.sync_api import Browser, Page, expect, sync_playwright

from core.config import DataConfig
from core.data import missing
from tests import chromium
from tests.benchmarks.app import (
    CONTROLS,
    KEYS,
    PATIENCE,
    Control,
    Server,
    close_page,
    focused_page,
    lab_of_its_own,
    press_key,
)
from tests.benchmarks.measure import alternate, figure, machine, ratios, report

FORMED = """() => {
    const said = document.querySelector('[data-testid="stProgress"]')?.innerText ?? '';
    const boxes = [...document.querySelectorAll('[data-testid="stAlert"]')];
    const done = PATTERN.test(said) || boxes.some(box => box.innerText.includes('shelf'));
    return done ? performance.timeOrigin + performance.now() : false;
}"""
BESIDE = (
    {"digits": "train?data=digits&digits_epochs=500&train_width=Double"}
    | ({} if missing(DataConfig(name="mnist")) else {"mnist": "train?data=mnist&mnist_epochs=500"})
    | {"sprites": "train?data=sprites&latents=10&sprites_epochs=500"}
)
"""Data set -> a training that takes longer than its measurement."""
FIELD = CONTROLS[0]


def main() -> None:
    """Measure and print."""
    options = _options()
    path = chromium.find()
    if path is None:
        sys.exit(chromium.HOW_TO_INSTALL)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright, lab_of_its_own() as (lab, _):
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.FLAGS))
        figures = [*_starts(browser, lab, options.rounds), *_live(browser, lab, options)]
        for name in BESIDE:
            figures += _beside(browser, lab, name, options)
        browser.close()
    report("studio", figures, device=machine())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--presses", type=int, default=10, help="of the slider in a round")
    parser.add_argument("--epochs", type=int, default=200, help="of the digits VAE")
    parser.add_argument("--quick", action="store_true", help="few rounds: does it run?")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.presses, options.epochs = 1, 3, 10
    return options


def _starts(browser: Browser, lab: Server, rounds: int) -> list[dict]:
    """Return seconds from pressing Start to the first progress on the page."""
    page = _studio(browser, lab.address + "train?data=digits&digits_epochs=500&train_seed=1")
    seconds = alternate({"seconds": partial(_start_and_stop, page)}, rounds)["seconds"]
    close_page(page)
    return [figure("From Start to the first visible progress", seconds, "s", "at most 2 s")]


def _start_and_stop(page: Page) -> float:
    seconds = _start(page, r"/Epoch \d/")
    _stop(page)
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    return seconds


def _live(browser: Browser, lab: Server, options: argparse.Namespace) -> list[dict]:
    """Return seconds from pressing Start to a digits VAE of the usual recipe on the shelf."""
    seconds = []
    for seed in range(options.rounds):
        address = f"train?data=digits&digits_epochs={options.epochs}&train_seed={100 + seed}"
        page = _studio(browser, lab.address + address)
        seconds.append(_start(page, "/(?!)/"))
        close_page(page)
    return [figure("A digits VAE from Start to finished, watched", seconds, "s", "at most 15 s")]


def _beside(browser: Browser, lab: Server, name: str, options: argparse.Namespace) -> list[dict]:
    """Return milliseconds from key to picture on another page, with a training and without."""
    train = _studio(browser, lab.address + BESIDE[name])
    rounds: dict[str, list[float]] = {"without": [], "with": []}
    for turn in range(2 * options.rounds):
        kind = ("without", "with", "with", "without")[turn % 4]
        if kind == "with":
            _start(train, r"/images\/s/")
        # Other images each time, so that no picture was drawn before.
        first = 2 * (options.presses + 1) * turn
        control = FIELD._replace(address=f"{FIELD.address}&image={first}")
        rounds[kind].append(_latency(browser, lab, control, options.presses))
        if kind == "with":
            _stop(train)
    close_page(train)
    what = f"Key to picture while {name} are trained"
    share = ratios(rounds["with"], rounds["without"])
    return [
        figure(what, rounds["with"], "ms"),
        figure(f"{what}, over without", share, "times", "at most 1.5 (median)"),
    ]


def _latency(browser: Browser, lab: Server, control: Control, presses: int) -> float:
    page = focused_page(browser, lab, control)
    reached = [press_key(page, KEYS[control.kind]) for _ in range(presses + 1)][1:]
    close_page(page)
    return median(reached)


def _studio(browser: Browser, address: str) -> Page:
    """Return the Train page, ready to start."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    return page


def _start(page: Page, pattern: str) -> float:
    """Press Start or Continue, and return the seconds until the progress matches or is over.

    Args:
        page: the Train page.
        pattern: of the text at the progress bar, a regular expression of JavaScript.
    """
    main = page.get_by_test_id("stMain")
    page.bring_to_front()
    pressed = time.time()
    main.get_by_role("button", name=re.compile("^(Start|Continue)$")).click()
    formed = page.wait_for_function(
        FORMED.replace("PATTERN", pattern), timeout=PATIENCE, polling="raf"
    ).json_value()
    return formed / 1000 - pressed


def _stop(page: Page) -> None:
    main = page.get_by_test_id("stMain")
    main.get_by_role("button", name="Stop", exact=True).click()
    expect(main.get_by_role("button", name="Continue")).to_be_visible()


if __name__ == "__main__":
    main()
