from functools import partial

import numpy as np
import pytest

from core.checkpoints import load
from core.config import MODEL_LABELS
from core.recipes import recipe
from core.shelf import SHELF
from core.ui.interpolations import passages
from core.verdicts.interpolations import BLENDING, PATH_WORDS
from tests.pages.conftest import sent

PAGE = "pages/interpolations.py"
LABELS = load(SHELF, recipe("digits", "vae", 2).key).codes["label"]


@pytest.fixture
def opened(open_page):
    return partial(open_page, PAGE)


@pytest.mark.parametrize(("data", "latents"), [("digits", 2), ("digits", 10), ("sprites", 10)])
def test_every_model_brings_its_decoder_and_the_codes_of_the_gallery(opened, data, latents):
    header, runs, tensors = sent(opened(data=data, latents=latents), "passage")
    assert [run["short"] for run in runs] == list(MODEL_LABELS.values())
    mean = load(SHELF, recipe(data, "vae", latents).key).codes["mean"]
    vae = [run["short"] for run in runs].index("VAE")
    np.testing.assert_array_equal(tensors["codes"][:, vae], mean[header["index"]])
    assert header["blending"]["label"] == BLENDING
    assert len(tensors["images"]) == len(header["index"])


@pytest.mark.parametrize(
    ("data", "names"), [("digits", "0123456789"), ("sprites", ("square", "ellipse", "heart"))]
)
def test_the_gallery_shows_as_many_images_of_each_class_a_class_in_each_column(
    opened, data, names
):
    header = sent(opened(data=data), "passage").header
    classes = [name.split("“")[1].strip("”") for name in header["names"]]
    assert len(classes) == len(set(header["index"])) == 60
    assert {classes.count(name) for name in names} == {60 // len(names)}
    for column in range(header["columns"]):
        assert len({*classes[column :: header["columns"]]}) == 1


def test_two_at_random_are_of_different_classes(opened):
    header, _, tensors = sent(opened(data="digits"), "passage")
    labels = LABELS[header["index"]]
    first, second = tensors["pairs"].T
    assert (labels[first] != labels[second]).all()
    assert len({*map(tuple, tensors["pairs"].tolist())}) > 40


def test_a_link_may_name_any_two_test_images(opened):
    usual = sent(opened(data="digits"), "passage").header
    assert [usual["index"][place] for place in usual["picked"]] == [0, 1]
    header = sent(opened(data="digits", first=300, second=222), "passage").header
    assert header["index"] == [*usual["index"], 300, 222]
    assert sent(opened(data="digits", first=9000, second="x"), "passage").header == usual


@pytest.mark.slow
@pytest.mark.parametrize("path", PATH_WORDS)
@pytest.mark.parametrize(
    ("data", "latents"),
    [("digits", 2), ("digits", 10), ("mnist", 2), ("mnist", 10), ("sprites", 10)],
)
def test_every_family_has_its_verdict_from_kept_numbers_and_a_table(opened, data, latents, path):
    app = opened(data=data, latents=latents, path=path)
    (said,) = [markdown.value for markdown in app.markdown if "*Smoothly?*" in markdown.value]
    assert f"on the {path.lower()}, " in said.split("\n")[0].lower()
    rows = app.dataframe[0].value
    assert len(rows) == 2 * 4 + 1
    assert any("500 pairs" in caption.value for caption in app.caption)


def test_what_was_not_measured_is_said(opened, monkeypatch):
    monkeypatch.setattr(passages, "kept_passages", lambda config, root: [])
    passages.answer_of.clear()
    assert any("were not measured yet" in info.value for info in opened(data="digits").info)
    passages.answer_of.clear()


def test_a_run_that_was_not_measured_is_left_out_by_name(opened, monkeypatch):
    usual = passages.kept_passages
    monkeypatch.setattr(
        passages, "kept_passages", lambda c, root: [] if c.model.name == "ae" else usual(c, root)
    )
    passages.answer_of.clear()
    app = opened(data="digits")
    assert any("left out: AE;" in info.value for info in app.info)
    assert set(app.dataframe[0].value["Model"]) == {"Noisy AE", "VAE", "β-VAE", "Originals"}
    passages.answer_of.clear()
