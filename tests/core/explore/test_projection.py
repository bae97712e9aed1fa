import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness

from core.explore.projection import TSNE_STAGES, principal_components, tsne


def codes(count: int = 300, latents: int = 6) -> np.ndarray:
    random = np.random.default_rng(0)
    return (random.normal(size=(count, latents)) @ random.normal(size=(latents, latents)) + 5).astype(np.float32)


def test_components_are_those_of_scikit_learn_up_to_their_sign():
    flat, share = principal_components(codes())
    judge = PCA(2).fit(codes().astype(np.float64))
    np.testing.assert_allclose(np.abs(flat), np.abs(judge.transform(codes())), rtol=1e-3, atol=1e-3)
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


def test_a_single_latent_lies_on_a_line():
    flat, share = principal_components(codes(latents=1))
    assert flat.shape == (300, 2)
    assert share.tolist() == [1, 0]
    assert not flat[:, 1].any()


def test_codes_that_are_all_the_same_have_no_variance_to_share():
    flat, share = principal_components(np.full((5, 3), 2.0, np.float32))
    assert not flat.any()
    assert share.tolist() == [0, 0]


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
    maps = list(tsne(z))
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
    *_, one = tsne(z)
    *_, again = tsne(z)
    np.testing.assert_array_equal(one, again)
