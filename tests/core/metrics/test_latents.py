import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.latents import active, code_scale, kl_per_latent_from

SPREAD = np.array([1.0, 0.9, 0.2, 0.05, 0.0])
PLANTED = np.random.default_rng(0).normal(size=(5_000, 5)) * SPREAD + 7
WIDTH = np.broadcast_to(np.sqrt(1 - SPREAD**2), PLANTED.shape)
"""With it the aggregate posterior has variance 1, where the share is the variance itself."""
NO_WIDTH = np.zeros_like(PLANTED)


@pytest.mark.parametrize("std", [WIDTH, NO_WIDTH], ids=["a learned posterior", "a point"])
def test_active_finds_the_planted_latents(std: np.ndarray):
    assert active(PLANTED, std).tolist() == [True, True, True, False, False]


@pytest.mark.parametrize("std", [WIDTH, NO_WIDTH], ids=["a learned posterior", "a point"])
@given(st.floats(1e-4, 1e4), st.floats(-100, 100))
def test_no_scale_and_no_shift_changes_what_is_active(std: np.ndarray, scale: float, shift: float):
    expected = [True, True, True, False, False]
    assert active(PLANTED * scale + shift, std * scale).tolist() == expected


def test_a_scale_of_its_own_for_each_latent_changes_nothing_where_there_is_noise():
    scales = np.array([1e-3, 10.0, 1.0, 1e3, 1.0])
    assert active(PLANTED * scales, WIDTH * scales).tolist() == [True, True, True, False, False]


def test_on_unit_variance_the_share_is_the_variance_of_burda_and_others():
    codes = np.array([[-0.2], [0.2]])
    std = np.full_like(codes, np.sqrt(1 - 0.04))
    assert active(codes, std, threshold=0.039).all()
    assert not active(codes, std, threshold=0.041).any()


def test_a_posterior_as_wide_as_a_learned_prior_is_not_active_however_wide_that_is():
    tremble = np.random.default_rng(0).normal(size=(360, 3)) * 0.01
    assert not active(30 * tremble, np.full((360, 3), 30.0)).any()
    assert not active(tremble / 30, np.full((360, 3), 1 / 30)).any()


@pytest.mark.parametrize("width", [0.0, 1.0])
def test_a_model_that_ignores_its_images_has_no_active_latent(width: float):
    codes = np.full((1_000, 3), 0.1, dtype=np.float32)
    assert not active(codes, np.full_like(codes, width)).any()
    assert code_scale(codes) == 0


def test_code_scale_is_one_number_for_all_latents():
    assert code_scale(PLANTED) == pytest.approx(np.sqrt(np.mean(SPREAD**2)), rel=0.03)
    assert code_scale(3 * PLANTED) == pytest.approx(3 * code_scale(PLANTED))


def test_kl_is_zero_for_the_prior_itself_and_positive_elsewhere():
    assert (kl_per_latent_from(np.zeros((4, 2)), np.ones((4, 2))) == 0).all()
    rng = np.random.default_rng(0)
    assert (
        kl_per_latent_from(rng.normal(size=(9, 3)), rng.uniform(0.1, 2, size=(9, 3))) > 0
    ).all()


def test_kl_agrees_with_torch():
    torch = pytest.importorskip("torch")
    mean, std = (
        torch.randn(50, 3, dtype=torch.float64),
        torch.rand(50, 3, dtype=torch.float64) + 0.1,
    )
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(normal(mean, std), normal(0.0, 1.0)).mean(0)
    np.testing.assert_allclose(kl_per_latent_from(mean, std), expected)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.zeros(3), "codes should have two axes"),
        (np.zeros((1, 3)), "codes should have at least 2 rows"),
        (np.zeros((5, 0)), "codes should have at least 2 rows and 1 column"),
        (
            np.array([[np.nan], [1.0]]),
            "codes should be finite, got NaN or infinity in 1 of 2 rows",
        ),
    ],
)
def test_codes_that_make_no_sense_are_refused(codes: np.ndarray, message: str):
    with pytest.raises(ValueError, match=message):
        active(codes, np.ones(np.shape(codes)))


def test_other_refusals():
    with pytest.raises(ValueError, match="threshold should be from 0 to below 1, got -1"):
        active(PLANTED, WIDTH, threshold=-1)
    with pytest.raises(
        ValueError, match=r"should have the means' shape \(5000, 5\), got \(5000, 4\)"
    ):
        active(PLANTED, WIDTH[:, :4])
    with pytest.raises(ValueError, match=r"standard deviations should be at least 0, got -0\.5"):
        active([[0.0], [1.0]], [[0.5], [-0.5]])
    with pytest.raises(ValueError, match="standard deviations should be finite"):
        active([[0.0], [1.0]], [[0.5], [np.inf]])
    with pytest.raises(ValueError, match=r"standard deviations should be above 0, got 0\.0"):
        kl_per_latent_from([[1.0]], [[0.0]])
    with pytest.raises(ValueError, match=r"should have the means' shape \(1, 1\), got \(1, 2\)"):
        kl_per_latent_from([[1.0]], [[1.0, 1.0]])
