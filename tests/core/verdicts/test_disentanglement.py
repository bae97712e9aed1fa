import numpy as np
import pytest

from core.experiments.claims import DEPENDS, FAILS, FIRST_LOOK, HOLDS, Cases, compare
from core.experiments.orderings import Order
from core.verdicts.disentanglement import (
    agreement_sentence,
    beta_sentence,
    map_sentence,
    oracle_sentence,
    order_sentence,
    pair_sentence,
    plateau_sentence,
    table_rows,
)

OVER_SEEDS = {HOLDS: (2, 3, 4), FAILS: (0, 0, 0), DEPENDS: (0, 2, 3), FIRST_LOOK: (2, 3)}
"""Word -> scores by seed that get it against 1."""


def cases(words: dict[tuple[str, str], str]) -> Cases[tuple[str, str]]:
    """Return comparisons that get the words."""
    scores = {pair: dict(enumerate(OVER_SEEDS[word])) for pair, word in words.items()}
    return Cases({pair: compare(ours, 1, larger=True) for pair, ours in scores.items()})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            [HOLDS, HOLDS],
            (
                "**The paper's order holds here.** Pairs of its table that were measured, with"
                " five factors: 2."
            ),
        ),
        ([HOLDS, DEPENDS], "**The paper's order holds here in part.**"),
        (
            [HOLDS, FAILS],
            "in the paper's order: 1; the other way round: 1 (d above c); seeds disagree: 0; fewer"
            " than 3 seeds: 0.",
        ),
        ([FAILS, FAILS], "**The paper's order does not hold here.**"),
    ],
)
def test_the_order_is_judged_by_its_pairs(words: list[str], said: str):
    assert said in order_sentence(
        Order(cases(dict(zip([("a", "b"), ("c", "d")], words, strict=True))), {})
    )
    assert order_sentence(Order(Cases(), {})).startswith("None of the pairs")


def test_the_order_says_what_four_factors_say():
    words = {("a", "b"): HOLDS, ("c", "d"): FAILS, ("a", "d"): FIRST_LOOK}
    every = cases(dict.fromkeys(words, HOLDS))
    said = order_sentence(Order(every, {}), Order(cases(words), {}))
    assert said.startswith("**The paper's order holds here.**")
    assert "With four factors, without shape, these are 1, 1, 0 and 1." in said


def test_the_order_says_how_often_chance_alone_gives_one():
    words = [HOLDS, HOLDS, FAILS, DEPENDS, FIRST_LOOK]
    pairs = {("a", str(place)): word for place, word in enumerate(words)}
    assert order_sentence(Order(cases(pairs), {})).endswith(
        "4 pairs have 3 seeds or more. If no two models differed, chance alone would give an order"
        " with every seed to 1 of these 4 cases; 3 got one."
    )
    assert "chance" not in order_sentence(Order(cases({("a", "b"): FIRST_LOOK}), {}))


def test_a_verdict_that_rests_on_a_narrow_lead_says_how_narrow():
    pairs = cases({("a", "b"): HOLDS, ("c", "d"): FAILS, ("a", "d"): HOLDS})
    said = order_sentence(Order(pairs, {("a", "b"): (0.0032, 0.0095), ("c", "d"): (0.01, 0.008)}))
    assert (
        " With every seed, but once by less than twice the error of scoring 5,000 points:"
        " a above b by 0.0032 (standard error 0.0095) and d above c by 0.0100 (standard error"
        " 0.0080)." in said
    )
    assert "but once by less" not in order_sentence(Order(pairs, {}))


def test_the_plateau_is_said_with_how_many_trainings_lie_on_it_and_what_four_factors_say():
    swept = {1.0: {0: {"higgins": 0.85}, 1: {"higgins": 0.79}}, 4.0: {0: {"higgins": 0.801}}}
    table = {"vae": {0: {"higgins_4": 1.0}, 1: {"higgins_4": 0.99}}, "ae": {0: {"higgins_4": 0.9}}}
    table["beta-vae"] = {0: {"higgins_4": 0.95}}
    said = plateau_sentence(table, swept)
    assert said.startswith(
        "**0.8 is a plateau:** scale, x and y are always named, shape and orientation by the toss"
    )
    assert "2 of 3 trainings from β = 1 to 4 lie within 0.011 of it" in said
    assert said.endswith("Without shape, four factors: VAE 99.5% and β-VAE 95.0%.")
    assert plateau_sentence(table, {}) == ""


def test_two_models_are_told_apart_only_where_no_seed_says_otherwise():
    def table(vae: list[float], beta: list[float]):
        return {
            "vae": {i: {"higgins": v} for i, v in enumerate(vae)},
            "beta-vae": {i: {"higgins": v} for i, v in enumerate(beta)},
        }

    above = pair_sentence(table([0.5, 0.6, 0.55], [0.9, 0.95, 0.9]))
    assert above.startswith(
        "**The Higgins score puts the β-VAE above the VAE, with every seed:** VAE 0.550 (0.500"
    )
    assert "does not tell the β-VAE from the VAE:** VAE" in pair_sentence(
        table([0.5, 0.91, 0.92], [0.9, 0.95, 0.9])
    )
    assert "puts the β-VAE below the VAE" in pair_sentence(table([0.9] * 3, [0.5] * 3))
    assert "Fewer than 3 seeds do not tell" in pair_sentence(table([0.9], [0.5]))
    assert pair_sentence({}) == ""


def test_a_score_is_blind_to_the_bad_codes_that_it_scores_like_a_perfect_one():
    known = {
        "perfect": {"higgins": 1.0},
        "rotated": {"higgins": 0.6},
        "all but one": {"higgins": 0.99},
    }
    assert oracle_sentence("higgins", known).endswith(
        "within 0.05, one that lacks a factor altogether (0.99)."
    )
    known["all but one"]["higgins"] = 0.7
    assert oracle_sentence("higgins", known).startswith(
        "**Higgins score separates good from bad:**"
    )
    assert oracle_sentence("higgins", {}) == oracle_sentence("sap", known) == ""


def test_a_score_s_variance_is_shared_out_among_beta_and_seed():
    said = beta_sentence("mig", {1.0: {0: 0.1, 1: 0.3}, 4.0: {0: 0.5, 1: 0.7}})
    assert said.startswith(
        "**MIG: β explains 80% of its variance** over 2 β and 2 seeds, the seed 20%; the rest, 0%"
    )
    assert "Numbers that depend on neither would give β 33% and the seed 33% on average." in said
    assert said.endswith("Means over seeds go from 0.200 (β = 1) to 0.600 (β = 4).")
    assert beta_sentence("mig", {1.0: {0: 0.1}, 4.0: {0: 0.5}}) == ""


def test_the_map_says_where_a_score_is_highest_and_how_little_one_training_says():
    found, alive = np.zeros((5, 4)), np.ones((5, 4))
    found[2] = [0.1, 0.2, 0.3, 0.25]
    alive[4] = 0
    found[4, 1] = 0.05
    said = map_sentence("mig", found, alive, [{0: 0.1, 1: 0.22}, {0: 0.3}])
    assert said.startswith(
        "**MIG is highest, 0.300, with 10 latents and β = 4.1.** Each cell is one training."
    )
    assert (
        "Seeds alone move it by up to 0.120 (at one β, above); 2 other cells lie as close to it."
        in said
    )
    assert said.endswith("In 4 of 20 trainings no latent is active; their scores go up to 0.050.")
    short = map_sentence("mig", found, np.ones((5, 4)), [])
    assert short.endswith("Each cell is one training.")


def test_the_pair_that_agrees_least_is_named():
    correlations = np.array([[1, 0.9, -0.5], [0.9, 1, 0.2], [-0.5, 0.2, 1]])
    said = agreement_sentence(["higgins", "mig", "sap"], correlations, 15)
    assert "Least agree SAP and Higgins score (−0.50), most MIG and Higgins score (+0.90)." in said


def test_a_representation_that_was_not_trained_is_in_the_table_all_the_same():
    found = {
        row["Representation"]: row
        for row in table_rows({"PCA": {0: {"higgins": 0.8}, 1: {"higgins": 0.9}}})
    }
    assert found["InfoGAN"]["Ours, 5 factors"] == "not trained here"
    assert found["PCA"]["Ours, 5 factors"] == "85.0% ± 7.1%"
    assert found["PCA"]["Seeds"] == "2"
