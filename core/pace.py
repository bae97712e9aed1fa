"""Estimate of how long a training takes on this machine, from a few steps that are timed."""

from __future__ import annotations

import time

from core.config import RunConfig, with_epochs

STEPS = 8
"""Number of steps that are timed."""
EVALUATED = 500
"""Number of images on which the evaluation is timed."""


def seconds_per_epoch(config: RunConfig, train_images: int, test_images: int) -> float:
    """Return how many seconds an epoch takes here while nothing else runs, evaluation included.

    A model of the same config is trained on noise for a moment. Reading or drawing the images is
    left out.

    Args:
        config: of the run.
        train_images: number of images in an epoch.
        test_images: number of images that are evaluated after each epoch.

    Returns:
        Seconds, above 0.
    """
    # A page offers the estimate; only who asks for it waits for torch.
    import torch

    from core.data import ImageSet, Split
    from core.devices import pick_device, pick_precision
    from core.models import build
    from core.training import Training, evaluate

    size, batch = config.data.size, config.train.batch_size
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
