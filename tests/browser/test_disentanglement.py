"""What only a browser can tell of Disentanglement: its links hold."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import finish

pytestmark = pytest.mark.browser

ADDRESS = "disentanglement?data=sprites&latents=10&pairs=1"


def test_a_choice_of_the_protocol_stands_in_the_address_and_comes_back(open_page):
    page = open_page(ADDRESS)
    seed = page.get_by_role("spinbutton", name="Seed of the pair")
    before = page.locator('img[alt^="Two sprites"]').get_attribute("src")
    seed.fill("5")
    seed.press("Enter")
    page.wait_for_url("**pair=5*")
    expect(page.locator(f'img[alt^="Two sprites"][src="{before}"]')).to_have_count(0)
    after = page.locator('img[alt^="Two sprites"]').get_attribute("src")
    page.reload()
    assert finish(page).locator('img[alt^="Two sprites"]').get_attribute("src") == after
