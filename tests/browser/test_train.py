"""Training in a real browser, on a shelf of its own: started, watched, stopped, deleted."""

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from core.config import RunConfig
from core.recipes import recipe
from core.shelf import SHELF
from tests.browser.conftest import finish, running

pytestmark = pytest.mark.browser

SHIPPED = [recipe("digits", name) for name in ("ae", "vae")]
SHORT = recipe("digits", "vae", seed=7, epochs=150, hidden=(128, 64))
SHORT_ADDRESS = "train?data=digits&train_seed=7&digits_epochs=150&train_width=Half"
LONG_ADDRESS = "train?data=digits&train_seed=8&digits_epochs=500&train_model=AE"
CHARTS = ["live_curves", "live_codes", "live_kl"]


@pytest.fixture(scope="module")
def own_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a lab with two runs that ship, on a shelf that takes more."""
    folder = tmp_path_factory.mktemp("training")
    for config in SHIPPED:
        shutil.copytree(SHELF / config.key, folder / "shelf" / config.key)
    with running(folder / "server.log", LATENT_LAB_SHELF=str(folder / "shelf")) as address:
        yield address


def button(page: Page, name: str) -> Locator:
    """Return a button of the page; Streamlit has a Stop of its own above it."""
    return page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True)


def press(page: Page, name: str) -> None:
    button(page, name).click()


def delete(page: Page, config: RunConfig) -> None:
    """Delete a run, and see that it is gone."""
    row = page.locator(f".st-key-delete-{config.key}")
    row.get_by_role("button").click()
    expect(row).to_have_count(0)


def bar(page: Page) -> Locator:
    return page.get_by_test_id("stProgress")


def charts(page: Page) -> list[str]:
    """Return the names of the charts of a training that are drawn."""
    return [name for name in CHARTS if page.locator(f".st-key-{name} .main-svg").count()]


def test_a_run_is_trained_watched_picked_and_deleted(own_lab, open_address):
    page = open_address(own_lab + SHORT_ADDRESS)
    assert charts(page) == []
    press(page, "Start")
    expect(bar(page)).to_be_visible()
    expect(button(page, "Stop")).to_be_visible()
    expect(bar(page)).to_contain_text(re.compile(r"Epoch \d+ of 150, [\d,]+ images/s, \d+ s left"))
    for name in CHARTS:
        expect(page.locator(f".st-key-{name} .main-svg").first).to_be_visible()
    other = open_address(own_lab + "sampling?data=digits&latents=2")
    expect(other.locator(".grid[data-ready]")).to_be_visible()
    expect(page.get_by_text("is trained and on the shelf")).to_be_visible()
    finish(page)
    assert charts(page) == CHARTS
    press(page, "Pick it for every page")
    expect(page).to_have_url(re.compile(f"run={SHORT.key}"))
    finish(page)
    page.get_by_role("link", name="Latent space").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".st-key-run input")).to_have_value(SHORT.key)
    page = open_address(own_lab + SHORT_ADDRESS)
    delete(page, SHORT)
    expect(button(page, "Start")).to_be_visible()


def test_a_training_is_stopped_goes_on_and_is_discarded(own_lab, open_address):
    page = open_address(own_lab + LONG_ADDRESS)
    for word in ("Start", "Continue"):
        press(page, word)
        expect(bar(page)).to_contain_text(re.compile(r"Epoch [1-9]\d* of 500"))
        press(page, "Stop")
        expect(page.get_by_text("It was stopped.")).to_be_visible()
        assert bar(page).count() == 0
        finish(page)
    assert charts(page) == ["live_curves", "live_codes"]
    press(page, "Discard")
    expect(button(page, "Start")).to_be_visible()
    finish(page)
    assert charts(page) == []


def test_what_one_visitor_trains_another_sees_finish(own_lab, open_address):
    first, second = (open_address(own_lab + SHORT_ADDRESS + "&train_model=AE") for _ in range(2))
    for page in (first, second):
        press(page, "Start")
        expect(button(page, "Start")).to_have_count(0)
    for page in (first, second):
        expect(page.get_by_text("is trained and on the shelf")).to_be_visible()
        assert charts(finish(page)) == ["live_curves", "live_codes"]
    delete(first, recipe("digits", "ae", seed=7, epochs=150, hidden=(128, 64)))
