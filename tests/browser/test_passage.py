"""What only a browser can tell of the way between two images."""

import numpy as np
import pytest
from playwright.sync_api import expect

from core.explore.decoding import decode
from core.explore.interpolation import PATHS
from core.recipes import recipe
from core.runs import open_run
from core.verdicts.interpolations import PATH_WORDS
from tests.browser.conftest import PHONE, assert_nothing_sent, choices
from tests.browser.fingers import changed, drag, drawn, kept, pixels, ready, slide
from tests.browser.looks import BEYOND

pytestmark = pytest.mark.browser

TEN = "interpolations?data=digits&latents=10"
LARGE, STRIPS, GALLERY = ".passage-large canvas", ".passage-line canvas", ".gallery button"
PLACE = "Place on the way"
COLLAPSED = 3
"""The β-VAE of this family draws the same picture everywhere."""


def test_every_picture_follows_in_the_next_frame_and_the_strips_stay(look_at):
    page = ready(look_at(TEN))
    slider, before = page.get_by_role("slider", name=PLACE), drawn(page, STRIPS)
    moved = slide(slider, 3, LARGE)
    assert [place for place, moves in enumerate(moved) if moves] == [0, 1, 2, 4]
    assert drawn(page, STRIPS) == before


def test_a_link_restores_pair_way_and_place(open_page):
    page = ready(open_page(TEN))
    page.locator(GALLERY).nth(21).click()
    page.locator(GALLERY).nth(8).click()
    page.get_by_role("button", name="Great circle").click()
    page.get_by_role("slider", name=PLACE).press("ArrowRight")
    page.locator(STRIPS).first.click(position={"x": 200, "y": 10})
    before = drawn(page)
    kept(page, "place", "[1-4]0")
    page.reload()
    assert drawn(page) == before


@pytest.mark.parametrize("words", PATH_WORDS)
def test_the_strip_is_the_path_that_is_measured(open_page, words):
    """An old link names any two test images, and the path."""
    page = open_page(f"{TEN}&first=140&second=77&path={words.replace(' ', '+')}&place=30")
    run = open_run(recipe("digits", "vae", 10).key)
    start, end = run.codes["mean"][[140, 77]]
    codes = PATHS[PATH_WORDS[words]](start, end, 11)
    expected = decode(run.model, codes.astype(np.float32))
    strip = pixels(drawn(page, STRIPS)[2]) / 255
    for frame in (0, 3, 10):
        tile = strip[:, 9 * frame : 9 * frame + 8]
        np.testing.assert_allclose(tile, expected[frame], atol=1 / 255)
    large = pixels(drawn(page, LARGE)[2]) / 255
    np.testing.assert_allclose(large, expected[3], atol=1 / 255)


def test_blending_is_the_mean_of_both_images(look_at):
    page = look_at(TEN)
    images = [pixels(picture).astype(float) for picture in drawn(page, ".passage-ends canvas")]
    strip = pixels(drawn(page, STRIPS)[4])
    np.testing.assert_allclose(strip[:, 45:53], sum(images) / 2, atol=1)


def test_dragging_and_picking_ask_the_server_for_nothing(look_at, shared_sent):
    page = ready(look_at(TEN))
    shared_sent.clear()
    drag(page, page.get_by_role("slider", name=PLACE), 0.5, 0.9)
    before = drawn(page, LARGE)
    page.locator(GALLERY).nth(13).click()
    page.locator(GALLERY).nth(28).click()
    page.get_by_role("button", name="Great circle").click()
    assert all(changed(before[:COLLAPSED], drawn(page, LARGE)[:COLLAPSED]))
    assert shared_sent == []
    link = kept(page, "way", "Great circle")
    assert 85 < float(link["place"]) < 95
    assert_nothing_sent(page, shared_sent, "path")
    assert choices(page).items() >= link.items()


def test_arrows_choose_in_the_gallery_and_it_is_said(look_at):
    page = ready(look_at(TEN))
    first = page.locator(f"{GALLERY}[tabindex='0']")
    first.press("ArrowDown")
    chosen = page.evaluate("() => document.activeElement.shadowRoot?.activeElement.title ?? ''")
    page.keyboard.press("Enter")
    expect(page.locator(".instrument .heard")).to_contain_text(f"from {chosen} to")
    texts = page.locator(".instrument canvas").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert all(texts)


def test_it_plays_when_asked_and_two_at_random_are_of_different_classes(open_page):
    page = ready(open_page(TEN))
    place = page.locator(".passage output")
    expect(place).to_have_text("50 % of the way")
    page.get_by_role("button", name="Play").click()
    expect(place).not_to_have_text("50 % of the way")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Two at random").click()
    titles = page.locator(f"{GALLERY}[aria-pressed='true']").evaluate_all(
        "all => all.map(one => one.title.split('“')[1])"
    )
    assert len(titles) == len({*titles}) == 2


def test_it_fits_a_phone(open_page):
    page = ready(open_page(TEN, viewport=PHONE))
    assert page.evaluate(BEYOND) == []
