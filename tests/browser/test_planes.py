"""The planes and the pad: a finger decodes, a code is an image, a drawing becomes a code."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.checkpoints import SHELF, load
from core.data import read_test_images
from core.explore.layers import decode
from core.instruments import script
from core.recipes import recipe
from tests.browser.fingers import FRAME, drawn, kept, pixels, ready

pytestmark = pytest.mark.browser

LINK = "latent_space?data=digits&latents=2"
UNDER, COPIES = ".planes-under canvas", ".planes-copies canvas"
VAE = recipe("digits", "vae", 2)


def center(page: Page, which: int) -> tuple[float, float]:
    """Return the middle of a plane in the window."""
    box = page.locator(".planes canvas[tabindex]").nth(which).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_pointer_decodes_the_place_under_it_without_the_server(look_at, shared_sent):
    page = ready(look_at(LINK))
    shared_sent.clear()
    x, y = center(page, 2)
    page.mouse.move(x, y)
    page.evaluate(FRAME)
    (origin,) = drawn(page, UNDER)
    run = load(SHELF, VAE.key)
    expected = decode(VAE, run.weights, np.zeros((1, 2)))[0]
    np.testing.assert_allclose(pixels(origin) / 255, expected, atol=0.12)
    page.mouse.down()
    page.mouse.move(x + 60, y + 30, steps=6)
    page.mouse.up()
    link = kept(page, "finger", "2,.*")
    place = np.array([float(number) for number in link["finger"].split(",")[1:]])
    expected = decode(VAE, run.weights, place[None])[0]
    page.evaluate(FRAME)
    np.testing.assert_allclose(pixels(drawn(page, UNDER)[0]) / 255, expected, atol=1.01 / 255)
    assert shared_sent == []


def test_a_code_under_the_pointer_shows_its_image_and_four_reconstructions(look_at):
    page = ready(look_at(LINK))
    run = load(SHELF, VAE.key)
    half = float(np.quantile(np.abs(run.codes["mean"]), 0.998))
    page.locator(".planes canvas[tabindex]").nth(2).focus()
    page.keyboard.press("ArrowRight")
    page.mouse.move(*center(page, 2))
    page.evaluate(FRAME)
    words = page.locator(".planes-image").inner_text()
    image = int(words.split()[2].rstrip(","))
    assert np.hypot(*run.codes["mean"][image]) < 0.2 * half
    original, *copies = drawn(page, COPIES)
    np.testing.assert_array_equal(
        pixels(original), read_test_images(VAE.data, slice(image, image + 1))[0]
    )
    for copy, model in zip(copies, ("ae", "noisy-ae", "vae", "beta-vae"), strict=True):
        config = recipe("digits", model, 2)
        other = load(SHELF, config.key)
        expected = decode(config, other.weights, other.codes["mean"][image][None])[0]
        np.testing.assert_allclose(pixels(copy) / 255, expected, atol=1.01 / 255)


def test_arrows_move_the_finger_and_a_link_brings_it_back(open_page):
    page = ready(open_page(f"{LINK}&finger=1,0,0"))
    before = drawn(page, UNDER)
    page.locator(".planes canvas[tabindex]").nth(1).focus()
    for _ in range(6):
        page.keyboard.press("Shift+ArrowUp")
    link = kept(page, "finger", r"1,0,(0\.\d+|[1-9].*)")
    page.evaluate(FRAME)
    after = drawn(page, UNDER)
    assert before != after
    other = ready(open_page(f"{LINK}&finger={link['finger']}"))
    moved, again = pixels(after[0]).astype(int), pixels(drawn(other, UNDER)[0]).astype(int)
    np.testing.assert_allclose(moved, again, atol=2)


def test_every_place_is_decoded_on_demand(look_at, shared_sent):
    page = ready(look_at(LINK))
    shared_sent.clear()
    before = drawn(page, ".planes canvas[tabindex]")
    page.get_by_role("button", name="what every place decodes to").click()
    kept(page, "plane", "decoded")
    page.wait_for_timeout(300)
    after = drawn(page, ".planes canvas[tabindex]")
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert shared_sent == []


def test_a_drawing_becomes_a_code_of_every_model(look_at, shared_sent):
    page = ready(look_at(LINK))
    page.get_by_text("Draw a digit").click()
    page.locator(".pad[data-ready]").wait_for()
    shared_sent.clear()
    blank = page.locator(".pad canvas.picture").evaluate_all("all => all.map(c => c.toDataURL())")
    sheet = page.locator(".pad-sheet")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=8)
    page.mouse.up()
    page.evaluate(FRAME)
    after = page.locator(".pad canvas.picture").evaluate_all("all => all.map(c => c.toDataURL())")
    assert all(one != other for one, other in zip(blank, after, strict=True))
    expect(page.locator(".pad-note").first).to_contain_text("squared error 0.")
    assert shared_sent == []


CENTRED = """([name, ink, side]) => [...({ centredAsMnist, centredAsDigits })[name](
    Float32Array.from(ink), side)]"""


@pytest.mark.parametrize(
    ("function", "data", "error"),
    [("centredAsMnist", "mnist", 0.07), ("centredAsDigits", "digits", 0.12)],
)
def test_an_image_of_the_data_set_that_is_moved_comes_back_where_it_was(
    browser, function, data, error
):
    page = browser.new_page()
    page.add_script_tag(content=script("centring"))
    errors, centers = [], []
    for image in read_test_images(recipe(data, "vae", 2).data, slice(12)) / 255:
        large = np.kron(image, np.ones((3, 3)))
        side = 2 * len(large)
        ink = np.zeros((side, side))
        ink[7 : 7 + len(large), 3 : 3 + len(large)] = large
        pixels = page.evaluate(CENTRED, [function, ink.ravel().tolist(), side])
        back = np.array(pixels).reshape(image.shape)
        errors.append(np.abs(back - image).mean())
        rows, columns = np.indices(image.shape) + 0.5
        centers.append([(back * rows).sum() / back.sum(), (back * columns).sum() / back.sum()])
    assert np.median(errors) < error
    if data == "mnist":
        np.testing.assert_allclose(centers, 14, atol=0.3)
    page.close()
