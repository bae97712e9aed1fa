"""The entry point for Streamlit Community Cloud, in a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import finish, running

pytestmark = pytest.mark.browser


def test_a_deep_link_and_the_pages_work_from_the_entry_point_for_the_cloud(
    tmp_path: Path, open_address
):
    with running(tmp_path / "server.log", "cloud/dashboard.py") as lab:
        page = open_address(f"{lab}sampling?data=mnist&latents=10")
        expect(page.locator("h1")).to_have_text(
            "Data or noise: what does a random code look like?"
        )
        assert page.get_by_role("combobox", name="Data set").input_value() == "mnist"
        page.get_by_role("link", name="Overview").first.click()
        expect(page.locator("h1")).to_have_text("What does a random code decode to?")
        finish(page).locator('[data-testid="stPageLink-NavLink"]').first.click()
        expect(page.locator("h1")).to_have_text("Where do the codes lie?")
        finish(page)
        page.close()  # before its server is gone
