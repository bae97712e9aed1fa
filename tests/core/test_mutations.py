import pytest

from tests.mutations import attempt

BATCHES = [0, *(pytest.param(first, marks=pytest.mark.slow) for first in range(20, 200, 20))]


@pytest.mark.parametrize("first", BATCHES)
def test_an_altered_run_is_refused_in_a_sentence_or_opens_and_draws(first: int):
    """As `python -m tests.mutations --count 2000`, which tries ten times as many."""
    assert {attempt(seed) for seed in range(first, first + 20)} <= {"refused", "drawn"}
