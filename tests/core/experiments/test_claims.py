import numpy as np
import pytest

from core.experiments.claims import (
    DEPENDS,
    FAILS,
    FIRST_LOOK,
    HOLDS,
    PROVEN,
    UNKNOWN,
    Cases,
    Claim,
    Comparison,
    compare,
    depends_on,
    spread,
    together,
)

LOW = {0: [1.0, 1.0], 1: [2.0, 2.0], 2: [3.0, 3.0]}
HIGH = {0: [2.0, 3.0], 1: [3.0, 4.0], 2: [4.0, 5.0]}


def test_a_claim_holds_only_if_every_score_of_every_seed_is_better():
    assert compare(LOW, HIGH).word == HOLDS
    assert compare(HIGH, LOW).word == FAILS
    assert compare(LOW, HIGH | {0: [2.0, 0.5]}).word == DEPENDS
    assert compare(LOW, HIGH | {2: [1.0, 1.0]}).word == DEPENDS
    assert compare(LOW, HIGH, (False, True)).word == DEPENDS
    assert compare(HIGH, LOW, larger=True).word == HOLDS


def test_a_tie_neither_holds_nor_fails():
    tie = compare(LOW, LOW)
    assert (tie.word, tie.depends_on) == (DEPENDS, ())


@pytest.mark.parametrize("pairs", [1, 2, 3, 5])
def test_fewer_than_three_pairs_are_a_first_look_whatever_they_say(pairs: int):
    better = compare(dict.fromkeys(range(pairs), 1.0), 2.0)
    worse = compare(dict.fromkeys(range(pairs), 3.0), 2.0)
    assert (better.leaning, worse.leaning) == (HOLDS, FAILS)
    proven = pairs >= PROVEN
    assert (better.word, worse.word) == ((HOLDS, FAILS) if proven else (FIRST_LOOK, FIRST_LOOK))


def test_what_a_comparison_depends_on_is_named():
    assert compare(LOW, HIGH).depends_on == ()
    assert compare(LOW, HIGH, (False, True)).depends_on == ("score",)
    assert compare({0: 1.0, 1: 3.0, 2: 1.0}, 2.0).depends_on == ("seed",)
    assert compare(LOW, HIGH | {0: [2.0, 0.5]}).depends_on == ("seed", "score")


def test_only_seeds_that_both_were_trained_with_are_compared():
    pairs = compare({0: [1.0], 2: [9.0]}, {1: [0.0], 0: [2.0]})
    assert (pairs.seeds, pairs.word, pairs.leaning) == ((0,), FIRST_LOOK, HOLDS)
    nothing = compare({0: [1.0]}, {1: [2.0]})
    assert (nothing.pairs, nothing.word) == (0, UNKNOWN)
    assert np.isnan(nothing.ratio().mean)
    with pytest.raises(ValueError, match="should be at least 1, got 0 and 1"):
        _ = nothing.odds


def test_ratios_and_differences_are_paired_by_seed():
    pairs = compare({0: 1.0, 1: 6.0}, {1: 3.0, 0: 4.0})
    assert pairs.ratio() == spread([0.25, 2.0])
    assert pairs.difference() == spread([-3.0, 3.0])


def test_a_spread_is_the_standard_deviation_over_trainings_and_0_of_a_single_one():
    assert spread([1.0, 3.0]).deviation == pytest.approx(np.sqrt(2))
    assert spread([4.0]) == (4.0, 0.0, 4.0, 4.0, 1)
    assert spread([]).trainings == 0


def cases(*words: str) -> Cases[int]:
    scores = {HOLDS: {0: 1.0, 1: 1.0, 2: 1.0}, FAILS: {0: 3.0, 1: 3.0, 2: 3.0}, UNKNOWN: {}}
    scores |= {FIRST_LOOK: {0: 3.0}, DEPENDS: {0: 1.0, 1: 3.0, 2: 3.0}}
    return Cases({place: compare(scores[word], 2.0) for place, word in enumerate(words)})


@pytest.mark.parametrize(
    ("words", "word"),
    [
        ([HOLDS, HOLDS, UNKNOWN], HOLDS),
        ([FAILS, FAILS], FAILS),
        ([HOLDS, FAILS], DEPENDS),
        ([HOLDS, FAILS, FIRST_LOOK], DEPENDS),
        ([DEPENDS, HOLDS], DEPENDS),
        ([HOLDS, FIRST_LOOK], FIRST_LOOK),
        ([UNKNOWN], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_claims_together_are_as_strong_as_the_weakest(words: list[str], word: str):
    assert together(words) == word
    assert cases(*words).word == word
    assert list(cases(*words).words.values()) == words


def test_cases_count_what_was_measured():
    some = cases(HOLDS, UNKNOWN, FIRST_LOOK)
    assert list(some.measured) == [0, 2]
    assert (some.pairs, some.measured.pairs, Cases().pairs) == (0, 1, 0)
    assert some.with_word(FIRST_LOOK) == [2]


def test_the_best_case_has_the_least_ratio_of_what_should_be_small():
    def pair(distance: float, coverage: float) -> Comparison:
        return compare({0: (distance, coverage)}, {0: (1.0, 1.0)}, (False, True))

    assert (
        Cases({"far": pair(2.0, 9.0), "near": pair(0.5, 0.1), "none": compare({}, {})}).best
        == "near"
    )
    assert Cases({"none": compare({}, {})}).best is None


def test_a_claim_gets_the_word_of_its_cases():
    claim = Claim("It is so.", "a paper", "three seeds", "smaller", cases(HOLDS, HOLDS))
    assert (claim.word, claim.pairs) == (HOLDS, 3)


def test_an_answer_depends_on_what_changes_it_alone():
    names = ["data set", "latents", "η"]
    words = {
        (d, n, e): HOLDS if n == 2 else FAILS for d in "ab" for n in (2, 10) for e in (0.1, 1.0)
    }
    assert depends_on(words, names) == ["latents"]
    words["a", 2, 1.0] = DEPENDS
    assert depends_on(words, names) == names
    assert depends_on(dict.fromkeys(words, HOLDS), names) == []
    apart = {("a", 2, 0.1): HOLDS, ("b", 10, 0.1): FAILS, ("a", 10, 0.1): UNKNOWN}
    assert depends_on(apart, names) == []
