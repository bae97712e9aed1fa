from functools import partial

import numpy as np
import pytest

from core.config import MODEL_LABELS, DataConfig, with_seed
from core.experiments.samples import kept_ceiling, kept_quality, kept_trainings
from core.explore.samplers import SAMPLERS
from core.recipes import recipe
from core.shelf import SHELF
from core.ui.kit import cache, draws
from core.ui.sampling import grids
from core.verdicts.phrases import number, trainings, with_spread
from tests.pages.conftest import sent

PAGE = "pages/sampling.py"
BOX = {"sampler": SAMPLERS["box"], "fit": "false"}


@pytest.fixture
def opened(open_page):
    return partial(open_page, PAGE)


def sheets(app) -> list[str]:
    """Return the address of each picture, which says what is on it."""
    return [url for image in app.get("image") for url in image.value]


@pytest.mark.slow
@pytest.mark.parametrize("data", ["digits", "mnist", "sprites"])
def test_every_model_decodes_codes_from_every_source(opened, data):
    grid = sent(opened(data=data), "grid")
    assert [run["short"] for run in grid.runs] == list(MODEL_LABELS.values())
    words = [density["words"] for density in grid.header["densities"]]
    assert ["Uniform box", *words] == list(SAMPLERS.values())
    for name in SAMPLERS:
        spread = grid.tensors[f"{name}/spread"]
        assert spread.shape[2:] == (grids.COUNT, grid.runs[0]["latents"])
        assert (spread.std(axis=(0, 2)) > 0).all()


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_codes_are_those_of_the_samplers(name):
    configs = tuple(recipe("digits", model) for model in ("ae", "vae"))
    source = draws.source_of(configs, name, 5, 2)
    for run, config in enumerate(configs):
        for draw in (0, draws.DRAWS - 1):
            codes = cache.sampler(config, name).sample(5, 2 + draw)
            np.testing.assert_allclose(source.codes(run, draw), codes, rtol=1e-5, atol=1e-5)


def test_the_seed_of_a_link_is_among_the_draws(opened):
    first = [sent(opened(data="digits", seed=seed), "grid").header["seed"] for seed in (5, 6)]
    assert first == [0, draws.DRAWS]
    assert sent(opened(data="digits", seed="many"), "grid").header["seed"] == 0


def test_the_scale_of_a_box_is_the_half_width_that_holds_99_percent_of_the_codes(opened):
    grid = sent(opened(data="digits", latents=2), "grid")
    widths = [cache.fitted_half_width(recipe("digits", model)) for model in ("ae", "vae")]
    np.testing.assert_allclose(grid.tensors["box/scale"][[0, 2]], widths, rtol=1e-6)
    shares = np.linspace(0, 1, grid.tensors["reach"].shape[1])
    for width, reach in zip(widths, grid.tensors["reach"][[0, 2]], strict=True):
        assert np.interp(width, reach, shares) == pytest.approx(0.99, abs=0.001)


def test_the_nearest_training_images_are_shown_on_demand(opened):
    assert sheets(opened(data="digits")) == []
    app = opened(data="digits", nearest="true", seed=7)
    assert len(set(sheets(app))) == 4
    said = [caption.value for caption in app.caption if "nearest training image" in caption.value]
    assert len(said) == 4
    assert all(sentence.startswith("Seed 7. ") for sentence in said)


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_sentence_names_the_models_that_the_kept_numbers_put_first_and_last(opened, name):
    runs = {label: recipe("digits", model, 2) for model, label in MODEL_LABELS.items()}
    kept = {label: kept_trainings(config, name, SHELF) for label, config in runs.items()}
    distance = {label: trained.mean("frechet") for label, trained in kept.items() if trained}
    assert distance.keys() == runs.keys()
    best, worst = min(distance, key=distance.__getitem__), max(distance, key=distance.__getitem__)
    (said,) = [
        m.value
        for m in opened(data="digits", latents=2, sampler=SAMPLERS[name]).markdown
        if "closest to" in m.value
    ]
    assert (
        f"**{best}** comes closest to the data: Fréchet distance {number(distance[best])}" in said
    )
    assert f"**{worst}** stays farthest: {number(distance[worst])}" in said
    assert said.endswith(
        f"on average over {trainings([trained.seeds for trained in kept.values() if trained])}."
    )


def test_a_score_is_chosen_by_old_links_too_but_not_by_those_of_disentanglement(opened):
    for link in ({"quality": "Coverage"}, {"score": "Coverage"}):
        assert opened(data="digits", **link).get("segmented_control")[1].value == "Coverage"
    other = opened(data="digits", score="MIG").get("segmented_control")[1]
    assert other.value == "Fréchet distance"


@pytest.mark.parametrize(("data", "latents"), [("digits", 2), ("mnist", 10)])
def test_one_score_has_one_number_on_sampling_and_on_noise(open_page, data, latents):
    """The AE and the VAE of one training only would have other numbers: 114, not 119."""
    table = (
        open_page(PAGE, data=data, latents=latents)
        .dataframe[0]
        .value.set_index(["Model", "Codes from"])
    )
    noise = open_page("pages/noise.py", data=data, latents=latents)
    said = "\n".join(markdown.value for markdown in noise.markdown)
    vae, seeds = (
        table.loc[("VAE", SAMPLERS["prior"])],
        kept_trainings(recipe(data, "vae", latents), "prior", SHELF),
    )
    assert seeds is not None
    assert (
        f"The VAE with its prior, Fréchet distance and coverage: {vae['Fréchet distance']}, "
        in said
    )
    for name in SAMPLERS.values():
        ae = table.loc[("AE", name), "Fréchet distance"]
        assert f"{ae}, " in said.split(f"- *{name}*: ")[1].split("\n- ")[0]
    assert vae["Trainings"] == str(len(seeds.seeds))
    for app in (noise, open_page(PAGE, data=data, latents=latents)):
        assert any(trainings([seeds.seeds]) in caption.value for caption in app.caption)


def test_a_score_is_the_mean_over_trainings_and_its_spread_is_theirs(opened):
    trained = kept_trainings(recipe("mnist", "vae", 10), "prior", SHELF)
    assert trained is not None
    each = [
        kept_quality(with_seed(recipe("mnist", "vae", 10), seed), "prior", SHELF)
        for seed in trained.seeds
    ]
    values = [quality.mean("frechet") for quality in each if quality]
    assert trained.mean("frechet") == pytest.approx(np.mean(values))
    assert trained.spread("frechet") == pytest.approx(np.std(values, ddof=1))
    assert abs(values[0] - np.mean(values)) > 1  # one training alone says something else
    assert opened(data="mnist", latents=10).dataframe[0].value.set_index(
        ["Model", "Codes from"]
    ).loc[("VAE", SAMPLERS["prior"]), "Fréchet distance"] == with_spread(values)


@pytest.mark.parametrize("data", ["digits", "mnist", "sprites"])
def test_all_numbers_are_kept_so_that_nobody_waits_for_them(opened, data):
    app = opened(data=data)
    table = app.dataframe[0].value
    assert len(table) == 4 * len(SAMPLERS) + 1
    assert not [button for button in app.button if button.label.startswith("Measure")]


@pytest.mark.parametrize("data", ["digits", "mnist", "sprites"])
def test_no_generated_images_come_closer_than_real_ones(opened, data):
    ceiling = kept_ceiling(DataConfig(name=data), SHELF)
    assert ceiling is not None
    table = opened(data=data).dataframe[0].value
    distance = [float(text.split()[0].replace(",", "")) for text in table["Fréchet distance"]]
    assert distance[-1] == pytest.approx(ceiling.frechet, rel=0.01)
    assert min(distance[:-1]) > distance[-1]


def test_a_box_of_the_visitors_own_width_is_measured_on_request(opened):
    app = opened(data="digits", **BOX, width=4)
    (button,) = [
        button for button in app.button if button.label.startswith("Measure the 4 missing")
    ]
    assert not app.dataframe
    assert any("Half-width of the box: 4 for all" in caption.value for caption in app.caption)
    button.click().run()
    table = app.dataframe[0].value
    assert len(table) == 17
    boxed = table["Codes from"] == SAMPLERS["box"]
    assert boxed.sum() == 4
    assert not table[boxed]["Fréchet distance"].str.contains("±").any()
    assert table[~boxed][:-1]["Fréchet distance"].str.contains("±").all()
    assert any(
        "3 seeds" in caption.value and "just now: one" in caption.value for caption in app.caption
    )
    assert not [button for button in app.button if button.label.startswith("Measure")]
