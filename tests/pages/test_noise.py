import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.config import DataConfig, RunConfig, with_seed
from core.experiments import kept
from core.experiments.kept import Numbers, Study
from core.experiments.measuring.noise import noisy_codes
from core.experiments.noise import LEVELS, NOISE, SAMPLED, USUAL, families
from core.experiments.samples import SAMPLES
from core.explore.samplers import SAMPLERS
from core.metrics.latents import code_scale
from core.recipes import recipe
from core.runs import load_or_train
from core.shelf import SHELF
from core.ui.kit import cache
from core.ui.noise import blocks, frame
from core.verdicts.phrases import rests_on
from tests.pages.conftest import sent

PAGE = "pages/noise.py"
ROUGHLY = {"levels": list(LEVELS), "n": 360, "code_scale": 1.0}


@pytest.fixture
def opened(open_page):
    return partial(open_page, PAGE)


def write_numbers(
    root: Path, seeds: tuple[int, ...], data: str = "digits", latents: int = 2
) -> None:
    """Keep made-up numbers: noise halves the error under noise, and makes samples worse."""
    runs = next(
        runs for (kind, dim), runs in families().items() if (kind.name, dim) == (data, latents)
    )
    trained = {
        (ratio, seed): with_seed(run, seed) for ratio, run in runs.items() for seed in seeds
    }
    for study, numbers in ((NOISE, noise_numbers), (SAMPLES, sample_numbers)):
        made_up = {config: numbers(*of_run) for of_run, config in trained.items()}
        kept.write_numbers(study, made_up, root, compared=ceilings(study))


def ceilings(study: Study) -> dict[DataConfig, Numbers]:
    """Return what the shelf holds runs on the digits against."""
    digits = DataConfig(name="digits")
    numbers = kept.compared(study, digits, SHELF)
    return {} if numbers is None else {digits: numbers}


def noise_numbers(ratio: float | None, seed: int) -> dict:
    rest, slope = (0.03, 0.1) if ratio == 0 else (0.05, 0.05)
    mse = [rest + (slope + seed / 1000) * level for level in LEVELS]
    return {
        **ROUGHLY,
        "mse": mse,
        "nll": [100 * one for one in mse],
        "rate_bits": [2.0, 1.0] if ratio != 0 else None,
    }


def sample_numbers(ratio: float | None, seed: int) -> dict:
    distance = 20.0 if ratio is None else 50 + 100 * ratio + seed
    scores = {
        "frechet": [distance] * 3,
        "density": [1.0] * 3,
        "coverage": [30 / distance] * 3,
        "confidence": [0.9] * 3,
    }
    return {name: {**scores, "n": 360, "seeds": [0, 1, 2]} for name in SAMPLERS}


@pytest.fixture
def shelf_of_digits(other_shelf: Path) -> Path:
    """Return a shelf of the digits' runs with two latents and a classifier, not measured."""
    for config in next(
        runs for (kind, dim), runs in families().items() if (kind.name, dim) == ("digits", 2)
    ).values():
        if (SHELF / config.key).is_dir():
            shutil.copytree(SHELF / config.key, other_shelf / config.key)
    shutil.copytree(SHELF / "classifier-digits", other_shelf / "classifier-digits")
    return other_shelf


def texts(app) -> str:
    return "\n".join(markdown.value for markdown in app.markdown)


def panels(app) -> list[list[str]]:
    """Return the runs of each panel, by their labels; some come after the first picture."""
    runs = list(sent(app, "scrub").runs)
    if any(
        component.proto.component_name.endswith("later") for component in app.get("bidi_component")
    ):
        runs += sent(app, "later").runs
    return [[runs[run]["label"] for run in panel] for panel in sent(app, "scrub").header["panels"]]


STOPS = [f"Noisy AE, η = {ratio}" for ratio in ("0.01", "0.05", "0.2", "0.5", "1.0")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("choices", "start"),
    [
        ({"model": "VAE"}, "0.05"),
        ({"model": "AE"}, "0"),
        ({"model": "β-VAE"}, "0.05"),
        ({"model": "Noisy AE", "eta": "0.5"}, "0.5"),
    ],
)
def test_every_noise_stands_between_none_and_the_vae_and_the_slider_where_it_is_picked(
    opened, choices, start
):
    app = opened(data="digits", **choices)
    assert panels(app) == [["AE"], ["AE", *STOPS], ["VAE"]]
    stops = sent(app, "scrub").header["stops"]
    assert stops["marks"][stops["value"]][1] == start


def test_the_models_of_the_first_picture_come_first_and_the_others_at_the_end(opened):
    app = opened(data="digits", model="Noisy AE", eta="0.2")
    first, rest = sent(app, "scrub"), sent(app, "later")
    assert [run["label"] for run in first.runs] == ["AE", "VAE", "Noisy AE, η = 0.2"]
    assert len(rest.runs) == 4
    assert rest.header["token"] == first.header["later"]
    assert len(first.header["notes"]) == len(first.tensors["radius"]) == 7


def small(model: str, latents: int = 2) -> RunConfig:
    return recipe("digits", model, latents, hidden=(8,), epochs=1)


@pytest.mark.parametrize("model", ["ae", "noisy-ae", "vae", "beta-vae"])
def test_any_model_may_be_the_only_one(other_shelf: Path, opened, model):
    config = small(model)
    load_or_train(config, other_shelf)
    assert panels(opened(data="digits")) == [[config.model.label]]


def test_a_single_latent_is_drawn_along_a_line(other_shelf: Path, opened):
    for model in ("ae", "noisy-ae", "vae"):
        load_or_train(small(model, 1), other_shelf)
    app = opened(data="digits")
    assert panels(app) == [["AE"], ["AE", "Noisy AE, η = 0.05"], ["VAE"]]
    cloud = sent(app, "scrub").tensors["cloud"]
    assert cloud.shape == (3, 360, 2)
    assert cloud[..., 0].std() > 0
    assert not cloud[..., 1].any()


def test_a_vae_of_another_network_is_no_yardstick(shelf_of_digits: Path, opened):
    load_or_train(small("noisy-ae"), shelf_of_digits)
    app = opened(data="digits", model="Noisy AE", eta="0.05", run=small("noisy-ae").key)
    assert panels(app) == [["Noisy AE, η = 0.05"]]
    load_or_train(with_seed(small("vae"), 1), shelf_of_digits)
    app = opened(data="digits", model="Noisy AE", eta="0.05", run=small("noisy-ae").key)
    assert panels(app) == [["Noisy AE, η = 0.05"], ["VAE"]]


def test_noise_is_in_units_of_the_root_mean_square_distance_of_the_codes():
    config = recipe("mnist", "ae", 10)
    mean = cache.run(config).codes["mean"]
    noised = frame.noised([config])
    assert noised.scale[0] == pytest.approx(np.sqrt(np.square(mean).sum(1).mean()), rel=1e-3)
    np.testing.assert_array_equal(noised.codes(0, amount=0.0), mean[: frame.IMAGES])
    expected = noisy_codes(mean[: frame.IMAGES], 0.5, noised.scale[0])
    np.testing.assert_allclose(noised.codes(0, amount=0.5), expected, rtol=1e-5)


def test_a_cloud_is_drawn_with_the_noise_of_its_training(opened):
    configs = [recipe("digits", model) for model in ("ae", "noisy-ae", "vae")]
    clouds = frame.clouds(configs)
    silent, fixed, learned = clouds.noise
    assert not silent.any()
    radius = clouds.radii[1]
    np.testing.assert_allclose(
        fixed @ fixed.T, USUAL * radius**2 * np.eye(2), rtol=0.02, atol=1e-6
    )
    std = cache.run(configs[2]).codes["std"].mean(0)
    np.testing.assert_allclose(learned @ learned.T, np.diag(std**2), rtol=1e-3, atol=1e-6)
    assert list(clouds.normal) == [False, False, True]


@pytest.mark.parametrize(("data", "size"), [("digits", 8), ("mnist", 28)])
def test_the_frame_holds_the_first_test_images(opened, data, size):
    images = sent(opened(data=data), "scrub").tensors["images"]
    assert images.shape == (frame.IMAGES, size, size)


def test_a_panel_says_the_noise_in_the_units_of_the_codes():
    config = recipe("digits", "noisy-ae")
    radius = float(cache.run(config).model.state_dict()["posterior.squared_radius"])
    stated = float(frame.size_of_noise(config).split("√(η·R) = ")[1].split(";")[0])
    assert stated == pytest.approx((USUAL * radius) ** 0.5, rel=0.01)
    assert "no noise" in frame.size_of_noise(recipe("digits", "ae"))
    assert "posterior's σ" in frame.size_of_noise(recipe("digits", "vae"))


def test_before_anything_is_measured_the_page_says_so(shelf_of_digits: Path, opened):
    app = opened(data="digits", model="AE")
    assert sum("Not every number of this page" in info.value for info in app.info) == 3
    assert "So, does it?" in [heading.value for heading in app.subheader]


def test_the_verdict_follows_the_kept_numbers_of_three_seeds(shelf_of_digits: Path, opened):
    write_numbers(shelf_of_digits, (0, 1, 2))
    app = opened(data="digits", model="AE")
    said = texts(app)
    assert not app.info
    assert "**Better under noise? Yes.**" in said
    assert "**Better random samples? No.**" in said
    assert "**As good as the VAE? No.**" in said
    assert (
        "**No.** On digits with 2 latents, noise in training makes the autoencoder robust to noise"
        " on its code." in said
    )
    assert (
        "no better than without noise from *Uniform box*, *Fitted Gaussian*, *Fitted mixture* and"
        " *Prior*" in said
    )
    assert (
        "It does not reach the VAE with its prior. This rests on 3 trainings of each model."
        in said
    )
    assert "The VAE with its prior, Fréchet distance and coverage: 20 ± 0, 150% ± 0%." in said
    rows = app.dataframe[0].value
    assert rows["Seeds"].tolist() == ["3"]
    assert rows["VAE reached"].tolist() == ["no"]


@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_fewer_seeds_are_named_as_a_first_look(shelf_of_digits: Path, opened, seeds):
    write_numbers(shelf_of_digits, seeds)
    said = texts(opened(data="digits"))
    assert rests_on(len(seeds)) in said
    assert "a first look, no proof" in rests_on(len(seeds))
    assert "**First look: no.** On digits with 2 latents" in said
    assert "**Better under noise? First look: yes.**" in said
    assert f"fewer than 3 seeds in {5 * len(SAMPLED)}" in said


def test_numbers_of_some_models_only_are_no_hindrance(shelf_of_digits: Path, opened):
    write_numbers(shelf_of_digits, (0,))
    for name in ("noise", "sample-quality"):
        path = shelf_of_digits / f"{name}.json"
        numbers = json.loads(path.read_text())
        few = {
            key: entry
            for key, entry in numbers["entries"].items()
            if "-ae-0.05" in key or "-ae-z" in key
        }
        path.write_text(json.dumps(numbers | {"entries": few}))
    said = texts(opened(data="digits"))
    assert "**Better under noise? First look: yes.**" in said
    assert "**As good as the VAE? Not measured.**" in said


@pytest.mark.parametrize("word", blocks.ERRORS)
def test_the_error_can_be_chosen_in_the_link(shelf_of_digits: Path, opened, word):
    write_numbers(shelf_of_digits, (0, 1))
    app = opened(data="digits", error=word)
    (chart,) = [c for c in app.get("plotly_chart") if "errors" in c.proto.id]
    assert (
        json.loads(chart.proto.spec)["layout"]["yaxis"]["title"]["text"] == blocks.ERRORS[word][1]
    )


def test_the_page_says_how_many_words_chance_alone_would_have_said(shelf_of_digits: Path, opened):
    write_numbers(shelf_of_digits, (0, 1, 2))
    app = opened(data="digits", model="AE")
    said = texts(app)
    cases = 5 + 2 * 5 * len(
        SAMPLED
    )  # η under noise; η and sampler against the AE, and against the VAE
    assert (
        f"to {cases * 2 / 4**3:.0f} (scores independent) to {cases * 2 / 2**3:.0f} (scores always"
        " agree)" in said
    )
    assert f"of these {cases} cases; {cases} got one." in said
    assert any(
        "in 1 of 4 comparisons if the 2 scores always agree, in 1 of 32" in one.value
        for one in app.caption
    )


@pytest.mark.parametrize("model", ["ae", "vae"])
def test_codes_over_training_end_at_the_size_of_the_codes_kept(model: str):
    config = recipe("digits", model)
    mean = cache.run(config).codes["mean"]
    drawn: list[Any] = [blocks.size_figure((config,), column) for column in blocks.SIZES]
    radius, scale = (figure.data[0].y for figure in drawn)
    assert radius[-1] == pytest.approx(np.sqrt(np.square(mean).sum(1).mean()), rel=0.01)
    assert scale[-1] == pytest.approx(code_scale(mean), rel=0.01)
    assert len(radius) == len(scale) == config.train.epochs
