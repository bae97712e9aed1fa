import json
import shutil
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.checkpoints import Checkpoint, save
from core.config import DataConfig, RunConfig
from core.data import load, read_test_images
from core.data.binarised import binarise
from core.experiments import kept
from core.experiments.evidence import EVIDENCE
from core.experiments.kept import over_seeds
from core.experiments.measuring.every_run import measure_runs
from core.experiments.published import PUBLISHED
from core.experiments.rate import RATE
from core.experiments.scale import SCALE, affine
from core.experiments.traits import TRAITS
from core.models import build
from core.recipes import recipe, with_prior
from core.runs import _codes, _rounded
from core.shelf import SHELF, gaussians
from core.training import evaluate
from core.ui.kit import cache
from core.ui.likelihood import decoders, literature, rate
from core.verdicts import decoders as decoder_verdicts
from core.verdicts import rate as rate_verdicts
from core.verdicts.phrases import with_spread

PAGE = "pages/likelihood.py"
DECODER, RATES = "The decoder", "The rate"
DIGITS = (recipe("digits", "vae"), *gaussians("digits"))


@pytest.fixture
def opened(open_page):
    return partial(open_page, PAGE)


def keep_untrained(config: RunConfig, root: Path) -> None:
    """Keep a run that was never trained."""
    model, data = build(config).eval().requires_grad_(False), load(config.data)
    reached = evaluate(model, data.test)
    metrics = {"nll": reached.nll, "kl": reached.kl, "elbo": reached.elbo, "mse": reached.mse}
    metrics |= {
        "kl_per_latent": list(reached.kl_per_latent),
        "squared_radius": reached.squared_radius,
    }
    metrics |= {"test_images": len(data.test), "seconds": 1.0, "images_per_second": 1.0}
    weights = {name: _rounded(tensor).numpy() for name, tensor in model.state_dict().items()}
    names = (
        "nll",
        "kl",
        "test_nll",
        "test_kl",
        "test_mse",
        "squared_radius",
        "seconds",
        "images_per_second",
    )
    history = {name: np.ones(config.train.epochs, np.float32) for name in names}
    history |= {
        "kl_per_latent": np.ones((config.train.epochs, config.model.latent_dim), np.float32)
    }
    save(root, Checkpoint(config, metrics, weights, history, _codes(model, data), {}, {}))


@pytest.fixture
def three_likelihoods(other_shelf: Path) -> Path:
    """Return a shelf of digits' two-latent VAEs, the Gaussian ones untrained, none measured."""
    shutil.copytree(SHELF / DIGITS[0].key, other_shelf / DIGITS[0].key)
    for config in DIGITS[1:]:
        keep_untrained(config, other_shelf)
    return other_shelf


@pytest.fixture
def betas(other_shelf: Path) -> Path:
    """Return a shelf of the digits' models with two latents and one with ten, measured."""
    for config in (
        *(recipe("digits", name) for name in ("ae", "vae", "beta-vae")),
        recipe("digits", "vae", 10),
    ):
        shutil.copytree(SHELF / config.key, other_shelf / config.key)
    for study in (TRAITS, RATE):
        measure_runs(study, other_shelf)
    return other_shelf


def texts(app) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption, *app.info))


def pictures(app) -> list[str]:
    return [url for image in app.get("image") for url in image.value]


def figures(app) -> int:
    return len(app.get("plotly_chart"))


# The decoder


def test_three_likelihoods_stand_beside_each_other_with_their_lines(
    three_likelihoods: Path, opened
):
    measure_runs(SCALE, three_likelihoods)
    app = opened(data="digits", part=DECODER)
    assert figures(app) == 4
    said = texts(app)
    for label in ("**Bernoulli**", "**Gaussian, σ = 1**", "**Gaussian, σ learned**"):
        assert label in said
    assert "slope 1/2σ² = **0.5**, intercept **58.81** nats" in said
    assert "slope 1/2σ² = **50**, intercept **−88.55** nats" in said
    assert "No line: the closest one misses an image by" in said
    assert "σ and β are one knob" in said
    assert "σ = 0.1 with β = 1 is σ = 1 with β = 0.01" in said


def test_what_was_not_measured_is_said_and_draws_need_no_numbers(three_likelihoods: Path, opened):
    app = opened(data="digits", part=DECODER)
    assert decoder_verdicts.UNMEASURED in texts(app)
    assert figures(app) == 0
    first = set(pictures(app))
    app.number_input(key="seed").set_value(5).run()
    # The binary digits stay, the three models' draws are others.
    assert len(first) == 4
    assert len(first & set(pictures(app))) == 1


@pytest.mark.parametrize("data", ["sprites", "mnist"])
def test_data_without_a_gaussian_model_says_where_there_is_one_and_still_shows_the_literature(
    three_likelihoods: Path, opened, data: str
):
    shutil.copytree(
        SHELF / recipe(data, "vae", 10).key, three_likelihoods / recipe(data, "vae", 10).key
    )
    app = opened(data=data, part=DECODER)
    assert "pick digits to see some" in texts(app)
    assert len(app.dataframe[0].value) == len(PUBLISHED) + 4


def test_where_no_model_is_gaussian_no_other_data_set_is_named(other_shelf: Path, opened):
    shutil.copytree(SHELF / DIGITS[0].key, other_shelf / DIGITS[0].key)
    app = opened(data="digits", part=DECODER)
    said = "No model with a Gaussian likelihood was trained on these images."
    assert said in [info.value for info in app.info]


def test_the_points_lie_on_the_line_that_is_drawn(three_likelihoods: Path):
    measure_runs(SCALE, three_likelihoods)
    for config in DIGITS[1:]:
        figure: Any = decoders.affine_figure(config)
        line, points = figure.data
        slope, intercept = affine(config.model.scale or 0.1, 64)
        np.testing.assert_allclose(points.y, slope * points.x + intercept, rtol=1e-4)
        np.testing.assert_allclose(line.y, slope * np.array(line.x) + intercept, rtol=1e-4)


def test_the_price_of_a_nat_is_the_slope_and_a_bernoulli_has_none(three_likelihoods: Path):
    measure_runs(SCALE, three_likelihoods)
    figure: Any = decoders.price_figure(DIGITS)
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    slopes = [(line.y[1] - line.y[0]) / (line.x[1] - line.x[0]) for line in lines]
    assert slopes == pytest.approx([-2, -0.02], rel=1e-4)


def test_the_binary_digits_shown_are_those_of_the_data_sets():
    png = literature.binary_png()
    scale = cache.scale_of(literature.MNIST)
    sheet = np.asarray(Image.open(BytesIO(png)).convert("L"))[::scale, ::scale]
    rows = np.stack([sheet[row * 31 : row * 31 + 28] for row in range(5)])
    digits = np.stack([rows[:, :, 29 * i : 29 * i + 28] for i in range(literature.DRAWN)], 1)
    grey = read_test_images(literature.MNIST, slice(literature.DRAWN))
    np.testing.assert_array_equal(
        np.where(digits[0] <= 1, 0, digits[0]), np.where(grey <= 1, 0, grey)
    )
    static = read_test_images(DataConfig(name="mnist-static"), slice(literature.DRAWN))
    np.testing.assert_array_equal(digits[4], static)
    for place, draw in enumerate(digits[1:4]):
        np.testing.assert_array_equal(draw, binarise(grey, place + 1))


# The literature


def bound(nll: float, error: float = 0.03) -> dict:
    return {
        "nll": nll,
        "error": error,
        "elbo": -nll - 3,
        "k": 5000,
        "images": 100,
        "test_images": 10_000,
    }


def test_measured_runs_that_do_not_ship_are_in_the_table(three_likelihoods: Path, opened):
    configs = [with_prior("mnist-static", 40, prior) for prior in ("normal", "vamp")]
    bounds = {c: bound(nll) for c, nll in zip(configs, (88.0, 86.0), strict=True)}
    kept.write_numbers(EVIDENCE, bounds, three_likelihoods)
    app = opened(data="digits", part=DECODER)
    rows = app.dataframe[0].value.to_dict("records")
    ours = [
        row["nll"] for row in rows if row["From"] == "Latent Lab" and row["Binarised"] == "static"
    ]
    assert ours == ["88.000 (standard error 0.030)", "86.000 (standard error 0.030)"]
    said = "On `mnist-static`, with the same networks and schedule, the VampPrior's nll"
    assert said in texts(app)


# The rate


def test_the_plane_holds_every_model_with_a_kl_and_the_bars_those_of_as_many_latents(
    betas: Path, opened
):
    app = opened(data="digits", latents=2, model="VAE", part=RATES)
    assert figures(app) == 2
    said = texts(app)
    assert "**A nat of rate buys nats of distortion:**" in said
    assert "**VAE** spends" in said
    assert "log 360 = 5.89 nats" in said
    configs = (recipe("digits", "vae"), recipe("digits", "beta-vae"), recipe("digits", "vae", 10))
    plane: Any = rate.plane_figure(configs, 0)
    marks = [trace for trace in plane.data if trace.mode == "markers+text"]
    assert [mark.text[0] for mark in marks] == ["2 latents", "β = 4", "10 latents"]
    for mark, config in zip(marks, configs, strict=True):
        assert mark.x[0] == pytest.approx(cache.run(config).metrics["kl"])
        assert mark.y[0] == pytest.approx(cache.run(config).metrics["nll"])


def test_the_bars_add_up_to_the_rate_of_each_model(betas: Path):
    configs = (recipe("digits", "vae"), recipe("digits", "beta-vae"))
    figure: Any = rate.bars_figure(configs)
    told, rest = [np.array(trace.x) for trace in figure.data if trace.type == "bar"]
    reached = [cache.run(config).metrics["kl"] for config in configs]
    np.testing.assert_allclose(told + rest, reached, atol=0.02)


def test_an_autoencoder_has_no_rate_but_its_siblings_are_shown(betas: Path, opened):
    app = opened(data="digits", latents=2, model="AE", part=RATES)
    assert "AE is charged no rate" in texts(app)
    assert figures(app) == 2


def test_where_nothing_was_measured_the_plane_has_the_runs_own_numbers(betas: Path, opened):
    for study in (TRAITS, RATE):
        study.path(betas).unlink()
    app = opened(data="digits", latents=2, part=RATES)
    assert figures(app) == 1
    assert rate_verdicts.UNMEASURED in texts(app)


def test_a_model_alone_without_a_kl_is_told_so(other_shelf: Path, opened):
    shutil.copytree(SHELF / recipe("digits", "ae").key, other_shelf / recipe("digits", "ae").key)
    app = opened(data="digits", part=RATES)
    assert figures(app) == 0
    assert "No model with a KL was trained on these images" in texts(app)


def test_two_likelihoods_never_share_a_plane(three_likelihoods: Path, opened):
    measure_runs(RATE, three_likelihoods)
    app = opened(data="digits", part=RATES)
    assert "All are of a **Bernoulli** likelihood" in texts(app)
    app = opened(data="digits", likelihood="Gaussian, σ learned", part=RATES)
    assert "All are of a **Gaussian** likelihood" in texts(app)
    assert "VAE, Gaussian, σ learned" in texts(app)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "part", "drawn"),
    [
        ("digits", DECODER, 4),
        ("mnist", DECODER, 4),
        ("sprites", DECODER, 0),
        ("digits", RATES, 2),
        ("mnist", RATES, 2),
        ("sprites", RATES, 2),
    ],
)
def test_what_ships_opens_with_its_figures_and_nothing_unmeasured(
    opened, data: str, part: str, drawn: int
):
    app = opened(data=data, part=part)
    assert app.segmented_control(key="part").value == part
    assert figures(app) == drawn
    assert not app.exception
    assert not app.error
    assert not app.warning
    assert decoder_verdicts.UNMEASURED not in texts(app)
    assert rate_verdicts.UNMEASURED not in texts(app)


def test_the_misfit_of_priors_is_compared_on_one_schedule_and_the_plane_has_one_standard_normal(
    open_page,
):
    app = open_page("pages/likelihood.py", data="digits", latents=2, model="VAE", part=RATES)
    measured = over_seeds(RATE, with_prior("digits", 2, "normal"))
    assert len(measured) == 5
    misfit = with_spread([numbers["marginal"] for numbers in measured], 2)
    said = f"trained on one schedule, that misfit is: standard normal {misfit}, uniform box"
    assert said in texts(app)
    charts = {chart.key: json.loads(chart.proto.spec) for chart in app.get("plotly_chart")}
    rows = [name for trace in charts["rate split"]["data"] for name in trace.get("y", [])]
    assert {"VAE", "VAE, warmed up", "VAE, VampPrior"} <= set(rows)
