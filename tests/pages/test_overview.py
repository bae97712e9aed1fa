import pytest

from core.checkpoints import load
from core.config import MODEL_LABELS, SHELF, recipe
from core.ui.frame import PAGES

SAID = ("Test images", "Their reconstructions", "Random codes from N(0, I), decoded")


def numbers(app):
    return app.dataframe[0].value.set_index("Model")


def test_the_table_has_a_row_per_model_and_a_dash_where_no_kl_is_charged(open_page):
    table = numbers(open_page(data="digits"))
    assert list(table.index) == list(MODEL_LABELS.values())
    charged = {"AE": False, "Noisy AE": False, "VAE": True, "β-VAE": True}
    for column in ("KL", "elbo"):
        assert {model: text != "–" for model, text in table[column].items()} == charged


@pytest.mark.parametrize("latents", [2, 10])
def test_the_table_says_what_is_kept_with_the_runs(open_page, latents):
    table = numbers(open_page(data="digits", latents=latents))
    for name, label in MODEL_LABELS.items():
        metrics = load(SHELF, recipe("digits", name, latents).key).metrics
        assert table.loc[label, "nll"] == f"{metrics['nll']:.2f}"
        assert table.loc[label, "Active latents"].endswith(f" of {latents}")


def test_elbo_is_the_negative_sum_of_its_two_parts(open_page):
    table = numbers(open_page(data="digits")).loc[["VAE", "β-VAE"], ["nll", "KL", "elbo"]].astype(float)
    assert (table["nll"] + table["KL"] + table["elbo"]).abs().max() <= 0.011


def test_each_model_shows_images_reconstructions_and_decoded_random_codes(open_page):
    app = open_page(data="digits")
    alts = [one.alt for image in app.get("image") for one in image.proto.imgs]
    assert alts == list(SAID) * 4


def test_the_four_models_are_shown_the_same_images_and_make_different_ones_of_them(open_page):
    urls = [url for image in open_page(data="digits").get("image") for url in image.value]
    originals, reconstructions, decoded = urls[::3], urls[1::3], urls[2::3]
    assert len(set(originals)) == 1
    assert len(set(reconstructions)) == len(set(decoded)) == 4


def test_the_overview_names_the_pages_that_come_after_it(open_page):
    assert len(open_page().get("page_link")) == len(PAGES) - 1
