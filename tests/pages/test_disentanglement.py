from functools import partial
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from core.experiments.claims import DEPENDS, FAILS, FIRST_LOOK, HOLDS, Cases, compare
from core.experiments.disentanglement import SCORES
from core.experiments.orderings import PAPER, Order
from core.recipes import recipe
from core.shelf import SHELF, swept
from core.ui.disentanglement import blocks, protocol
from core.ui.disentanglement.blocks import (
    UNMEASURED,
    agreement_sentence,
    beta_sentence,
    map_sentence,
    oracle_sentence,
    order_sentence,
    pair_sentence,
    plateau_sentence,
    rows,
)
from core.ui.kit import cache

PAGE = "pages/disentanglement.py"
VAE = recipe("sprites", "vae", 10)


@pytest.fixture
def opened(open_page):
    """Return what opens the page with one pair for a point, which is soon encoded."""
    return partial(open_page, PAGE, data="sprites", latents="10", pairs="1")


def texts(app) -> str:
    return "\n".join(markdown.value for markdown in app.markdown)


def pictures(app) -> dict[str, str]:
    """Return what each picture shows, by the text that it has for those who do not see it."""
    return {picture.alt: picture.url for image in app.get("image") for picture in image.proto.imgs}


def test_the_page_opens_with_a_verdict_and_every_figure(opened):
    app = opened()
    assert "The paper's order" in texts(app)
    assert "Higgins score does" in texts(app) or "Higgins score separates" in texts(app)
    assert len(app.get("plotly_chart")) == 8
    assert {alt.split(":")[0] for alt in pictures(app)} == {
        "Best",
        "Worst",
        "Two sprites with the same x",
    }
    assert not app.info


def test_another_score_is_drawn_against_beta_and_ranks_the_runs(opened):
    app = opened()
    before = texts(app)
    assert "**Higgins score: β explains " in before
    app.selectbox(key="score").set_value(SCORES["mig"]).run()
    assert not app.exception
    assert "**MIG: β explains 31% of its variance** over 6 β and 5 seeds, the seed 29%" in texts(
        app
    )
    best = blocks.scored_runs("mig")
    assert len(best) == len(swept())
    assert f"**Best of {len(best)}: {max(best.values()):.3f}.**" in texts(app)
    assert f"**Worst of {len(best)}: {min(best.values()):.3f}.**" in texts(app)


def test_the_table_has_the_paper_beside_ours(opened):
    table = next(frame.value for frame in opened().dataframe if "Representation" in frame.value)
    found = table.set_index("Representation").to_dict("index")
    assert found["β-VAE, β = 4"]["Paper"] == "99.2% ± 0.1%"
    assert found["PCA"]["Paper"] == "84.9%"
    assert found["AE"]["Paper"] == "–"
    assert "±" in found["VAE"]["Ours, 5 factors"]
    assert found["β-VAE, β = 4"]["Ours, 4 factors"] == "100.0% ± 0.0%"
    assert list(found)[: len(PAPER)] == list(PAPER)


def test_images_whose_factors_are_not_known_leave_the_protocol_to_the_sprites(open_page):
    app = open_page(PAGE, data="digits", pairs="1")
    said = " ".join(caption.value for caption in app.caption)
    assert "The factors of digits are not known; this is the sprites' VAE." in said
    assert "Two sprites with the same x" in pictures(app)


def test_a_pair_shares_the_factor_that_was_asked_for_and_no_other_by_design(opened):
    app = opened(shared="shape")
    table = next(frame.value for frame in app.dataframe if "Factor" in frame.value).set_index(
        "Factor"
    )
    assert table.loc["shape (shared)", "First"] == table.loc["shape (shared)", "Second"]
    assert (table["First"] != table["Second"]).any()
    before = pictures(app)
    app.number_input(key="pair").set_value(3).run()
    assert not app.exception
    assert (
        pictures(app)["Two sprites with the same shape"]
        != before["Two sprites with the same shape"]
    )


def test_more_pairs_make_the_classifier_surer(opened):
    accuracy = {pairs: protocol.plane_of(VAE, pairs).accuracy for pairs in (1, 4)}
    assert 0.2 < accuracy[1] < accuracy[4] <= 1
    (metric,) = opened().metric
    assert metric.value == f"{accuracy[1]:.1%}"


def test_the_plane_is_the_classifiers_own(opened):
    plane = protocol.plane_of(VAE, 1)
    assert plane.directions @ plane.directions.T == pytest.approx(np.eye(2), abs=1e-9)
    assert set(np.unique(plane.regions)) <= set(range(5))
    left, right, bottom, top = plane.extent
    assert (plane.points >= (left, bottom)).all()
    assert (plane.points <= (right, top)).all()
    pair = protocol.pair_of(VAE, 1, 7)
    assert pair.factors[0, 1] == pair.factors[1, 1]
    assert (pair.images == cache.sprites(VAE.data, pair.factors)).all()


def test_before_anything_is_measured_the_page_says_so(other_shelf: Path, opened):
    copytree(SHELF / VAE.key, other_shelf / VAE.key)
    app = opened()
    assert [info.value for info in app.info] == [UNMEASURED] * 3
    assert "Two sprites with the same x" in pictures(app)


def test_without_a_run_of_sprites_the_protocol_says_how_to_get_one(other_shelf: Path, open_page):
    digits = recipe("digits", "vae")
    copytree(SHELF / digits.key, other_shelf / digits.key)
    app = open_page(PAGE, data="digits")
    assert any("No run of sprites is kept here" in info.value for info in app.info)
    assert not pictures(app)


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
    assert said.endswith("With four factors, without shape, these are 1, 1, 0 and 1.")


def test_components_fitted_to_other_images_for_each_seed_turn_no_pair_with_pca_round(opened):
    text = texts(opened())
    assert (
        "the other way round: 4 (PCA above β-VAE, β = 4, VAE above β-VAE, β = 4, VAE above"
        " InfoGAN and ICA above InfoGAN)" in text
    )
    assert "With every seed in the paper's order: 2" in text


def test_a_verdict_that_rests_on_a_narrow_lead_says_how_narrow():
    pairs = cases({("a", "b"): HOLDS, ("c", "d"): FAILS, ("a", "d"): HOLDS})
    said = order_sentence(Order(pairs, {("a", "b"): (0.0032, 0.0095), ("c", "d"): (0.01, 0.008)}))
    assert said.endswith(
        " With every seed, but once by less than twice the error of scoring 5,000 points:"
        " a above b by 0.0032 (standard error 0.0095) and d above c by 0.0100 (standard error"
        " 0.0080)."
    )
    assert "but once by less" not in order_sentence(Order(pairs, {}))


def test_the_lead_of_the_vae_over_the_beta_vae_carries_its_uncertainty(opened):
    assert "by 0.0008 (standard error 0.0081)" in texts(opened())


def test_the_plateau_is_said_with_how_many_trainings_lie_on_it_and_what_four_factors_say():
    swept = {1.0: {0: {"higgins": 0.85}, 1: {"higgins": 0.79}}, 4.0: {0: {"higgins": 0.801}}}
    table = {"VAE": {0: {"higgins_4": 1.0}, 1: {"higgins_4": 0.99}}, "AE": {0: {"higgins_4": 0.9}}}
    said = plateau_sentence(table, swept)
    assert said.startswith(
        "**0.8 is a plateau:** scale, x and y are always named, shape and orientation by the toss"
    )
    assert "2 of 3 trainings from β = 1 to 4 lie within 0.011 of it" in said
    assert said.endswith("Without shape, four factors: VAE 99.5%.")
    assert plateau_sentence(table, {}) == ""


def test_the_plateau_is_drawn_where_the_higgins_score_is(opened):
    app = opened()
    drawn = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert sum(blocks.PLATEAU_NAME in spec for spec in drawn) == 2
    app.selectbox(key="score").set_value(SCORES["mig"]).run()
    assert not any(blocks.PLATEAU_NAME in chart.proto.spec for chart in app.get("plotly_chart"))


def test_the_page_says_what_a_seed_is_and_what_the_paper_did_otherwise(opened):
    said = " ".join(caption.value for caption in opened().caption)
    for words in (
        "images that they are fitted to",
        "for raw pixels the latter alone",
        "Adagrad at 0.01",
        "1200 tanh",
    ):
        assert words in said


def test_two_models_are_told_apart_only_where_no_seed_says_otherwise():
    def table(vae: list[float], beta: list[float]):
        return {
            "VAE": {i: {"higgins": v} for i, v in enumerate(vae)},
            "β-VAE, β = 4": {i: {"higgins": v} for i, v in enumerate(beta)},
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
    said = map_sentence("mig", found, alive, 0.12)
    assert said.startswith(
        "**MIG is highest, 0.300, with 10 latents and β = 4.1.** Each cell is one training."
    )
    assert (
        "Seeds alone move it by up to 0.120 (at one β, above); 2 other cells lie as close to it."
        in said
    )
    assert said.endswith("In 4 of 20 trainings no latent is active; their scores go up to 0.050.")
    short = map_sentence("mig", found, np.ones((5, 4)), None)
    assert short.endswith("Each cell is one training.")


def test_the_pair_that_agrees_least_is_named():
    correlations = np.array([[1, 0.9, -0.5], [0.9, 1, 0.2], [-0.5, 0.2, 1]])
    said = agreement_sentence(["higgins", "mig", "sap"], correlations, 15)
    assert "Least agree SAP and Higgins score (-0.50), most MIG and Higgins score (+0.90)." in said


def test_a_representation_that_was_not_trained_is_in_the_table_all_the_same():
    found = {
        row["Representation"]: row
        for row in rows({"PCA": {0: {"higgins": 0.8}, 1: {"higgins": 0.9}}})
    }
    assert found["InfoGAN"]["Ours, 5 factors"] == "not trained here"
    assert found["PCA"]["Ours, 5 factors"] == "85.0% ± 7.1%"
    assert found["PCA"]["Seeds"] == "2"
