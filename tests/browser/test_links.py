"""A link says what is on the screen, whatever the lab opens with later."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import choices, finish, pick

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_every_link_says_data_and_latents_and_back_leaves_the_lab(open_page, lab):
    page = open_page("sampling?model=AE")
    page.wait_for_url("**latents=10**")
    assert choices(page) == {"model": "AE", "data": "mnist", "latents": "10"}
    pick(page, "data", "digits")
    page.wait_for_url("**data=digits**")
    assert choices(page) == {"model": "AE", "data": "digits", "latents": "10"}
    page.go_back()
    assert page.url == "about:blank"


def test_a_page_of_another_kind_has_its_own_latents_in_a_link_that_is_copied(open_page, browser):
    page = open_page("noise?data=digits&latents=2")
    page.get_by_role("link", name="Sampling").click()
    page.wait_for_url("**/sampling?**latents=2**")
    page.get_by_role("link", name="Priors").click()
    page.wait_for_url("**/priors?**latents=2**")
    finish(page)
    pick(page, "latents", "10")
    page.get_by_role("link", name="Sampling").click()
    page.wait_for_url("**/sampling?**latents=2**")
    assert choices(page) == {"data": "digits", "latents": "2"}

    browser.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == page.url
