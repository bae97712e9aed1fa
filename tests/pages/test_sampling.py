from functools import partial

import numpy as np
import pytest

from core.config import MODEL_LABELS, DataConfig, with_seed
from core.experiments.samples import kept_ceiling, kept_quality, kept_trainings
from core.explore.samplers import SAMPLERS
from core.recipes import recipe
from core.shelf import SHELF
from core.ui.kit import cache
from core.verdicts.phrases import number, trainings, with_spread

PAGE = "pages/sampling.py"
BOX = {"sampler": SAMPLERS["box"], "fit": "false"}


@pytest.fixture
def opened(open_page):
    return partial(open_page, PAGE)


def sheets(app) -> list[str]:
    """Return the address of each picture, which says what is on it."""
    return [url for image in app.get("image") for url in image.value]


def different(before: list[str], after: list[str]) -> bool:
    return len(before) == len(after) and all(
        one != other for one, other in zip(before, after, strict=True)
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("data", ["digits", "mnist", "sprites"])
def test_every_model_decodes_codes_from_every_sampler(opened, data, name):
    app = opened(data=data, sampler=SAMPLERS[name])
    assert app.get("segmented_control")[0].value == SAMPLERS[name]
    assert [heading.value for heading in app.subheader][:4] == list(MODEL_LABELS.values())
    assert len(set(sheets(app))) == 4


def test_samplers_differ_in_every_picture(opened):
    drawn = [sheets(opened(data="digits", sampler=label)) for label in SAMPLERS.values()]
    assert len({url for urls in drawn for url in urls}) == 16


def test_a_seed_decides_the_pictures(opened):
    first, again, other = (sheets(opened(data="digits", seed=seed)) for seed in (5, 5, 6))
    assert first == again
    assert different(first, other)


def test_draw_again_takes_the_next_seed_and_starts_over_after_the_last(opened):
    app = opened(data="digits", seed=9998)
    seeds, drawn = [], []
    for _ in range(2):
        next(button for button in app.button if button.label == "Draw again").click().run()
        seeds.append(app.number_input(key="seed").value)
        drawn.append(sheets(app))
    assert seeds == [9999, 0]
    assert different(*drawn)
    assert drawn[1] == sheets(opened(data="digits"))


def test_the_slider_sets_one_half_width_for_all_models(opened):
    app = opened(data="digits", **BOX, width=2)
    before = sheets(app)
    app.slider(key="width").set_value(7.5).run()
    assert [caption.value for caption in app.caption].count("Half-width 7.50") == 4
    assert different(before, sheets(app))


def test_a_box_that_does_not_contain_the_codes_says_so_and_one_that_does_not(opened):
    app = opened(data="digits", latents=2, **BOX, width=0.5)
    said = [
        caption.value
        for caption in app.caption
        if caption.value.startswith("**The box does not contain")
    ]
    assert len(said) == 4
    config = recipe("digits", "vae")
    assert any(f"{cache.share_outside(config, 0.5):.0%}" in one for one in said)
    assert any(f"{cache.fitted_half_width(config):.2f} would hold 99%" in one for one in said)
    app.toggle(key="fit").set_value(True).run()
    assert not any("does not contain" in caption.value for caption in app.caption)


def test_a_fitted_box_has_each_model_its_own_half_width_and_no_slider_to_move(opened):
    app = opened(data="digits", sampler=SAMPLERS["box"])
    widths = {caption.value for caption in app.caption if caption.value.startswith("Half-width")}
    assert len(widths) == 4
    assert app.slider(key="width").disabled


def test_the_nearest_training_images_are_shown_on_demand(opened):
    assert len(sheets(opened(data="digits"))) == 4
    app = opened(data="digits", nearest="true")
    assert len(sheets(app)) == 8
    assert sum("nearest training image" in caption.value for caption in app.caption) == 4


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
