import time
from math import comb, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.metrics.sample_quality import (
    ceiling,
    confidence,
    density_coverage,
    frechet_distance,
    frechet_of_moments,
    sample_quality,
)

Array = NDArray[Any]
RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(1_000, 8))


def gaussian(dim: int, seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(dim, dim))
    return rng.normal(size=dim), root @ root.T


def moments_with_scipy(a: tuple[Array, Array], b: tuple[Array, Array]) -> float:
    linalg = pytest.importorskip("scipy.linalg")
    cross = linalg.sqrtm(a[1] @ b[1]).real
    return float(np.sum((a[0] - b[0]) ** 2) + np.trace(a[1] + b[1] - 2 * cross))


def brute_force(real: Array, fake: Array, k: int) -> tuple[float, float]:
    inside = np.zeros((len(real), len(fake)), dtype=bool)
    for i, x in enumerate(real):
        others = sorted(np.linalg.norm(np.delete(real, i, axis=0) - x, axis=1))
        inside[i] = np.linalg.norm(fake - x, axis=1) < others[k - 1]
    return float(inside.sum() / (k * len(fake))), float(inside.any(axis=1).mean())


# Fréchet distance


@pytest.mark.parametrize("dim", [1, 3, 20])
def test_frechet_of_moments_is_the_published_formula(dim: int):
    a, b = gaussian(dim, 1), gaussian(dim, 2)
    assert frechet_of_moments(*a, *b) == pytest.approx(moments_with_scipy(a, b), rel=1e-9)


def test_frechet_of_commuting_covariances_is_a_distance_of_standard_deviations():
    s, t = np.array([1.0, 2.0, 0.0]), np.array([3.0, 0.0, 0.5])
    expected = 4 + np.sum((s - t) ** 2)
    assert frechet_of_moments(
        np.zeros(3), np.diag(s**2), np.array([0.0, 2.0, 0.0]), np.diag(t**2)
    ) == pytest.approx(expected, rel=1e-12)


def test_frechet_of_samples_approaches_the_closed_form():
    a, b = gaussian(4, 3), gaussian(4, 4)
    rng = np.random.default_rng(5)
    samples = (rng.multivariate_normal(*moments, size=50_000) for moments in (a, b))
    assert frechet_distance(*samples) == pytest.approx(frechet_of_moments(*a, *b), rel=0.03)


def test_frechet_of_a_shift_is_its_squared_length():
    assert frechet_distance(REAL, REAL + 2) == pytest.approx(4 * 8)


def test_frechet_of_equal_sets_is_zero():
    assert frechet_distance(REAL, REAL) == 0
    assert frechet_distance(REAL, REAL[::-1]) == 0
    assert frechet_distance(np.ones((5, 3)), np.ones((4, 3))) == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12))
def test_frechet_is_symmetric_and_blind_to_rotation(seed: int, rows: int):
    rng = np.random.default_rng(seed)
    a, b = (
        rng.normal(size=(rows, 5)) * 10,
        rng.normal(size=(2 * rows, 5)) + 1,
    )  # fewer rows than rank needs, too
    rotation, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)
    assert frechet_distance(a, b) == pytest.approx(
        frechet_distance(a @ rotation, b @ rotation), rel=1e-7
    )


def test_frechet_survives_features_that_are_always_zero():
    silent = REAL * (np.arange(8) < 3)
    noise = np.random.default_rng(1).normal(size=(1_000, 8)) * (np.arange(8) < 3)
    assert frechet_distance(silent, noise) == pytest.approx(
        frechet_distance(silent[:, :3], noise[:, :3]), rel=1e-9
    )


# Density and coverage


@settings(max_examples=50, deadline=None)
@given(
    st.integers(0, 10_000), st.integers(2, 30), st.integers(1, 30), st.integers(1, 4), st.data()
)
def test_density_and_coverage_agree_with_brute_force(
    seed: int, n: int, m: int, dim: int, data: st.DataObject
):
    k = data.draw(st.integers(1, n - 1))
    rng = np.random.default_rng(seed)
    # Whole numbers make ties and duplicates, the offset makes cancellation.
    real, fake = (rng.integers(0, 5, size=(rows, dim)) + 1_000.0 for rows in (n, m))
    assert density_coverage(real, fake, k) == pytest.approx(brute_force(real, fake, k))


def test_density_and_coverage_do_not_depend_on_how_the_rows_are_split():
    real, fake = RNG.normal(size=(1_201, 3)), RNG.normal(size=(703, 3))
    assert density_coverage(real, fake) == pytest.approx(brute_force(real, fake, 5))


def test_one_distribution_scores_its_ceiling():
    scores = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        scores.append(density_coverage(rng.normal(size=(2_000, 16)), rng.normal(size=(2_000, 16))))
    density, coverage = np.mean(scores, axis=0)
    assert density == pytest.approx(1, abs=0.05)
    assert coverage == pytest.approx(1 - comb(1_999, 5) / comb(3_999, 5), abs=0.005)
    assert coverage == pytest.approx(1 - 2**-5, abs=0.006)


@pytest.mark.parametrize(("n", "m", "k"), [(3, 2, 1), (6, 4, 5), (10, 3, 4)])
def test_the_coverage_of_one_distribution_counts_orders(n: int, m: int, k: int):
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(1_000):
        _, coverage = density_coverage(rng.normal(size=(n, 2)), rng.normal(size=(m, 2)), k)
        draws.append(coverage)
    expected = 1 - comb(n - 1, k) / comb(n - 1 + m, k)
    assert np.mean(draws) == pytest.approx(expected, abs=4 * float(np.std(draws)) / sqrt(1_000))


def test_fakes_far_away_score_nothing():
    assert density_coverage(REAL, REAL + 1_000) == (0, 0)


def test_copies_of_the_real_images_score_one():
    assert density_coverage(REAL, REAL) == (1, 1)
    assert density_coverage(REAL.astype(np.float32), REAL.astype(np.float32)) == (1, 1)


def test_dropping_modes_lowers_coverage_but_not_density():
    rng = np.random.default_rng(2)
    modes = np.arange(10)[:, None, None] * 100.0
    real = (modes + rng.normal(size=(10, 100, 4))).reshape(-1, 4)
    everything = (modes + rng.normal(size=(10, 100, 4))).reshape(-1, 4)
    few = (modes[:2] + rng.normal(size=(2, 500, 4))).reshape(-1, 4)
    density, coverage = density_coverage(real, few)
    assert density == pytest.approx(density_coverage(real, everything)[0], abs=0.15)
    assert coverage == pytest.approx(0.2, abs=0.01)


def test_one_outlier_moves_density_little():
    outlier = np.vstack([REAL, np.full((1, 8), 1e3)])
    fake = np.random.default_rng(3).normal(size=(500, 8))
    # The outlier's neighbourhood holds every fake: N more pairs, not a manifold that swallows the
    # space.
    assert density_coverage(outlier, fake)[0] == pytest.approx(
        density_coverage(REAL, fake)[0], abs=0.25
    )


@pytest.mark.slow
def test_five_thousand_images_take_about_a_second():
    real, fake = (RNG.normal(size=(5_000, 64)).astype(np.float32) for _ in range(2))
    start = time.perf_counter()
    density_coverage(real, fake)
    assert time.perf_counter() - start < 3


# Confidence, all together, and what is refused


def test_confidence_lies_between_chance_and_one():
    assert confidence(np.full((7, 4), 0.25)) == 0.25
    assert confidence(np.eye(4)) == 1


def test_sample_quality_holds_the_four_numbers():
    fake, chances = REAL[:300] + 0.5, np.full((300, 10), 0.1)
    quality = sample_quality(REAL, fake, chances, k=3)
    assert (quality.density, quality.coverage) == density_coverage(REAL, fake, 3)
    assert (quality.frechet, quality.n) == (frechet_distance(REAL, fake), 300)
    assert quality.confidence == pytest.approx(0.1)


def test_ceiling_is_the_same_measurement_of_real_images():
    held_out, chances = RNG.normal(size=(800, 8)), np.full((800, 2), 0.5)
    assert ceiling(REAL, held_out, chances, n=400) == sample_quality(
        REAL, held_out[:400], chances[:400]
    )
    worse = sample_quality(REAL, held_out[:400] * 1.5, chances[:400])
    assert worse.frechet > ceiling(REAL, held_out, chances, n=400).frechet


@pytest.mark.parametrize("k", [0, -1, 1_000])
def test_k_out_of_range_is_refused(k: int):
    with pytest.raises(
        ValueError, match=f"k should be at least 1 and below the 1000 real images, got {k}"
    ):
        density_coverage(REAL, REAL, k)


def test_features_that_do_not_fit_are_refused():
    with pytest.raises(
        ValueError, match="real and fake features should have as many columns, got 8 and 7"
    ):
        frechet_distance(REAL, REAL[:, :7])
    with pytest.raises(
        ValueError, match="fake features should be finite, got NaN or infinity in 1 of 2 rows"
    ):
        density_coverage(REAL, np.array([[np.nan] * 8, [0.0] * 8]))
    with pytest.raises(ValueError, match="real features should have at least 2 rows"):
        frechet_distance(REAL[:1], REAL)


def test_probabilities_that_do_not_fit_are_refused():
    with pytest.raises(
        ValueError, match="probabilities should be at least 0 and sum to 1 in each row"
    ):
        confidence([[2.0, -1.0]])
    with pytest.raises(ValueError, match="of the same fakes, got 1000 and 3 rows"):
        sample_quality(REAL, REAL, np.eye(3))
    with pytest.raises(ValueError, match="n should be between 2 and the 3 held-out images, got 4"):
        ceiling(REAL, REAL[:3], np.eye(3), n=4)
