import math
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.shelf import shipped
from core.ui.kit.frame import PAGES

ROOT = Path(__file__).parents[2]
OF_A_RUN = {"pages/likelihood.py": {"part": "The bound"}}
"""What a link asks a page for to see what it makes of a run, where it does not at first."""
FEWEST_PICTURES = {"pages/train.py": 2, "pages/likelihood.py": 1, "pages/disentanglement.py": 3}
DRAWS_ITS_OWN = {"pages/disentanglement.py"}
"""Pages that show nothing but sprites, whatever was picked."""
FAMILIES = sorted({(config.data.name, config.model.latent_dim) for config in shipped()})


@pytest.mark.slow
@pytest.mark.parametrize(("data", "latents"), FAMILIES)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_for_every_family_of_runs(open_page, page, data, latents):
    app = open_page(page, data=data, latents=latents, **OF_A_RUN.get(page, {}))
    assert (app.selectbox(key="data").value, app.selectbox(key="latents").value) == (data, latents)
    assert not app.error
    assert not app.warning
    pictures = [one for image in app.get("image") for one in image.proto.imgs]
    assert pictures
    assert all(picture.alt for picture in pictures), (
        "a picture has no text for those who do not see it"
    )


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_fresh_server_shows_what_a_deep_link_names(page):
    app = AppTest.from_file(ROOT / "dashboard.py", default_timeout=120).switch_page(page)
    app.query_params["data"] = "sprites"
    assert not app.run().exception
    assert app.selectbox(key="data").value == "sprites"
    assert len(app.title) == 1


@pytest.mark.parametrize("page", PAGES)
def test_every_page_asks_one_question_and_says_how_to_read_it_with_a_formula_and_a_source(
    open_page, page
):
    app = open_page(page)
    (title,) = app.title
    assert title.value.endswith("?")
    (expander,) = [
        expander for expander in app.expander if expander.label == "How to read this page"
    ]
    text = " ".join(markdown.value for markdown in expander.markdown)
    assert "$" in text or "N(0, I)" in text
    assert any(f"{year}" in text for year in range(1986, 2027))
    assert "et al." in text or "Source" in text


@pytest.mark.parametrize("page", PAGES)
def test_without_the_images_of_mnist_a_page_says_so_at_most_once_and_shows_what_decoders_draw(
    open_page, page
):
    app = open_page(page, data="mnist", nearest="true", **OF_A_RUN.get(page, {}))
    said = [info.value for info in app.info if "MNIST" in info.value]
    assert len(said) == (page not in DRAWS_ITS_OWN)
    assert all("LATENT_LAB_DATA" in sentence for sentence in said)
    films = "".join(component.proto.json for component in app.get("bidi_component"))
    assert len(app.get("image")) + films.count("data:image/png") >= FEWEST_PICTURES.get(page, 4)


@pytest.mark.parametrize("page", ["pages/overview.py", "pages/sampling.py", "pages/likelihood.py"])
def test_files_of_another_set_under_the_names_of_mnist_are_not_shown(
    open_page, monkeypatch, tmp_path, page
):
    for part, count in (("train", 6), ("t10k", 4)):
        for kind, sizes in (("images-idx3", (count, 28, 28)), ("labels-idx1", (count,))):
            head = bytes([0, 0, 8, len(sizes)]) + b"".join(
                size.to_bytes(4, "big") for size in sizes
            )
            (tmp_path / f"{part}-{kind}-ubyte").write_bytes(head + bytes(math.prod(sizes)))
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    app = open_page(page, data="mnist", nearest="true", **OF_A_RUN.get(page, {}))
    assert (
        len([info for info in app.info if "should hold MNIST's own train-images" in info.value])
        == 1
    )
    assert "Test images" not in [one.alt for image in app.get("image") for one in image.proto.imgs]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("data", ["digits", "sprites"])
def test_images_that_need_no_file_are_never_missing(open_page, page, data):
    app = open_page(page, data=data, nearest="true", **OF_A_RUN.get(page, {}))
    assert not any("not on this machine" in info.value for info in app.info)
