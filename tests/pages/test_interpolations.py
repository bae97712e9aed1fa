import json
from functools import partial

import numpy as np
import pytest

from core.checkpoints import load
from core.config import MODEL_LABELS
from core.recipes import recipe
from core.shelf import SHELF
from core.ui.interpolations import passages
from core.ui.interpolations.paths import film_frames, passage_png
from core.verdicts.interpolations import BLENDING, PATH_WORDS

PAGE = "pages/interpolations.py"
LABELS = load(SHELF, recipe("digits", "vae", 2).key).codes["label"]
ROWS = [*MODEL_LABELS.values(), BLENDING]


@pytest.fixture
def opened(open_page):
    return partial(open_page, PAGE)


def strips(app) -> dict[str, str]:
    """Return the address of each strip, which says what is on it, by the name of its row."""
    return {image.proto.imgs[0].alt.split(":")[0]: image.value[0] for image in app.get("image")}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


def gallery(app) -> dict:
    (spec,) = [
        json.loads(chart.proto.spec) for chart in app.get("plotly_chart") if chart.key == "gallery"
    ]
    return spec


@pytest.mark.parametrize(("data", "latents"), [("digits", 2), ("digits", 10), ("sprites", 10)])
def test_every_model_has_a_row_and_so_has_blending(opened, data, latents):
    drawn = strips(opened(data=data, latents=latents))
    assert list(drawn) == ROWS
    assert len(set(drawn.values())) == len(ROWS)


def test_without_originals_there_is_no_blending_and_the_gallery_shows_decoded_codes_and_says_so(
    opened,
):
    app = opened(data="mnist")
    assert list(strips(app)) == list(MODEL_LABELS.values())
    assert any("as VAE decodes them" in caption.value for caption in app.caption)
    assert any("no row blends pixels" in info.value for info in app.info)
    assert (
        gallery(app)["layout"]["images"][0]["source"]
        != gallery(opened(data="digits"))["layout"]["images"][0]["source"]
    )


@pytest.mark.parametrize("side", ["first", "second"])
def test_another_image_changes_every_row_that_moves(opened, side):
    app = opened(data="digits", latents=2)
    before = strips(app)
    app.number_input(key=side).set_value(77).run()
    assert changed(before, strips(app)) >= {"AE", "Noisy AE", "VAE", BLENDING}
    assert app.selectbox(key=f"label {side}").value == str(LABELS[77])


def test_the_great_circle_changes_what_models_draw_and_not_what_blending_does(opened):
    line, circle = (strips(opened(data="digits", latents=10, path=word)) for word in PATH_WORDS)
    assert changed(line, circle) >= {"AE", "Noisy AE", "VAE"}
    assert BLENDING not in changed(line, circle)


def test_choosing_a_label_goes_to_the_next_image_that_has_it(opened):
    app = opened(data="digits", first=5)
    app.selectbox(key="label first").select("9").run()
    index = app.number_input(key="first").value
    assert index == 5 + 1 + list(LABELS[6:]).index(9)
    assert app.selectbox(key="label first").value == "9"
    assert app.number_input(key="second").value == 1


def test_two_at_random_are_of_different_labels(opened):
    app = opened(data="digits")
    seen = set()
    for _ in range(4):
        next(button for button in app.button if button.label == "Two at random").click().run()
        pair = tuple(app.number_input(key=side).value for side in ("first", "second"))
        assert LABELS[pair[0]] != LABELS[pair[1]]
        seen.add(pair)
    assert len(seen) > 1


def test_the_gallery_stays_the_same_whatever_is_picked_or_a_click_would_be_lost(opened):
    before = gallery(opened(data="digits"))
    assert before == gallery(
        opened(data="digits", first=40, second=300, path="Great circle", frames=5, sets="Second")
    )


@pytest.mark.parametrize(
    ("data", "names"), [("digits", "0123456789"), ("sprites", ("square", "ellipse", "heart"))]
)
def test_the_gallery_shows_as_many_images_of_each_class(opened, data, names):
    texts = next(trace["text"] for trace in gallery(opened(data=data))["data"] if "text" in trace)
    classes = [text.split(",")[0] for text in texts]
    assert len(texts) == len(set(texts)) == 60
    assert {classes.count(name) for name in names} == {60 // len(names)}


def test_an_index_of_a_larger_data_set_does_not_break_a_smaller_one(opened):
    app = opened(data="sprites", first=9000)
    app.selectbox(key="data").select("digits").run()
    assert not app.exception
    assert app.number_input(key="first").value < len(LABELS)


@pytest.mark.parametrize("frames", [3, 11, 21])
def test_the_strip_is_every_so_many_frames_of_the_film(frames: int):
    count = film_frames(frames)
    assert count > 60
    assert (count - 1) % (frames - 1) == 0


def test_strip_and_film_have_the_frames_they_should():
    from io import BytesIO

    from PIL import Image

    strip, film = (
        Image.open(BytesIO(png))
        for png in passage_png(recipe("digits", "vae", 2), 0, 1, "line", 5)
    )
    assert film.size == (8, 8 * film_frames(5))
    scale = 96 // 8
    assert strip.size == (scale * (5 * 9 - 1), scale * 8)
    drawn, every = np.asarray(film), (film_frames(5) - 1) // 4
    for place in range(5):
        tile = np.asarray(strip)[::scale, scale * 9 * place : scale * (9 * place + 8) : scale]
        np.testing.assert_array_equal(tile, drawn[8 * every * place : 8 * (every * place + 1)])


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
