import numpy as np
import pytest

from core.metrics.disentanglement.baselines import ica, pca


def mixed(count: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    """Return two independent uniform sources and six pixels that mix them."""
    sources = np.random.default_rng(0).uniform(-1, 1, (count, 2))
    return sources, sources @ np.random.default_rng(1).normal(size=(2, 6))


def test_independent_components_are_the_sources():
    sources, images = mixed()
    codes = ica(images, seed=0, components=2)(images)
    found = np.abs(np.corrcoef(codes.T, sources.T)[:2, 2:])
    assert found.max(axis=1) == pytest.approx([1, 1], abs=0.01)
    assert codes.std(axis=0) == pytest.approx([1, 1], abs=0.01)


def test_principal_components_fall_in_variance_and_are_taken_from_the_images_that_were_fitted():
    _, images = mixed()
    encode = pca(images, components=2)
    codes = encode(images)
    assert codes.var(axis=0)[0] > codes.var(axis=0)[1] > 0
    assert encode(images[:1] + 1) != pytest.approx(codes[:1])
    assert encode(images[:5]) == pytest.approx(codes[:5])
