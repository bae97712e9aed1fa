from functools import partial
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from core.experiments.disentanglement import SCORES
from core.experiments.orderings import PAPER
from core.recipes import recipe
from core.shelf import SHELF, swept
from core.ui.disentanglement import blocks, protocol
from core.ui.kit import cache
from core.verdicts.disentanglement import PLATEAU_NAME, UNMEASURED, called

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


def test_a_score_is_chosen_by_old_links_too_but_not_by_those_of_the_page_sampling(opened):
    assert opened(metric=SCORES["mig"]).selectbox(key="metric").value == SCORES["mig"]
    app = opened(score=SCORES["mig"])
    assert app.selectbox(key="metric").value == SCORES["mig"]
    assert "score" not in app.query_params
    app.selectbox(key="metric").set_value(SCORES["sap"]).run()
    assert app.selectbox(key="metric").value == SCORES["sap"]
    assert opened(score="Coverage").selectbox(key="metric").value == SCORES["higgins"]


def test_another_score_is_drawn_against_beta_and_ranks_the_runs(opened):
    app = opened()
    before = texts(app)
    assert "**Higgins score: β explains " in before
    app.selectbox(key="metric").set_value(SCORES["mig"]).run()
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
    assert list(found)[: len(PAPER)] == [called(name) for name in PAPER]


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


def test_components_fitted_to_other_images_for_each_seed_turn_no_pair_with_pca_round(opened):
    text = texts(opened())
    assert (
        "the other way round: 4 (PCA above β-VAE, β = 4, VAE above β-VAE, β = 4, VAE above"
        " InfoGAN and ICA above InfoGAN)" in text
    )
    assert "With every seed in the paper's order: 2" in text


def test_the_lead_of_the_vae_over_the_beta_vae_carries_its_uncertainty(opened):
    assert "by 0.0008 (standard error 0.0081)" in texts(opened())


def test_the_plateau_is_drawn_where_the_higgins_score_is(opened):
    app = opened()
    drawn = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert sum(PLATEAU_NAME in spec for spec in drawn) == 2
    app.selectbox(key="metric").set_value(SCORES["mig"]).run()
    assert not any(PLATEAU_NAME in chart.proto.spec for chart in app.get("plotly_chart"))


def test_the_page_says_what_a_seed_is_and_what_the_paper_did_otherwise(opened):
    said = " ".join(caption.value for caption in opened().caption)
    for words in (
        "images that they are fitted to",
        "for raw pixels the latter alone",
        "Adagrad at 0.01",
        "1200 tanh",
    ):
        assert words in said
