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
from core.ui.traversals import exports, factors
from core.ui.traversals.strips import Choice
from core.verdicts.traversals import FOLLOWS
from tests.pages.conftest import sent

PAGE = "pages/traversals.py"
FAMILY = {"data": "digits", "latents": 10}


@pytest.fixture
def opened(open_page):
    return partial(open_page, PAGE)


def rows(app, run: int | None = None) -> list[dict[str, Any]]:
    """Return the rows of the sliders of a run, or of the one that is seen first."""
    header, _, tensors = sent(app, "sliders")
    run = header["picked"] if run is None else run
    return [
        {
            "name": f"z{latent + 1}",
            "amount": tensors["amounts"][run][latent],
            "active": tensors["active"][run][latent],
        }
        for latent in tensors["order"][run]
    ]


def note(app) -> str:
    """Return what is said of the latents of the run that is seen first."""
    header = sent(app, "sliders").header
    return header["models"][header["picked"]]["note"]


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
    latents = rows(app)
    assert sorted(row["name"] for row in latents) == sorted(f"z{u}" for u in range(1, 11))
    amounts = [row["amount"] for row in latents]
    assert amounts == sorted(amounts, reverse=True)
    header = sent(app, "sliders").header
    unit = header["models"][header["picked"]]["unit"]
    assert unit == ("KL, nats" if "VAE" in model else "variance")
    active = any(row["active"] for row in latents)
    assert ("latents are active" if active else "No latent") in note(app)


def test_amounts_are_the_kl_that_ships_and_collapsed_latents_are_told(opened):
    app = opened(data="sprites", latents=10, model="β-VAE")
    run = open_run(recipe("sprites", "beta-vae", 10).key)
    for row in rows(app):
        latent = int(row["name"][1:]) - 1
        assert row["amount"] == pytest.approx(run.metrics["kl_per_latent"][latent])
        assert row["active"] == (run.codes["mean"][:, latent].var() > 0.01)


def test_a_model_without_kl_says_that_its_steps_are_those_of_its_own_codes(opened):
    assert "each latent's own codes" in note(opened(**FAMILY, model="AE"))
    assert "deviation of the prior" in note(opened(**FAMILY, model="VAE"))


@pytest.mark.parametrize("model", ["AE", "VAE"])
def test_steps_lead_from_the_codes_to_those_of_the_models_ruler(opened, model):
    header, runs, tensors = sent(opened(**FAMILY, model=model), "sliders")
    run = open_run(recipe("digits", model.lower(), 10).key)
    picked, mean = header["picked"], run.codes["mean"]
    np.testing.assert_array_equal(tensors["codes"][:, picked], mean[header["index"]])
    origin, unit = (0, 1) if model == "VAE" else (mean.mean(axis=0), mean.std(axis=0))
    np.testing.assert_allclose(tensors["origin"][picked], origin, atol=1e-5)
    np.testing.assert_allclose(tensors["unit"][picked], unit, rtol=1e-4)
    assert len(runs) == len(header["models"]) == (3 if model == "AE" else 2)


def test_the_scrub_goes_through_every_beta_and_starts_at_the_picked_run(opened):
    header, runs, _ = sent(opened(data="sprites", model="β-VAE", beta="4"), "sliders")
    names = [model["name"] for model in header["models"]]
    assert names == ["β = 1", "β = 2", "β = 4", "β = 8", "β = 16"]
    assert names[header["picked"]] == "β = 4"
    assert [run["label"] for run in runs][:2] == ["VAE", "β-VAE, β = 2"]
    header, runs, _ = sent(opened(data="sprites", model="AE"), "sliders")
    assert [model["name"] for model in header["models"]] == ["AE", *names]
    assert header["picked"] == 0


def test_images_of_every_class_are_offered_and_so_is_the_one_in_the_link(opened):
    header, _, tensors = sent(opened(**FAMILY), "sliders")
    classes = [name.split("“")[1] for name in header["names"]]
    assert {classes.count(name) for name in classes} == {2}
    assert len(classes) == len(tensors["images"]) == 20
    other = sent(opened(**FAMILY, image=321), "sliders").header["index"]
    assert other == [*header["index"], 321]
    for nonsense in ("9999999", "-3", "x"):
        assert sent(opened(**FAMILY, image=nonsense), "sliders").header == header


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
