"""What only a browser can tell of sliders: pictures follow at once, the server hears nothing."""

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from core.explore.decoding import decode
from core.recipes import recipe
from core.runs import open_run
from tests.browser.conftest import PHONE, assert_nothing_sent, choices
from tests.browser.fingers import changed, drag, drawn, kept, pixels, ready, slide
from tests.browser.looks import BEYOND

pytestmark = pytest.mark.browser

DIGITS = "traversals?data=digits&latents=10&model=VAE"
SPRITES = "traversals?data=sprites&latents=10&model=β-VAE"
LARGE = ".sliders-pair figure:last-child canvas"
MODELS, STRIPS = ".sliders-stops canvas", ".sliders-strip canvas"


def row(page: Page, place: int) -> Locator:
    """Return the slider of a row, the one that carries most first."""
    return page.locator(".sliders-row input").nth(place)


def names(page: Page) -> list[str]:
    """Return what the rows say to those who do not see them."""
    ready(page)
    return page.locator(".sliders-row input").evaluate_all("all => all.map(one => one.ariaLabel)")


def test_rows_are_sorted_by_kl_with_collapsed_latents_named(look_at):
    said = names(look_at(SPRITES))
    run = open_run(recipe("sprites", "beta-vae", 10).key)
    spread = run.codes["mean"].var(axis=0)
    kl = run.metrics["kl_per_latent"]
    order = sorted(range(10), key=lambda latent: -kl[latent])
    assert [text.split(",")[0] for text in said] == [f"z{latent + 1}" for latent in order]
    assert [float(text.split()[1]) for text in said] == [round(kl[latent], 2) for latent in order]
    collapsed = [text.endswith(", collapsed") for text in said]
    assert collapsed == [spread[latent] < 0.01 for latent in order]


def test_every_picture_follows_in_the_next_frame(look_at):
    page = ready(look_at(DIGITS))
    assert slide(row(page, 0), 2.5, f"{LARGE}, {MODELS}")[:2] == [True, True]
    moved = slide(row(page, 0), -2.5, STRIPS)
    assert moved[0] is False
    assert any(moved)


def test_dragging_asks_the_server_for_nothing_and_ends_in_the_link(open_page, sent):
    page = ready(open_page(DIGITS))
    before = drawn(page, LARGE)
    sent.clear()
    drag(page, row(page, 1), 0.5, 0.95)
    assert changed(before, drawn(page, LARGE)) == [True]
    page.get_by_role("slider", name="β").press("ArrowRight")
    page.locator(".gallery button").nth(4).click()
    drag(page, row(page, 2), 0.5, 0.1)
    assert sent == []
    link = kept(page, "moved", r"3:-2\.\d+")
    assert link["stop"] == "0,1"
    assert_nothing_sent(page, sent, "figures")
    assert choices(page).items() >= link.items()


def test_the_picture_is_the_one_that_python_decodes(open_page):
    config = recipe("digits", "vae", 10)
    run = open_run(config.key)
    kl = run.metrics["kl_per_latent"]
    order = sorted(range(10), key=lambda latent: -kl[latent])
    code = run.codes["mean"][[7]].copy()
    code[0, order[1]], code[0, order[4]] = -1.5, 2.25
    page = open_page(f"{DIGITS}&image=7&stop=0,0&moved=2:-1.5,5:2.25")
    shown = pixels(drawn(page, LARGE)[0]) / 255
    np.testing.assert_allclose(shown, decode(run.model, code)[0], atol=1 / 255)
    strip = pixels(drawn(page, STRIPS)[4]) / 255
    code[0, order[4]] = 1
    np.testing.assert_allclose(strip[:, 36:44], decode(run.model, code)[0], atol=1 / 255)


def test_a_link_restores_image_model_and_latents(open_page):
    page = ready(open_page(DIGITS))
    page.locator(".gallery button").nth(6).click()
    page.get_by_role("slider", name="β").press("End")
    row(page, 0).press("ArrowRight")
    page.locator(".sliders-strip canvas").nth(3).click(position={"x": 4, "y": 10})
    expect(page.locator(".sliders-row output").nth(3)).to_have_text("−3 σ")
    before, said = drawn(page), names(page)
    kept(page, "moved", r"1:.*,4:-3")
    page.reload()
    assert names(page) == said
    assert drawn(page) == before
    page.get_by_role("button", name="Back to the start").click()
    kept(page, "moved", "")


def test_the_origin_is_a_start_and_an_old_link_names_it(open_page):
    page = ready(open_page(f"{DIGITS}&start=The+origin"))
    values = page.locator(".sliders-row output").all_inner_texts()
    assert values == ["0 σ"] * 10
    strips = [pixels(strip)[:, 27:35] for strip in drawn(page, STRIPS)]
    assert all((strip == strips[0]).all() for strip in strips)


def test_a_picker_that_moves_to_another_run_starts_there(open_page):
    page = ready(open_page("traversals?data=sprites&latents=10&model=β-VAE&beta=2&stop=4,0"))
    expect(page.get_by_role("slider", name="β")).to_have_attribute("aria-valuetext", "β = 2")


def test_the_state_is_said_and_every_picture_has_a_text(look_at):
    page = ready(look_at(DIGITS))
    row(page, 0).press("End")
    expect(page.locator(".instrument .heard")).to_contain_text("at +3 σ")
    texts = page.locator(".instrument canvas").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert all(texts)


def test_it_fits_a_phone_and_its_picture_stays_in_sight(open_page):
    page = ready(open_page(SPRITES, viewport=PHONE))
    row(page, 9).scroll_into_view_if_needed()
    expect(page.locator(LARGE)).to_be_in_viewport(ratio=0.9)
    assert page.evaluate(BEYOND) == []


@pytest.mark.parametrize("kind", ["PNG", "SVG"])
def test_it_can_be_saved(look_at, kind):
    page = ready(look_at(DIGITS))
    with page.expect_download() as download:
        page.get_by_role("button", name=kind, exact=True).click()
    assert download.value.suggested_filename == f"latent-lab-sliders.{kind.lower()}"
