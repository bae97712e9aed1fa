"""What only a browser can tell: that pages are drawn, links are restored, and keys and clicks do their work."""

from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import finish

pytestmark = pytest.mark.browser

PAGES = {
    "": "What does a random code decode to?",
    "latent_space": "Where do the codes lie?",
    "sampling": "Data or noise: what does a random code look like?",
    "noise": "Does noise on the codes make an autoencoder a generator?",
    "likelihood": "How likely is an image?",
    "priors": "What does the Gaussian give besides simple calculations?",
    "traversals": "What does one latent change?",
    "interpolations": "What lies between two images?",
    "disentanglement": "Has each latent learned one factor, and how would one know?",
    "train": "What if you change one number?",
}
FEWEST = {"train": 2, "likelihood": 1, "disentanglement": 3}
"""Page -> pictures that it has at least, where these are fewer than 4: the rest are figures."""
FAULTS = (
    '[data-testid="stException"], [data-testid="stAlertContentError"],'
    ' [data-testid="stAlertContentWarning"]'
)


def pictures(page: Page) -> list[dict]:
    """Return text, address and width in pixels of each picture."""
    return page.locator('[data-testid="stMain"] img').evaluate_all(
        "all => all.map(image => ({alt: image.alt, src: image.src, width: image.naturalWidth}))"
    )


def choices(page: Page) -> dict[str, str]:
    """Return what stands in the address bar."""
    return {key: value for key, (value,) in parse_qs(urlsplit(page.url).query).items()}


def pick(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_the_first_screen_is_finished_pictures(open_page):
    page = open_page()
    assert page.title() == "Latent Lab"
    assert page.locator("h1").inner_text() == PAGES[""]
    drawn = pictures(page)
    assert len(drawn) == 12
    assert all(picture["width"] > 0 for picture in drawn)
    expect(page.locator('[data-testid="stMain"] img').first).to_be_in_viewport()


@pytest.mark.parametrize("data", ["digits", "mnist", "sprites"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_drawn_for_every_data_set(open_page, path, data):
    page = open_page(f"{path}?data={data}")
    assert page.locator("h1").inner_text() == PAGES[path]
    assert page.get_by_role("combobox", name="Data set").input_value() == data
    assert page.locator(FAULTS).count() == 0
    drawn = pictures(page)
    assert len(drawn) + page.locator("figure canvas").count() >= FEWEST.get(path, 4)
    assert all(picture["width"] > 0 for picture in drawn)
    if data == "digits":
        check_how_to_read(page)


def check_how_to_read(page: Page) -> None:
    """Open *How to read this page* in every part of a page, and assert that its formulas are drawn."""
    parts, texts = page.locator(".st-key-part button").all(), set()
    for part in parts or [None]:
        if part is not None:
            part.click()
            page.wait_for_timeout(100)
            finish(page)
        fold = page.get_by_test_id("stExpander").filter(has_text="How to read this page")
        if fold.locator("details[open]").count() == 0:
            fold.locator("summary").click()
        text = fold.get_by_test_id("stMarkdownContainer").last
        expect(text).to_be_visible()
        assert page.locator(".katex-error").all_inner_texts() == []
        plain = text.evaluate(
            "node => { const copy = node.cloneNode(true);"
            " copy.querySelectorAll('.katex').forEach(one => one.remove()); return"
            " copy.textContent; }"
        )
        texts.add(plain)
        assert "Source" in plain or "et al." in plain
        assert not set(plain) & set("$\\"), "a formula is shown as it was typed"
    assert len(texts) == max(1, len(parts))


def test_the_drawer_of_the_menu_closes_after_a_tap_in_any_narrow_window(open_page):
    page = open_page(viewport={"width": 390, "height": 844})
    drawer = page.get_by_test_id("stSidebar")
    for name in ("latent_space", "train"):
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(drawer).to_be_in_viewport(ratio=0.9)
        drawer.locator(f'a[href$="/{name}"]').click()
        expect(drawer).not_to_be_in_viewport()
        expect(page.locator("h1")).to_have_text(PAGES[name])
        expect(finish(page).locator("h1")).to_be_in_viewport()
        expect(drawer).not_to_be_in_viewport()


STREAMLITS_OWN = ("latent_space/_stcore/health", "latent_space/_stcore/host-config")
"""Where Streamlit's client looks for its server on a link to a page, and finds none, before it looks above it."""


def test_a_deep_link_is_restored_by_a_fresh_server_without_another_error(
    fresh_lab, browser, open_address
):
    errors: list[str] = []
    browser.on(
        "console",
        lambda message: (
            errors.append(message.location["url"]) if message.type == "error" else None
        ),
    )
    wanted = {
        "data": "mnist",
        "latents": "10",
        "model": "AE",
        "show": "One large",
        "flatten": "A pair",
        "across": "3",
    }
    page = open_address(
        f"{fresh_lab}latent_space?data=mnist&latents=10&model=AE&show=One+large&flatten=A+pair&across=3"
    )
    assert page.locator("h1").inner_text() == PAGES["latent_space"]
    assert choices(page) == wanted
    shown = {
        label: page.get_by_role("combobox", name=label).input_value()
        for label in ("Data set", "Latents")
    }
    shown |= {
        label: page.get_by_role("combobox", name=label).input_value()
        for label in ("Model", "Flatten by")
    }
    assert shown == {"Data set": "mnist", "Latents": "10", "Model": "AE", "Flatten by": "A pair"}
    assert page.get_by_role("combobox", name="Across").input_value() == "3"
    expect(page.get_by_role("radio", name="One large")).to_be_checked()
    expect(page.locator(".js-plotly-plot .xtitle").first).to_have_text("z3")
    assert sorted(errors) == [fresh_lab + request for request in STREAMLITS_OWN]


def test_a_choice_stands_in_the_address_and_goes_along_to_the_next_page(open_page):
    page = open_page()
    pick(page, "Data set", "sprites")
    page.wait_for_url("**data=sprites*")
    finish(page).get_by_role("link", name="Sampling").first.click()
    expect(page.locator("h1")).to_have_text(PAGES["sampling"])
    assert choices(finish(page)) == {"data": "sprites"}
    assert page.get_by_role("combobox", name="Data set").input_value() == "sprites"


def test_the_front_page_leads_on_and_the_back_button_returns_to_it_with_what_was_picked(open_page):
    page = open_page("?data=mnist")
    for place, title in enumerate(list(PAGES.values())[1:]):
        page.locator('[data-testid="stPageLink-NavLink"]').nth(place).click()
        expect(page.locator("h1")).to_have_text(title)
        assert choices(finish(page)) == {"data": "mnist"}
        page.go_back()
        expect(page.locator("h1")).to_have_text(PAGES[""])
        assert choices(finish(page)) == {"data": "mnist"}


LONELIEST_POINT = """name => {
    const plot = [...document.querySelectorAll('.js-plotly-plot')].find(
        plot => plot._fullData.some(trace => trace.customdata?.length));
    const {xaxis, yaxis} = plot._fullLayout, box = plot.getBoundingClientRect();
    const points = plot._fullData.filter(trace => trace.customdata?.length).flatMap(trace =>
        [...trace.x].map((x, i) => ({
            x: box.left + xaxis._offset + xaxis.d2p(x), y: box.top + yaxis._offset +
                yaxis.d2p(trace.y[i]),
            image: [trace.customdata[i]].flat()[0],
            inside: [xaxis, yaxis].every((axis, k) => { const value = k ? trace.y[i] : x, [low,
                high] = [...axis.range].sort((a, b) => a - b); return value > low && value < high;
            })})));
    const room = point => Math.min(...points.filter(other => other !== point)
        .map(other => Math.hypot(point.x - other.x, point.y - other.y)));
    return points.filter(point => point.inside && point.image !== 0).sort((a, b) => room(b) -
    room(a))[0];
}"""


@pytest.mark.parametrize("show", ["One+large", "All+four"])
def test_a_click_on_a_point_shows_its_image(open_page, show):
    page = open_page(
        f"latent_space?data=digits&model=VAE&show={show}", viewport={"width": 1280, "height": 1400}
    )
    before = pictures(page)
    point = page.evaluate(LONELIEST_POINT)
    page.mouse.move(point["x"] - 2, point["y"] - 2)
    page.mouse.move(point["x"], point["y"])
    page.mouse.click(point["x"], point["y"])
    page.wait_for_url(f"**image={point['image']}*")
    expect(page.get_by_role("spinbutton", name="Test image")).to_have_value(str(point["image"]))
    expect(page.get_by_alt_text(f"Test image {point['image']}: ").first).to_be_visible()
    after = pictures(finish(page))
    assert len(after) == len(before)
    assert all(one["src"] != other["src"] for one, other in zip(before, after, strict=True))


def test_a_key_on_the_slider_of_the_box_draws_other_pictures_and_moves_the_address(open_page):
    page = open_page("sampling?sampler=Uniform+box&fit=false")
    before = pictures(page)
    page.locator('[data-testid="stSlider"] input[type="range"]').press("ArrowRight")
    page.wait_for_url("**width=3.5*")
    expect(page.get_by_text("Half-width 3.50")).to_have_count(4)
    after = pictures(finish(page))
    assert len(before) == len(after) == 4
    assert all(one["src"] != other["src"] for one, other in zip(before, after, strict=True))


def test_draw_again_moves_the_seed_in_the_address(open_page):
    page = open_page("sampling?seed=7")
    before = pictures(page)
    page.get_by_role("button", name="Draw again").click()
    page.wait_for_url("**seed=8*")
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("8")
    page.wait_for_function(
        "old => document.querySelector('[data-testid=\"stMain\"] img').src !== old",
        arg=before[0]["src"],
    )
    assert all(
        one["src"] != other["src"]
        for one, other in zip(before, pictures(finish(page)), strict=True)
    )


PLANE = """picture => {
    const box = node => node.getBoundingClientRect(), middle = node => (box(node).left +
    box(node).right) / 2; const texts = [...picture.querySelectorAll('text')], named = name =>
    texts.filter(one => one.textContent === name); const {left, right, width} =
    box(picture.querySelector('image')); const codes = (left, right) => (right - left) / width * 2;
    return {
        wide: box(picture).width, origin: middle(named('0')[0]) - (left + right) / 2,
        radii: [...picture.querySelectorAll('circle')].map(one => codes(box(one).left,
            box(one).right) / 2),
        two: codes((left + right) / 2, middle(named('2')[0])),
    };
}"""


@pytest.mark.parametrize(
    "viewport", [{"width": 1280, "height": 800}, {"width": 390, "height": 844}]
)
def test_numbers_and_circles_stand_at_their_codes_on_the_decoded_plane(open_page, viewport):
    page = open_page(
        "latent_space?data=digits&model=VAE&latents=2&show=One+large", viewport=viewport
    )
    found = page.locator(".plane svg").first.evaluate(PLANE)
    assert found["wide"] > 0.75 * min(viewport["width"], 528)
    assert found["origin"] == pytest.approx(0, abs=1)
    assert found["radii"] == pytest.approx(
        [found["two"] * radius / 2 for radius in (1, 2, 3)], rel=0.02
    )


@pytest.mark.parametrize("kind", ["PNG", "SVG"])
def test_the_decoded_plane_can_be_saved(open_page, kind):
    page = open_page(f"latent_space?data=digits&model=VAE&latents=2&show=One+large&figures={kind}")
    page.locator(".plane").hover()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the decoded plane").click()
    assert download.value.suggested_filename == f"latent-lab.{kind.lower()}"
    file = Path(download.value.path()).read_bytes()
    if kind == "SVG":
        assert file.startswith(b"<svg")
        assert file.count(b"<circle") == 3
    else:
        saved = np.asarray(Image.open(BytesIO(file)).convert("L"))
        assert saved.shape == (3 * 516, 3 * 528)
        assert np.ptp(saved[30:1400, 160:1540]) > 200


WATCH_FOR = """words => {
    window.seen = false;
    new MutationObserver(() => { window.seen ||= document.body.innerText.includes(words); })
        .observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


def test_tsne_shows_how_far_it_is_and_then_the_codes(open_page):
    page = open_page("latent_space?latents=10&show=One+large")
    page.evaluate(WATCH_FOR, "t-SNE, ")  # it may stand there for half a second only
    pick(page, "Flatten by", "t-SNE")
    expect(page.locator(".js-plotly-plot .xtitle").first).to_have_text("t-SNE 1")
    assert page.evaluate("window.seen")
    finish(page)
