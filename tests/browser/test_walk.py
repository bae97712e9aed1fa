"""One walk per data set through all pages: each stop is drawn whole, and looks as it should.

A walk opens the lab once. From page to page it goes as a visitor does: by the menu, or by the
cards of the front page and back."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import (
    FAULTS,
    Tabs,
    choices,
    finish,
    pick,
    press,
    reset_looks,
)
from tests.browser.looks import check_looks

pytestmark = pytest.mark.browser

TITLES = {
    "overview": "What does a random code decode to?",
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
"""Page -> its title, in the order of the menu."""
PICTURES = {"train": 2, "likelihood": 1, "disentanglement": 3}
"""Page -> pictures that it has at least, where that is not 4: the rest are figures."""


class Stop(NamedTuple):
    """A page in a walk.

    Args:
        data: data set of the walk.
        page: name of the page.
        state: name of what is chosen on the page; empty for the page as it opens.
        choose: makes that choice.
    """

    data: str
    page: str
    state: str = ""
    choose: Callable[[Page], None] | None = None

    def __str__(self) -> str:
        return "-".join(filter(None, (self.data, self.page, self.state)))


def picks(**options: str) -> Callable[[Page], None]:
    """Return what picks options of drop-down lists, by their keys."""

    def choose(page: Page) -> None:
        for key, option in options.items():
            pick(page, key, option)

    return choose


def presses(key: str, option: str) -> Callable[[Page], None]:
    """Return what presses a segment of a control."""
    return lambda page: press(page, key, option)


BOUND = ("likelihood", "the bound", presses("part", "The bound"))
BINARISED = picks(
    latents="2",
    train_images="Binarised anew",
    train_likelihood="gaussian",
    train_prior="Gaussian mixture",
)


def one_large(page: Page) -> None:
    """Show the codes of ten latents by one model."""
    pick(page, "latents", "10")
    press(page, "show", "One large")


# What is picked for one page goes along to the next, so these stops come last.
MORE = (
    Stop("digits", "latent_space", "one large", one_large),
    Stop("digits", "sampling", "a box", presses("sampler", "Uniform box")),
    Stop("digits", *BOUND),
    Stop("digits", "train", "a β-VAE", picks(train_model="β-VAE")),
    Stop("digits", "noise", "2 latents", picks(latents="2")),
    Stop("digits", "priors", "10 latents", picks(latents="10")),
    Stop("mnist", *BOUND),
    Stop("mnist", "train", "binarised", BINARISED),
    Stop("mnist", "noise", "2 latents", picks(latents="2")),
    Stop("mnist", "interpolations", "10 latents", picks(latents="10")),
    Stop("sprites", *BOUND),
    Stop("sprites", "noise", "an AE", picks(model="AE")),
    Stop("sprites", "traversals", "a β-VAE", picks(model="β-VAE")),
)
DATA = ("digits", "mnist", "sprites")
AS_OPENED = {data: [Stop(data, page) for page in TITLES] for data in DATA}
STOPS = [
    stop
    for data in DATA
    for stop in (*AS_OPENED[data], *(other for other in MORE if other.data == data))
]


class Walk:
    """A visitor's tab, with the data set that was picked at its beginning."""

    def __init__(self, tabs: Tabs, lab: str, data: str) -> None:
        self.data = data
        self.at: Stop | None = None
        # Sprites are picked on the front page; the link of the others says which they are.
        self.page = tabs.open(lab if data == "sprites" else f"{lab}?data={data}")
        if data == "sprites":
            pick(self.page, "data", data)

    def go(self, stop: Stop) -> None:
        """Go to a stop: by a card of the front page with MNIST, else by the menu."""
        if self.at == stop and self.title() == TITLES[stop.page]:
            return
        if self.data == "mnist" and stop.page != "overview":
            if self.title() != TITLES["overview"]:
                self.click("stTopNavLink", 0)
                self.arrive("overview")
            self.click("stPageLink-NavLink", [*TITLES].index(stop.page) - 1)
        else:
            self.click("stTopNavLink", [*TITLES].index(stop.page))
        self.arrive(stop.page)
        if stop.choose:
            stop.choose(self.page)
        self.at = stop

    def title(self) -> str:
        return self.page.locator("h1").inner_text()

    def click(self, links: str, place: int) -> None:
        self.page.get_by_test_id(links).nth(place).click()

    def arrive(self, page: str) -> None:
        expect(self.page.locator("h1")).to_have_text(TITLES[page])
        finish(self.page)


@pytest.fixture(scope="module")
def walks(shared_tabs: Tabs, lab: str) -> Callable[[str], Walk]:
    """Return a function that gives the walk of a data set; it is begun only once."""
    begun: dict[str, Walk] = {}

    def walk(data: str) -> Walk:
        if data not in begun:
            begun[data] = Walk(shared_tabs, lab, data)
        return begun[data]

    return walk


@pytest.fixture(scope="module", params=STOPS, ids=str)
def stop(request: pytest.FixtureRequest) -> Stop:
    """Return each stop; pytest runs all tests of one before it goes on to the next."""
    return request.param


def at(*stops: Stop) -> pytest.MarkDecorator:
    """Return the mark of a test that looks at some stops alone."""
    return pytest.mark.parametrize("stop", stops, ids=str, indirect=True, scope="module")


@pytest.fixture
def page(stop: Stop, walks: Callable[[str], Walk], shared_tabs: Tabs) -> Iterator[Page]:
    """Return the tab of a walk at a stop; no page may log an error on the way."""
    walk = walks(stop.data)
    walk.page.bring_to_front()
    reset_looks(walk.page)
    walk.go(stop)
    yield walk.page
    shared_tabs.check()


def pictures(page: Page) -> list[int]:
    """Return the width in pixels of each picture."""
    return page.locator('[data-testid="stMain"] img').evaluate_all(
        "all => all.map(image => image.naturalWidth)"
    )


def test_it_is_drawn_without_a_fault(page: Page, stop: Stop):
    assert page.locator("h1").inner_text() == TITLES[stop.page]
    assert page.locator(".st-key-data input").input_value() == stop.data
    if not stop.choose:
        assert choices(page).keys() == {"data", "latents"}
        assert choices(page)["data"] == stop.data
    assert page.locator(FAULTS).count() == 0
    for instrument in page.locator(".instrument").all():
        expect(instrument).to_have_attribute("data-ready", "true")
    drawn = pictures(page)
    canvases = page.locator("figure canvas, .instrument button canvas")
    assert len(drawn) + canvases.count() >= PICTURES.get(stop.page, 4)
    assert min(drawn, default=1) > 0


def test_it_can_be_read_in_both_themes_and_fits_a_phone_and_a_laptop(page: Page, stop: Stop):
    check_looks(page)


@at(*AS_OPENED["digits"])
def test_every_part_says_how_to_read_it_with_its_formulas_drawn(page: Page, stop: Stop):
    parts = page.locator(".st-key-part button").all_inner_texts()
    texts = set()
    for part in parts or [""]:
        if part:
            press(page, "part", part)
        texts.add(how_to_read(page))
    assert len(texts) == max(1, len(parts))


def how_to_read(page: Page) -> str:
    """Open *How to read this page*, and return its text without the formulas, which are drawn."""
    fold = page.get_by_test_id("stExpander").filter(has_text="How to read this page")
    if fold.locator("details[open]").count() == 0:
        fold.locator("summary").click()
    text = fold.get_by_test_id("stMarkdownContainer").last
    expect(text).to_be_visible()
    assert page.locator(".katex-error").all_inner_texts() == []
    plain = text.evaluate(
        "node => { const copy = node.cloneNode(true);"
        " copy.querySelectorAll('.katex').forEach(formula => formula.remove());"
        " return copy.textContent; }"
    )
    assert "Source" in plain or "et al." in plain
    assert not set(plain) & set("$\\"), "a formula is shown as it was typed"
    return plain


@at(*(Stop(data, "interpolations") for data in DATA))
def test_every_way_is_drawn_for_every_data_set(page: Page, stop: Stop):
    expect(page.locator(".instrument[data-ready]")).to_have_count(1)
    models = ["AE", "Noisy AE, η = 0.05", "VAE", "β-VAE, β = 4"]
    names = [*models, "Blending pixels"]
    assert page.locator(".passage-line .name").all_inner_texts() == names
    assert page.locator(".passage canvas.picture").count() == 60 + 2 + len(names)


@at(Stop("sprites", "disentanglement"))
def test_figures_and_traversals_are_drawn(page: Page, stop: Stop):
    expect(page.locator('[data-testid="stPlotlyChart"] .main-svg').first).to_be_visible()
    assert page.locator('[data-testid="stPlotlyChart"]').count() == 8
    sheets = page.locator('[data-testid="stMain"] img[alt*="traversals from the origin"]')
    expect(sheets).to_have_count(2)
    widths = sheets.evaluate_all("all => all.map(image => image.naturalWidth)")
    assert min(widths) > 300


@at(Stop("digits", "likelihood"))
def test_the_parts_change_the_link_and_only_the_chosen_one_is_drawn(page: Page, stop: Stop):
    press(page, "part", "By hand")
    by_hand = page.get_by_text("Why add logarithms")
    expect(by_hand).to_have_count(1)
    press(page, "part", "The bound")
    expect(page.get_by_text("Why is a KL divergence never negative?")).to_be_visible()
    page.wait_for_url("**part=The+bound*")
    expect(by_hand).to_have_count(0)


@at(*AS_OPENED["mnist"][1:])
def test_the_back_button_returns_to_the_front_page_with_what_was_picked(page: Page, stop: Stop):
    page.go_back()
    expect(page.locator("h1")).to_have_text(TITLES["overview"])
    assert choices(finish(page)) == {"data": "mnist", "latents": "10"}
