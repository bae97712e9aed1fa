"""Check that a page can be read in both themes, and fits a phone, a laptop and other windows."""

from playwright.sync_api import Page

from tests.browser.conftest import LAPTOP, PHONE, finish, reset_looks, resize, settle

OTHER_WIDTHS = (1920, 1024)
"""Widths of windows, in pixels, beside those of the phone and the laptop."""

TEXTS = """() => {
    const numbers = color => color.match(/[\\d.]+/g).map(Number);
    const over = ([r, g, b, a = 1], below) => [r, g, b].map(
        (value, i) => a * value + (1 - a) * below[i]);
    const channel = value => (value /= 255) <= 0.04045
        ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const path = node => node ? [...path(node.parentElement), node] : [];
    const background = node => path(node).reduce(
        (below, part) => over(numbers(getComputedStyle(part).backgroundColor), below),
        [255, 255, 255]);
    const opacity = node => path(node).reduce(
        (all, part) => all * getComputedStyle(part).opacity, 1);
    const contrast = node => {
        const style = getComputedStyle(node), below = background(node);
        const [r, g, b, a = 1] = numbers(node.closest('svg') ? style.fill : style.color);
        const text = over([r, g, b, a * opacity(node)], below);
        const [dim, bright] = [light(text), light(below)].sort((a, b) => a - b);
        return (bright + 0.05) / (dim + 0.05);
    };
    const seen = node => node.checkVisibility() && opacity(node) && node.textContent.trim();
    const all = css => [...document.querySelectorAll(css)].filter(seen);
    const report = nodes => nodes.map(
        node => [node.textContent.trim().slice(0, 40), contrast(node)]);
    const prose = all('[data-testid="stMain"] :is(h1, h2, h3, p, label, summary)');
    // The number over a slider's handle is a child of the handle: it shares the handle's colour
    // and does not stand on it.
    const inControl = node => node.closest('button, [data-testid="stSliderThumbValue"]');
    return {
        page: background(document.querySelector('[data-testid="stMain"]')),
        prose: report(prose.filter(node => !inControl(node))),
        buttons: report(prose.filter(node => node.closest('button'))),
        marks: report(all(
            '.js-plotly-plot :is(.xtick, .ytick, .xtitle, .ytitle, .legendtext) text, '
            + '.js-plotly-plot text:is(.xtitle, .ytitle, .legendtext)')),
    };
}"""


DARK = """() => getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor
    .match(/[\\d.]+/g).slice(0, 3).every(value => value < 40)"""

# A slider's own input is hidden from sight and as wide as it likes; its track and handle are no
# inputs.
BEYOND = """() => {
    const boxes = ['stApp', 'stAppViewContainer', 'stMain'].map(
        id => document.querySelector(`[data-testid="${id}"]`));
    const wide = [document.scrollingElement, ...boxes].filter(
        box => box.scrollWidth > box.clientWidth);
    const parts = 'h1, p, img, button, input:not([type="range"]), .js-plotly-plot';
    const drawn = `[data-testid="stMain"] :is(${parts})`;
    const scrolled = '.katex-display, [data-testid="stDataFrame"]';
    const beyond = [...document.querySelectorAll(drawn)].filter(part => part.checkVisibility()
        && part.getBoundingClientRect().right > innerWidth + 1 && !part.closest(scrolled));
    return [...wide, ...beyond].map(one => one.outerHTML.slice(0, 120));
}"""


# A drop-down list is an input, and shows the part of its text that fits; other texts end in an
# ellipsis.
CLIPPED = """() => [...document.querySelectorAll('[data-testid="stApp"] *')].filter(node => {
    const style = getComputedStyle(node);
    const input = node.matches('input[type="text"], input:not([type])');
    const holdsText = [...node.childNodes].some(
        child => child.nodeType === 3 && child.textContent.trim());
    const hides = input || ['hidden', 'clip'].includes(style.overflowX);
    return (input || holdsText || style.textOverflow === 'ellipsis') && hides
        && node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 2
        && node.checkVisibility() && !node.closest('.js-plotly-plot, [data-testid="stDataFrame"]');
}).map(node => (node.value || node.innerText).slice(0, 60))"""

# Where two controls overlap, one holds the other; two controls of a row overlap in height.
CROWDED = """() => {
    const kinds = ['stSelectbox', 'stNumberInput', 'stButton', 'stDownloadButton', 'stSlider',
        'stButtonGroup'];
    const drawn = [...document.querySelectorAll(kinds.map(kind => `[data-testid="${kind}"]`))];
    const boxes = drawn.filter(node => node.checkVisibility()).map(
        node => [node, node.getBoundingClientRect()]);
    const shared = (box, next) =>
        Math.min(box.bottom, next.bottom) - Math.max(box.top, next.top);
    const crowds = (box, next) => next.left >= box.right && next.left - box.right < 15
        && shared(box, next) > 10;
    return boxes.flatMap(([node, box]) => boxes.filter(([, next]) => crowds(box, next))
        .map(([other]) => `${node.innerText} | ${other.innerText}`));
}"""


def check_looks(page: Page) -> None:
    """Assert that a page fits a phone and a laptop, and can be read in light and in dark.

    Args:
        page: a page on a laptop in light, as it is in the end.
    """
    resize(page, PHONE)
    assert page.evaluate(BEYOND) == []
    check_room(page)
    for width in OTHER_WIDTHS:
        resize(page, {"width": width, "height": 800})
        check_room(page)
    resize(page, LAPTOP)
    assert page.evaluate(BEYOND) == []
    check_room(page)
    light = page.evaluate(TEXTS)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(DARK)
    settle(finish(page))
    dark = page.evaluate(TEXTS)
    reset_looks(page)
    assert min(light["page"]) > 230
    assert max(dark["page"]) < 40
    for look in (light, dark):
        assert look["prose"]
        faint = [text for text in look["prose"] if text[1] < 4]
        faint += [text for text in look["buttons"] + look["marks"] if text[1] < 3]
        assert faint == []


def check_room(page: Page) -> None:
    """Assert that no text is cut off, and that the controls of a row stand apart."""
    assert page.evaluate(CLIPPED) == []
    assert page.evaluate(CROWDED) == []
