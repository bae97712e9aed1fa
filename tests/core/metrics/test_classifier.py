import pytest
import torch

from core.data import ImageSet, digits
from core.metrics.classifier import (
    FEATURES,
    accuracy,
    build_classifier,
    features_and_probabilities,
    probabilities,
    train_classifier,
)


def bars(count: int = 64) -> ImageSet:
    """Return upright (0) and lying (1) bars, which a glance tells apart."""
    labels = torch.arange(count) % 2
    pixels = torch.zeros(count, 1, 8, 8, dtype=torch.uint8)
    pixels[labels == 0, :, :, 3:5] = 255
    pixels[labels == 1, :, 3:5, :] = 255
    return ImageSet(pixels=pixels, labels=labels)


@pytest.mark.parametrize("size", [8, 28, 32, 64])
def test_one_network_for_every_size(size: int):
    classifier = build_classifier(size, 10)
    features, chances = features_and_probabilities(classifier, torch.rand(3, 1, size, size))
    assert features.shape == (3, FEATURES)
    assert (features >= 0).all()
    torch.testing.assert_close(chances.sum(1), torch.ones(3))
    assert sum(p.numel() for p in classifier.parameters()) < 300_000


def test_chunks_change_nothing():
    classifier, images = build_classifier(8, 3), torch.rand(1_001, 1, 8, 8)
    features, chances = features_and_probabilities(classifier, images)
    torch.testing.assert_close(
        features[700:], features_and_probabilities(classifier, images[700:])[0]
    )
    torch.testing.assert_close(probabilities(classifier, features), chances)


def test_a_seed_decides_everything_and_the_global_generator_is_left_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, again, other = (train_classifier(bars(), epochs=1, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    x = bars().images()
    assert torch.equal(first(x), again(x))
    assert not torch.equal(first(x), other(x))


def test_bars_are_told_apart():
    classifier = train_classifier(bars(), epochs=10, batch_size=16)
    assert not classifier.training
    assert accuracy(classifier, bars(32)) == 1


@pytest.mark.slow
def test_digits_are_read():
    split = digits.load()
    classifier = train_classifier(split.train, epochs=30, batch_size=64)
    assert accuracy(classifier, split.test) >= 0.97


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="size should be at least 8 pixels, got 4"):
        build_classifier(4, 10)
    with pytest.raises(ValueError, match="classes should be at least 2, got 1"):
        build_classifier(8, 1)
    with pytest.raises(
        ValueError, match="epochs and batch_size should be at least 1, got 0 and 128"
    ):
        train_classifier(bars(), epochs=0)
    with pytest.raises(ValueError, match="images should be at least 1, got none"):
        train_classifier(bars(0))
    with pytest.raises(ValueError, match=r"images should be \(B, 1, H, W\), got \(2, 8, 8\)"):
        features_and_probabilities(build_classifier(8, 2), torch.rand(2, 8, 8))
