import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.latents import active, code_scale, kl_per_latent_from

STD = np.array([1.0, 0.9, 0.2, 0.05, 0.0])
PLANTED = np.random.default_rng(0).normal(size=(5_000, 5)) * STD + 7


def test_active_finds_the_planted_latents():
    assert active(PLANTED, unit_scale=False).tolist() == [True, True, True, False, False]


@given(st.floats(1e-4, 1e4), st.floats(-100, 100))
def test_active_on_unit_scale_ignores_scale_and_shift(scale: float, shift: float):
    expected = active(PLANTED, unit_scale=True)
    assert (active(PLANTED * scale + shift, unit_scale=True) == expected).all()
    assert expected.tolist() == [True, True, True, False, False]


def test_active_in_the_codes_own_units_depends_on_scale():
    assert not active(PLANTED / 100, unit_scale=False).any()


def test_active_threshold_is_a_variance():
    codes = np.array([[-0.2], [0.2]])
    assert active(codes, threshold=0.039, unit_scale=False).all()
    assert not active(codes, threshold=0.041, unit_scale=False).any()


@pytest.mark.parametrize("unit_scale", [True, False])
def test_a_model_that_ignores_its_images_has_no_active_latent(unit_scale: bool):
    codes = np.full((1_000, 3), 0.1, dtype=np.float32)
    assert not active(codes, unit_scale=unit_scale).any()
    assert code_scale(codes) == 0


def test_code_scale_is_one_number_for_all_latents():
    assert code_scale(PLANTED) == pytest.approx(np.sqrt(np.mean(STD**2)), rel=0.03)
    assert code_scale(3 * PLANTED) == pytest.approx(3 * code_scale(PLANTED))


def test_kl_is_zero_for_the_prior_itself_and_positive_elsewhere():
    assert (kl_per_latent_from(np.zeros((4, 2)), np.ones((4, 2))) == 0).all()
    rng = np.random.default_rng(0)
    assert (kl_per_latent_from(rng.normal(size=(9, 3)), rng.uniform(0.1, 2, size=(9, 3))) > 0).all()


def test_kl_agrees_with_torch():
    torch = pytest.importorskip("torch")
    mean, std = torch.randn(50, 3, dtype=torch.float64), torch.rand(50, 3, dtype=torch.float64) + 0.1
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(normal(mean, std), normal(0.0, 1.0)).mean(0)
    np.testing.assert_allclose(kl_per_latent_from(mean, std), expected)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.zeros(3), "codes should have two axes"),
        (np.zeros((1, 3)), "codes should have at least 2 rows"),
        (np.zeros((5, 0)), "codes should have at least 2 rows and 1 column"),
        (np.array([[np.nan], [1.0]]), "codes should be finite, got NaN or infinity in 1 of 2 rows"),
    ],
)
def test_codes_that_make_no_sense_are_refused(codes: np.ndarray, message: str):
    with pytest.raises(ValueError, match=message):
        active(codes, unit_scale=False)


def test_other_refusals():
    with pytest.raises(ValueError, match="threshold should be at least 0, got -1"):
        active(PLANTED, threshold=-1, unit_scale=False)
    with pytest.raises(ValueError, match=r"standard deviations should be above 0, got 0\.0"):
        kl_per_latent_from([[1.0]], [[0.0]])
    with pytest.raises(ValueError, match=r"should have the means' shape \(1, 1\), got \(1, 2\)"):
        kl_per_latent_from([[1.0]], [[1.0, 1.0]])
