"""Traversals in a browser: what can be saved."""

import csv
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.recipes import recipe

pytestmark = pytest.mark.browser

SPRITES = "traversals?data=sprites&latents=10&model=β-VAE"


def saved(page: Page, button: str) -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_strip_animation_and_numbers_can_be_saved(look_at):
    page = look_at(SPRITES)
    page.get_by_text("Files for a slide").click()
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
    names = page.locator(".sliders-row b").all_inner_texts()
    assert [f"z{line['latent']}" for line in lines] == names


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
