"""What only a browser can tell: links are restored, and keys and clicks do their work."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, choices, finish, pick

pytestmark = pytest.mark.browser

CODES, TRAIN = "Where do the codes lie?", "What if you change one number?"
"""Titles of two pages."""


def pictures(page: Page) -> list[dict]:
    """Return text, address and width in pixels of each picture."""
    return page.locator('[data-testid="stMain"] img').evaluate_all(
        "all => all.map(image => ({alt: image.alt, src: image.src, width: image.naturalWidth}))"
    )


def test_the_drawer_of_the_menu_closes_after_a_tap_in_any_narrow_window(open_page):
    page = open_page(viewport=PHONE)
    drawer = page.get_by_test_id("stSidebar")
    for name, title in (("latent_space", CODES), ("train", TRAIN)):
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(drawer).to_be_in_viewport(ratio=0.9)
        drawer.locator(f'a[href$="/{name}"]').click()
        expect(drawer).not_to_be_in_viewport()
        expect(page.locator("h1")).to_have_text(title)
        expect(finish(page).locator("h1")).to_be_in_viewport()
        expect(drawer).not_to_be_in_viewport()


STREAMLITS_OWN = ("latent_space/_stcore/health", "latent_space/_stcore/host-config")
"""Where Streamlit's client first looks for its server, and finds none, on a link to a page."""


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
        f"{fresh_lab}latent_space?data=mnist&latents=10&model=AE&show=One+large&flatten=A+pair"
        "&across=3"
    )
    assert page.locator("h1").inner_text() == CODES
    assert choices(page) == wanted
    lists = {"Data set": "mnist", "Latents": "10", "Model": "AE", "Flatten by": "A pair"}
    for label, value in (lists | {"Across": "3"}).items():
        assert page.get_by_role("combobox", name=label).input_value() == value
    expect(page.get_by_role("radio", name="One large")).to_be_checked()
    expect(page.locator(".js-plotly-plot .xtitle").first).to_have_text("z3")
    assert sorted(errors) == [fresh_lab + request for request in STREAMLITS_OWN]


LONELIEST_POINT = """name => {
    const plot = [...document.querySelectorAll('.js-plotly-plot')].find(
        plot => plot._fullData.some(trace => trace.customdata?.length));
    const {xaxis, yaxis} = plot._fullLayout, box = plot.getBoundingClientRect();
    const within = ({range}, value) => Math.min(...range) < value && value < Math.max(...range);
    const points = plot._fullData.filter(trace => trace.customdata?.length).flatMap(trace =>
        [...trace.x].map((x, i) => ({
            x: box.left + xaxis._offset + xaxis.d2p(x), y: box.top + yaxis._offset +
                yaxis.d2p(trace.y[i]),
            image: [trace.customdata[i]].flat()[0],
            inside: within(xaxis, x) && within(yaxis, trace.y[i])})));
    const room = point => Math.min(...points.filter(other => other !== point)
        .map(other => Math.hypot(point.x - other.x, point.y - other.y)));
    return points.filter(point => point.inside && point.image !== 0).sort((a, b) => room(b) -
    room(a))[0];
}"""


@pytest.mark.parametrize("show", ["One+large", "All+four"])
def test_a_click_on_a_point_shows_its_image(open_page, show):
    page = open_page(
        f"latent_space?data=digits&latents=10&model=VAE&show={show}",
        viewport={"width": 1280, "height": 1400},
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


WATCH_FOR = """words => {
    window.seen = false;
    new MutationObserver(() => { window.seen ||= document.body.innerText.includes(words); })
        .observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


def test_tsne_shows_how_far_it_is_and_then_the_codes(open_page):
    page = open_page("latent_space?data=digits&latents=10&show=One+large")
    page.evaluate(WATCH_FOR, "t-SNE, ")  # it may stand there for half a second only
    pick(page, "flatten", "t-SNE")
    expect(page.locator(".js-plotly-plot .xtitle").first).to_have_text("t-SNE 1")
    assert page.evaluate("window.seen")
    finish(page)
