from pathlib import Path

import numpy as np
import pytest

from core.experiments import orderings
from core.experiments.claims import DEPENDS, FAILS, FIRST_LOOK, HOLDS, compare
from core.experiments.orderings import (
    PAPER,
    PLATEAU,
    Shares,
    agreement,
    lead,
    oracles,
    order,
    representations,
    scores_on_map,
    scoring_error,
    sweep,
    trained,
    values,
    variance_shares,
)
from core.metrics.disentanglement import World, higgins_score
from core.shelf import MAP_BETAS, MAP_LATENTS, SWEPT_BETAS, mapped


def table(**scores: list[float]) -> dict[str, dict[int, dict[str, float]]]:
    names = {"beta": "beta-vae", "pca": "PCA", "ica": "ICA", "pixels": "raw pixels"}
    return {
        names.get(name, name): {i: {"higgins": one} for i, one in enumerate(found)}
        for name, found in scores.items()
    }


def test_the_paper_has_its_own_order():
    accuracies = [reported.accuracy for reported in PAPER.values()]
    assert accuracies == sorted(accuracies, reverse=True)
    same = {
        label: {seed: {"higgins": reported.accuracy} for seed in range(3)}
        for label, reported in PAPER.items()
    }
    assert order(same).count(HOLDS) == len(order(same).pairs) == 15


def test_a_pair_holds_is_turned_round_depends_or_has_too_few_seeds():
    found = order(
        table(
            beta=[0.9, 0.95, 0.93],
            vae=[0.8, 0.91, 0.7],
            pca=[0.85, 0.99, 0.92],
            ica=[0.95, 0.99, 0.96],
            pixels=[0.99, 0.98],
        )
    )
    words = found.pairs.words
    assert words["beta-vae", "vae"] == HOLDS  # with every seed, though their ranges overlap
    assert words["beta-vae", "PCA"] == DEPENDS
    assert words["PCA", "vae"] == HOLDS
    assert words["vae", "ICA"] == FAILS
    assert words["vae", "raw pixels"] == FIRST_LOOK
    assert [found.count(word) for word in (HOLDS, FAILS, DEPENDS, FIRST_LOOK)] == [2, 2, 2, 4]


def test_what_the_paper_does_not_have_is_no_pair():
    assert order(table(vae=[0.5], ae=[0.9])).pairs == {}
    assert order({}).pairs == {}


def test_a_narrow_lead_is_told_with_the_error_of_scoring():
    found = order(
        table(
            beta=[0.9, 0.95, 0.9],
            vae=[0.65, 0.66, 0.65],
            pixels=[0.6564, 0.63, 0.63],
            pca=[0.6596, 0.7, 0.7],
        )
    )
    assert found.pairs["PCA", "raw pixels"].word == HOLDS
    by, error = found.narrow["PCA", "raw pixels"]
    assert by == pytest.approx(0.0032)
    assert error == pytest.approx(np.sqrt((0.6564 * 0.3436 + 0.6596 * 0.3404) / 5000))
    assert ("beta-vae", "PCA") not in found.narrow  # a lead of 0.2
    assert ("vae", "raw pixels") not in found.narrow  # seeds disagree
    turned = order(table(vae=[0.65] * 3, pixels=[0.6564] * 3))
    assert turned.pairs["vae", "raw pixels"].word == FAILS
    assert turned.narrow["vae", "raw pixels"][0] == pytest.approx(0.0064)


def test_the_error_of_scoring_is_that_of_many_scorings():
    """Points that a classifier names rightly with probability 0.8, 5,000 at a time."""
    shares = np.random.default_rng(0).binomial(5000, PLATEAU, 20_000) / 5000
    assert scoring_error(PLATEAU) == pytest.approx(shares.std(), rel=0.03)
    assert lead(compare({0: 0.8}, {0: 0.9}))[1] == pytest.approx(
        np.hypot(scoring_error(0.8), scoring_error(0.9))
    )


def test_three_factors_named_and_two_guessed_score_the_plateau():
    """A code of three factors in a world of five: the two that are left over look alike."""
    world = World((3, 6, 8, 5, 5), lambda factors: factors[:, [1, 3, 4]].astype(float))
    found = higgins_score(world, np.random.default_rng(0), train=2000, test=3000)
    assert found == pytest.approx(PLATEAU, abs=3 * np.sqrt(0.8 * 0.2 / 3000) + 0.01)
    assert (
        higgins_score(world, np.random.default_rng(0), train=1000, test=1000, factors=(1, 2, 3, 4))
        > 0.99
    )


def test_shares_of_variance_are_those_of_a_score_that_was_made_so():
    random = np.random.default_rng(0)
    of_beta, of_seed = random.normal(size=40), random.normal(size=50)
    noise = random.normal(size=(40, 50))
    grid = 3 * of_beta[:, None] + 2 * of_seed + noise
    found = variance_shares({float(b): dict(enumerate(row)) for b, row in enumerate(grid)})
    assert found is not None
    parts = np.array([9 * of_beta.var(), 4 * of_seed.var(), noise.var()])
    assert (found.beta, found.seed, found.rest) == pytest.approx(parts / parts.sum(), abs=0.02)
    assert found.beta + found.seed + found.rest == pytest.approx(1)


def test_by_chance_beta_explains_what_its_number_says():
    random = np.random.default_rng(0)
    grids = random.normal(size=(2000, 6, 5))
    found = [
        variance_shares({float(b): dict(enumerate(row)) for b, row in enumerate(grid)})
        for grid in grids
    ]
    shares = np.array([(one.beta, one.seed) for one in found if one])
    assert shares.mean(axis=0) == pytest.approx(Shares(0, 0, 1, 6, 5).by_chance(), abs=0.01)


def test_shares_need_a_grid_of_scores_that_differ():
    assert variance_shares({}) is None
    assert variance_shares({1: {0: 0.1, 1: 0.2}}) is None
    assert variance_shares({1: {0: 0.1, 1: 0.2}, 4: {0: 0.3}}) is None
    assert variance_shares({1: {0: 0.1, 1: 0.1}, 4: {0: 0.1, 1: 0.1}}) is None
    found = variance_shares({1: {0: 0.1, 1: 0.2, 2: 0.9}, 4: {1: 0.3, 0: 0.4}})
    assert found is not None
    assert (found.betas, found.seeds) == (2, 2)


def test_what_is_trained_goes_by_the_name_of_its_model():
    names = ["ae", "noisy-ae", "vae", "beta-vae", "infogan"]
    assert [config.model.name for config in trained().values()] == list(trained()) == names


def test_nothing_measured_is_nothing(tmp_path: Path):
    assert representations(tmp_path) == sweep(tmp_path) == oracles(tmp_path) == {}
    assert agreement(tmp_path)[0] == []
    assert scores_on_map("higgins", tmp_path) is None


def test_what_ships_has_every_representation_and_every_score():
    found = representations()
    assert {"raw pixels", "PCA", "ICA", "untrained VAE", *trained()} <= set(found)
    assert all(len(found[label]) >= 3 for label in ("vae", "beta-vae"))
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
    monkeypatch.setattr(
        orderings, "numbers_of", lambda study, config, root: {"mig": place[config.key]}
    )
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
        "vae": {seed: {"higgins": 0.9, "mig": 0.1} for seed in range(3)},
        "PCA": {seed: {"higgins": 0.5, "mig": 0.3} for seed in range(3)},
    }
    monkeypatch.setattr(orderings, "PAPER", {"vae": PAPER["vae"], "PCA": PAPER["PCA"]})
    assert order(both).count(HOLDS) == 1
    assert order(both, "mig").count(FAILS) == 1


def test_which_scores_ask_for_one_latent_for_each_factor_is_what_the_page_says():
    """MIG, SAP and completeness lose by a code that has each factor twice; no other score does."""
    known = oracles()
    lost = {
        name: 1 - known["duplicated"][name] / known["perfect"][name] for name in known["perfect"]
    }
    assert {name for name, share in lost.items() if share > 0.1} == {"mig", "sap", "dci_c"}
    assert max(share for name, share in lost.items() if name not in ("mig", "sap", "dci_c")) < 0.01
