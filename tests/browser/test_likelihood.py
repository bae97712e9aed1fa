"""What only a browser can tell of Likelihood: its links, and keys on its sliders."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import finish

pytestmark = pytest.mark.browser

BY_HAND, BOUND = "likelihood?data=digits&n=1000", "likelihood?data=digits&part=The+bound"


def slider(page: Page, name: str):
    """Return the slider under a label."""
    return page.locator('[data-testid="stSlider"]', has_text=name).locator('input[type="range"]')


def test_a_key_on_the_slider_takes_more_observations_and_writes_the_link(open_page):
    page = open_page(BY_HAND)
    expect(page.get_by_text("The likelihood of all 1,000 observations")).to_be_visible()
    slider(page, "Observations n").press("ArrowRight")
    expect(page.get_by_text("The likelihood of all 1,010 observations")).to_be_visible()
    page.wait_for_url("**n=1010*")
    page.reload()
    expect(page.get_by_text("The likelihood of all 1,010 observations")).to_be_visible()


def test_the_place_where_the_product_is_lost_is_written_into_the_figure(open_page):
    page = open_page(BY_HAND)
    sentence = page.get_by_text("The likelihood of all 1,000 observations").inner_text()
    lost = re.findall(r"0 from n = [\d,]+", sentence)
    assert len(lost) == 1
    written = page.locator(".js-plotly-plot .textpoint text").all_text_contents()
    assert written == lost


def test_two_gaussians_made_equal_have_no_divergence(open_page):
    page = open_page(BOUND + "&q_mean=0.1&q_std=1.0")
    expect(page.get_by_text("KL(q‖p) = 0.005000 nats")).to_be_visible()
    slider(page, "Mean of q").press("ArrowLeft")
    expect(page.get_by_text("KL(q‖p) = 0 nats")).to_be_visible()


def test_the_posterior_has_equal_axes_and_the_image_follows_its_number(open_page):
    page = open_page(BOUND + "&image=2")
    sides = page.evaluate(
        """() => {
        const plots = [...document.querySelectorAll('.js-plotly-plot')];
        const plot = plots.find(one => one.data.some(trace => trace.type === 'heatmap'));
        const {xaxis, yaxis} = plot._fullLayout;
        return [xaxis, yaxis].map(axis => axis._length / (axis.range[1] - axis.range[0]));
    }"""
    )
    assert sides[0] == pytest.approx(sides[1], rel=0.01)
    said = page.get_by_text("by quadrature (refinement error").inner_text()
    page.get_by_role("spinbutton", name="Test image").press("ArrowUp")
    page.wait_for_url("**image=3*")
    expect(page.get_by_alt_text("Reconstruction of test image 3")).to_be_visible()
    assert finish(page).get_by_text("by quadrature (refinement error").inner_text() != said
