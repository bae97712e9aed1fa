import math
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.shelf import shipped
from core.ui.kit.frame import PAGES

ROOT = Path(__file__).parents[2]
OF_A_RUN = {"pages/likelihood.py": {"part": "The bound"}}
"""Page -> the choices of a link to its part about the picked run, where that is not the first."""
FEWEST_PICTURES = {"pages/train.py": 2, "pages/likelihood.py": 1, "pages/disentanglement.py": 3}
DRAWS_ITS_OWN = {"pages/disentanglement.py"}
"""Pages that show nothing but sprites, whatever was picked."""
READING = {
    "pages/overview.py": (r"-\log p(x \mid z)", "Higgins et al. 2017; Burda et al. 2016"),
    "pages/latent_space.py": ("N(0, I)", "Hinton and Salakhutdinov 2006"),
    "pages/sampling.py": (r"\|m_1-m_2\|^2", "Heusel et al. 2017"),
    "pages/noise.py": (r"z = m(x) + \sqrt{\eta R}\;\varepsilon", "Shannon 1948, theorem 17"),
    "pages/likelihood.py": (r"\arg\max_\theta \prod_i p_\theta(x_i)", "Fisher 1922"),
    "pages/priors.py": (r"\mu + \sigma \varepsilon", "Hoffman and Johnson 2016"),
    "pages/traversals.py": (r"\mathrm{decode}(z + (v - z_u)\,e_u)", "Burgess et al. 2018"),
    "pages/interpolations.py": (r"z(t) = (1-t)\,a + t\,b", "Shoemake 1985; White 2016"),
    "pages/disentanglement.py": (r"\frac1L\sum_l |z_l - z_l'|", "Locatello et al. 2019"),
    "pages/train.py": (r"\beta\,\mathrm{KL}(q(z \mid x) \| p(z))", "Kingma and Ba 2015 (Adam)"),
}
"""Page -> a formula and a source in its text on how to read it."""
FAMILIES = sorted({(config.data.name, config.model.latent_dim) for config in shipped()})


@pytest.mark.slow
@pytest.mark.parametrize(("data", "latents"), FAMILIES)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_for_every_family_of_runs(open_page, page, data, latents):
    app = open_page(page, data=data, latents=latents, **OF_A_RUN.get(page, {}))
    assert (app.selectbox(key="data").value, app.selectbox(key="latents").value) == (data, latents)
    assert not app.error
    assert not app.warning
    if data != "mnist":
        assert not any("not on this machine" in info.value for info in app.info)
    pictures = [picture for image in app.get("image") for picture in image.proto.imgs]
    assert pictures or app.get("bidi_component")
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


@pytest.mark.parametrize(("page", "formula", "source"), [(p, *READING[p]) for p in PAGES])
def test_every_page_asks_one_question_and_says_how_to_read_it_with_a_formula_and_a_source(
    open_page, page, formula, source
):
    app = open_page(page)
    (title,) = app.title
    assert title.value.endswith("?")
    (expander,) = [
        expander for expander in app.expander if expander.label == "How to read this page"
    ]
    text = " ".join(markdown.value for markdown in expander.markdown)
    assert formula in text
    assert source in text


@pytest.mark.parametrize("page", PAGES)
def test_without_the_images_of_mnist_a_page_says_so_at_most_once_and_shows_what_decoders_draw(
    open_page, page
):
    app = open_page(page, data="mnist", nearest="true", **OF_A_RUN.get(page, {}))
    sentences = [info.value for info in app.info if "MNIST" in info.value]
    assert len(sentences) == (page not in DRAWS_ITS_OWN)
    assert all("LATENT_LAB_DATA" in sentence for sentence in sentences)
    components = [component.proto for component in app.get("bidi_component")]
    films = "".join(proto.json for proto in components).count("data:image/png")
    decoders = sum(proto.bytes.count(rb"\"decoder\"") for proto in components)
    assert len(app.get("image")) + films + decoders >= FEWEST_PICTURES.get(page, 4)


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
    sentence = "should hold MNIST's own train-images"
    assert sum(sentence in info.value for info in app.info) == 1
    alts = [picture.alt for image in app.get("image") for picture in image.proto.imgs]
    assert "Test images" not in alts


@pytest.mark.slow
@pytest.mark.parametrize("data", ["digits", "sprites"])
def test_images_that_need_no_file_are_never_missing_beside_random_codes(open_page, data):
    """The other pages, and this one without *nearest*, are opened for every family above."""
    app = open_page("pages/sampling.py", data=data, nearest="true")
    assert not any("not on this machine" in info.value for info in app.info)
