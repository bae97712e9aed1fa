import json
from functools import partial

import numpy as np
import pytest

from core.checkpoints import load
from core.config import MODEL_LABELS
from core.experiments.interpolation import HALFWAY
from core.experiments.kept import Numbers
from core.recipes import recipe
from core.shelf import SHELF
from core.ui.interpolations import passages
from core.ui.interpolations.passages import Answer, table, verdict
from core.ui.interpolations.paths import BLENDING, PATH_WORDS, film_frames, passage_png

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
    monkeypatch.setattr("core.ui.interpolations.passages.kept_passages", lambda config, root: [])
    passages.answer.clear()
    assert any("were not measured yet" in info.value for info in opened(data="digits").info)
    passages.answer.clear()


def test_a_run_that_was_not_measured_is_left_out_by_name(opened, monkeypatch):
    usual = passages.kept_passages
    monkeypatch.setattr(
        passages, "kept_passages", lambda c, root: [] if c.model.name == "ae" else usual(c, root)
    )
    passages.answer.clear()
    app = opened(data="digits")
    assert any("left out: AE;" in info.value for info in app.info)
    assert set(app.dataframe[0].value["Model"]) == {"Noisy AE", "VAE", "β-VAE", "Originals"}
    passages.answer.clear()


def numbers(
    gap: float | None, largest: float = 1.5, doubt: float = 0.1, reach: float = 0.3
) -> Numbers:
    """Return what a study would say of a model on both paths."""
    along = [0.9] * 11
    along[HALFWAY] = 0.9 - doubt
    path = {
        "steps": [[0.03] * 10] * 3,
        "largest": None if gap is None else [1.0, largest, 9.0],
        "detour": None if gap is None else [1.0, 1.2, 1.5],
        "distance": [0.1, 0.15, 0.2],
        "confidence": along,
        "gap": gap,
    }
    place = {"distance": [0.1, 0.12, 0.14], "confidence": 0.9}
    return {
        "pairs": 500,
        "apart": [reach, reach, reach],
        "ends": place,
        "faded": place,
        "line": path,
        "circle": path,
    }


ORIGINALS = {
    **numbers(1.0, 1.0, 0.2),
    "training_images": 1000,
    "faded": numbers(1.0, 1.0, 0.2)["line"],
}


def said(path: str = "line", **models: dict[int, Numbers]) -> str:
    names = {"ae": "AE", "noisy": "Noisy AE", "vae": "VAE", "beta": "β-VAE"}
    return verdict(
        Answer({names[name]: measured for name, measured in models.items()}, ORIGINALS), path
    )


def of(*gaps: float | None, **other: float) -> dict[int, Numbers]:
    return {seed: numbers(gap, **other) for seed, gap in enumerate(gaps)}


def test_the_numbers_decide_who_passes_through_nothing():
    text = said(ae=of(0.7, 0.8, 0.9), vae=of(0.1, 0.2, 0.15))
    assert "VAE stays nearest to real images, and AE passes through nothing" in text
    assert "**So it is here**: 15% (10% to 20%) against 80% (70% to 90%)" in text


def test_numbers_against_the_textbook_are_said_to_be():
    text = said(ae=of(0.1, 0.2, 0.15), vae=of(0.7, 0.8, 0.9))
    assert "AE stays nearest to real images, and VAE passes through nothing" in text
    assert "**These numbers contradict it**" in text


def test_seeds_that_disagree_are_called_a_tie():
    text = said(ae=of(0.2, 0.4, 0.3), vae=of(0.3, 0.35, 0.45))
    assert "none clearly stays nearest to real images, and none passes through nothing" in text
    assert "**A tie here**" in text
    text = said(ae=of(0.8, 0.9), vae=of(0.2, 0.4), beta=of(0.3, 0.35))
    assert "VAE and β-VAE (a tie) stay nearest" in text


def test_one_training_is_too_little_for_the_textbook():
    text = said(ae=of(0.2), vae=of(0.3))
    assert "Fewer than 3 trainings of each say too little" in text
    assert text.startswith("**One training each: on the straight line, ")


def test_one_training_of_one_model_is_no_proof_either():
    text = said(ae=of(0.2), vae=of(0.3, 0.4))
    assert text.startswith("**One training of AE, a first look: on the straight line, ")
    assert said(ae=of(0.2, 0.25), vae=of(0.3, 0.4)).startswith("**On the straight line, ")


def test_a_doubt_that_rounds_to_nothing_has_no_sign():
    text = said(ae=of(0.2, 0.3, doubt=-0.001), vae=of(0.7, 0.8, doubt=0.5))
    assert (
        "falls least from the ends to halfway with AE, by 0.00, and most with VAE, by 0.50" in text
    )


def test_who_straddles_the_border_is_on_it():
    text = said(ae=of(0.45, 0.55), vae=of(0.1, 0.2))
    assert "AE lies on the border" in text
    assert "none passes through nothing for sure" in text


def test_smoothness_is_decided_by_the_largest_step():
    text = said(ae=of(0.2, 0.3, largest=1.1), vae=of(0.2, 0.3, largest=2.5))
    assert "**On the straight line, AE moves most evenly" in text
    assert "AE 1.10, VAE 2.50" in text


def test_a_model_that_draws_one_picture_is_left_out():
    text = said(ae=of(0.2, 0.3), vae=of(0.7, 0.8), beta=of(None, None, reach=0.001))
    assert "β-VAE draws nearly the same picture everywhere: left out" in text
    assert "β-VAE" not in text.split("\n")[0]
    assert "no model moves enough" in said(beta=of(None, reach=0.0))


def test_a_model_whose_ends_are_blurred_is_named():
    assert "the end images of VAE differ only 33%" in said(
        ae=of(0.2, 0.3), vae=of(0.7, 0.8, reach=0.1)
    )
    assert "Blur" not in said(ae=of(0.2, 0.3), vae=of(0.7, 0.8))


def test_what_the_great_circle_changes_is_told_by_the_same_trainings():
    nearer, farther = of(0.4, 0.5), of(0.4, 0.5)
    for measured, change in ((nearer, -0.1), (farther, 0.1)):
        for one in measured.values():
            one["circle"] = {**one["circle"], "gap": one["line"]["gap"] + change}
    text = said(ae=farther, vae=nearer, beta=of(0.4, 0.5))
    assert "nearer to real images for VAE, farther from them for AE, neither for β-VAE" in text


def test_the_table_has_medians_quartiles_over_pairs_and_the_range_over_trainings():
    first, *_, last = table(Answer({"VAE": of(0.2, 0.4)}, ORIGINALS))
    assert first["Gap"] == "30% (20% to 40%)"
    assert first["Halfway to real"] == "0.150 [0.100, 0.200]"
    assert last["Model"] == "Originals"


def test_a_doubt_that_is_the_same_to_the_last_digit_shown_tells_no_models_apart():
    originals = {"ends": {"confidence": 1.0}, "faded": {"confidence": [1.0] * 11}}
    doubts = {"AE": {0: 0.0031, 1: 0.0032}, "VAE": {0: 0.0001, 1: 0.0002}}
    assert "does not tell the models apart" in passages._hesitates(doubts, originals)
    doubts = {"AE": {0: 0.031, 1: 0.032}, "VAE": {0: 0.0001, 1: 0.0002}}
    assert "most with AE, by 0.03" in passages._hesitates(doubts, originals)
