"""Screens that a later step lays out anew; strict, so that a test is noticed once it passes."""

import json
from typing import Any

import pytest

from core.ui.kit.frame import PAGES

LATER = "this screen is laid out anew in a later step"
REACT = {"pages/latent_space.py", "pages/likelihood.py", "pages/traversals.py"}
"""Pages that show something else for another model of the picker."""


def shown(app) -> list[Any]:
    """Return the texts, pictures, figures and tables below the picker."""
    texts = [
        block.value
        for kind in ("markdown", "caption", "info", "success")
        for block in app.get(kind)
    ]
    pictures = [image.proto.imgs[0].url for image in app.get("image")]
    figures = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    tables = [table.value.to_csv() for table in app.dataframe]
    return [texts, pictures, figures, tables]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        (
            page
            if page in REACT
            else pytest.param(page, marks=pytest.mark.xfail(strict=True, reason=LATER))
        )
        for page in PAGES
    ],
)
def test_a_page_that_offers_another_model_shows_something_else_for_it(open_page, page):
    ae, vae = (
        open_page(page, data="digits", model=model, part="The bound") for model in ("AE", "VAE")
    )
    offered = "model" in {box.key for box in vae.selectbox}
    differs = shown(ae) != shown(vae)  # pytest would take seconds to compare what is drawn
    assert differs or not offered


def test_one_model_alone_is_not_called_four(open_page):
    texts, *_ = shown(open_page("pages/overview.py", data="mnist", latents=40))
    assert not any("four members" in text for text in texts)


def test_one_model_alone_is_not_both_the_closest_and_the_farthest(open_page):
    texts, *_ = shown(open_page("pages/sampling.py", data="mnist", latents=40))
    assert any("Fréchet distance" in text for text in texts)
    assert not any("closest" in text and "farthest" in text for text in texts)
