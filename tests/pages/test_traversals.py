import csv
from functools import partial
from io import BytesIO, StringIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.config import DataConfig
from core.recipes import recipe
from core.runs import open_run
from core.ui.kit import cache
from core.ui.traversals import exports, factors, strips
from core.ui.traversals.strips import Choice
from core.verdicts.traversals import FOLLOWS
from tests.pages.conftest import parts, picture

PAGE = "pages/traversals.py"
FAMILY = {"data": "digits", "latents": 10}


@pytest.fixture
def opened(open_page):
    return partial(open_page, PAGE)


def sheet(app) -> dict[str, Any]:
    (found,) = parts(app, "latent_lab_sheet")
    return found


def film(app) -> dict[str, Any]:
    (found,) = parts(app, "latent_lab_player")
    return found


def said(app, words: str) -> str:
    (found,) = [one.value for one in (*app.markdown, *app.caption) if words in one.value]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("model", ["AE", "Noisy AE", "VAE", "β-VAE"])
@pytest.mark.parametrize("data", ["digits", "mnist", "sprites"])
def test_every_model_has_a_row_for_each_latent_the_one_that_carries_most_first(
    opened, data, model
):
    app = opened(data=data, latents=10, model=model)
    rows = sheet(app)["rows"]
    assert sorted(row["name"] for row in rows) == sorted(f"z{u}" for u in range(1, 11))
    shares = [row["share"] for row in rows]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] in (0, 1)
    assert sheet(app)["unit"] == ("KL, nats" if "VAE" in model else "variance")
    assert said(
        app, "latents are active" if any(not row["muted"] for row in rows) else "**No latent**"
    )


def test_amounts_are_the_kl_that_ships_and_collapsed_latents_are_muted(opened):
    app = opened(data="sprites", latents=10, model="β-VAE")
    run = open_run(recipe("sprites", "beta-vae", 10).key)
    for row in sheet(app)["rows"]:
        latent = int(row["name"][1:]) - 1
        assert row["amount"] == f"{run.metrics['kl_per_latent'][latent]:.2f}"
        assert row["muted"] == (run.codes["mean"][:, latent].var() <= 0.01)


def test_a_model_without_kl_says_that_its_steps_are_those_of_its_own_codes(opened):
    assert "each latent's own codes" in said(opened(**FAMILY, model="AE"), "Click a row")
    assert "deviations of the prior" in said(opened(**FAMILY, model="VAE"), "Click a row")


def test_range_and_steps_stand_above_the_sheet(opened):
    assert sheet(opened(**FAMILY))["columns"][::5] == ["-3", "0", "+3"]
    assert sheet(opened(**FAMILY, range=5, steps=3))["columns"] == ["-5", "0", "+5"]


def test_the_start_decides_the_pictures(opened):
    drawn = [opened(**FAMILY, **start) for start in ({}, {"image": 3}, {"start": "The origin"})]
    assert len({sheet(app)["src"] for app in drawn}) == 3
    assert sheet(opened(**FAMILY, image=3))["src"] == sheet(drawn[1])["src"]
    assert drawn[2].number_input(key="image").disabled


def test_the_row_in_the_middle_from_the_origin_is_the_origin(opened):
    """At step 0 of the prior every row of the origin's sheet shows the origin itself."""
    pixels = picture(sheet(opened(**FAMILY, start="The origin"))["src"])
    high, wide = 2 * 8 + 2, 2 * 8 + 2
    middle = [pixels[row * high : row * high + 16, 5 * wide : 5 * wide + 16] for row in range(10)]
    assert all((cell == middle[0]).all() for cell in middle)
    assert (pixels[:16, :16] != middle[0]).any()


def test_a_film_has_as_many_frames_as_labels_and_begins_where_the_image_is(opened):
    app = opened(**FAMILY, model="VAE", image=5)
    data = film(app)
    assert len(data["labels"]) == strips.FRAMES
    moving = [strip for strip in data["strips"] if strip["frames"] > 1]
    assert [strip["frames"] for strip in moving] == [strips.FRAMES] * 2
    assert {len(picture(strip["src"])) for strip in moving} == {8 * strips.FRAMES}
    run, latent = (
        open_run(recipe("digits", "vae", 10).key),
        int(moving[0]["name"].split(": z")[1]) - 1,
    )
    shown = float(data["labels"][data["start"]].split()[0])
    assert shown == pytest.approx(np.clip(run.codes["mean"][5, latent], -3, 3), abs=0.06)


def test_the_frame_at_the_start_is_the_reconstruction(opened):
    data = film(opened(data="digits", latents=2, model="VAE"))
    stills = {
        strip["name"]: picture(strip["src"]) for strip in data["strips"] if strip["frames"] == 1
    }
    frames = picture(
        next(strip["src"] for strip in data["strips"] if strip["frames"] > 1)
    ).reshape(-1, 8, 8)
    far = np.abs(frames.astype(int) - stills["Its reconstruction"]).mean(axis=(1, 2))
    assert abs(int(far.argmin()) - data["start"]) <= 1
    assert far.min() < 3


def test_the_film_beside_is_of_the_same_row_unless_another_is_chosen(opened):
    vae, beta = (strips.ranking(recipe("digits", name, 10)) for name in ("vae", "beta-vae"))
    names = [strip["name"] for strip in film(opened(**FAMILY, row=2))["strips"][-2:]]
    assert names == [f"VAE: z{vae.order[1] + 1}", f"β-VAE, β = 4: z{beta.order[1] + 1}"]
    names = [strip["name"] for strip in film(opened(**FAMILY, row=2, beside=4))["strips"][-2:]]
    assert names == [f"VAE: z{vae.order[1] + 1}", f"β-VAE, β = 4: z{beta.order[3] + 1}"]


def test_a_film_may_be_alone(opened):
    data = film(opened(**FAMILY, against="none"))
    assert [strip["name"].split(":")[0] for strip in data["strips"]] == [
        "Test image 0",
        "Its reconstruction",
        "VAE",
    ]


def test_a_click_on_a_row_scrubs_it(opened):
    app = opened(**FAMILY)
    app.session_state["row"] = 4
    app.run()
    assert sheet(app)["picked"] == 3
    assert film(app)["strips"][-2]["name"] == f"VAE: {sheet(app)['rows'][3]['name']}"


def test_the_slider_over_beta_moves_the_picker(opened):
    app = opened(data="sprites", model="VAE")
    app.select_slider(key="stop beta").set_value(4.0).run()
    assert app.selectbox(key="model").value == "β-VAE"
    assert sheet(app)["title"] == "Traversals of β-VAE, β = 4: a row for each latent"


def test_without_the_images_the_film_has_no_original(opened):
    names = [strip["name"] for strip in film(opened(data="mnist", latents=10))["strips"]]
    assert names[0] == "Its reconstruction"
    assert not any(name.startswith("Test image") for name in names)


@pytest.mark.parametrize(
    ("row", "picked"), [("5", 4), ("0", 0), ("11", 0), ("-3", 0), ("x", 0), ("1e9", 0)]
)
def test_a_link_to_a_row_marks_it_in_the_sheet_and_plays_it(opened, row, picked):
    app = opened(**FAMILY, row=row)
    assert sheet(app)["picked"] == picked
    assert film(app)["strips"][-2]["name"] == f"VAE: {sheet(app)['rows'][picked]['name']}"


def test_only_sprites_have_factors(opened):
    assert any("factor" in one.value for one in opened(data="sprites").subheader)
    app = opened(data="digits")
    assert not any("factor" in one.value for one in app.subheader)
    assert not any(box.key == "factor" for box in app.selectbox)


def test_the_factors_named_are_those_that_the_codes_tell(opened):
    app = opened(data="sprites", latents=10, model="β-VAE")
    told = factors.shares(recipe("sprites", "beta-vae", 10))
    column = cache.factor_names(DataConfig(name="sprites")).index("scale")
    best = told[:, column].argmax()
    assert told[best, column] > FOLLOWS
    assert f"**scale** is followed by z{best + 1} ({told[best, column]:.2f})" in said(
        app, "is followed by"
    )


@pytest.mark.parametrize("model", ["ae", "vae"])
@pytest.mark.parametrize("data", ["digits", "sprites"])
def test_numbers_are_a_line_for_each_latent(data: str, model: str):
    config = recipe(data, model, 10)
    lines = list(csv.DictReader(StringIO(exports.numbers_csv(config))))
    assert sorted(int(line["latent"]) for line in lines) == list(range(1, 11))
    assert [int(line["row"]) for line in lines] == list(range(1, 11))
    assert {line["run"] for line in lines} == {config.key}
    assert all(bool(line["kl_nats"]) == (config.model.posterior == "learned") for line in lines)
    assert ("nmi_scale" in lines[0]) == (config.data.name == "sprites")


def test_the_strip_and_the_animation_are_files_for_a_slide():
    config, choice = recipe("digits", "vae", 10), Choice(0, 3.0, 11)
    strip = Image.open(BytesIO(exports.strip_export(config, choice)))
    assert (strip.format, strip.width <= 1920 and strip.width > 1200) == ("PNG", True)
    assert strip.height <= 1080
    animation: Any = Image.open(BytesIO(exports.gif_export(config, choice, 0)))
    assert (animation.format, animation.size) == ("GIF", (400, 400))
    assert animation.n_frames > 60


def test_all_three_can_be_saved_and_none_is_made_before(opened, monkeypatch):
    def never(*_: object) -> bytes:
        raise AssertionError

    for name in ("strip_export", "gif_export", "numbers_csv"):
        monkeypatch.setattr(exports, name, never)
    app = opened(**FAMILY)
    labels = [button.proto.label for button in app.get("download_button")]
    assert labels == ["Film strip (PNG)", "Animation (GIF)", "Numbers (CSV)"]
