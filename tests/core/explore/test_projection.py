import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness

from core.explore.projection import (
    TSNE_LEAST,
    TSNE_STAGES,
    plane,
    principal_components,
    tsne_stage,
)


def codes(count: int = 300, latents: int = 6) -> np.ndarray:
    random = np.random.default_rng(0)
    return (
        random.normal(size=(count, latents)) @ random.normal(size=(latents, latents)) + 5
    ).astype(np.float32)


def test_components_are_those_of_scikit_learn_up_to_their_sign():
    flat, share = principal_components(codes())
    judge = PCA(2).fit(codes().astype(np.float64))
    np.testing.assert_allclose(
        np.abs(flat), np.abs(judge.transform(codes())), rtol=1e-3, atol=1e-3
    )
    np.testing.assert_allclose(share, judge.explained_variance_ratio_, rtol=1e-5)


def test_components_are_centred_uncorrelated_and_sorted():
    flat, share = principal_components(codes())
    np.testing.assert_allclose(flat.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(np.corrcoef(flat.T), np.eye(2), atol=1e-5)
    assert 1 >= share.sum() >= share[0] >= share[1] >= 0


def test_two_latents_are_only_turned():
    z = codes(latents=2)
    flat, share = principal_components(z)
    assert share.sum() == pytest.approx(1)
    np.testing.assert_allclose(_distances(flat), _distances(z), rtol=1e-3, atol=1e-3)


def test_the_plane_of_many_latents_is_that_of_their_principal_components():
    z = codes()
    flat, components = z @ plane(z), principal_components(z)[0]
    np.testing.assert_allclose(np.abs(flat - flat.mean(0)), np.abs(components), atol=1e-3)
    largest = np.abs(plane(z)).argmax(axis=0)
    assert (plane(z)[largest, [0, 1]] > 0).all()


@pytest.mark.parametrize(("latents", "basis"), [(1, [[1, 0]]), (2, [[1, 0], [0, 1]])])
def test_up_to_two_latents_are_the_plane_themselves(latents: int, basis: list[list[float]]):
    assert plane(codes(latents=latents)).tolist() == basis


def test_a_single_latent_lies_on_a_line():
    flat, share = principal_components(codes(latents=1))
    assert flat.shape == (300, 2)
    assert share.tolist() == [1, 0]
    assert not flat[:, 1].any()


def test_codes_that_are_all_the_same_have_no_variance_to_share():
    flat, share = principal_components(np.full((5, 3), 2.0, np.float32))
    assert not flat.any()
    assert share.tolist() == [0, 0]


def tsne(z: np.ndarray) -> list[np.ndarray]:
    """Return the map after each stage."""
    maps = [tsne_stage(z)]
    while len(maps) < TSNE_STAGES:
        maps.append(tsne_stage(z, maps[-1]))
    return maps


def one_apart(count: int, latents: int, step: float) -> np.ndarray:
    z = np.full((count, latents), 5.3)
    z[0] += step
    return z


def one_far(latents: int) -> np.ndarray:
    z = codes(40, latents)
    z[0] = 1e30
    return z


ODD = {
    "a latent": codes(40, 1),
    "one apart": one_apart(40, 3, 1.0),
    "one hardly apart": one_apart(40, 3, 1e-6),
    "one far away": one_far(3),
    "two spots": np.repeat(codes(2, 3), 20, axis=0),
    "tiny": codes(40, 3) * 1e-35,
    "huge": np.sign(codes(40, 3) - 5) * 3e38,
    "many latents": codes(12, 40),
}


@pytest.mark.parametrize("z", ODD.values(), ids=ODD)
def test_odd_codes_are_projected_to_finite_places(z: np.ndarray):
    z = z.astype(np.float32)
    flat, share = principal_components(z)
    first = tsne_stage(z)
    for places in (flat, first, tsne_stage(z, first)):
        assert places.shape == (len(z), 2)
        assert np.isfinite(places).all()
    assert np.isfinite(share).all()


@pytest.mark.parametrize("latents", [1, 2, 3])
@pytest.mark.parametrize("value", [0.0, 2.7, -3e38])
def test_codes_that_are_all_the_same_are_one_spot(latents: int, value: float):
    z = np.full((40, latents), value, np.float32)
    for found in tsne(z):
        assert found.shape == (40, 2)
        assert not found.any()


@pytest.mark.parametrize("count", range(1, TSNE_LEAST))
def test_too_few_codes_for_neighbourhoods_are_their_principal_components(count: int):
    z = codes(count, 3)
    np.testing.assert_allclose(
        np.abs(tsne_stage(z)), np.abs(principal_components(z)[0]), rtol=1e-3, atol=1e-5
    )
    assert principal_components(z)[1].shape == (2,)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_codes_that_are_no_numbers_are_refused_in_a_sentence(wrong: float):
    z = codes(40, 3)
    z[7, 1] = wrong
    for project in (principal_components, tsne_stage):
        with pytest.raises(
            ValueError, match="codes should be finite numbers, got some that are not; train again"
        ):
            project(z)
        with pytest.raises(
            ValueError, match=r"codes should be at least one, \(N, L\), got shape \(0, 3\)"
        ):
            project(z[:0])
    with pytest.raises(
        ValueError, match=r"start should be a map of finite numbers, \(40, 2\), got shape"
    ):
        tsne_stage(codes(40, 3), z[:, :2])


def _distances(z: np.ndarray) -> np.ndarray:
    return np.linalg.norm(z[:40, None] - z[None, :40], axis=-1)


def clusters() -> tuple[np.ndarray, np.ndarray]:
    """Return five clusters in ten latents, and which code is of which."""
    random, label = np.random.default_rng(0), np.arange(150) % 5
    centres = 4 * random.normal(size=(5, 10))
    return (centres[label] + random.normal(size=(150, 10))).astype(np.float32), label


@pytest.mark.slow
def test_tsne_comes_in_four_stages_and_is_as_good_as_in_one_go():
    z, label = clusters()
    maps = tsne(z)
    assert [found.shape for found in maps] == [(150, 2)] * TSNE_STAGES == [(150, 2)] * 4
    first, *later = (trustworthiness(z, found) for found in maps)
    assert min(later) > first
    assert later[-1] > later[0] - 0.005
    assert later[-1] > trustworthiness(z, TSNE(init="pca", random_state=0).fit_transform(z)) - 0.01
    nearest = np.argsort(np.linalg.norm(maps[-1][:, None] - maps[-1][None], axis=-1), axis=1)[:, 1]
    assert (label[nearest] == label).mean() > 0.95


@pytest.mark.slow
def test_a_seed_gives_the_same_map_and_few_codes_are_enough():
    z = clusters()[0][:20]
    np.testing.assert_array_equal(tsne(z)[-1], tsne(z)[-1])
