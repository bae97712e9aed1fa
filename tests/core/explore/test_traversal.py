import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.explore.traversal import (
    Ruler,
    code_ruler,
    most_first,
    prior_ruler,
    steps,
    traverse,
    traverse_each,
)

CODES = (
    np.random.default_rng(0).normal([1, -2, 30], [0.5, 2, 10], size=(500, 3)).astype(np.float32)
)


@given(st.integers(0, 2), st.lists(st.floats(-9, 9, width=32), min_size=1, max_size=7))
def test_only_one_latent_moves_and_takes_the_values_asked_for(latent: int, values: list[float]):
    codes = traverse(CODES[0], latent, values)
    assert codes.shape == (len(values), 3)
    assert codes[:, latent].tolist() == values
    others = [u for u in range(3) if u != latent]
    assert (codes[:, others] == CODES[0, others]).all()


def test_a_traversal_through_its_start_holds_the_start():
    assert (traverse(CODES[0], 1, [CODES[0, 1]])[0] == CODES[0]).all()


def test_the_start_is_not_changed():
    start = CODES[0].copy()
    traverse(start, 0, [7.0])
    assert (start == CODES[0]).all()


@given(st.floats(0.1, 9), st.integers(1, 12))
def test_an_odd_number_of_steps_is_symmetric_around_0(reach: float, half: int):
    along = steps(reach, 2 * half + 1)
    assert along[half] == 0
    assert (along == -along[::-1]).all()
    np.testing.assert_allclose(np.diff(along), reach / half)


def test_steps_of_the_prior_are_its_standard_deviations():
    assert prior_ruler(3).at(2, [-3, 0, 3]).tolist() == [-3, 0, 3]


def test_steps_of_codes_are_their_own_standard_deviations():
    ruler = code_ruler(CODES)
    for latent in range(3):
        column = CODES[:, latent].astype(np.float64)
        expected = [column.mean() - column.std(), column.mean(), column.mean() + 2 * column.std()]
        np.testing.assert_allclose(ruler.at(latent, [-1, 0, 2]), expected, rtol=1e-5)


@given(st.floats(0.01, 100), st.floats(-50, 50))
def test_the_ruler_of_codes_moves_and_stretches_with_them(scale: float, shift: float):
    moved = code_ruler(CODES.astype(np.float64) * scale + shift)
    expected = [code_ruler(CODES).at(u, [-3, 1]) * scale + shift for u in range(3)]
    np.testing.assert_allclose(
        [moved.at(u, [-3, 1]) for u in range(3)], expected, rtol=1e-3, atol=1e-3
    )


def test_a_latent_that_never_moves_has_steps_of_length_0():
    assert code_ruler(np.full((4, 1), 0.5)).at(0, [-3, 3]).tolist() == [0.5, 0.5]


def test_a_sheet_is_its_traversals_below_each_other():
    ruler, along = (
        Ruler(np.arange(3, dtype=np.float32), np.array([1, 2, 3], np.float32)),
        steps(3, 5),
    )
    sheet = traverse_each(CODES[0], [2, 0], ruler, along)
    assert (sheet[:5] == traverse(CODES[0], 2, ruler.at(2, along))).all()
    assert (sheet[5:] == traverse(CODES[0], 0, ruler.at(0, along))).all()


@given(st.lists(st.floats(0, 10), min_size=1, max_size=9))
def test_the_order_is_a_permutation_that_never_rises(amounts: list[float]):
    order = most_first(amounts)
    assert sorted(order) == list(range(len(amounts)))
    assert [amounts[u] for u in order] == sorted(amounts, reverse=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: steps(0, 5), "reach should be above 0, got 0"),
        (lambda: steps(float("nan"), 5), "reach should be above 0, got nan"),
        (lambda: steps(3, 1), "at least 2 steps, got 1"),
        (lambda: traverse([1, 2], 2, [0]), "latent should be between 0 and 1, got 2"),
        (lambda: traverse([1, 2], -1, [0]), "latent should be between 0 and 1, got -1"),
        (lambda: traverse([[1, 2]], 0, [0]), r"one axis, got shapes \(1, 2\) and \(1,\)"),
        (lambda: traverse([1, 2], 0, 0.0), r"one axis, got shapes \(2,\) and \(\)"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message: str):
    with pytest.raises(ValueError, match=message):
        call()
