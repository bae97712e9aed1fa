import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.explore.interpolation import PATHS, great_circle, straight

LENGTH = 4
codes = arrays(np.float64, LENGTH, elements=st.floats(-50, 50))
steps = st.integers(2, 30)


def apart(start: np.ndarray, end: np.ndarray) -> bool:
    """Return whether two codes have some length and are not nearly parallel or opposite."""
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    return bool(min(lengths) > 1e-3 and abs(start @ end) < 0.999 * lengths[0] * lengths[1])


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


@pytest.mark.parametrize("name", PATHS)
@given(codes, codes, steps)
def test_a_path_begins_and_ends_exactly_where_it_was_told_to(
    name: str, start: np.ndarray, end: np.ndarray, count: int
):
    path = PATHS[name](start, end, count)
    assert path.shape == (count, LENGTH)
    assert np.isfinite(path).all()
    assert (path[0] == start).all()
    assert (path[-1] == end).all()


@given(codes, codes, steps)
def test_a_straight_line_moves_by_the_same_step_every_time(
    start: np.ndarray, end: np.ndarray, count: int
):
    moved = np.diff(straight(start, end, count), axis=0)
    np.testing.assert_allclose(
        moved, np.broadcast_to((end - start) / (count - 1), moved.shape), atol=1e-9
    )


@given(codes, codes, steps)
def test_a_great_circle_turns_by_the_same_angle_every_time(
    start: np.ndarray, end: np.ndarray, count: int
):
    assume(apart(start, end))
    directions = unit(great_circle(start, end, count))
    whole = np.arccos(unit(start) @ unit(end))
    turned = 2 * np.arcsin(np.linalg.norm(np.diff(directions, axis=0), axis=1) / 2)
    np.testing.assert_allclose(turned, whole / (count - 1), rtol=1e-5, atol=1e-9)


@given(codes, codes, steps)
def test_the_length_along_a_great_circle_goes_evenly_from_one_to_the_other(
    start: np.ndarray, end: np.ndarray, count: int
):
    assume(apart(start, end))
    lengths = np.linalg.norm(great_circle(start, end, count), axis=1)
    np.testing.assert_allclose(lengths, np.linspace(lengths[0], lengths[-1], count), rtol=1e-6)


@given(codes, codes, steps)
def test_a_great_circle_stays_in_the_plane_of_its_ends(
    start: np.ndarray, end: np.ndarray, count: int
):
    assume(apart(start, end))
    plane, _ = np.linalg.qr(np.stack([unit(start), unit(end)], axis=1))
    path = great_circle(start, end, count)
    np.testing.assert_allclose(path @ plane @ plane.T, path, atol=1e-4)


@given(codes, codes, steps, codes)
def test_moving_everything_moves_the_path_along(
    start: np.ndarray, end: np.ndarray, count: int, by: np.ndarray
):
    assume(apart(start, end))
    moved = great_circle(start + by, end + by, count, by)
    np.testing.assert_allclose(moved, great_circle(start, end, count) + by, atol=1e-3)


def test_a_quarter_turn_is_the_quarter_of_a_circle():
    angle = np.linspace(0, np.pi / 2, 7)
    path = great_circle(np.array([3.0, 0.0]), np.array([0.0, 3.0]), 7)
    np.testing.assert_allclose(
        path, 3 * np.stack([np.cos(angle), np.sin(angle)], axis=1), atol=1e-12
    )


def test_backwards_is_the_same_path():
    start, end = np.random.default_rng(0).normal(size=(2, 6))
    for path in PATHS.values():
        np.testing.assert_allclose(path(end, start, 9), path(start, end, 9)[::-1], atol=1e-12)


def test_a_line_cuts_through_the_shell_of_the_prior_and_a_great_circle_stays_in_it():
    start, end = np.random.default_rng(0).normal(size=(2, 500, 100))
    middle = {
        name: np.linalg.norm(path(start, end, 3)[:, 1], axis=1).mean()
        for name, path in PATHS.items()
    }
    assert middle["line"] == pytest.approx(np.sqrt(50), rel=0.02)
    assert middle["circle"] == pytest.approx(np.sqrt(100), rel=0.02)


def test_many_paths_at_once_are_the_paths_one_by_one():
    start, end = np.random.default_rng(0).normal(size=(2, 3, 5, 4))
    start[0, 0], end[1, 1] = end[0, 0], -2 * start[1, 1]  # one pair is a point, one is opposite
    for path in PATHS.values():
        together = path(start, end, 6)
        assert together.shape == (3, 5, 6, 4)
        for place in np.ndindex(3, 5):
            np.testing.assert_allclose(
                together[place], path(start[place], end[place], 6), atol=1e-12
            )


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ([1.0, 2.0], [3.0, 6.0]),  # parallel
        ([1.0, 2.0], [-2.0, -4.0]),  # opposite: no shorter way round
        ([1.0, 2.0], [1.0, 2.0]),  # one point
        ([0.0, 0.0], [1.0, 2.0]),  # one end is the centre
        ([0.0, 0.0], [0.0, 0.0]),
    ],
)
def test_without_a_circle_of_its_own_a_great_circle_is_the_straight_line(
    start: list[float], end: list[float]
):
    ends = np.array(start), np.array(end)
    np.testing.assert_allclose(great_circle(*ends, 5), straight(*ends, 5), atol=1e-12)


def test_one_latent_has_no_circle():
    np.testing.assert_allclose(
        great_circle(np.array([-1.0]), np.array([3.0]), 5)[:, 0], [-1, 0, 1, 2, 3]
    )


def test_a_tiny_angle_is_not_lost():
    start, end = np.array([1.0, 0.0]), np.array([1.0, 1e-5])
    np.testing.assert_allclose(great_circle(start, end, 3)[1], [1, 5e-6], rtol=1e-9)


@pytest.mark.parametrize("path", PATHS.values())
def test_what_has_no_path_is_refused(path):
    code = np.zeros(3)
    with pytest.raises(ValueError, match="steps should be at least 2, got 1"):
        path(code, code, 1)
    with pytest.raises(ValueError, match=r"of one shape, \(..., L\), got \(3,\) and \(2,\)"):
        path(code, code[:2], 5)
    with pytest.raises(ValueError, match="start and end should be finite"):
        path(code, np.array([0.0, np.nan, 1.0]), 5)
