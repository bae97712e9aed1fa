"""How long a training takes on this machine: a few steps of it, timed."""

from __future__ import annotations

import time

import torch

from core.config import RunConfig, with_epochs
from core.data import ImageSet, Split
from core.devices import pick_device, pick_precision
from core.models import build
from core.training import Training, evaluate

STEPS = 8
EVALUATED = 500


def seconds_per_epoch(config: RunConfig, train_images: int, test_images: int) -> float:
    """Return how many seconds an epoch takes here, training and evaluation, while nothing else
    runs.

    It trains a copy of the model on noise for a moment; drawing or reading the images is left out.

    Args:
        config: what would be trained.
        train_images: in an epoch.
        test_images: evaluated after each.
    """
    size, batch = config.data.size or 0, config.train.batch_size
    noise = torch.randint(
        0, 256, (STEPS * batch, 1, size, size), dtype=torch.uint8, generator=torch.Generator()
    )
    images = ImageSet(pixels=noise, labels=torch.zeros(len(noise), dtype=torch.int64))
    data = Split(train=images, test=images.subset(slice(EVALUATED)))
    device = pick_device()
    short = with_epochs(config, 2)
    training = Training(
        build(short), data, short, device=device, precision=pick_precision(device, size * size)
    )
    _, timed = training.epochs()
    start = time.perf_counter()
    evaluate(training.model, data.test.to(device))
    evaluation = (time.perf_counter() - start) / len(data.test) * test_images
    return train_images / timed.images_per_second + evaluation
