import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.information import entropy, mutual_information, normalised_information

COUNT = 6_000
RNG = np.random.default_rng(0)
FACTORS = np.stack(
    [RNG.integers(0, 3, COUNT), RNG.integers(0, 16, COUNT), RNG.integers(0, 8, COUNT)], axis=1
)
NOISE = RNG.normal(size=(COUNT, 2))
PERFECT = FACTORS.astype(np.float64)
NOISY = PERFECT + 0.4 * RNG.normal(size=PERFECT.shape)


def bias(values: int, bins: int = 20) -> float:
    return (bins - 1) * (values - 1) / (2 * COUNT)


def test_entropy_of_equally_likely_values_is_the_logarithm_of_their_number():
    grid = np.stack(np.meshgrid(np.arange(3), np.arange(5)), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(entropy(grid), np.log([3, 5]))


def test_entropy_of_a_coin_that_is_not_fair():
    np.testing.assert_allclose(
        entropy([[0], [0], [0], [1]]), -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    )


def test_a_perfect_code_tells_all_of_its_factor_and_nothing_of_the_others():
    shares = normalised_information(PERFECT, FACTORS)
    np.testing.assert_allclose(np.diag(shares), 1)
    assert shares[~np.eye(3, dtype=bool)].max() < 0.02


def test_an_independent_code_tells_no_more_than_the_bias_of_the_estimate():
    told = mutual_information(NOISE, FACTORS)
    assert (told > 0).all()
    assert (told < 2 * np.array([bias(3), bias(16), bias(8)])).all()


@pytest.mark.parametrize("value", [0.0, 0.1, -7.0])
def test_a_constant_code_tells_nothing(value: float):
    assert (mutual_information(np.full((COUNT, 1), value), FACTORS) == 0).all()


@pytest.mark.parametrize("value", [1.0, 1e-300, 5e-324, -3e7])
def test_values_that_no_bins_fit_between_tell_as_much_as_a_constant(value: float):
    codes = [[value], [np.nextafter(value, np.inf)]]
    assert mutual_information(codes, [[0], [1]]).item() == 0


def test_values_at_both_ends_of_what_a_float_holds_are_told_apart():
    assert mutual_information([[-1.7e308], [1.7e308]], [[0], [1]]).item() == pytest.approx(
        np.log(2)
    )


def test_a_single_image_tells_nothing():
    assert mutual_information([[3.0]], [[1]]).item() == 0


def test_a_factor_that_never_varies_is_told_by_nobody():
    assert (normalised_information(NOISY, np.full((COUNT, 1), 4)) == 0).all()


@given(st.floats(0.01, 100), st.floats(-10, 10), st.sampled_from([-1, 1]))
def test_sign_scale_and_shift_of_a_code_do_not_matter(scale: float, shift: float, sign: int):
    # A value on the edge of a bin may fall to either side.
    moved = sign * scale * NOISY + shift
    np.testing.assert_allclose(
        mutual_information(moved, FACTORS), mutual_information(NOISY, FACTORS), atol=2e-3
    )


@pytest.mark.parametrize("bend", [np.tanh, np.cbrt, lambda z: np.exp(z / 2)])
def test_a_bent_code_tells_the_same_where_the_bins_can_tell_its_values_apart(bend):
    code = (PERFECT[:, [2]] - 3.5) / 4
    np.testing.assert_allclose(normalised_information(bend(code), FACTORS[:, [2]]), 1)


def test_which_number_stands_for_a_value_does_not_matter():
    names = np.array([40, 3, 7, 0, 1, 99, 12, 5])
    renamed = names[FACTORS[:, [2]]]
    np.testing.assert_allclose(
        mutual_information(NOISY, renamed), mutual_information(NOISY, FACTORS[:, [2]])
    )


def test_the_order_of_the_images_does_not_matter():
    order = RNG.permutation(COUNT)
    np.testing.assert_allclose(
        mutual_information(NOISY[order], FACTORS[order]), mutual_information(NOISY, FACTORS)
    )


def test_codes_of_other_images_tell_nothing():
    torn = NOISY[RNG.permutation(COUNT)]
    assert np.diag(normalised_information(NOISY, FACTORS)).min() > 0.5
    assert normalised_information(torn, FACTORS).max() < 0.03


def test_more_noise_leaves_less_to_tell():
    noisy = [PERFECT[:, [1]] + std * NOISE[:, [0]] for std in (0.5, 1, 2, 4, 8)]
    told = [mutual_information(code, FACTORS[:, [1]]).item() for code in noisy]
    assert told == sorted(told, reverse=True)


def test_the_estimate_comes_close_to_the_closed_form():
    """A channel turns a fair coin over one time in ten: ln 2 less the entropy of the turning."""
    coin, turned = RNG.integers(0, 2, 200_000), RNG.random(200_000) < 0.1
    expected = np.log(2) + 0.1 * np.log(0.1) + 0.9 * np.log(0.9)
    told = mutual_information((coin ^ turned)[:, None].astype(float), coin[:, None])
    np.testing.assert_allclose(told, expected, rtol=0.02)


def test_no_latent_tells_more_than_all_of_a_factor_or_all_of_its_bins():
    assert (normalised_information(NOISY, FACTORS) <= 1).all()
    assert mutual_information(PERFECT, FACTORS, bins=2).max() <= np.log(2) + 1e-12
    assert (mutual_information(PERFECT, FACTORS, bins=1) == 0).all()


@pytest.mark.parametrize(
    ("codes", "factors", "message"),
    [
        (np.zeros((3, 1)), np.zeros((4, 1)), "as many rows, got 3 and 4"),
        (
            np.zeros((3, 1)),
            np.array([[0], [1], [0.5]]),
            r"factors should be whole numbers, got 0\.5",
        ),
        (np.zeros(3), np.zeros((3, 1)), "codes should have two axes"),
        (np.array([[np.inf]]), np.zeros((1, 1)), "codes should be finite"),
    ],
)
def test_tables_that_make_no_sense_are_refused(
    codes: np.ndarray, factors: np.ndarray, message: str
):
    with pytest.raises(ValueError, match=message):
        mutual_information(codes, factors)


def test_no_bins_are_refused():
    with pytest.raises(ValueError, match="bins should be at least 1, got 0"):
        mutual_information(NOISY, FACTORS, bins=0)
