"""Only a browser can click the gallery, and play the films."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import (
    PATIENCE,
    PHONE,
    choices,
    films,
    finish,
    resize,
    strips,
)

pytestmark = pytest.mark.browser

TEN = "interpolations?data=digits&latents=10"

PLACE_OF_TILE = """tile => {
    const plot = [...document.querySelectorAll('.js-plotly-plot')].find(
        plot => plot._fullData.some(trace => trace.customdata?.length));
    const {xaxis, yaxis} = plot._fullLayout, box = plot.getBoundingClientRect();
    const trace = plot._fullData.find(trace => trace.customdata?.length);
    return {
        x: box.left + xaxis._offset + xaxis.d2p(trace.x[tile]),
        y: box.top + yaxis._offset + yaxis.d2p(trace.y[tile]),
        index: trace.text[tile].split(' ').at(-1),
    };
}"""


def click_tile(page: Page, tile: int) -> str:
    """Click an image of the gallery and return its index."""
    place = page.evaluate(PLACE_OF_TILE, tile)
    page.mouse.move(place["x"] - 2, place["y"] - 2)
    page.mouse.move(place["x"], place["y"])
    page.mouse.click(place["x"], place["y"])
    return place["index"]


def test_two_clicks_pick_two_images_and_the_link_says_which(open_page):
    page = open_page(
        "interpolations?data=digits&latents=10", viewport={"width": 1280, "height": 1400}
    )
    before = strips(page)
    first = click_tile(page, 13)
    page.wait_for_url(f"**first={first}*")
    expect(page.get_by_role("radio", name="Second")).to_be_checked()
    expect(page.get_by_role("spinbutton", name="First image")).to_have_value(first)
    second = click_tile(finish(page), 28)
    page.wait_for_url(f"**second={second}*")
    expect(page.get_by_role("radio", name="First")).to_be_checked()
    assert first != second
    after = strips(finish(page))
    assert choices(page)["first"] == first
    assert all(
        before[name] != after[name] for name in ("AE", "Noisy AE", "VAE", "Blending pixels")
    )


def test_the_films_move_together_and_the_strips_stay(look_at):
    page = look_at(TEN)
    before, drawn, link = strips(page), films(page), choices(page)
    slider = page.get_by_role("slider", name="Place on the path")
    slider.press("Home")
    expect(page.get_by_text("0% of the way", exact=True)).to_be_visible()
    at_start = films(page)
    moving = [place for place, film in enumerate(drawn) if film != at_start[place]]
    assert moving == [0, 1, 2, 4]  # the β-VAE of this family has collapsed
    assert strips(page) == before
    assert choices(page) == link


def test_the_films_play_by_themselves(look_at):
    page = look_at(TEN)
    films(page)
    label = page.locator("output")
    before = label.inner_text()
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "old => [...document.querySelectorAll('*')].some(node => { const label ="
        " node.shadowRoot?.querySelector('output'); return label && label.textContent !== old })",
        arg=before,
        timeout=PATIENCE,
    )
    page.get_by_role("button", name="Pause").click()
    expect(label).not_to_have_text(before)


def test_a_link_restores_path_and_pair(open_page):
    page = open_page(
        "interpolations?data=digits&first=40&second=7&path=Great+circle&frames=5&sets=Second"
    )
    expect(page.get_by_role("spinbutton", name="First image")).to_have_value("40")
    expect(page.get_by_role("spinbutton", name="Second image")).to_have_value("7")
    expect(page.get_by_role("radio", name="Great circle")).to_be_checked()
    assert page.get_by_alt_text("VAE: 5 frames from test image 40 to 7", exact=True).count() == 1


def test_a_phone_is_wide_enough(look_at):
    page = look_at(TEN)
    resize(page, PHONE)
    widths = page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]
    for strip in page.locator('[data-testid="stMain"] img').all():
        box = strip.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390
