import json
import shutil
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from core.config import RunConfig, with_seed
from core.experiments import kept
from core.experiments.gaps import GAPS
from core.metrics.by_hand import Bell, Coin
from core.metrics.cross_entropy import cross_entropies
from core.metrics.gaussian_kl import divergence, gaussian_kl
from core.metrics.likelihood import SAMPLES, quadrature
from core.recipes import recipe
from core.runs import load_or_train
from core.shelf import SHELF
from core.ui.kit import cache
from core.ui.likelihood import bound, by_hand
from core.verdicts import bound as bound_verdicts
from core.verdicts import by_hand as by_hand_verdicts
from core.verdicts.by_hand import Draws
from core.verdicts.phrases import number

PAGE = "pages/likelihood.py"
VAE = recipe("digits", "vae")


@pytest.fixture
def opened(open_page):
    return partial(open_page, PAGE)


def texts(app) -> str:
    return "\n".join(markdown.value for markdown in app.markdown)


def tables(app) -> list[dict[str, str]]:
    return [row for table in app.dataframe for row in table.value.to_dict("records")]


def nats(row: dict[str, str]) -> float:
    return float(row["nats"].replace("−", "-"))


def test_only_the_part_on_screen_is_computed(opened, monkeypatch: pytest.MonkeyPatch):
    asked = set()

    def watch(module: ModuleType, name: str) -> None:
        compute = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given: asked.add(name) or compute(*given))

    for module, name in (
        (by_hand, "running"),
        (by_hand, "fitted"),
        (bound, "one_image"),
        (bound, "divergence"),
    ):
        watch(module, name)
    opened(data="digits")
    assert asked == {"running", "fitted"}
    asked.clear()
    opened(data="digits", part="The bound")
    assert asked == {"one_image", "divergence"}


# By hand


@pytest.mark.parametrize(
    ("count", "said", "unsaid"),
    [
        (
            100,
            ["float32 it is still a number", "float64 it is still a number", "**at the same p**"],
            ["no highest"],
        ),
        (
            500,
            ["float32 it is **0 from n = ", "float64 it is still a number", "**at the same p**"],
            ["no highest"],
        ),
        (
            3000,
            ["float32 it is **0 from n = ", "float64 it is **0 from n = ", "has no highest place"],
            ["**at the same p**"],
        ),
    ],
)
def test_the_product_is_lost_with_many_observations_only(
    opened, count: int, said: list[str], unsaid: list[str]
):
    text = texts(opened(n=count))
    assert [part for part in said if part not in text] == []
    assert [part for part in unsaid if part in text] == []
    assert f"all {count:,} observations" in text


def test_the_n_in_the_sentence_is_where_the_product_is_lost():
    draws = Draws("Bernoulli", 0.3, 1.0, 2000, 0)
    said = by_hand_verdicts.product_sentence(by_hand.running(draws))
    first = next(int(word) for word in said.split() if word.isdecimal())
    each = Coin().probability(Coin().sample(0.3, 2000, 0), np.array([0.3]))[0].astype(np.float32)
    product, count = np.float32(1), 0
    with np.errstate(under="ignore"):
        while product:
            product *= each[count]
            count += 1
    assert count == first


def test_the_closed_form_stands_beside_what_was_searched_for(opened):
    app = opened(distribution="Gaussian", mu=-2, n=400)
    rows = {row["Found by"]: row["μ"].replace("−", "-") for row in tables(app) if "μ" in row}
    mean = Bell().sample(-2.0, 400, 0).mean()
    assert float(rows["closed form: the mean of the observations"]) == pytest.approx(
        mean, abs=1e-8
    )
    searched = next(value for way, value in rows.items() if way.startswith("searched for"))
    assert float(searched) == pytest.approx(mean, abs=1e-6)
    assert rows["the truth"] == "-2"


def test_densities_above_one_are_too_large_to_multiply(opened):
    app = opened(distribution="Gaussian", sigma=0.1, n=3000)
    assert "**infinite from n = " in texts(app)
    assert "The product is not finite for every μ" in texts(app)


def test_every_extreme_of_the_sliders_is_drawn():
    corners = [(kind, truth) for kind in ("Bernoulli", "Gaussian") for truth in (0.02, 0.98)]
    for kind, truth in corners:
        for count in (10, by_hand.MOST):
            for std in (0.1, 2.0):
                draws = Draws(kind, truth, std, count, 1)
                fit = by_hand.fitted(draws)
                assert np.isfinite(fit.logs).all()
                assert fit.searched == pytest.approx(fit.closed, abs=1e-4)
                assert by_hand_verdicts.maximum_sentence(fit, draws)


def test_drawing_again_takes_the_next_seed(opened):
    app = opened(n=100)
    before = texts(app)
    app.button[0].click().run()
    assert app.number_input(key="seed").value == 1
    assert texts(app) != before


@pytest.mark.parametrize(
    "choices", [{}, {"over": "This digit", "digit": 7}, {"updates": 0}, {"updates": 200}]
)
def test_cross_entropy_and_likelihood_are_shown_to_the_last_digit(opened, choices: dict):
    app = opened(**choices)
    assert "**one number with one gradient**" in texts(app)
    rows = [row for row in tables(app) if "Computed as" in row]
    assert len(rows) == 3
    values = [float(row["nats per digit"]) for row in rows]
    weights = by_hand.weights()[choices.get("updates", 50)]
    images, labels = by_hand.digits("test")
    chosen = slice(7, 8) if "digit" in choices else slice(None)
    ways = cross_entropies(weights, images.reshape(len(images), -1)[chosen], labels[chosen])
    assert values == [way.value for way in ways.values()]


# The bound


def test_equal_gaussians_have_no_divergence_and_others_have(opened):
    equal = texts(opened(part="The bound", q_mean=0.5, q_std=1.5, p_mean=0.5, p_std=1.5))
    assert "**KL(q‖p) = 0 nats**" in equal
    apart = texts(opened(part="The bound", q_mean=0.5, q_std=1.5, p_mean=0.5, p_std=1.4))
    assert f"**KL(q‖p) = {gaussian_kl(0.5, 1.5, 0.5, 1.4):.6f} nats**" in apart
    assert "takes away" in bound_verdicts.divergence_sentence(divergence(1, 0.5, 0, 1))


def test_the_bounds_of_an_image_lie_on_one_axis_below_log_p(opened):
    app = opened(data="digits", part="The bound", image=3)
    exact = bound.one_image(VAE, 3).exact
    assert exact
    assert exact.log_p == quadrature(cache.run(VAE).model, _image(3)).value[0]
    assert f"**log p(x) = {number(exact.log_p, 3)} nats**" in texts(app)
    values = [nats(row) for row in tables(app) if "Bound" in row]
    assert len(values) == len(SAMPLES) + 2
    assert values[1:-1] == sorted(values[1:-1])
    assert values[0] <= values[-1]
    assert max(values[:-1]) <= values[-1] + 0.05
    (chart,) = [
        json.loads(drawn.proto.spec)
        for drawn in app.get("plotly_chart")
        if "k = 5,000" in drawn.proto.spec
    ]
    assert len(chart["data"]) == 2


def test_the_gap_is_shown_both_ways(opened):
    app = opened(data="digits", part="The bound", image=5)
    rows = {row["Of this image"]: nats(row) for row in tables(app) if "Of this image" in row}
    gap, kl = rows["log p(x) − ELBO"], rows["KL(q‖p(z|x)), on a grid"]
    assert gap == pytest.approx(kl, abs=0.01)
    assert rows["difference"] == pytest.approx(gap - kl, abs=2e-4)
    assert rows["amortisation: won by a fitted Gaussian"] + rows[
        "approximation: left with the fitted one"
    ] == (pytest.approx(gap, abs=2e-4))
    assert "The two are the same" in texts(app)
    assert "The two are not quite the same" in bound_verdicts.gap_sentence(1.0, 1.2)


@pytest.mark.parametrize(
    ("choices", "why", "bounded"),
    [
        (
            {"latents": 10},
            "Quadrature needs one or two latents, this run has 10; pick a run with 2.",
            True,
        ),
        ({"model": "AE"}, "AE learned no distribution over codes", False),
        ({"model": "Noisy AE"}, "Noisy AE, η = 0.05 learned no distribution over codes", False),
    ],
)
def test_what_cannot_be_asked_gets_one_clear_sentence(
    opened, choices: dict, why: str, bounded: bool
):
    app = opened(data="digits", part="The bound", **choices)
    assert len([info for info in app.info if why in info.value]) == 1
    rows = [row for row in tables(app) if "Bound" in row]
    assert bool(rows) == bounded
    assert not any("quadrature" in row["Bound"] for row in rows)
    assert not app.exception


def test_an_image_that_does_not_exist_is_the_first_one(opened):
    app = opened(data="digits", part="The bound", image=360)
    assert app.number_input(key="image").value == 0
    assert (
        opened(data="digits", part="The bound", image=359).number_input(key="image").value == 359
    )


def _image(index: int):
    split = cache.split(VAE.data)
    assert split
    return split.test.images(slice(index, index + 1))


@pytest.mark.parametrize("latents", [1, 2])
def test_a_run_of_ones_own_has_its_posterior_drawn(other_shelf: Path, opened, latents: int):
    load_or_train(recipe("digits", "vae", latents, hidden=(8,), epochs=2), other_shelf)
    app = opened(data="digits", part="The bound")
    assert "log p(x) =" in texts(app)
    assert any("true posterior" in chart.proto.spec for chart in app.get("plotly_chart"))
    assert any("not measured yet" in info.value for info in app.info)


def test_under_a_uniform_prior_codes_are_drawn_before_the_box(other_shelf: Path, opened):
    load_or_train(recipe("digits", "vae", 2, hidden=(8,), epochs=2, prior="uniform"), other_shelf)
    app = opened(data="digits", part="The bound")
    assert "log p(x) =" in texts(app)
    assert any("before the uniform prior's box" in caption.value for caption in app.caption)
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    titles = [spec["layout"]["xaxis"].get("title", {}).get("text") for spec in specs]
    assert "u<sub>1</sub>" in titles


# The test set


def write_gaps(root: Path, configs: dict[RunConfig, tuple[float, float]]) -> None:
    """Keep made-up gaps of runs and of their further seeds: amortisation and approximation."""
    made_up = {}
    for first, (encoder, gaussian) in configs.items():
        for seed in (0, 1, 2):
            config = with_seed(first, seed)
            gap = encoder + gaussian + seed / 1000
            numbers = {
                "n": 4,
                "gap": [gap / 2, gap, gap, 3 * gap / 2],
                "log_evidence": -1.0,
                "elbo": -1.0 - gap,
            }
            parts = {
                "split_n": 1,
                "amortisation": [encoder],
                "approximation": [gaussian],
                "refinement": 0.01,
            }
            made_up[config] = {**numbers, **parts}
    kept.write_numbers(GAPS, made_up, root)


@pytest.fixture
def two_runs(other_shelf: Path) -> Path:
    for model in ("vae", "beta-vae"):
        shutil.copytree(
            SHELF / recipe("digits", model).key, other_shelf / recipe("digits", model).key
        )
    return other_shelf


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((3.0, 1.0), ["is **not tight**", "4.00 nats below", "**the encoder's**"]),
        ((0.1, 0.4), ["is **tight**", "0.50 nats below", "**the Gaussian's**"]),
        (
            (0.0005, 0.0001),
            ["is **tight**", "too small to be told apart from the error of the quadrature"],
        ),
        ((0.6, 0.3995), ["tight **with some seeds only**"]),
    ],
)
def test_what_was_measured_decides_the_sentence(
    two_runs: Path, opened, parts: tuple[float, float], said: list[str]
):
    write_gaps(
        two_runs, {recipe("digits", "vae"): parts, recipe("digits", "beta-vae"): (0.1, 0.1)}
    )
    app = opened(data="digits", part="The bound")
    text = texts(app)
    assert [part for part in said if part not in text] == []
    assert "3 trainings" in text
    (chart,) = [
        json.loads(drawn.proto.spec)
        for drawn in app.get("plotly_chart")
        if "amortisation gap" in drawn.proto.spec
    ]
    assert set(chart["data"][0]["y"]) == {"VAE", "β-VAE, β = 4"}
