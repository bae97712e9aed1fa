"""How smoothly do pictures follow a finger, and how soon may it begin?

python -m tests.benchmarks.fingers [--quick] [--against FOLDER]

Measured in a headless Chromium. A script in the page moves a slider, or the pointer, in every
animation frame, and notes in which frames a picture was painted, how long that took, and what was
sent to the server meanwhile. The first screen takes turns with an empty Streamlit page, and with
the first screen of another checkout in FOLDER if there is one."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

from playwright.sync_api import Browser, Page

from tests.benchmarks.app import PATIENCE, Server, open_page, opened, running
from tests.benchmarks.measure import ROOT, alternate, figure, machine, report

SECONDS = 3


class Finger(NamedTuple):
    """Something that a finger moves.

    Args:
        name: in the table.
        address: page and choices that show it.
        css: of the slider or the plane, within the instrument.
    """

    name: str
    address: str
    css: str


FINGERS = (
    Finger("the path, four MNIST models", "?data=mnist&latents=10", ".path input[type=range]"),
    Finger("four planes, MNIST", "latent_space?data=mnist&latents=2", ".planes canvas[tabindex]"),
    Finger(
        "a latent of ten, sprites 32x32",
        "traversals?data=sprites&latents=10&model=β-VAE",
        ".sliders input[type=range]:last-of-type",
    ),
    Finger(
        "sheets of random sprites 32x32",
        "sampling?data=sprites&latents=10",
        ".grid input[type=range]",
    ),
    Finger("the scrub over η, MNIST", "noise?data=mnist&latents=10", ".scrub input[type=range]"),
)

MOVE = """async ([css, seconds]) => {
    const roots = [...document.querySelectorAll('*')].map(node => node.shadowRoot).filter(Boolean);
    const element = roots.map(root => root.querySelector(css)).find(Boolean);
    const box = element.getBoundingClientRect();
    const pen = CanvasRenderingContext2D.prototype;
    let painted = 0;
    for (const name of ['putImageData', 'drawImage']) {
        const draw = pen[name];
        pen[name] = function (...all) {
            painted = performance.now();
            return draw.apply(this, all);
        };
    }
    const move = share => {
        if (element.type === 'range') {
            const [low, high] = [Number(element.min), Number(element.max)];
            element.value = low + share * (high - low);
            element.dispatchEvent(new Event('input', { bubbles: true }));
        } else {
            element.dispatchEvent(new PointerEvent('pointermove', {
                pointerType: 'mouse', bubbles: true,
                clientX: box.left + share * box.width, clientY: box.top + share * box.height }));
        }
    };
    const frame = () => new Promise(requestAnimationFrame);
    await frame();
    const start = performance.now(), gaps = [], waits = [];
    let before = start, drawn = 0, step = 0;
    while (performance.now() - start < 1000 * seconds) {
        const moved = performance.now();
        move(0.5 - 0.5 * Math.cos(step++ / 20));
        await frame();
        await 0;
        const now = performance.now();
        gaps.push(now - before);
        before = now;
        if (painted >= moved) { drawn++; waits.push(now - moved); }
    }
    return { frames: drawn / (performance.now() - start) * 1000, gaps, waits };
}"""

DRAGGABLE = """() => {
    const roots = [...document.querySelectorAll('*')].map(node => node.shadowRoot).filter(Boolean);
    const ready = roots.some(root => root.querySelector('.instrument[data-ready]'))
        || document.querySelector('[data-testid="stSlider"] input');
    return ready ? performance.now() : false;
}"""


def main() -> None:
    """Measure and print."""
    options = _options()
    rounds = 1 if options.quick else 5
    with opened() as browser:
        with running("dashboard.py") as lab, running("tests/benchmarks/blank.py") as blank:
            figures = _first_screen(browser, lab, blank, rounds)
            for finger in FINGERS:
                figures += _drag(browser, lab, finger, 1 if options.quick else SECONDS)
        if options.against:
            figures += _starts(browser, options.against, rounds)
    report("fingers", figures, device=machine())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few rounds: does it run?")
    parser.add_argument("--against", type=Path, help="another checkout of the lab")
    return parser.parse_args()


def _drag(browser: Browser, lab: Server, finger: Finger, seconds: float) -> list[dict]:
    page, _ = open_page(browser, lab.address + finger.address)
    page.wait_for_function(DRAGGABLE, timeout=PATIENCE)
    # A socket that is open already reports no frames, so the page counts what it sends itself.
    page.evaluate(
        "() => { window.sent = 0; const send = WebSocket.prototype.send;"
        " WebSocket.prototype.send = function (...all) {"
        " window.sent++; return send.apply(this, all); }; }"
    )
    moved = page.evaluate(MOVE, [finger.css, seconds])
    sent_frames = page.evaluate("window.sent")
    page.context.close()
    late = quantiles(moved["waits"], n=20)[-1]
    return [
        figure(f"Frames painted: {finger.name}", [moved["frames"]], "per second", "at least 55"),
        figure(f"Move to pixels, p95: {finger.name}", [late], "ms", "at most 33 ms"),
        figure(f"Messages to the server: {finger.name}", [sent_frames], "messages", "0"),
    ]


def _first_screen(browser: Browser, lab: Server, blank: Server, rounds: int) -> list[dict]:
    """Return seconds from a cold link until a finger may drag, of ours and of an empty page."""
    names = {"the lab": lab, "an empty page": blank}
    contenders = {name: partial(_draggable, browser, server) for name, server in names.items()}
    reached = alternate(contenders, rounds)
    above = [ours - empty for ours, empty in zip(*reached.values(), strict=True)]
    figures = [figure(f"Draggable: {name}", values, "s") for name, values in reached.items()]
    goal = "at most 0.5 s"
    return [*figures, figure("Draggable: the lab, after an empty page", above, "s", goal)]


def _draggable(browser: Browser, server: Server) -> float:
    page: Page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.goto(server.address, wait_until="commit")
    ready = page.wait_for_function(DRAGGABLE, timeout=PATIENCE, polling="raf").json_value()
    page.context.close()
    return ready / 1000


def _starts(browser: Browser, other: Path, rounds: int) -> list[dict]:
    """Return seconds from the start of a server to its first screen, of both checkouts."""
    roots = {"here": ROOT, "there": other}
    contenders = {name: partial(_start, browser, root) for name, root in roots.items()}
    reached = alternate(contenders, rounds)
    ratio = [ours / theirs for ours, theirs in zip(*reached.values(), strict=True)]
    figures = [figure(f"First finished screen: {name}", v, "s") for name, v in reached.items()]
    return [*figures, figure("First finished screen: here over there", ratio, "", "at most 1")]


def _start(browser: Browser, root: Path) -> float:
    with running("dashboard.py", root) as lab:
        page, done = open_page(browser, lab.address)
        page.context.close()
        return done - lab.started


if __name__ == "__main__":
    main()
