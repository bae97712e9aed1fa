"""What only a browser can tell of Noise: its film needs no server, its slider moves the picker."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import assert_nothing_sent, choices, finish, rerun

pytestmark = pytest.mark.browser

PATH = "noise?data=digits"
FILM = 'input[aria-label="Test-time noise"]'


def frames(page: Page, films: int) -> list[str]:
    """Return the picture of each film, once all are loaded: an empty canvas is 300 pixels wide."""
    canvases = page.locator('canvas[role="img"]')
    expect(canvases).to_have_count(films)
    for film in range(films):
        expect(canvases.nth(film)).not_to_have_js_property("width", 300)
    return canvases.evaluate_all("all => all.map(canvas => canvas.toDataURL())")


def move(page: Page, frame: int) -> list[str]:
    page.locator(FILM).fill(str(frame))
    return frames(page, 4)


def test_dragging_the_noise_changes_every_model_and_asks_the_server_for_nothing(
    look_at, shared_sent
):
    page = look_at(PATH)
    frames(page, 4)
    shared_sent.clear()
    clean, noisy, again = move(page, 0), move(page, 30), move(page, 0)
    expect(page.get_by_label("noise 0.00 × scale").first).to_be_visible()
    assert clean == again
    assert clean[0] == noisy[0]
    assert all(one != other for one, other in zip(clean[1:], noisy[1:], strict=True))
    assert_nothing_sent(page, shared_sent, "error")


def test_the_film_plays(look_at):
    page = look_at(PATH)
    before = move(page, 0)
    page.get_by_role("button", name="Play").click()
    expect(page.locator(FILM)).not_to_have_value("0")
    page.get_by_role("button", name="Pause").click()
    assert frames(page, 4)[1:] != before[1:]


def test_a_key_on_the_slider_chooses_the_next_noise_and_shows_it_in_the_picker(open_page):
    page = open_page(f"{PATH}&model=Noisy+AE")
    page.locator('[data-testid="stSlider"] input[type="range"]').first.press("ArrowRight")
    page.wait_for_url("**eta=0.2*")
    expect(page.get_by_role("combobox", name="Noise η")).to_have_value("0.2")
    expect(page.get_by_text("Noisy AE, η = 0.2", exact=True).first).to_be_visible()
    assert len(set(frames(finish(page), 5))) == 5


@pytest.mark.parametrize(
    ("path", "choice", "most", "link"),
    [
        ("noise?data=digits", "Noise η", "1", {"model": "Noisy AE", "eta": "1"}),
        ("traversals", "β", "4", {"model": "β-VAE", "beta": "4"}),
    ],
)
def test_moving_the_slider_away_from_a_vae_changes_the_link_too(
    open_page, path, choice, most, link
):
    page = open_page(path)
    expect(page.get_by_role("combobox", name="Model")).to_have_value("VAE")
    with rerun(page):
        page.locator('[data-testid="stSlider"] input[type="range"]').first.press("End")
    expect(page.get_by_role("combobox", name=choice, exact=True)).to_have_value(most)
    page.wait_for_url("**model=*")
    assert choices(finish(page)) == link
    page.reload()
    expect(page.get_by_role("combobox", name=choice, exact=True)).to_have_value(most)
