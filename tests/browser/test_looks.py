"""Both themes, a phone and a laptop."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import LAPTOP, finish

pytestmark = pytest.mark.browser

PATHS = (
    "",
    "latent_space?show=One+large",
    "latent_space?data=sprites",
    "sampling?sampler=Uniform+box&fit=false",
    "noise?data=digits",
    "noise?data=digits&latents=10",
    "noise?data=mnist&latents=10",
    "noise?data=sprites&model=AE",
    "likelihood?data=digits&n=1000",
    "likelihood?data=digits&part=The+bound",
    "likelihood?data=sprites&part=The+bound",
    "likelihood?data=mnist&part=The+bound",
    "traversals?data=sprites&model=β-VAE",
    "interpolations?data=mnist&latents=10",
    "disentanglement?data=sprites&pairs=1",
    "train?data=digits&train_model=β-VAE",
    "train?data=mnist&train_images=Binarised+anew&train_likelihood=gaussian&train_prior=Gaussian+mixture",
)

PHONE = {"width": 390, "height": 844}

TEXTS = """() => {
    const numbers = color => color.match(/[\\d.]+/g).map(Number);
    const over = ([r, g, b, a = 1], below) => [r, g, b].map((value, i) => a * value + (1 - a) * below[i]);
    const channel = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const path = node => node ? [...path(node.parentElement), node] : [];
    const background = node => path(node).reduce(
        (below, one) => over(numbers(getComputedStyle(one).backgroundColor), below), [255, 255, 255]);
    const opacity = node => path(node).reduce((all, one) => all * getComputedStyle(one).opacity, 1);
    const contrast = node => {
        const style = getComputedStyle(node), below = background(node);
        const [r, g, b, a = 1] = numbers(node.closest('svg') ? style.fill : style.color);
        const [dim, bright] = [light(over([r, g, b, a * opacity(node)], below)), light(below)].sort((a, b) => a - b);
        return (bright + 0.05) / (dim + 0.05);
    };
    const seen = node => node.checkVisibility() && opacity(node) && node.textContent.trim();
    const all = css => [...document.querySelectorAll(css)].filter(seen);
    const report = nodes => nodes.map(node => [node.textContent.trim().slice(0, 40), contrast(node)]);
    const prose = all('[data-testid="stMain"] :is(h1, h2, h3, p, label, summary)');
    // The number over a slider's handle is a child of the handle, whose colour it shares without standing on it.
    const inControl = node => node.closest('button, [data-testid="stSliderThumbValue"]');
    return {
        page: background(document.querySelector('[data-testid="stMain"]')),
        prose: report(prose.filter(node => !inControl(node))),
        buttons: report(prose.filter(node => node.closest('button'))),
        marks: report(all('.js-plotly-plot :is(.xtick, .ytick, .xtitle, .ytitle, .legendtext) text, '
            + '.js-plotly-plot text:is(.xtitle, .ytitle, .legendtext)')),
    };
}"""


# A slider's own input is hidden from sight and as wide as it likes; its track and handle are not
# inputs.
BEYOND = """() => {
    const boxes = ['stApp', 'stAppViewContainer', 'stMain'].map(id => document.querySelector(`[data-testid="${id}"]`));
    const wide = [document.scrollingElement, ...boxes].filter(box => box.scrollWidth > box.clientWidth);
    const drawn = '[data-testid="stMain"] :is(h1, p, img, button, input:not([type="range"]), .js-plotly-plot)';
    const scrolled = '.katex-display, [data-testid="stDataFrame"]';
    const beyond = [...document.querySelectorAll(drawn)].filter(part => part.checkVisibility()
        && part.getBoundingClientRect().right > innerWidth + 1 && !part.closest(scrolled));
    return [...wide, ...beyond].map(one => one.outerHTML.slice(0, 120));
}"""


OTHER_WIDTHS = (1920, 1024)
"""Of windows, in pixels, beside those of the phone and the laptop."""

CARDS = '[data-testid="stPageLink"]'

# Of the text of a drop-down list, which is an input, only the part that fits is seen; of other
# texts an ellipsis tells.
CLIPPED = """leftOut => [...document.querySelectorAll('[data-testid="stApp"] *')].filter(node => {
    const style = getComputedStyle(node), input = node.matches('input[type="text"], input:not([type])');
    const holdsText = [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
    const hides = input || ['hidden', 'clip'].includes(style.overflowX);
    return (input || holdsText || style.textOverflow === 'ellipsis') && hides
        && node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 2
        && node.checkVisibility() && !node.closest('.js-plotly-plot, [data-testid="stDataFrame"]')
        && !(leftOut && node.closest(leftOut));
}).map(node => (node.value || node.innerText).slice(0, 60))"""

# Two that overlap are one inside the other; two of a row overlap in height.
CROWDED = """() => {
    const kinds = ['stSelectbox', 'stNumberInput', 'stButton', 'stDownloadButton', 'stSlider', 'stButtonGroup'];
    const drawn = [...document.querySelectorAll(kinds.map(kind => `[data-testid="${kind}"]`))];
    const boxes = drawn.filter(node => node.checkVisibility()).map(node => [node, node.getBoundingClientRect()]);
    return boxes.flatMap(([node, box]) => boxes.filter(([, next]) => next.left >= box.right
        && next.left - box.right < 15 && Math.min(box.bottom, next.bottom) - Math.max(box.top, next.top) > 10
    ).map(([other]) => `${node.innerText} | ${other.innerText}`));
}"""


def check_looks(page: Page) -> None:
    """Assert that a page opened on a phone in light fits it and a laptop, and can be read in light and in dark."""
    assert page.evaluate(BEYOND) == []
    check_room(page)
    for width in OTHER_WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(100)
        check_room(page)
    page.set_viewport_size(LAPTOP)
    page.wait_for_timeout(500)
    assert finish(page).evaluate(BEYOND) == []
    check_room(page)
    light = page.evaluate(TEXTS)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"() => Math.max(...({TEXTS})().page) < 40")
    dark = finish(page).evaluate(TEXTS)
    assert min(light["page"]) > 230
    for look in (light, dark):
        assert look["prose"]
        assert [text for text in look["prose"] if text[1] < 4] == []
        assert [text for text in look["buttons"] + look["marks"] if text[1] < 3] == []


def check_room(page: Page) -> None:
    """Assert that no label, value, button or number is cut off, and that controls of a row stand apart."""
    assert page.evaluate(CLIPPED, CARDS) == []
    assert page.evaluate(CROWDED) == []


@pytest.mark.xfail(strict=True, reason="the front page is laid out anew in a later step")
def test_the_cards_of_the_front_page_are_not_cut_off(open_page):
    page = open_page()
    for width in (1280, 1024):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(100)
        assert page.locator(CARDS).count() == 9
        assert page.evaluate(CLIPPED, "") == []


@pytest.mark.parametrize("path", PATHS)
def test_it_can_be_read_in_both_themes_and_fits_a_phone_and_a_laptop(open_page, path):
    check_looks(open_page(path, viewport=PHONE, theme="light"))
