from dataclasses import replace
from functools import partial
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest
import torch

from core.config import PRIORS, RunConfig, with_seed
from core.experiments.evidence import EVIDENCE
from core.experiments.kept import numbers_of
from core.experiments.priors import EXPOST
from core.families import is_doubled
from core.recipes import recipe, with_prior
from core.runs import load_or_train
from core.shelf import seeds_of, shipped
from core.ui.kit import cache
from core.ui.kit.picker import View
from core.ui.priors import blocks
from core.ui.priors.blocks import Contender
from core.verdicts.priors import AFTERWARDS, UNMEASURED
from tests.priors_shelf import BETTER, small, trained, write_numbers

PAGE = "pages/priors.py"
LABELS = ["Standard normal", "Uniform box", "Gaussian mixture", "VampPrior", AFTERWARDS]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def shelf_of_priors(other_shelf: Path, runs: Path) -> Path:
    """Return a shelf of small VAEs with each prior, nothing measured."""
    return copytree(runs, other_shelf, dirs_exist_ok=True)


@pytest.fixture
def opened(open_page):
    return partial(open_page, PAGE, data="digits")


def texts(app) -> str:
    return "\n".join(markdown.value for markdown in app.markdown)


def panels(app) -> list[str]:
    return [
        markdown.value.strip("*")
        for markdown in app.markdown
        if markdown.value.strip("*") in LABELS
    ]


def sheets(app) -> dict[str, str]:
    """Return what each picture shows, by the text that it has for those who do not see it."""
    return {picture.alt: picture.url for image in app.get("image") for picture in image.proto.imgs}


def table(app) -> dict[str, dict[str, str]]:
    """Return the rows of the table of numbers by prior."""
    (found,) = app.dataframe
    return found.value.set_index("Prior").to_dict("index")


def test_every_prior_has_a_panel_and_samples_and_one_more_was_fitted_afterwards(
    shelf_of_priors: Path, opened
):
    app = opened()
    assert panels(app) == LABELS
    shown = sheets(app)
    assert [alt.split(":")[0] for alt in shown if alt.endswith("random codes, decoded")] == LABELS
    assert len(shown) == len(set(shown.values())) == 10
    assert len(app.get("plotly_chart")) >= len(LABELS)


def test_another_seed_draws_other_codes_and_leaves_the_rest(shelf_of_priors: Path, opened):
    app = opened()
    before = sheets(app)
    app.number_input(key="seed").set_value(7).run()
    assert not app.exception
    moved = [alt for alt, url in sheets(app).items() if url != before[alt]]
    assert moved == [f"{label}: random codes, decoded" for label in LABELS]


def test_before_anything_is_measured_the_page_says_so(shelf_of_priors: Path, opened):
    app = opened()
    assert [info.value for info in app.info] == [UNMEASURED] * 2
    assert {row["nll"] for row in table(app).values()} == {"–"}


def test_the_table_has_a_spread_over_seeds_or_says_why_not(shelf_of_priors: Path, opened):
    write_numbers(shelf_of_priors, BETTER, fitted=0.2)
    app = opened()
    assert not app.info
    rows = table(app)
    assert list(rows) == LABELS
    assert rows["Standard normal"]["nll"] == "30.01 ± 0.01"
    assert rows["VampPrior"]["KL(aggregate‖prior)"] == "1.010 ± 0.010"
    assert rows["VampPrior"]["elbo"] == "−30.00 ± 0.00"
    assert rows["Uniform box"]["nll"] == "31.00 (one seed)"
    assert rows["Standard normal"]["Active latents"] == "2 ± 0"
    assert [rows[AFTERWARDS][name] for name in ("nll", "elbo", "Rate", "KL(aggregate‖prior)")] == [
        "–"
    ] * 4
    assert rows[AFTERWARDS]["Fréchet distance"].startswith("49.8")
    said = " ".join(caption.value for caption in app.caption)
    assert "standard deviation over trainings" in said
    assert "k = 500" in said
    assert "measured on 360 of them" in said


@pytest.mark.parametrize(
    ("better", "fitted", "head"),
    [
        (
            BETTER,
            0.2,
            (
                "**First look: simple calculations, and little else.** On digits with 2 latents"
                " the Gaussian mixture and"
            ),
        ),
        (BETTER, 0.2, "This rests on 1 to 3 trainings of each model."),
        (
            BETTER,
            0.2,
            "with every seed. A mixture fitted to its codes afterwards gives it better samples",
        ),
        (
            dict.fromkeys(PRIORS, 0.0) | {"vamp": -1.0},
            0.0,
            "**First look: more than simple calculations.**",
        ),
    ],
)
def test_the_verdict_follows_the_numbers(
    shelf_of_priors: Path, opened, better: dict[str, float], fitted: float, head
):
    write_numbers(shelf_of_priors, better, fitted)
    assert head in texts(opened())


def test_the_gradient_panel_gives_the_ratio_of_the_variances(shelf_of_priors: Path, opened):
    write_numbers(shelf_of_priors, BETTER)
    app = opened()
    assert [metric.value for metric in app.metric] == ["1,000 ×", "10 ×"]
    assert any("1.00 to 1.10 standard errors apart" in caption.value for caption in app.caption)


def test_priors_that_were_not_trained_are_named_with_what_would_train_them(
    other_shelf: Path, opened
):
    trained(other_shelf, ["normal", "vamp"])
    app = opened()
    (info,) = [info.value for info in app.info if info.value != UNMEASURED]
    assert "not trained with: uniform box and Gaussian mixture" in info
    assert "python -m core train digits vae --latents 2 --warm-up 0 --prior ..." in info
    assert panels(app) == ["Standard normal", "VampPrior", AFTERWARDS]


def test_without_a_vae_there_is_nothing_to_compare(other_shelf: Path, opened):
    load_or_train(recipe("digits", "ae", hidden=(8,), epochs=1), other_shelf)
    app = opened()
    assert [info.value for info in app.info] == [
        "No VAE was trained on these images with this many latents."
    ]
    assert not app.get("image")


def test_a_vae_of_another_network_is_not_compared(other_shelf: Path, opened):
    trained(other_shelf, ["normal"])
    load_or_train(recipe("digits", "vae", hidden=(9,), epochs=1, prior="vamp"), other_shelf)
    assert panels(opened(prior="standard normal")) == ["Standard normal", AFTERWARDS]


def test_the_picked_run_is_the_one_that_is_shown(shelf_of_priors: Path, opened):
    app = opened(prior="VampPrior", trained=2)
    assert panels(app) == LABELS
    other = opened(prior="VampPrior", trained=1)
    name = "VampPrior: random codes, decoded"
    assert sheets(app)[name] != sheets(other)[name]


@pytest.mark.parametrize("name", [*PRIORS, EXPOST])
def test_a_single_latent_is_drawn_along_a_line(other_shelf: Path, name: str):
    config = small("normal" if name == EXPOST else name, latents=1)
    load_or_train(config, other_shelf)
    figure: Any = blocks.panel(config, name)
    assert set(figure.data[1].y) == {0}
    z = np.asarray(figure.data[0].z)
    np.testing.assert_allclose(z, np.broadcast_to(z[:1], z.shape), atol=1e-4)


@pytest.mark.parametrize("prior", PRIORS)
def test_most_codes_of_a_prior_lie_within_its_contour(shelf_of_priors: Path, prior: str):
    """Half of the codes that any prior draws lie within the contour of a half."""
    config = small(prior)
    figure: Any = blocks.panel(config, prior)
    contour = figure.data[0]
    drawn = cache.run(config).model.prior.sample(4000, torch.Generator().manual_seed(1)).numpy()
    column = np.rint((drawn[:, 0] - contour.x0) / contour.dx).astype(int)
    row = np.rint((drawn[:, 1] - contour.y0) / contour.dy).astype(int)
    z = np.asarray(contour.z)
    inside = (row >= 0) & (row < len(z)) & (column >= 0) & (column < len(z))
    within = np.zeros(len(drawn), bool)
    within[inside] = z[row[inside], column[inside]] > 3
    expected = 1.0 if prior == "uniform" else 0.5
    assert within.mean() == pytest.approx(expected, abs=0.06)


def test_runs_with_more_latents_say_which_are_drawn(other_shelf: Path):
    load_or_train(small("normal", latents=5), other_shelf)
    load_or_train(small("normal"), other_shelf)
    variance = cache.run(small("normal", latents=5)).codes["mean"].var(0)
    across, up = sorted(variance.argsort()[-2:] + 1)
    said = blocks.which_latents(small("normal", latents=5))
    assert f"{across} (across) and {up} (up)" in said
    assert blocks.which_latents(small("normal")) == ""


def test_runs_that_the_study_leaves_out_are_not_said_to_be_unmeasured():
    sprites = Contender("normal", recipe("sprites", "vae", 10))
    assert "not for these runs" in blocks.unmeasured([sprites])
    assert blocks.unmeasured([Contender("normal", small())]) == UNMEASURED


def view_of(picked: RunConfig) -> View:
    """Return the view of a visitor who picked a digits' VAE with 2 latents."""
    alike = [
        c
        for c in shipped()
        if (c.data, c.model.latent_dim) == (picked.data, picked.model.latent_dim)
    ]
    alike = [c for c in alike if c.model.likelihood == "bernoulli"]
    doubles = tuple(c for c in alike if is_doubled(c))
    return View(
        picked,
        {"vae": recipe("digits", "vae", 2)},
        tuple(c for c in alike if c not in doubles),
        doubles,
    )


@pytest.mark.parametrize(
    "picked", [recipe("digits", "vae", 2), *(with_prior("digits", 2, p) for p in PRIORS)]
)
def test_the_priors_that_are_compared_have_one_schedule(picked: RunConfig):
    shown = blocks.contenders(view_of(picked))
    assert [one.name for one in shown] == [*PRIORS, EXPOST]
    assert {one.config.train for one in shown} == {with_prior("digits", 2, "vamp").train}


def test_a_prior_of_another_schedule_is_not_compared():
    late = recipe("digits", "vae", 2, prior="vamp", warm_up=100)
    view = replace(view_of(late), siblings=(*view_of(late).siblings, late))
    assert [one.name for one in blocks.contenders(view)] == ["vamp"]
    assert [one.config.train.warm_up for one in blocks.contenders(view)] == [100]


def test_the_page_says_what_the_schedule_alone_is_worth():
    shown = blocks.contenders(view_of(recipe("digits", "vae", 2)))
    said = blocks.schedule(shown)
    assert "over the first 20 of 200 epochs" in said
    warm, cold = (
        [numbers_of(EVIDENCE, with_seed(c, s)) for s in seeds_of("digits")]
        for c in (with_prior("digits", 2, "normal"), recipe("digits", "vae", 2))
    )
    worth = np.mean([a["nll"] - b["nll"] for a, b in zip(warm, cold, strict=True) if a and b])
    assert f"{worth:+.2f} (".replace("-", "−") in said
    assert "(5 seeds" in said
