"""The first screen: four pictures under one finger, and an answer that needs no click."""

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, choices

pytestmark = pytest.mark.browser

READY = ".instrument[data-ready]"
PIXELS = """name => [...document.querySelectorAll('*')]
    .flatMap(node => [...(node.shadowRoot?.querySelectorAll(name) ?? [])])
    .map(canvas => {
        const { width, height } = canvas;
        return [...canvas.getContext('2d').getImageData(0, 0, width, height).data];
    })
"""


def drawn(page: Page, size: int = 28) -> np.ndarray:
    """Return the pixels of the four pictures (4, size, size)."""
    page.evaluate("() => new Promise(requestAnimationFrame)")
    rows = page.evaluate(PIXELS, ".path-pictures canvas")
    return np.array(rows).reshape(4, size, size, 4)[..., 0]


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="The way from the code of a real image")


def drag(page: Page, *shares: float) -> Iterator[None]:
    """Drag the slider from its right end to some shares of its width, and stop at each."""
    box = slider(page).bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 8, middle)
    page.mouse.down()
    for share in shares:
        page.mouse.move(box["x"] + share * box["width"], middle, steps=5)
        yield
    page.mouse.up()


def test_the_answer_and_four_pictures_need_no_click_and_no_scroll(look_at):
    page = look_at()
    page.set_viewport_size({"width": 1280, "height": 720})
    page.locator(READY).wait_for()
    for name in ("AE", "Noisy AE, η = 0.05", "VAE", "β-VAE, β = 4"):
        expect(page.locator("figcaption", has_text=name).first).to_be_in_viewport(ratio=1)
    said = page.get_by_text("the VAE's random codes decode to better images than the AE's")
    expect(said).to_be_in_viewport(ratio=1)
    assert slider(page).input_value() == "1000"
    assert (drawn(page).std(axis=(1, 2)) > 10).all()


def test_a_drag_moves_all_four_and_asks_the_server_for_nothing(open_page, sent):
    page = open_page("?data=mnist&latents=10")
    page.locator(READY).wait_for()
    before = drawn(page)
    sent.clear()
    middle, start = (drawn(page) for _ in drag(page, 0.5, 0))
    page.wait_for_url("**path=0%2C0%2C0**")
    for one, other in ((before, middle), (middle, start), (before, start)):
        assert (np.abs(one - other).mean(axis=(1, 2)) > 1).all()
    assert sent == []


def test_keys_and_dice_change_the_pictures_and_a_link_brings_them_back(open_page, sent):
    page = open_page("?data=mnist&latents=10")
    page.locator(READY).wait_for()
    sent.clear()
    slider(page).press("ArrowLeft")
    page.get_by_role("button", name="Another pair").click()
    page.wait_for_url("**path=0.999%2C1%2C0**")
    after = drawn(page)
    assert sent == []
    other = open_page(f"?data=mnist&latents=10&path={choices(page)['path']}")
    other.locator(READY).wait_for()
    np.testing.assert_array_equal(drawn(other), after)


def test_nonsense_in_the_link_falls_back(open_page, lab):
    page = open_page("?data=digits&latents=2&path=nonsense")
    for path in ("2,-1,9", "0.5,1e9,0", "NaN,0,0"):
        page.locator(READY).wait_for()
        assert (drawn(page, 8).std(axis=(1, 2)) > 10).all()
        page.goto(f"{lab}?data=digits&latents=2&path={path}")
    page.locator(READY).wait_for()
    assert (drawn(page, 8).std(axis=(1, 2)) > 10).all()


def test_on_a_phone_the_models_stand_two_by_two_and_a_finger_drags(browser, lab):
    context = browser.browser.new_context(has_touch=True, viewport=PHONE)
    page = context.new_page()
    page.goto(lab)
    page.locator(READY).wait_for()
    boxes = [figure.bounding_box() for figure in page.locator(".path-pictures figure").all()]
    assert boxes[0]["y"] == boxes[1]["y"] < boxes[2]["y"] == boxes[3]["y"]
    assert boxes[0]["x"] == boxes[2]["x"] < boxes[1]["x"] == boxes[3]["x"]
    assert boxes[1]["x"] + boxes[1]["width"] <= PHONE["width"]
    before = drawn(page)
    slider(page).tap(position={"x": 20, "y": 16})
    page.wait_for_url("**path=0.**")
    assert (np.abs(drawn(page) - before).mean(axis=(1, 2)) > 1).all()
    context.close()


def test_a_browser_without_webassembly_shows_the_still_picture_and_says_so(lab, browser):
    page = browser.new_page()
    page.add_init_script("WebAssembly.instantiate = () => Promise.reject(new Error('forbidden'))")
    page.goto(f"{lab}?data=digits&latents=2")
    expect(page.get_by_text("This browser should run WebAssembly with SIMD")).to_be_visible()
    still = page.locator("img.still")
    expect(still).to_be_visible()
    assert still.evaluate("image => image.decode().then(() => image.naturalWidth)") > 150
    page.close()
