"""The film player: sliding and playing change the picture, and the server hears nothing of it."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import assert_nothing_sent, finish, rerun

pytestmark = pytest.mark.browser

PAGE = "traversals?data=digits&latents=10&model=VAE"
PIXELS = "canvas => canvas.toDataURL()"
FULL = (
    "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)"
    ".data.some(value => value > 0 && value < 255)"
)


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Latent z")


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


def test_originals_stand_still_and_films_are_drawn_in_the_pixels_of_the_images(look_at):
    page = look_at(PAGE)
    drawn = films(page)
    names = page.locator("figcaption").all_inner_texts()
    assert names[:2] == ["Test image 0", "Its reconstruction"]
    assert [name.split(":")[0] for name in names[2:]] == ["VAE", "β-VAE, β = 4"]
    assert [canvas.evaluate("c => [c.width, c.height]") for canvas in drawn] == [[8, 8]] * 4


def test_keys_on_the_slider_change_the_film_and_send_nothing(look_at, shared_sent):
    page = look_at(PAGE)
    slider(page).press("Home")
    before, label = pixels(films(page)), said(page)
    shared_sent.clear()
    slider(page).press("End")
    assert said(page) == "+3.00 σ"
    ends = pixels(films(page))
    for _ in range(5):
        slider(page).press("ArrowLeft")
    assert said(page) == "+2.67 σ"
    after = pixels(films(page))
    assert label not in ("+3.00 σ", "+2.67 σ")
    assert before[:2] == ends[:2] == after[:2]
    assert len({before[2], ends[2], after[2]}) == 3
    slider(page).press("End")
    assert pixels(films(page)) == ends
    assert_nothing_sent(page, shared_sent, "figures")


def test_dragging_the_slider_changes_the_film_and_sends_nothing(look_at, shared_sent):
    page = look_at(PAGE)
    slider(page).scroll_into_view_if_needed()
    films(page)
    shared_sent.clear()
    box = slider(page).bounding_box()
    assert box
    shown, y = [], box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.1 * box["width"], y)
    page.mouse.down()
    for share in (0.1, 0.35, 0.65, 0.9):
        page.mouse.move(box["x"] + share * box["width"], y)
        shown.append((said(page), pixels(films(page))[2]))
    page.mouse.up()
    assert len({label for label, _ in shown}) == 4
    assert len({picture for _, picture in shown}) == 4
    assert_nothing_sent(page, shared_sent, "figures")


def test_playing_moves_to_and_fro_until_it_is_paused_or_taken_over_and_sends_nothing(
    look_at, shared_sent
):
    page = look_at(PAGE)
    films(page)
    slider(page).press("End")
    shared_sent.clear()
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "label => label.innerText.startsWith('-2')", arg=page.locator("output").element_handle()
    )
    page.wait_for_function(
        "label => label.innerText.startsWith('+2')", arg=page.locator("output").element_handle()
    )
    page.get_by_role("button", name="Pause").click()
    rest = said(page), pixels(films(page))
    page.wait_for_timeout(300)
    assert (said(page), pixels(films(page))) == rest
    page.get_by_role("button", name="Play").click()
    slider(page).press("End")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert said(page) == "+3.00 σ"
    assert_nothing_sent(page, shared_sent, "figures")


def test_another_latent_brings_other_pictures_and_leaves_the_slider_where_it_is(open_page, sent):
    page = open_page(PAGE)
    slider(page).press("Home")
    before = pixels(films(page))
    sent.clear()
    page.get_by_role("button", name="KL, nats").nth(2).click()
    page.wait_for_url("**row=3*")
    page.wait_for_function(
        "([canvas, old]) => canvas.toDataURL() !== old",
        arg=[films(page)[2].element_handle(), before[2]],
    )
    after = pixels(films(finish(page)))
    assert said(page) == "-3.00 σ"
    assert after[:2] == before[:2]
    assert sent


def epoch(page: Page) -> Locator:
    return page.get_by_role("slider", name="Epoch")


def test_two_trainings_form_in_step_and_the_server_hears_nothing(open_page, sent):
    page = open_page("train?data=digits")
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
