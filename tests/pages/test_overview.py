from pathlib import Path

import numpy as np
import pytest

from core.checkpoints import load
from core.config import MODEL_LABELS
from core.data import MissingData, read_test_images
from core.experiments.costs import COSTS
from core.experiments.kept import numbers_of
from core.experiments.measuring.costs import error_of_one_code
from core.experiments.samples import scores_by_seed
from core.recipes import recipe
from core.runs import load_or_train, open_run
from core.shelf import SHELF
from core.ui.kit import cache
from core.ui.kit.frame import PAGES
from core.ui.overview import costs
from core.verdicts.overview import INCOMPLETE, answer
from tests.pages.conftest import sent


def numbers(app):
    return app.dataframe[0].value.set_index("Model")


def test_the_table_has_a_row_per_model_and_a_dash_where_no_kl_is_charged(open_page):
    table = numbers(open_page(data="digits"))
    assert list(table.index) == list(MODEL_LABELS.values())
    charged = {"AE": False, "Noisy AE": False, "VAE": True, "β-VAE": True}
    for column in ("KL", "elbo"):
        assert {model: text != "–" for model, text in table[column].items()} == charged


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def caption_of(app) -> str:
    (said,) = [
        caption.value
        for caption in app.caption
        if "squared error per pixel" in caption.value.lower()
    ]
    return said


@pytest.mark.parametrize("data", ["digits", "mnist", "sprites"])
def test_the_table_says_what_was_measured_in_as_many_digits_as_the_error_allows(open_page, data):
    latents = 10
    app = open_page(data=data, latents=latents)
    table, errors = numbers(app), []
    for name, label in MODEL_LABELS.items():
        cost = numbers_of(COSTS, recipe(data, name, latents))
        assert cost is not None
        for column, field in (("nll", "nll"), ("KL", "kl"), ("elbo", "elbo")):
            if cost[field] is not None:
                text, error = table.loc[label, column], cost[f"{field}_error"]
                last_digit = 10.0 ** -len(text.partition(".")[2])
                assert last_digit >= error / 2
                assert number(text) == pytest.approx(cost[field], abs=last_digit / 2 + 1e-6)
                errors.append(error)
        assert table.loc[label, "Codes per image"] == ("1" if name == "ae" else "16")
        assert table.loc[label, "Active latents"].endswith(f" of {latents}")
    assert f"a standard error of at most {max(errors):.1g} nats" in caption_of(app)


def test_the_elbo_is_of_sixteen_codes_and_not_of_one(open_page):
    """One code for each image gives −24.28, sixteen −24.155; the exact value is −24.176."""
    elbo = number(numbers(open_page(data="digits", latents=2)).loc["VAE", "elbo"])
    assert elbo == pytest.approx(-24.176, abs=0.03)


def test_the_caption_says_what_each_column_is_of(open_page):
    said = caption_of(open_page(data="digits"))
    assert "one training of each (seed 0)" in said
    assert "as many codes for each as the table says" in said
    assert "Squared error per pixel, of the reconstruction from the mean code" in said


def test_a_run_that_was_not_measured_is_of_one_code_and_shows_no_more_digits_than_that_allows(
    other_shelf: Path, open_page
):
    for name in ("ae", "noisy-ae", "vae"):
        load_or_train(recipe("digits", name, 2, hidden=(8,), epochs=1), other_shelf)
    app = open_page(data="digits")
    table = numbers(app)
    assert set(table["Codes per image"]) == {"1"}
    assert len(table.loc["AE", "nll"].partition(".")[2]) == 2
    for name in ("noisy-ae", "vae"):
        run = open_run(recipe("digits", name, 2, hidden=(8,), epochs=1).key, other_shelf)
        text = table.loc[MODEL_LABELS[name], "nll"]
        last_digit = 10.0 ** -len(text.partition(".")[2])
        assert error_of_one_code(run) / 2 <= last_digit
        assert number(text) == pytest.approx(run.metrics["nll"], abs=last_digit / 2 + 1e-6)
    assert "standard error of at most" in caption_of(app)


def test_without_the_test_images_the_error_of_a_run_that_was_not_measured_is_not_made_up(
    monkeypatch: pytest.MonkeyPatch, open_page
):
    def gone(*_: object) -> float:
        raise MissingData("a file of the lab is gone")

    monkeypatch.setattr(costs, "numbers_of", lambda *_: None)
    monkeypatch.setattr("core.experiments.measuring.costs.error_of_one_code", gone)
    costs.of.clear()
    app = open_page(data="mnist", latents=2)
    assert "cannot be told without the test images" in caption_of(app)
    assert number(numbers(app).loc["VAE", "elbo"]) == round(
        load(SHELF, recipe("mnist", "vae").key).metrics["elbo"], 1
    )
    costs.of.clear()


def test_elbo_is_the_negative_sum_of_its_two_parts(open_page):
    table = numbers(open_page(data="digits")).loc[["VAE", "β-VAE"], ["nll", "KL", "elbo"]]
    assert abs(table.map(number).sum(axis=1)).max() <= 0.016


def test_the_path_leads_every_model_from_the_first_test_images_to_its_own_random_codes(open_page):
    path = sent(open_page(data="digits", latents=2), "path")
    configs = [recipe("digits", model, 2) for model in MODEL_LABELS]
    assert [run["name"] for run in path.runs] == [config.key for config in configs]
    pairs = len(path.header["names"])
    for place, config in enumerate(configs):
        mean = load(SHELF, config.key).codes["mean"][:pairs]
        np.testing.assert_array_equal(path.tensors["from"][:, place], mean)
    images = read_test_images(configs[0].data, slice(pairs))
    np.testing.assert_array_equal(path.tensors["images"], images)
    assert path.header["start"] == 1


@pytest.mark.parametrize(("place", "model", "source"), [(0, "ae", "box"), (2, "vae", "prior")])
def test_the_random_codes_are_those_of_the_page_sampling(open_page, place, model, source):
    path = sent(open_page(data="digits", latents=2), "path")
    codes = path.tensors["to"][:, :, place]
    config = recipe("digits", model, 2)
    expected, _ = cache.samples(config, source, None, 0, len(codes[0]))
    np.testing.assert_allclose(codes[0], expected, rtol=1e-5)


def test_the_answer_stands_under_the_path_and_is_the_verdict_of_the_kept_numbers(open_page):
    app = open_page()
    ae, vae = recipe("mnist", "ae", 10), recipe("mnist", "vae", 10)
    scores = {
        "box": scores_by_seed(ae),
        "prior": scores_by_seed(vae),
        "mixture": scores_by_seed(ae),
    }
    rows = {
        name: {seed: row[name] for seed, row in by_seed.items()}
        for name, by_seed in scores.items()
    }
    assert app.markdown[0].value == answer("mnist with 10 latents", **rows, images=5000)
    assert "the VAE's random codes decode to better images than the AE's;" in app.markdown[0].value


def test_without_an_ae_or_a_vae_there_is_no_answer(open_page, other_shelf: Path):
    load_or_train(recipe("digits", "ae", 2, hidden=(8,), epochs=1), other_shelf)
    assert open_page().markdown[0].value == INCOMPLETE


def test_the_overview_names_the_pages_that_come_after_it(open_page):
    assert len(open_page().get("page_link")) == len(PAGES) - 1
