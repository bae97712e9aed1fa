import pytest

from core.experiments.claims import HOLDS
from core.experiments.rate import exchanges
from core.verdicts import rate as verdicts


def test_an_exchange_lies_between_the_betas_of_two_optima():
    """Take models on the curve distortion = 100 / (1 + rate).

    They touch lines of slope -β at rate = 10/√β - 1.
    """
    optima = {beta: (10 / beta**0.5 - 1, 10 * beta**0.5) for beta in (1.0, 2.0, 4.0, 8.0)}
    optimal = exchanges({beta: dict.fromkeys(range(3), place) for beta, place in optima.items()})
    assert len(optimal) == 3
    assert {exchange.within.word for exchange in optimal} == {HOLDS}
    said = verdicts.exchange_sentence(optimal)
    assert said.endswith("and it does with every seed.")
    (wrong,) = exchanges(
        {1.0: dict.fromkeys(range(2), (7.0, 100.0)), 4.0: {0: (5.0, 104.0), 1: (5.0, 120.0)}}
    )
    assert (wrong.bought, wrong.pooled) == ({0: 2.0, 1: 10.0}, 6.0)
    said = verdicts.exchange_sentence([wrong])
    assert "6.0 (2.0 to 10.0) from β = 4 to 1" in said
    assert "it does not, with every seed, from β = 4 to 1" in said
    assert said.endswith("This rests on 2 trainings of each model: a first look, no proof.")


@pytest.mark.parametrize(
    "stops",
    [
        {},
        {1.0: {0: (7.0, 100.0)}},
        {1.0: {0: (5.0, 100.0)}, 4.0: {0: (6.0, 90.0)}},
        {1.0: {}, 4.0: {}},
        {1.0: {0: (7.0, 100.0)}, 4.0: {1: (5.0, 104.0)}},
    ],
)
def test_without_a_fall_of_rate_there_is_no_exchange(stops: dict):
    assert exchanges(stops) == []
    assert verdicts.exchange_sentence([]) == ""


def split(information: float, marginal: float, images: int = 10_000) -> dict:
    return {
        "rate": information + marginal,
        "information": information,
        "marginal": marginal,
        "images": images,
    }


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [split(6.0, 2.0), split(6.0, 2.0)],
            "spends 8.00 ± 0.00 nats per image: 6.00 ± 0.00 tell the image, and 2.00 ± 0.00 (25%)",
        ),
        ([split(6.0, 2.0), split(9.2, 10.0)], "takes more images to say"),
        ([split(0.001, 0.002)], "spends no rate"),
    ],
)
def test_what_the_rate_pays_for_is_said_as_far_as_the_images_tell(rows: list, said: str):
    assert said in verdicts.paid_sentence("VAE", rows)


def test_priors_are_compared_seed_by_seed():
    said = verdicts.prior_sentence(
        {
            "normal": {0: 0.4, 1: 0.5, 2: 0.6},
            "uniform": {0: 0.3, 1: 0.45, 2: 0.7},
            "vamp": {0: 0.3, 1: 0.45, 2: 0.55},
            "mixture": {1: 0.6},
        }
    )
    assert (
        said == "By prior, trained on one schedule, that misfit is: standard normal 0.50 ± 0.10,"
        " uniform box 0.48 ± 0.20 (seeds disagree), VampPrior 0.43 ± 0.13 (less with every seed),"
        " Gaussian mixture 0.60 (first look: more with every seed)."
    )
    assert verdicts.prior_sentence({"normal": {0: 0.4}}) == ""
    assert verdicts.prior_sentence({"vamp": {0: 0.4}}) == ""


def test_the_odds_are_those_of_the_prior_with_the_fewest_pairs():
    marginals = {
        "normal": dict.fromkeys(range(5), 0.4),
        "uniform": dict.fromkeys(range(5), 0.3),
        "vamp": dict.fromkeys(range(3), 0.1),
    }
    said = verdicts.chance_sentence(marginals)
    assert said.startswith("By chance alone, 3 pairs of trainings that do not differ get *less*")
    assert verdicts.chance_sentence({"normal": {0: 0.4}}) == ""
