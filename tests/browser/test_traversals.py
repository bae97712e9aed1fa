"""Traversals in a browser: names beside the sheet, clicks on rows, a slider over β, downloads."""

import csv
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.recipes import recipe
from core.runs import open_run
from tests.browser.conftest import LAPTOP, PHONE, choices, finish, rerun, resize

pytestmark = pytest.mark.browser

SPRITES = "traversals?data=sprites&latents=10&model=β-VAE"
DIGITS = "traversals?data=digits&latents=10&model=VAE"


def rows(page: Page) -> list[str]:
    """Return what the sheet says about each row to those who do not see it."""
    return [
        str(row.get_attribute("aria-label"))
        for row in page.get_by_role("button", name="KL, nats").all()
    ]


def source(page: Page) -> str:
    return str(page.locator(".sheet .pictures").get_attribute("src"))


def test_rows_are_sorted_by_kl_with_collapsed_latents_named(look_at):
    page = look_at(SPRITES)
    run = open_run(recipe("sprites", "beta-vae", 10).key)
    spread = run.codes["mean"].var(axis=0)
    kl = sorted(
        ((nats, f"z{u + 1}") for u, nats in enumerate(run.metrics["kl_per_latent"])),
        key=lambda one: -one[0],
    )
    said = rows(page)
    assert [text.split(",")[0] for text in said] == [name for _, name in kl]
    assert [float(text.split()[1]) for text in said] == [round(nats, 2) for nats, _ in kl]
    assert [text.endswith(", collapsed") for text in said] == [
        spread[int(name[1:]) - 1] < 0.01 for _, name in kl
    ]


PLACES = """sheet => {
    const box = node => node.getBoundingClientRect();
    const picture = box(sheet.querySelector('.pictures'));
    return {
        picture: [picture.top, picture.height, picture.left, picture.width],
        labels: [...sheet.querySelectorAll('.label')].map(
            node => [box(node).top, box(node).height, box(node).right]),
        steps: [...sheet.querySelectorAll('.step')].map(
            node => (box(node).left + box(node).right) / 2),
        texts: [...sheet.querySelectorAll('.texts')].map(
            node => node.scrollHeight - box(node).height),
    };
}"""


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_names_and_steps_stand_at_their_pictures(look_at, viewport):
    page = look_at(SPRITES)
    resize(page, viewport)
    found = page.locator(".sheet").evaluate(PLACES)
    top, height, left, width = found["picture"]
    for place, (start, high, right) in enumerate(found["labels"]):
        assert start == pytest.approx(top + place * height / 10, abs=2)
        assert high == pytest.approx(height / 10, abs=1)
        assert right < left
    for place, middle in enumerate(found["steps"]):
        assert middle == pytest.approx(left + (place + 0.5) * width / 11, abs=3)
    assert max(found["texts"]) < 2


def test_a_click_on_a_row_moves_that_latent_and_stands_in_the_address(open_page):
    page = open_page(SPRITES)
    third = page.get_by_role("button", name="KL, nats").nth(2)
    name = str(third.get_attribute("aria-label")).split(",")[0]
    third.click()
    page.wait_for_url("**row=3*")
    expect(page.locator("figcaption", has_text=f"β = 4: {name}")).to_be_visible()
    expect(third).to_have_attribute("aria-pressed", "true")
    assert (
        page.get_by_role("button", name="KL, nats").first.get_attribute("aria-pressed") == "false"
    )


def test_another_image_changes_the_sheet_and_its_names_stay(open_page):
    page = open_page(DIGITS)
    before, named = source(page), rows(page)
    page.get_by_role("spinbutton", name="Test image").press("ArrowUp")
    page.wait_for_url("**image=1*")
    expect(page.locator(".sheet .pictures")).not_to_have_attribute("src", before)
    assert rows(finish(page)) == named


def test_the_slider_over_beta_moves_the_picker_and_the_sheet(open_page):
    page = open_page("traversals?data=sprites&latents=10&model=VAE&against=4")
    before = source(page)
    page.get_by_role("slider", name="β").press("ArrowRight")
    page.wait_for_url("**model=%CE%B2-VAE*")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("β-VAE")
    expect(page.locator(".sheet .pictures")).not_to_have_attribute("src", before)
    expect(page.locator("figcaption", has_text="β-VAE, β = 2: z")).to_be_visible()
    expect(finish(page).locator("figcaption", has_text="β-VAE, β = 4: z")).to_be_visible()


def saved(page: Page, button: str) -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_strip_animation_and_numbers_can_be_saved(look_at):
    page = look_at(SPRITES)
    key = recipe("sprites", "beta-vae", 10).key
    name, strip = saved(page, "Film strip")
    assert name == f"{key}-image0-sheet.png"
    assert 1000 < Image.open(BytesIO(strip)).width <= 1920
    name, animation = saved(page, "Animation")
    film = Image.open(BytesIO(animation))
    assert (name.split("-")[-1][0], film.format, film.width) == ("z", "GIF", 384)
    assert getattr(film, "n_frames", 0) > 30
    name, numbers = saved(page, "Numbers")
    assert name == f"{key}-latents.csv"
    lines = list(csv.DictReader(StringIO(numbers.decode())))
    assert [line["latent"] for line in lines] == [text.split(",")[0][1:] for text in rows(page)]


def test_figures_can_be_saved_as_png_or_svg(open_page):
    page = open_page(SPRITES)
    camera = page.locator('.js-plotly-plot [data-title^="Download plot"]').first
    assert camera.get_attribute("data-title") == "Download plot as a PNG"
    page.get_by_role("radio", name="SVG").click(force=True)
    expect(camera).to_have_attribute("data-title", "Download plot")
    page.locator(".js-plotly-plot").first.hover()
    with page.expect_download() as download:
        camera.click()
    assert download.value.suggested_filename.endswith(".svg")
    assert b"<svg" in Path(download.value.path()).read_bytes()[:200]


def test_moving_the_slider_away_from_a_vae_changes_the_link_too(open_page):
    page = open_page("traversals")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("VAE")
    with rerun(page):
        page.locator('[data-testid="stSlider"] input[type="range"]').first.press("End")
    expect(page.get_by_role("combobox", name="β", exact=True)).to_have_value("4")
    page.wait_for_url("**model=*")
    assert choices(finish(page)) == {"model": "β-VAE", "beta": "4"}
    page.reload()
    expect(page.get_by_role("combobox", name="β", exact=True)).to_have_value("4")
