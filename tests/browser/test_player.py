"""The film player: sliding and playing change the picture, and the server hears nothing of it."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import rerun

pytestmark = pytest.mark.browser

PAGE = "train?data=digits&latents=2"
PIXELS = "canvas => canvas.toDataURL()"
FULL = (
    "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)"
    ".data.some(value => value > 0 && value < 255)"
)


def films(page: Page) -> list[Locator]:
    """Return the canvases once they are drawn."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('*')].some(node =>"
        " node.shadowRoot?.querySelector('canvas'))"
    )
    canvases = page.locator("figure canvas").all()
    for canvas in canvases:
        canvas.page.wait_for_function(FULL, arg=canvas.element_handle())
    return canvases


def pixels(canvases: list[Locator]) -> list[str]:
    return [canvas.evaluate(PIXELS) for canvas in canvases]


def said(page: Page) -> str:
    return page.locator("output").inner_text()


def test_dragging_the_slider_changes_every_film_and_sends_nothing(look_at, shared_sent):
    page = look_at(PAGE)
    epoch(page).scroll_into_view_if_needed()
    films(page)
    shared_sent.clear()
    box = epoch(page).bounding_box()
    assert box
    shown, y = [], box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.1 * box["width"], y)
    page.mouse.down()
    for share in (0.1, 0.35, 0.65, 0.9):
        page.mouse.move(box["x"] + share * box["width"], y)
        shown.append((said(page), *pixels(films(page))))
    page.mouse.up()
    assert [len({*each}) for each in zip(*shown, strict=True)] == [4] * 5
    assert shared_sent == []


def test_playing_stops_when_it_is_paused_or_taken_over_and_sends_nothing(look_at, shared_sent):
    page = look_at(PAGE)
    films(page)
    epoch(page).press("Home")
    shared_sent.clear()
    page.get_by_role("button", name="Play").click()
    expect(page.locator("output")).not_to_have_text("untrained")
    page.get_by_role("button", name="Pause").click()
    rest = said(page), pixels(films(page))
    page.wait_for_timeout(300)
    assert (said(page), pixels(films(page))) == rest
    page.get_by_role("button", name="Play").click()
    epoch(page).press("End")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert said(page) == "epoch 200"
    assert shared_sent == []


def epoch(page: Page) -> Locator:
    return page.get_by_role("slider", name="Epoch")


def test_two_trainings_form_in_step_and_the_server_hears_nothing(open_page, sent):
    page = open_page(PAGE)
    drawn = films(page)
    assert page.locator("figcaption").all_inner_texts() == [
        "AE: codes",
        "AE: decoded plane",
        "VAE: codes",
        "VAE: decoded plane",
    ]
    sent.clear()
    end = said(page), pixels(drawn)
    page.get_by_role("button", name="One frame back").click()
    before = said(page), pixels(drawn)
    epoch(page).press("Home")
    start = said(page), pixels(drawn)
    page.get_by_role("button", name="One frame back").click()
    assert (said(page), pixels(drawn)) == start
    page.get_by_role("button", name="One frame on").click()
    second = said(page), pixels(drawn)
    labels = [label for label, _ in (start, second, before, end)]
    assert labels == ["untrained", "epoch 1", "epoch 159", "epoch 200"]
    for (_, earlier), (_, later) in ((start, second), (second, before), (before, end)):
        assert all(a != b for a, b in zip(earlier, later, strict=True))
    page.get_by_role("button", name="Play").click()
    expect(page.locator("output")).to_have_text("epoch 200")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert pixels(drawn) == end[1]
    with rerun(page):
        page.locator(".st-key-train_seed input").press("ArrowUp")
    assert len(sent) == 1
