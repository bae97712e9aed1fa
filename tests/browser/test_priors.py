"""What only a browser can tell of Priors: panels with equal axes, new codes alone, any screen."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Tabs, finish, running
from tests.browser.looks import check_looks
from tests.priors_shelf import BETTER, trained, write_numbers

pytestmark = pytest.mark.browser

SCALES = """() => [...document.querySelectorAll('.js-plotly-plot')].map(plot => plot._fullLayout)
    .filter(layout => layout.yaxis.scaleanchor)
    .map(layout => [layout.xaxis._m, -layout.yaxis._m, layout.width])"""


@pytest.fixture(scope="module")
def priors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of Priors in a lab of small runs of every prior, with made-up numbers."""
    root = trained(tmp_path_factory.mktemp("shelf"))
    write_numbers(root, BETTER, fitted=0.2)
    with running(
        tmp_path_factory.mktemp("lab") / "server.log", LATENT_LAB_SHELF=str(root)
    ) as address:
        yield f"{address}priors?data=digits"


@pytest.fixture
def page(priors: str, shared_tabs: Tabs) -> Iterator[Page]:
    """Return the page, which is opened once for those who only look at it."""
    yield shared_tabs.look_at(priors)
    shared_tabs.check()


def samples(page: Page) -> dict[str, str]:
    """Return the pictures of random codes by what they show."""
    pictures = page.locator('[data-testid="stMain"] img[alt$="random codes, decoded"]')
    expect(pictures).to_have_count(5)
    return dict(pictures.evaluate_all("all => all.map(image => [image.alt, image.src])"))


def test_the_panels_of_the_five_have_equal_axes_and_are_equally_large(page: Page):
    page.wait_for_function(f"() => ({SCALES})().length === 5")
    scales = page.evaluate(SCALES)
    for across, up, _ in scales:
        assert across == pytest.approx(up, rel=0.01)
    assert len({round(width) for *_, width in scales}) == 1
    assert page.get_by_text("Simple calculations, and little else.").is_visible()


def test_another_seed_draws_new_codes_and_stands_in_the_address(priors: str, open_address):
    page = open_address(priors)
    before = samples(page)
    seed = page.get_by_role("spinbutton", name="Seed of the random codes")
    seed.fill("5")
    seed.press("Enter")
    page.wait_for_url("**seed=5*")
    expect(page.locator(f'img[src="{before["VampPrior: random codes, decoded"]}"]')).to_have_count(
        0
    )
    after = samples(finish(page))
    assert all(after[name] != before[name] for name in before)
    page.reload()
    assert samples(finish(page)) == after


def test_the_table_and_the_bars_are_drawn(page: Page):
    table = page.locator('[data-testid="stDataFrame"]')
    table.scroll_into_view_if_needed()
    expect(table.locator("canvas").first).to_be_visible()
    bars = page.locator(".js-plotly-plot .barlayer .point path")
    expect(bars).to_have_count(8)
    heights = bars.evaluate_all("all => all.map(bar => bar.getBBox().height)")
    assert min(heights) > 5
    assert page.get_by_text("1,000 ×", exact=True).first.is_visible()


def test_it_can_be_read_in_both_themes_and_fits_a_phone(page: Page):
    check_looks(page)
