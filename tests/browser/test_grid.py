"""What only a browser can tell of grids: they follow a slider, and the server hears nothing."""

import base64
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from core.explore.decoding import decode
from core.recipes import recipe
from core.ui.kit import cache, draws
from tests.browser.conftest import LAPTOP, PHONE, choices
from tests.browser.fingers import FRAME, changed, drag, drawn
from tests.browser.looks import BEYOND

pytestmark = pytest.mark.browser

SAMPLING = "sampling?data=digits&latents=2"
NOISE = "noise?data=digits&latents=10"
MODELS = 4
SHEETS, CANVASES = ".instrument canvas.sheet", ".instrument canvas"


def slider(page: Page, label: str) -> Locator:
    return page.get_by_role("slider", name=label, exact=True)


def test_dragging_the_box_decodes_anew_and_asks_the_server_for_nothing(look_at, shared_sent):
    page = look_at(SAMPLING)
    before = drawn(page, SHEETS)
    shared_sent.clear()
    drag(page, slider(page, "Half-width, × the fitted box"), 1 / 3, 0.9)
    assert changed(before, drawn(page, SHEETS)) == [True] * MODELS + [False] * MODELS
    assert float(choices(page)["times"]) == pytest.approx(2.7, abs=0.1)
    page.get_by_role("radio", name="Uniform box").click()
    expect(page.get_by_text("With codes from Uniform box")).to_be_visible()
    assert len(shared_sent) == 1
    assert "times" in choices(page)


IN_ITS_FRAME = """range => new Promise(resolve => {
    const sheet = range.getRootNode().querySelector('canvas.sheet'), before = sheet.toDataURL();
    range.value = 2;
    range.dispatchEvent(new Event('input'));
    requestAnimationFrame(() => resolve(sheet.toDataURL() !== before));
})"""


def test_what_moves_is_drawn_in_the_next_frame(open_page):
    page = open_page(SAMPLING)
    drawn(page, SHEETS)
    assert slider(page, "Half-width, × the fitted box").evaluate(IN_ITS_FRAME)


def test_a_key_and_a_mark_move_the_temperature(look_at):
    page = look_at(f"{SAMPLING}&seed=3")
    before = drawn(page, SHEETS)
    slider(page, "Temperature").press("ArrowRight")
    assert changed(before, drawn(page, SHEETS)) == [False] * MODELS + [True] * MODELS
    assert choices(page)["temperature"] == "1.05"
    page.get_by_role("button", name="as it is").click()
    assert drawn(page, SHEETS) == before


def test_a_link_restores_what_the_grid_shows(open_page):
    page = open_page(SAMPLING)
    first = drawn(page, SHEETS)
    page.get_by_role("button", name="one for all").click()
    slider(page, "Half-width, the same for all").press("ArrowRight")
    page.get_by_role("button", name="Fitted mixture").click()
    page.get_by_role("button", name="Draw again").click()
    before = drawn(page, SHEETS)
    assert all(changed(first, before))
    link = choices(page)
    assert link.items() >= {"fit": "false", "width": "3.5", "density": "Fitted mixture"}.items()
    assert link["seed"] == "1"
    page.reload()
    assert drawn(page, SHEETS) == before
    expect(page.get_by_text("half-width 3.50, leaves out")).to_have_count(MODELS)


def test_the_pictures_are_those_that_python_decodes(look_at):
    page = look_at(f"{SAMPLING}&seed=8&density=Fitted+mixture&temperature=0.5")
    config = recipe("digits", "vae", 2)
    source = draws.source_of([config], "mixture", 18, 6)
    expected = decode(cache.run(config).model, source.codes(0, draw=2, amount=0.5))
    sheet = pixels(drawn(page, SHEETS)[MODELS + 2])
    for place in (0, 7, 17):
        top, left = (9 * (place // 6), 9 * (place % 6))
        shown = sheet[top : top + 8, left : left + 8] / 255
        np.testing.assert_allclose(shown, expected[place], atol=1 / 255)


def pixels(picture: str) -> NDArray[np.uint8]:
    """Return the grey levels of a canvas."""
    data = base64.b64decode(picture.split(",")[1])
    return np.asarray(Image.open(BytesIO(data)).convert("L"))


def test_the_scrub_changes_its_panel_alone_and_noise_the_noised_images(look_at, shared_sent):
    page = look_at(NOISE)
    before = drawn(page, CANVASES)
    shared_sent.clear()
    slider(page, "Noise in training, η").press("End")
    at_one = drawn(page, CANVASES)
    assert changed(before, at_one) == [False] * 3 + [True] * 3 + [False] * 3
    expect(page.locator(".instrument .name").nth(1)).to_contain_text("η = 1")
    drag(page, slider(page, "Noise on the codes"), 0.22, 0.8)
    assert changed(at_one, drawn(page, CANVASES)) == [True, False, True] * 3
    stop, noise, *_ = choices(page)["frame"].split(",")
    assert (stop, float(noise)) == ("5", pytest.approx(0.8, abs=0.05))
    page.get_by_role("radio", name="nll").click()
    expect(page.get_by_text("nll, nats per image", exact=True)).to_be_visible()
    assert len(shared_sent) == 1


def test_no_noise_gives_the_reconstructions_and_a_link_restores_the_frame(open_page):
    page = open_page(f"{NOISE}&frame=4,0,2,1")
    config = recipe("digits", "vae", 10)
    expected = decode(cache.run(config).model, cache.run(config).codes["mean"][:1])
    before = drawn(page, CANVASES)
    shown = pixels(before[-1])[9:17, :8] / 255
    np.testing.assert_allclose(shown, expected[0], atol=1 / 255)
    expect(page.get_by_role("button", name="Fitted mixture")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_role("button", name="Draw again").click()
    after = drawn(page, CANVASES)
    assert changed(before, after) == [True, True, False] * 3
    assert choices(page)["frame"] == "4,0,2,2"


def test_the_state_is_said_and_every_picture_has_a_text(look_at):
    page = look_at(NOISE)
    slider(page, "Noise on the codes").press("Home")
    expect(page.locator(".instrument.scrub .heard")).to_contain_text("noise on the codes 0.00·√R")
    texts = page.locator(CANVASES).evaluate_all("all => all.map(one => one.ariaLabel)")
    assert len(texts) == 9
    assert all(texts)


@pytest.mark.parametrize("path", [SAMPLING, NOISE])
def test_both_instruments_fit_a_phone_two_models_abreast(look_at, path):
    page = look_at(path)
    drawn(page, CANVASES)
    page.set_viewport_size(PHONE)
    page.evaluate(FRAME)
    boxes = page.locator(".instrument figure").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().toJSON())"
    )
    assert boxes[0]["top"] == boxes[1]["top"] < boxes[2]["top"]
    assert max(box["right"] for box in boxes) <= PHONE["width"]
    assert page.evaluate(BEYOND) == []
    page.set_viewport_size(LAPTOP)
