from functools import partial
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from core.config import SHELF, recipe, swept
from core.experiments.disentanglement import SCORES
from core.experiments.noise import DEPENDS, NO, YES
from core.experiments.orderings import PAPER, Order
from core.ui import cache, disentanglement, protocol
from core.ui.disentanglement import (
    UNMEASURED,
    agreement_sentence,
    beta_sentence,
    map_sentence,
    oracle_sentence,
    order_sentence,
    pair_sentence,
    rows,
)

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
    assert {alt.split(":")[0] for alt in pictures(app)} == {"Best", "Worst", "Two sprites with the same x"}
    assert not app.info


def test_another_score_is_drawn_against_beta_and_ranks_the_runs(opened):
    app = opened()
    before = texts(app)
    assert "**For Higgins score, " in before
    app.selectbox(key="score").set_value(SCORES["mig"]).run()
    assert not app.exception
    assert "**For MIG, " in texts(app)
    best = disentanglement.scored_runs("mig", disentanglement.stamp(), 0)
    assert len(best) == len(swept())
    assert f"**Best of {len(best)}: {max(best.values()):.3f}.**" in texts(app)
    assert f"**Worst of {len(best)}: {min(best.values()):.3f}.**" in texts(app)


def test_the_table_has_the_paper_beside_ours(opened):
    table = next(frame.value for frame in opened().dataframe if "Representation" in frame.value)
    found = table.set_index("Representation").to_dict("index")
    assert found["β-VAE, β = 4"]["Paper"] == "99.2% ± 0.1%"
    assert found["PCA"]["Paper"] == "84.9%"
    assert found["AE"]["Paper"] == "–"
    assert "±" in found["VAE"]["Ours"]
    assert list(found)[: len(PAPER)] == list(PAPER)


def test_images_whose_factors_are_not_known_leave_the_protocol_to_the_sprites(open_page):
    app = open_page(PAGE, data="digits", pairs="1")
    said = " ".join(caption.value for caption in app.caption)
    assert "The factors of digits are not known; this is the sprites' VAE." in said
    assert "Two sprites with the same x" in pictures(app)


def test_a_pair_shares_the_factor_that_was_asked_for_and_no_other_by_design(opened):
    app = opened(shared="shape")
    table = next(frame.value for frame in app.dataframe if "Factor" in frame.value).set_index("Factor")
    assert table.loc["shape (shared)", "First"] == table.loc["shape (shared)", "Second"]
    assert (table["First"] != table["Second"]).any()
    before = pictures(app)
    app.number_input(key="pair").set_value(3).run()
    assert not app.exception
    assert pictures(app)["Two sprites with the same shape"] != before["Two sprites with the same shape"]


def test_more_pairs_make_the_classifier_surer(opened):
    accuracy = {pairs: protocol.plane_of(VAE.key, pairs).accuracy for pairs in (1, 4)}
    assert 0.2 < accuracy[1] < accuracy[4] <= 1
    (metric,) = opened().metric
    assert metric.value == f"{accuracy[1]:.1%}"


def test_the_plane_is_the_classifiers_own(opened):
    plane = protocol.plane_of(VAE.key, 1)
    assert plane.directions @ plane.directions.T == pytest.approx(np.eye(2), abs=1e-9)
    assert set(np.unique(plane.regions)) <= set(range(5))
    left, right, bottom, top = plane.extent
    assert (plane.points >= (left, bottom)).all()
    assert (plane.points <= (right, top)).all()
    pair = protocol.pair_of(VAE.key, 1, 7)
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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([YES, YES], "**The paper's order holds here.** Pairs of its table that were measured: 2."),
        ([YES, DEPENDS], "**The paper's order holds here in part.**"),
        ([YES, NO], "in the paper's order: 1; the other way round: 1 (d above c); seeds overlap: 0."),
        ([NO, NO], "**The paper's order does not hold here.**"),
    ],
)
def test_the_order_is_judged_by_its_pairs(words: list[str], said: str):
    assert said in order_sentence(Order(dict(zip([("a", "b"), ("c", "d")], words, strict=True))))
    assert order_sentence(Order({})).startswith("None of the pairs")


def test_two_models_are_told_apart_only_where_no_seed_says_otherwise():
    def table(vae: list[float], beta: list[float]):
        return {
            "VAE": {i: {"higgins": v} for i, v in enumerate(vae)},
            "β-VAE, β = 4": {i: {"higgins": v} for i, v in enumerate(beta)},
        }

    above = pair_sentence(table([0.5, 0.6], [0.9, 0.95]))
    assert above.startswith("**The Higgins score puts the β-VAE above the VAE, with every seed:** VAE 0.550 (0.500")
    assert "does not tell the β-VAE from the VAE:** VAE" in pair_sentence(table([0.5, 0.91], [0.9, 0.95]))
    assert "puts the β-VAE below the VAE" in pair_sentence(table([0.9], [0.5]))
    assert pair_sentence({}) == ""


def test_a_score_is_blind_to_the_bad_codes_that_it_scores_like_a_perfect_one():
    known = {"perfect": {"higgins": 1.0}, "rotated": {"higgins": 0.6}, "all but one": {"higgins": 0.99}}
    assert oracle_sentence("higgins", known).endswith("within 0.05, one that lacks a factor altogether (0.99).")
    known["all but one"]["higgins"] = 0.7
    assert oracle_sentence("higgins", known).startswith("**Higgins score separates good from bad:**")
    assert oracle_sentence("higgins", {}) == oracle_sentence("sap", known) == ""


def test_beta_decides_where_it_moves_a_score_further_than_a_seed_does():
    assert "β decides" in beta_sentence("mig", {1.0: [0.1, 0.12], 4.0: [0.5, 0.52]})
    said = beta_sentence("mig", {1.0: [0.1, 0.5], 4.0: [0.3, 0.52, 0.4]})
    assert "the seed decides as much as β" in said
    assert "lie up to 0.400 apart (2 to 3 seeds a β)" in said


def test_the_map_says_where_a_score_is_best_and_whether_normalising_helps():
    found, alive = np.zeros((5, 4)), np.ones((5, 4))
    found[2] = [0.1, 0.2, 0.3, 0.25]
    alive[4] = 0
    found[4, 1] = 0.05
    said = map_sentence("mig", found, alive)
    assert said.startswith("**MIG is highest, 0.300, with 10 latents and β = 4.1.**")
    assert "lie a factor 10 apart, normalised 1: normalising brings them together here." in said
    assert said.endswith("In 4 of 20 trainings no latent is used; their scores go up to 0.050.")
    found[[0, 4], [0, 3]] = 0.9
    apart = map_sentence("mig", found, np.ones((5, 4)))
    assert "normalised 256: normalising does not bring them together here." in apart
    assert "no latent is used" not in apart


def test_the_pair_that_agrees_least_is_named():
    correlations = np.array([[1, 0.9, -0.5], [0.9, 1, 0.2], [-0.5, 0.2, 1]])
    said = agreement_sentence(["higgins", "mig", "sap"], correlations, 15)
    assert "Least agree SAP and Higgins score (-0.50), most MIG and Higgins score (+0.90)." in said


def test_a_representation_that_was_not_trained_is_in_the_table_all_the_same():
    found = {row["Representation"]: row for row in rows({"PCA": {0: {"higgins": 0.8}, 1: {"higgins": 0.9}}})}
    assert found["InfoGAN"]["Ours"] == "not trained here"
    assert found["PCA"]["Ours"] == "85.0% ± 7.1%"
    assert found["PCA"]["Ours, better half"] == "90.0%"
    assert found["PCA"]["Seeds"] == "2"
