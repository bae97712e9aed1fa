"""A small classifier, in whose last hidden layer generated images are compared with real ones.

Inception, the usual judge, has seen photographs and no digits. A network that tells the data's own
classes apart sees what matters in them. Its numbers compare with no other network's.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.data import ImageSet

FEATURES = 64
"""Width D of the last hidden layer."""

_CHUNK = 500
"""Images that go through the network at once."""


def build_classifier(size: int, classes: int) -> nn.Sequential:
    """Return an untrained classifier: two convolutions, a layer of `FEATURES`, a logit per class.

    Pooling leaves 4x4 positions of an 8x8 image and 7x7 or 8x8 of larger ones: 50,000 to 150,000
    weights.

    Source: after LeCun et al. 1998, Gradient-Based Learning Applied to Document Recognition,
        section II, https://doi.org/10.1109/5.726791

    Args:
        size: height and width of the images in pixels, at least 8.
        classes: number of classes C, at least 2.

    Returns:
        A network from images (B, 1, size, size) in [0, 1] to logits (B, C). Its last layer alone
        maps features to logits.

    Raises:
        ValueError: a size or a number of classes below its least.

    >>> build_classifier(28, 10)(torch.zeros(3, 1, 28, 28)).shape
    torch.Size([3, 10])
    """
    if size < 8:
        raise ValueError(f"size should be at least 8 pixels, got {size}")
    if classes < 2:
        raise ValueError(f"classes should be at least 2, got {classes}")
    window = max(1, round(size / 16))
    return nn.Sequential(
        nn.Conv2d(1, 16, kernel_size=5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, kernel_size=5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(window),
        nn.Flatten(),
        nn.Linear(32 * (size // 2 // window) ** 2, FEATURES),
        nn.ReLU(),
        nn.Linear(FEATURES, classes),
    )


def train_classifier(
    images: ImageSet,
    *,
    epochs: int = 4,
    batch_size: int = 128,
    learning_rate: float = 2e-3,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> nn.Sequential:
    """Return a classifier trained on labelled images by Adam on the cross-entropy.

    The learning rate falls to 0 along a line. Torch's global random numbers are left as they were.

    Args:
        images: to learn from, labels counting from 0.
        epochs: passes over the images, at least 1.
        batch_size: images per step, at least 1.
        learning_rate: Adam's, at the start.
        seed: of the initial weights and of the order of the images; one seed gives one classifier
            on one machine.
        device: where to train.

    Returns:
        The classifier in evaluation mode, on that device.

    Raises:
        ValueError: epochs or a batch size below 1, or no images.
    """
    if epochs < 1 or batch_size < 1:
        raise ValueError(
            f"epochs and batch_size should be at least 1, got {epochs} and {batch_size}"
        )
    classifier = _initial(images, seed).to(device)
    steps = epochs * -(-len(images) // batch_size)
    optimizer = torch.optim.Adam(classifier.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    for index in _batches(len(images), batch_size, epochs, seed):
        logits = classifier(images.images(index).to(device))
        loss = F.cross_entropy(logits, images.labels[index].to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return classifier.eval()


def features_and_probabilities(classifier: nn.Sequential, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the features of images in the last hidden layer, and their class probabilities.

    Args:
        classifier: from `build_classifier`.
        images: intensities in [0, 1], (B, 1, H, W), on any device.

    Returns:
        Features (B, `FEATURES`), at least 0, and probabilities (B, C), both float32 on the CPU.

    Raises:
        ValueError: images of another shape.

    >>> features, p = features_and_probabilities(build_classifier(8, 10), torch.rand(5, 1, 8, 8))
    >>> features.shape, p.shape
    (torch.Size([5, 64]), torch.Size([5, 10]))
    """
    if images.ndim != 4 or images.shape[1] != 1:
        raise ValueError(f"images should be (B, 1, H, W), got {tuple(images.shape)}")
    hidden = classifier[:-1]
    device = next(classifier.parameters()).device
    with torch.inference_mode():
        features = torch.cat([hidden(chunk.to(device)) for chunk in images.split(_CHUNK)])
        return features.cpu(), probabilities(classifier, features)


def probabilities(classifier: nn.Sequential, features: Tensor) -> Tensor:
    """Return the class probabilities that belong to features, (B, C), float32 on the CPU.

    Args:
        classifier: from `build_classifier`.
        features: of its last hidden layer, (B, `FEATURES`), of any floating type.
    """
    head = classifier[-1]
    with torch.inference_mode():
        return head(features.to(next(head.parameters()))).softmax(1).cpu()


def accuracy(classifier: nn.Sequential, images: ImageSet) -> float:
    """Return the share of images whose likeliest class is the right one, 0 to 1.

    Args:
        classifier: from `build_classifier`.
        images: labelled ones, at least one; those it was not trained on say most.
    """
    right = 0
    for index in torch.arange(len(images)).split(_CHUNK):
        _, chances = features_and_probabilities(classifier, images.images(index))
        right += int((chances.argmax(1) == images.labels[index].cpu()).sum())
    return right / len(images)


def _initial(images: ImageSet, seed: int) -> nn.Sequential:
    if not len(images):
        raise ValueError("images should be at least 1, got none")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed the GPUs too
        return build_classifier(images.images(slice(0, 1)).shape[-1], int(images.labels.max()) + 1)


def _batches(count: int, batch_size: int, epochs: int, seed: int) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        yield from torch.randperm(count, generator=generator).split(batch_size)
