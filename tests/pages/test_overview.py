from pathlib import Path

import pytest

from core.checkpoints import load
from core.config import MODEL_LABELS
from core.experiments.costs import COSTS
from core.experiments.kept import numbers_of
from core.experiments.measuring.costs import error_of_one_code
from core.recipes import recipe
from core.runs import load_or_train, open_run
from core.shelf import SHELF
from core.ui.kit.frame import PAGES
from core.ui.overview import costs

SAID = ("Test images", "Their reconstructions", "Random codes from N(0, I), decoded")


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
    monkeypatch.setattr(costs, "numbers_of", lambda *_: None)
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


def test_each_model_shows_images_reconstructions_and_decoded_random_codes(open_page):
    app = open_page(data="digits")
    alts = [picture.alt for image in app.get("image") for picture in image.proto.imgs]
    assert alts == list(SAID) * 4


def test_the_four_models_are_shown_the_same_images_and_make_different_ones_of_them(open_page):
    urls = [url for image in open_page(data="digits").get("image") for url in image.value]
    originals, reconstructions, decoded = urls[::3], urls[1::3], urls[2::3]
    assert len(set(originals)) == 1
    assert len(set(reconstructions)) == len(set(decoded)) == 4


def test_the_overview_names_the_pages_that_come_after_it(open_page):
    assert len(open_page().get("page_link")) == len(PAGES) - 1
