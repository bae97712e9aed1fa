"""Every score where there is little to measure: one value, one image, a constant, no width."""

from collections.abc import Callable

import numpy as np
import pytest

from core.metrics.disentanglement import (
    World,
    dci,
    explicitness,
    factor_vae_score,
    higgins_score,
    mig,
    mig_of_posteriors,
    modularity,
    sap,
    unit_scale,
)

SIZES = (3, 4)
RANDOM = np.random.default_rng(0)
FACTORS = np.stack([RANDOM.integers(0, size, 240) for size in SIZES], axis=1)
CODES = FACTORS @ np.array([[1.0, 0.2], [0.1, 1.0]]) + 0.3 * RANDOM.normal(size=(240, 2))
CODE, FACTOR = np.array([[0.0], [1.0]] * 10), np.array([[0], [1]] * 10)

TABLES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "mig": mig,
    "modularity": modularity,
    "sap": lambda codes, factors: sap(codes, factors, codes, factors),
    "explicitness": lambda codes, factors: explicitness(codes, factors, codes, factors),
    "dci_d": lambda codes, factors: dci(codes, factors, codes, factors).disentanglement,
    "dci_c": lambda codes, factors: dci(codes, factors, codes, factors).completeness,
    "dci_i": lambda codes, factors: dci(codes, factors, codes, factors).informativeness,
}
"""Scores of codes and factors."""

WORLDS: dict[str, Callable[[World], float]] = {
    "higgins": lambda world: higgins_score(
        world, np.random.default_rng(1), train=300, test=200, pairs=16
    ),
    "factor_vae": lambda world: factor_vae_score(
        world, np.random.default_rng(1), train=300, test=200, group=16
    ),
}
"""Scores that ask for images with factors of their choice."""

PLAIN = World(SIZES, lambda factors: factors.astype(float))

NONE_VARIES = "at least one factor should have more than one value, got one value of each"


@pytest.mark.parametrize("name", TABLES)
def test_a_factor_with_one_value_is_left_out_of_every_score(name: str):
    still = np.c_[FACTORS[:, :1], np.full(len(FACTORS), 7), FACTORS[:, 1:]]
    assert TABLES[name](CODES, still) == TABLES[name](CODES, FACTORS)
    assert TABLES[name](CODE, np.c_[0 * FACTOR, FACTOR]) == pytest.approx(1)


@pytest.mark.parametrize("name", WORLDS)
def test_images_that_share_a_factor_of_one_value_are_asked_of_no_score(name: str):
    def world(sizes: tuple[int, ...]) -> World:
        return World(sizes, lambda factors: factors[:, [0, -1]].astype(float))

    assert WORLDS[name](world((4, 1, 1, 5))) == WORLDS[name](world((4, 5))) == 1


def test_the_mig_of_posteriors_leaves_out_a_factor_of_one_value():
    mean, std = [[0.0], [1.0]], [[0.01], [0.01]]
    assert mig_of_posteriors(mean, std, (2, 1)) == pytest.approx(1)
    assert mig_of_posteriors(mean, std, (1, 2, 1), factors=(0, 1)) == pytest.approx(1)
    with pytest.raises(ValueError, match=NONE_VARIES):
        mig_of_posteriors(mean, std, (2, 1), factors=(1,))


@pytest.mark.parametrize("name", TABLES)
def test_where_no_factor_varies_every_score_says_so(name: str):
    for codes, factors in ((CODE, 0 * FACTOR), (CODE[:1], FACTOR[:1])):
        with pytest.raises(ValueError, match=NONE_VARIES):
            TABLES[name](codes, factors)


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_in_which_no_factor_varies_is_refused(name: str):
    with pytest.raises(ValueError, match=NONE_VARIES):
        WORLDS[name](World((1, 1), lambda factors: factors.astype(float)))


def test_a_factor_that_varies_in_one_part_alone_is_left_out():
    more = np.c_[FACTOR, FACTOR]
    for score in (sap, explicitness, lambda *data: dci(*data).informativeness):
        assert score(CODE, more, CODE, np.c_[FACTOR, 0 * FACTOR]) == score(
            CODE, FACTOR, CODE, FACTOR
        )
        assert score(CODE, np.c_[FACTOR, 0 * FACTOR], CODE, more) == score(
            CODE, FACTOR, CODE, FACTOR
        )


def test_values_that_the_classifier_never_saw_are_chance():
    assert explicitness(CODE, FACTOR, CODE, FACTOR + 5) == 0.5


@pytest.mark.parametrize("latents", [1, 2, 3])
def test_a_constant_code_scores_nothing_however_many_latents_it_has(latents: int):
    codes = np.full((len(FACTOR), latents), 0.1)
    found = {name: score(codes, FACTOR) for name, score in TABLES.items()}
    chance = {"explicitness": 0.5, "dci_i": 0.5}
    if latents == 1:
        chance["sap"] = 0.5  # the accuracy itself, where there is no second latent
    assert found == {name: chance.get(name, 0) for name in TABLES}


def test_a_latent_that_alone_serves_a_factor_is_complete():
    found = dci(CODE, FACTOR, CODE, FACTOR)
    assert (found.disentanglement, found.completeness) == (1, 1)


def test_ties_go_to_the_first_latent_among_bins_and_are_shared_by_exact_trees():
    twice = np.c_[FACTORS, FACTORS].astype(float)
    data = (twice, FACTORS, twice, FACTORS)
    assert dci(*data).completeness == pytest.approx(1, abs=1e-4)
    assert dci(*data, trees="exact").completeness == pytest.approx(
        1 - np.log(2) / np.log(4), abs=0.05
    )


@pytest.mark.parametrize("std", [1e-1, 1e-2, 1e-3, 3e-4, 1e-4, 1e-6, 1e-12, 1e-300])
def test_posteriors_however_narrow_tell_all_that_lies_apart(std: float):
    found = mig_of_posteriors([[0.0], [0.3], [1.0]], [[std]] * 3, (3,))
    assert found == pytest.approx(1, abs=1e-9 if std < 0.05 else 0.2)
    assert found <= 1 + 1e-9


@pytest.mark.parametrize("std", [1.0, 1e-3, 1e-6, 1e-300])
@pytest.mark.parametrize("mean", [0.0, 1.0, -7.3])
def test_posteriors_however_narrow_with_one_mean_tell_nothing(mean: float, std: float):
    assert mig_of_posteriors([[mean]] * 3, [[std]] * 3, (3,)) == pytest.approx(0, abs=1e-9)


def test_narrow_posteriors_beside_wide_ones_are_counted():
    mean, std = [[0.0], [0.3], [1.0]], [[1e-6], [1e-6], [0.05]]
    assert mig_of_posteriors(mean, std, (3,)) == pytest.approx(1, abs=1e-6)


def test_what_lies_closer_than_the_grid_can_tell_is_not_counted_and_gives_no_nonsense():
    assert 0.5 < mig_of_posteriors([[0.0], [1e-9], [1.0]], [[1e-12]] * 3, (3,)) < 1


def test_a_constant_that_rounding_makes_tremble_keeps_its_scale():
    assert unit_scale(np.full((1000, 1), 0.1)).tolist() == [[0.1]] * 1000


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", WORLDS)
def test_codes_that_are_no_numbers_are_refused(name: str, value: float):
    with pytest.raises(ValueError, match="codes should be finite, got NaN or infinity"):
        WORLDS[name](World(SIZES, lambda factors: np.full((len(factors), 2), value)))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: mig(CODES[:5], FACTORS),
            "codes and factors should have as many rows, got 5 and 240",
        ),
        (
            lambda: mig(np.zeros((0, 1)), np.zeros((0, 1))),
            "codes should have at least 1 rows and 1 column",
        ),
        (
            lambda: sap(CODES, FACTORS, CODES[:5], FACTORS),
            "test_codes and test_factors should have as many rows",
        ),
        (
            lambda: dci(CODES, FACTORS, CODES[:, :1], FACTORS),
            "codes and test_codes should have as many columns",
        ),
        (
            lambda: explicitness(CODES, FACTORS, CODES, FACTORS[:, :1]),
            "factors and test_factors should have as many",
        ),
        (
            lambda: mig_of_posteriors([[0.0], [1.0]], [[1.0, 1.0]] * 2, (2,)),
            r"means' shape \(2, 1\), got \(2, 2\)",
        ),
        (lambda: higgins_score(PLAIN, RANDOM, train=0), "points should be at least 1, got 0"),
        (lambda: higgins_score(PLAIN, RANDOM, pairs=0), "pairs should be at least 1, got 0"),
        (lambda: factor_vae_score(PLAIN, RANDOM, test=0), "test should be at least 1, got 0"),
        (lambda: factor_vae_score(PLAIN, RANDOM, group=1), "group should be at least 2, got 1"),
        (
            lambda: World(SIZES, lambda _: np.zeros((1, 2))).sample(3, RANDOM),
            "codes should be a table of 3 rows",
        ),
    ],
)
def test_what_is_no_question_is_refused(call: Callable[[], object], sentence: str):
    with pytest.raises(ValueError, match=sentence):
        call()
