import numpy as np
import pytest

from core.explore.traversal import prior_ruler
from core.verdicts.traversals import (
    Price,
    Ranking,
    activity,
    followed,
    followed_over_seeds,
    latent_rows,
    price_caption,
    price_sentence,
    row_names,
    sheet_title,
    unit_of_steps,
)


def price(beta: float, rate: list[float], distortion: list[float], active: list[float]) -> Price:
    """Return what a β reached, from numbers of the first seeds in order."""
    return Price(beta, *(dict(enumerate(part)) for part in (rate, distortion, active)))


def test_the_sentence_about_the_price_is_decided_by_the_numbers():
    usual = [price(1, [10, 12], [30, 32], [7, 6]), price(4, [6, 6], [41, 43], [3, 3])]
    text = price_sentence(usual, 4)
    assert "to **β = 4** the nll rises by **11.0 nats** (31.0 ± 1.4 → 42.0 ± 1.4)" in text
    assert "the KL falls by **5.0 nats** (11.0 ± 1.4 → 6.0 ± 0.0)" in text
    assert "active latents falls by **3.5** (6.5 ± 0.7 → 3.0 ± 0.0)" in text
    assert "Each nat of KL saved cost 2.2 nats of nll" in text
    assert "falls by 6.00 nats" in text


def test_the_sentence_may_go_against_the_textbook():
    first = price(1, [10], [30], [5])
    assert "did not buy a lower rate" in price_sentence([first, price(2, [11], [35], [5])], 2)
    assert "cost no nll" in price_sentence([first, price(2, [8], [29], [5])], 2)
    assert "rises by 1.00 nats" in price_sentence([first, price(2, [8], [31], [5])], 2)
    assert "active latents stays (5.0 → 5.0)" in price_sentence(
        [first, price(2, [8], [31], [5])], 2
    )


def test_a_nat_has_no_price_where_it_was_not_saved_with_every_seed():
    found = [price(1, [10, 14], [30, 31], [7, 7]), price(2, [9, 14.5], [35, 36], [7, 7])]
    assert "did not buy a lower rate with every seed" in price_sentence(found, 2)
    assert "Each nat" not in price_sentence(found, 2)


def test_a_smaller_beta_is_told_from_small_to_large():
    text = price_sentence([price(0.5, [12], [28], [7]), price(1, [10], [30], [5])], 0.5)
    assert text.startswith("From β = 0.5 to **β = 1** the nll rises by **2.0 nats**")
    assert "Each nat of KL saved cost 1.0 nats" in text
    free = price_sentence([price(b, [12 - b], [28], [7]) for b in (0, 1, 4)], 0.0)
    assert free.startswith("From β = 0 to **β = 1**")


def test_a_change_that_not_every_seed_makes_is_called_one():
    found = [price(1, [10, 10], [30, 31], [7, 3]), price(2, [8, 8], [32, 33], [2, 4])]
    text = price_sentence(found, 2)
    assert "active latents falls by **2.0**, not with every seed (5.0 ± 2.8 → 3.0 ± 1.4)" in text
    assert text.count("not with every seed") == 1


@pytest.mark.parametrize("beta", [None, 1.0, 8.0, 3.0])
def test_the_vae_is_held_against_the_chosen_beta_or_the_largest(beta):
    found = [price(b, [12 / b], [30 + b], [5]) for b in (1, 2, 8)]
    assert "**β = 8**" in price_sentence(found, beta)
    assert "**β = 2**" in price_sentence(found, 2.0)


def test_one_beta_alone_buys_nothing():
    assert "nothing to compare" in price_sentence([price(1, [10], [30], [5])], 1.0)


def test_the_sentence_about_factors_names_the_latent_that_tells_most():
    told = np.array([[0.02, 0.91, 0.0], [0.6, 0.03, 0.05]])
    assert (
        followed(told, ("x", "scale", "shape"), "VAE")
        == "In VAE, **scale** is followed by z1 (0.91), **x** is followed by z2 (0.60); no latent"
        " tells a tenth of shape (0.05)."
    )
    assert followed(told / 100, ("x", "y", "shape"), "VAE").startswith(
        "In VAE, no latent tells a tenth of"
    )


def ranking(priced: bool = True, drawn: bool = True, active: tuple[bool, ...] = (True, False)):
    """Return two latents, of which the second carries most."""
    return Ranking(
        order=[1, 0],
        amounts=np.array([1.0, 3.0]),
        active=np.array(active)[::-1],
        ruler=prior_ruler(2),
        priced=priced,
        drawn=drawn,
    )


def test_the_sentence_about_activity_names_the_latent_that_carries_most():
    assert activity("VAE", ranking()) == (
        "1 of 2 latents are active in VAE; z2 carries most, 3.00 of 4.00 nats."
    )
    assert activity("AE", ranking(priced=False)).endswith(
        "z2 carries most, 75% of the variance of the codes."
    )
    assert activity("VAE", ranking(active=(False, False))).startswith("No latent of VAE")


def test_steps_are_counted_in_the_prior_or_in_the_codes():
    assert unit_of_steps("VAE", ranking()).startswith("σ is a standard deviation of the prior")
    assert "sorted by the variance" not in unit_of_steps("VAE", ranking())
    assert "sorted by the variance" in unit_of_steps("InfoGAN", ranking(priced=False))
    own = unit_of_steps("AE", ranking(priced=False, drawn=False))
    assert own.startswith("AE has no prior to count in")


def test_an_exported_sheet_names_its_rows_and_its_start():
    assert row_names(ranking()) == ["z2  3.00 nats", "z1  1.00 nats, collapsed"]
    assert sheet_title("digits", "VAE", None, ranking()) == (
        "digits, VAE, from the origin; steps in standard deviations of the prior"
    )
    assert "from test image 3; steps in standard deviations of the codes" in sheet_title(
        "digits", "AE", 3, ranking(priced=False)
    )


def test_the_rows_of_latents_have_a_kl_only_where_one_is_paid():
    shares = np.array([[0.25], [0.5]])
    first, second = latent_rows("key", ranking(), np.array([0.5, 1.0]), shares, ["scale"])
    assert first == {
        "run": "key",
        "latent": "2",
        "row": "1",
        "kl_nats": "3.000000",
        "active": "1",
        "code_std": "1.000000",
        "nmi_scale": "0.500000",
    }
    assert (second["latent"], second["active"]) == ("1", "0")
    (first, _) = latent_rows("key", ranking(priced=False), np.ones(2), shares, [])
    assert first["kl_nats"] == ""
    assert "nmi_scale" not in first


def test_one_seed_says_nothing_of_the_others():
    shares = [np.array([[0.2, 0.1], [0.5, 0.0]]), np.array([[0.7, 0.3], [0.1, 0.1]])]
    assert followed_over_seeds(shares[:1], ["x", "y"]).startswith("That is one seed")
    assert followed_over_seeds(shares, ["x", "y"]) == (
        "Over 2 seeds the latent that tells most of each factor tells x 0.60 ± 0.14, y 0.20 ±"
        " 0.14."
    )


def test_the_caption_of_the_prices_counts_their_trainings():
    one, two = price(1, [1], [1], [1]), price(2, [1, 2], [1, 2], [1, 1])
    assert "(one each, so no spread is known)" in price_caption([one], 1000)
    assert "(2 each, ± is their standard deviation)" in price_caption([two], 1000)
    assert "(1 to 2 each)" in price_caption([one, two], 1000)
    assert "1,000 test images" in price_caption([one], 1000)
