"""A finger on an instrument: sliders that are dragged, canvases that are read."""

import base64
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, expect

KEPT = """([key, pattern]) => {
    const words = new URLSearchParams(location.search).get(key);
    return words !== null && new RegExp(`^(${pattern})$`).test(words);
}"""

FRAME = "() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))"
"""Waits until the frame after the next one, in which all is drawn that was asked for before."""

CANVASES = ".instrument canvas"

SLIDE = """async (range, [value, css]) => {
    const canvases = [...range.getRootNode().querySelectorAll(css)];
    const look = () => canvases.map(canvas => canvas.toDataURL());
    const before = look();
    range.value = value;
    range.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise(requestAnimationFrame);
    const after = look();
    return before.map((picture, place) => picture !== after[place]);
}"""


def ready(page: Page) -> Page:
    """Wait until the instruments of a page are there."""
    expect(page.locator(".instrument[data-ready]").first).to_be_visible()
    expect(page.locator(".instrument:not([data-ready])")).to_have_count(0)
    page.evaluate(FRAME)
    return page


def drawn(page: Page, css: str = CANVASES) -> list[str]:
    """Return the picture of each canvas now."""
    ready(page)
    return page.locator(css).evaluate_all("all => all.map(canvas => canvas.toDataURL())")


def changed(before: list[str], after: list[str]) -> list[bool]:
    return [one != other for one, other in zip(before, after, strict=True)]


def slide(slider: Locator, value: float, css: str) -> list[bool]:
    """Move a slider, and return which canvases have changed in the very next frame."""
    return slider.evaluate(SLIDE, [value, css])


def drag(page: Page, slider: Locator, start: float, end: float) -> None:
    """Move the handle of a slider with the mouse, both places as a share of its track."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    places = [box["x"] + 8 + share * (box["width"] - 16) for share in (start, end)]
    middle = box["y"] + box["height"] / 2
    page.mouse.move(places[0], middle)
    page.mouse.down()
    for share in np.linspace(0, 1, 12):
        page.mouse.move(places[0] + share * (places[1] - places[0]), middle)
    page.mouse.up()


def kept(page: Page, key: str, pattern: str) -> dict[str, str]:
    """Wait until the link says of a key what a pattern matches, and return all that it says."""
    page.wait_for_function(KEPT, arg=[key, pattern])
    return page.evaluate("() => Object.fromEntries(new URLSearchParams(location.search))")


def pixels(picture: str) -> NDArray[np.uint8]:
    """Return the grey levels of a canvas."""
    data = base64.b64decode(picture.split(",")[1])
    return np.asarray(Image.open(BytesIO(data)).convert("L"))
