from itertools import product

import pytest

from core.experiments.claims import DEPENDS, Cases, Comparison, compare
from core.experiments.odds import Odds, by_chance, odds


def tossed(pairs: int, criteria: int) -> list[Comparison]:
    """Return every claim that coins may make of models that do not differ, all equally likely."""
    tosses = product((-1.0, 1.0), repeat=pairs * criteria)
    tables = (
        [toss[seed * criteria : (seed + 1) * criteria] for seed in range(pairs)] for toss in tosses
    )
    zero = (0.0,) * criteria
    return [
        Comparison(
            tuple(map(tuple, table)), (zero,) * pairs, (True,) * criteria, tuple(range(pairs))
        )
        for table in tables
    ]


def share_with_a_word(claims: list[Comparison]) -> float:
    return sum(claim.leaning != DEPENDS for claim in claims) / len(claims)


@pytest.mark.parametrize("pairs", [1, 2, 3, 5])
@pytest.mark.parametrize("criteria", [1, 2])
def test_the_odds_are_those_of_all_tosses_of_a_coin(pairs: int, criteria: int):
    claims = tossed(pairs, criteria)
    assert share_with_a_word(claims) == odds(pairs, criteria).least
    agreeing = [claim for claim in claims if all(len(set(row)) == 1 for row in claim.ours)]
    assert share_with_a_word(agreeing) == odds(pairs, criteria).most
    assert claims[0].odds == odds(pairs, criteria)


def test_three_pairs_tell_a_quarter_of_equal_models_apart_and_five_a_sixteenth():
    assert odds(3) == Odds(1 / 4, 1 / 4)
    assert odds(5) == Odds(1 / 16, 1 / 16)


def test_what_chance_gives_is_summed_over_cases_and_unmeasured_ones_do_not_count():
    three = compare({s: [1.0, 1.0] for s in range(3)}, {s: [0.0, 0.0] for s in range(3)})
    five = compare({s: [1.0] for s in range(5)}, {s: [0.0] for s in range(5)})
    nothing = compare({}, {})
    two = compare(dict.fromkeys(range(2), 1.0), 0.0)
    cases = Cases({"three": three, "five": five, "first look": two, "nothing": nothing})
    assert cases.by_chance == Odds(1 / 32 + 1 / 16, 1 / 4 + 1 / 16)
    assert by_chance([]) == Odds(0, 0)


@pytest.mark.parametrize(("pairs", "criteria"), [(0, 1), (3, 0)])
def test_odds_of_nothing_are_refused(pairs: int, criteria: int):
    with pytest.raises(ValueError, match=f"should be at least 1, got {pairs} and {criteria}"):
        odds(pairs, criteria)
