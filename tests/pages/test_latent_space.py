import base64
import json
from functools import partial
from typing import Any

import numpy as np
import pytest

from core.checkpoints import load
from core.data import read_test_images
from core.figures.plane import prior_traces
from core.recipes import recipe
from core.shelf import SHELF
from core.ui.kit import cache
from core.ui.latent_space import panels
from tests.pages.conftest import sent

PAGE = "pages/latent_space.py"
VAE2, VAE10 = recipe("digits", "vae", 2), recipe("digits", "vae", 10)


@pytest.fixture
def opened(open_page):
    return partial(open_page, PAGE)


def figures(app) -> dict[str, dict]:
    return {chart.key: json.loads(chart.proto.spec) for chart in app.get("plotly_chart")}


def captions(app) -> list[str]:
    return [caption for image in app.get("image") for caption in image.captions]


def marked(figure: dict) -> list[dict]:
    return [trace for trace in figure["data"] if "customdata" in trace]


def test_picking_a_point_shows_its_label_its_image_and_its_code(opened):
    codes = load(SHELF, VAE2.key).codes
    app = opened(data="digits", model="VAE")
    for index in (3, 200):
        app.session_state["image"] = index
        app.run()
        assert captions(app)[0] == f"Image, “{codes['label'][index]}”"
        table = app.dataframe[0].value
        mean = [float(text.replace("−", "-")) for text in table["mean"]]
        np.testing.assert_allclose(mean, codes["mean"][index], atol=1e-3)
        np.testing.assert_allclose(table["σ"].astype(float), codes["std"][index], atol=1e-3)
        assert not table["mean"].str.contains("-").any()


def test_picking_another_point_changes_every_picture_of_it(opened):
    app = opened(data="digits", image=3)
    before = [image.value for image in app.get("image")]
    app.session_state["image"] = 200
    after = [image.value for image in app.run().get("image")]
    assert len(before) == len(after)
    assert not any(one == other for one, other in zip(before, after, strict=True))


def test_a_picked_image_is_shown_beside_its_reconstruction_by_each_model(opened):
    assert captions(opened(data="digits"))[1:5] == ["AE", "Noisy AE", "VAE", "β-VAE"]


def test_without_the_images_of_mnist_label_reconstructions_and_decoded_neighbours_are_shown(
    opened,
):
    app = opened(data="mnist", model="VAE", image=5)
    assert captions(app)[:4] == ["AE", "Noisy AE", "VAE", "β-VAE"]
    assert any("decoded" in caption.value for caption in app.caption)
    assert any(
        str(load(SHELF, recipe("mnist", "vae", 2).key).codes["label"][5]) in text
        for text in said(app)
    )


def said(app) -> list[str]:
    """Return what stands around the picked image."""
    return [*captions(app), *(caption.value for caption in app.caption)]


def test_a_model_without_noise_says_that_its_posterior_is_a_point(opened):
    told = {model: said(opened(data="digits", model=model)) for model in ("AE", "VAE")}
    assert any("is a point" in text for text in told["AE"])
    assert any("1 and 2 σ of its posterior" in text for text in told["VAE"])


def test_every_test_code_is_drawn_once_by_every_model_and_can_be_picked(opened):
    drawn = figures(opened(data="digits", latents=10))
    count = len(load(SHELF, VAE10.key).codes["label"])
    for name in ("ae", "noisy-ae", "vae", "beta-vae"):
        assert (
            sum(len(numbers(trace["customdata"])) for trace in marked(drawn[f"codes {name}"]))
            == count
        )


def numbers(array) -> np.ndarray:
    """Return the numbers of an array of a figure, which plotly packs."""
    return (
        np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"])
        if isinstance(array, dict)
        else array
    )


@pytest.mark.parametrize("show", ["All four", "One large"])
def test_axes_are_equal(opened, show):
    drawn = {
        key: one
        for key, one in figures(opened(data="digits", latents=10, show=show)).items()
        if key.startswith("codes")
    }
    assert len(drawn) == (4 if show == "All four" else 1)
    for figure in drawn.values():
        assert figure["layout"]["yaxis"]["scaleanchor"] == "x"
        assert figure["layout"]["yaxis"].get("scaleratio", 1) == 1


def test_the_prior_is_drawn_around_two_latents_and_left_out_where_axes_are_not_latents(opened):
    def has_prior(**choices):
        figure = figures(opened(data="digits", show="One large", model="VAE", **choices))[
            "codes vae"
        ]
        return "prior" in {trace.get("name") for trace in figure["data"]}

    assert has_prior(latents=10, flatten="A pair")
    assert not has_prior(latents=10, flatten="PCA")


def test_a_pair_of_latents_is_the_one_that_was_asked_for(opened):
    figure = figures(opened(data="digits", latents=10, flatten="A pair", across=3, up=7))[
        "codes vae"
    ]
    mean, label = (load(SHELF, VAE10.key).codes[name] for name in ("mean", "label"))
    first = marked(figure)[0]
    for axis, latent in (("x", 2), ("y", 6)):
        np.testing.assert_allclose(
            np.sort(numbers(first[axis])), np.sort(mean[label == 0, latent]), atol=1e-3
        )


def test_two_latents_are_not_flattened(opened):
    assert "flatten" not in {box.key for box in opened(data="digits", latents=2).selectbox}


@pytest.mark.parametrize("flatten", ["PCA", "A pair"])
def test_another_way_to_flatten_moves_the_points(opened, flatten):
    app = opened(data="digits", latents=10, flatten=flatten)
    assert app.selectbox(key="flatten").value == flatten
    other = app.selectbox(key="flatten").select({"PCA": "A pair", "A pair": "PCA"}[flatten])
    assert figures(app)["codes vae"]["data"] != figures(other.run())["codes vae"]["data"]


@pytest.mark.slow
def test_tsne_places_every_code_and_is_kept(opened, monkeypatch):
    app = opened(data="digits", latents=10, flatten="t-SNE", show="One large")
    assert not app.get("progress")
    points = sum(len(numbers(trace["x"])) for trace in marked(figures(app)["codes vae"]))
    assert points == len(load(SHELF, VAE10.key).codes["label"])
    monkeypatch.setattr(cache.projection, "tsne_stage", None)
    assert not app.run().exception


@pytest.mark.slow
@pytest.mark.parametrize("factor", ["shape", "scale", "orientation", "x", "y"])
def test_sprites_can_be_coloured_by_what_truly_varies(opened, factor):
    app = opened(data="sprites", color=factor)
    assert app.selectbox(key="color").value == factor
    assert not app.error


def test_images_without_known_factors_are_coloured_by_label_only(opened):
    assert opened(data="digits", latents=10).selectbox(key="color").options == ["label"]


def test_the_planes_hold_the_first_codes_and_images_of_every_model(opened):
    planes = sent(opened(data="digits", latents=2), "planes")
    assert [run["label"] for run in planes.runs] == [
        "AE",
        "Noisy AE, η = 0.05",
        "VAE",
        "β-VAE, β = 4",
    ]
    codes = load(SHELF, VAE2.key).codes
    np.testing.assert_array_equal(planes.tensors["codes"][2], codes["mean"])
    np.testing.assert_array_equal(planes.tensors["labels"], codes["label"])
    np.testing.assert_array_equal(
        planes.tensors["images"], read_test_images(VAE2.data, slice(None))
    )
    assert (np.abs(planes.tensors["codes"]) > planes.tensors["half"][:, None, None]).mean() < 0.01
    assert planes.header["classes"] == list("0123456789")


def test_the_circles_of_the_prior_are_drawn_for_the_normal_prior_alone(opened):
    link = {"data": "mnist", "latents": 2, "model": "VAE"}
    assert sent(opened(**link), "planes").header["normal"] == [True] * 4
    boxed = sent(opened(**link, prior="uniform box"), "planes").header
    assert boxed["normal"] == [True, True, False, True]


def test_a_drawing_is_taken_where_images_are_digits_and_encoders_can_be_sent(opened):
    for data in ("digits", "mnist"):
        app = opened(data=data, latents=2)
        app.toggle(key="pad").set_value(True).run()
        drawn = sent(app, "pad")
        assert drawn.header == {"centred": data}
        assert all("encoder" in run for run in drawn.runs)


@pytest.mark.parametrize("model", ["AE", "VAE"])
def test_ten_latents_are_told_apart_by_what_they_carry(opened, model):
    app = opened(data="digits", latents=10, show="One large", model=model)
    assert any("of 10 are active" in markdown.value for markdown in app.markdown)


def test_the_last_test_image_can_be_picked_and_the_one_after_it_cannot(opened):
    last = len(load(SHELF, VAE2.key).codes["label"]) - 1
    assert opened(data="digits", image=last).number_input(key="image").value == last
    assert opened(data="digits", image=last + 1).number_input(key="image").value == 0


def test_an_image_that_the_next_data_set_lacks_gives_way(opened):
    app = opened(data="mnist", latents=10, image=9000)
    app.selectbox(key="data").select("digits").run()
    assert not app.exception
    assert app.number_input(key="image").value <= app.number_input(key="image").max


@pytest.mark.parametrize("model", ["ae", "vae"])
def test_a_small_panel_has_numbers_on_its_axes_for_its_scale(model: str):
    figure: Any = panels.scatter_figure(
        recipe("digits", model, 2), "label", "pair", (0, 1), 200, True
    )
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        assert axis.showticklabels is not False
        assert axis.ticklabelposition == "inside"


def test_circles_are_promised_only_where_two_latents_are_drawn_as_they_are(open_page):
    app = open_page("pages/latent_space.py", data="digits", latents=10)
    said = "\n".join(markdown.value for markdown in app.markdown)
    assert "1, 2 and 3 σ are circles where two latents are drawn as they are" in said
    ten: Any = panels.scatter_figure(
        recipe("digits", "vae", 10), "label", "pca", (0, 1), 200, True
    )
    two: Any = panels.scatter_figure(
        recipe("digits", "vae", 10), "label", "pair", (0, 1), 200, True
    )
    assert len(two.data) == len(ten.data) + len(prior_traces())
