from pathlib import Path

import pytest

from core.config import MAP_BETAS, MAP_LATENTS, SWEPT_BETAS, mapped
from core.experiments import orderings
from core.experiments.noise import DEPENDS, NO, YES
from core.experiments.orderings import (
    PAPER,
    agreement,
    better_half,
    oracles,
    order,
    representations,
    scores_on_map,
    sweep,
    trained,
    values,
)


def table(**scores: list[float]) -> dict[str, dict[int, dict[str, float]]]:
    labels = {"vae": "VAE", "beta": "β-VAE, β = 4", "pca": "PCA", "pixels": "raw pixels", "ae": "AE"}
    return {labels[name]: {i: {"higgins": one} for i, one in enumerate(found)} for name, found in scores.items()}


def test_the_paper_has_its_own_order():
    accuracies = [reported.accuracy for reported in PAPER.values()]
    assert accuracies == sorted(accuracies, reverse=True)
    same = {label: {0: {"higgins": reported.accuracy}} for label, reported in PAPER.items()}
    assert order(same).count(YES) == len(order(same).pairs) == 15


def test_a_pair_holds_is_turned_round_or_overlaps():
    found = order(table(beta=[0.9, 0.95], vae=[0.8, 0.7], pca=[0.85, 0.92], pixels=[0.99]))
    assert found.pairs["β-VAE, β = 4", "VAE"] == YES
    assert found.pairs["β-VAE, β = 4", "PCA"] == DEPENDS
    assert found.pairs["PCA", "VAE"] == YES
    assert found.pairs["VAE", "raw pixels"] == NO
    assert [found.count(word) for word in (YES, NO, DEPENDS)] == [2, 3, 1]


def test_what_the_paper_does_not_have_is_no_pair():
    assert order(table(vae=[0.5], ae=[0.9])).pairs == {}
    assert order({}).pairs == {}


def test_the_better_half_of_an_odd_number_has_the_middle_one():
    assert better_half([0.1, 0.5, 0.9]) == pytest.approx(0.7)
    assert better_half([0.3]) == 0.3


def test_labels_are_those_of_the_models():
    assert list(trained()) == ["AE", "Noisy AE, η = 0.05", "VAE", "β-VAE, β = 4", "InfoGAN"]


def test_nothing_measured_is_nothing(tmp_path: Path):
    assert representations(tmp_path) == sweep(tmp_path) == oracles(tmp_path) == {}
    assert agreement(tmp_path)[0] == []
    assert scores_on_map("higgins", tmp_path) is None


def test_what_ships_has_every_representation_and_every_score():
    found = representations()
    assert {"raw pixels", "PCA", "ICA", "untrained VAE", *trained()} <= set(found)
    assert all(len(found[label]) >= 3 for label in ("VAE", "β-VAE, β = 4"))
    assert all(0 <= value <= 1 for scores in found.values() for value in values(scores, "higgins"))
    assert set(sweep()) <= set(SWEPT_BETAS)
    names, correlations, count = agreement()
    assert correlations.shape == (len(names), len(names))
    assert count == sum(map(len, sweep().values())) >= 15
    assert correlations.diagonal() == pytest.approx(1)


def test_the_map_that_ships_has_a_score_for_every_run_and_no_more_active_latents_than_there_are():
    found, alive = scores_on_map("higgins"), scores_on_map("active")
    assert found is not None
    assert alive is not None
    assert found.shape == alive.shape == (len(MAP_BETAS), len(MAP_LATENTS))
    assert ((found >= 0) & (found <= 1)).all()
    assert (alive <= MAP_LATENTS).all()
    assert (alive[-1] <= alive[0]).all()


def test_the_map_is_in_the_order_of_its_runs(monkeypatch: pytest.MonkeyPatch):
    place = {config.key: i for i, config in enumerate(mapped())}
    monkeypatch.setattr(orderings, "numbers_of", lambda study, config, root: {"mig": place[config.key]})
    found = scores_on_map("mig")
    assert found is not None
    assert found[1].tolist() == [4, 5, 6, 7]
    assert mapped()[5].model.latent_dim == MAP_LATENTS[1]


def test_the_known_codes_that_ship_are_ranked_rightly():
    known = oracles()
    for name in ("factor_vae", "mig", "dci_d", "sap"):
        assert known["perfect"][name] > known["rotated"][name] > known["random"][name]
    assert known["all but one"]["higgins"] > 0.95


def test_the_order_is_of_the_score_that_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    both = {
        "VAE": {0: {"higgins": 0.9, "mig": 0.1}},
        "PCA": {0: {"higgins": 0.5, "mig": 0.3}},
    }
    monkeypatch.setattr(orderings, "PAPER", {"VAE": PAPER["VAE"], "PCA": PAPER["PCA"]})
    assert order(both).count(YES) == 1
    assert order(both, "mig").count(NO) == 1
