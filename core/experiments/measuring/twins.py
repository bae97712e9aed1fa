"""Measure how well a run does on test images with a twin to train on, and without."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from core.config import DataConfig
from core.data import ImageSet, Split, load
from core.data.twins import twins
from core.experiments.kept import Numbers, short
from core.experiments.measuring.originals import check_labels
from core.runs import Run
from core.training import evaluate


def measure(run: Run, _: Path) -> Numbers:
    """Return what a run reaches on test images with and without a twin, and on training images.

    Those without a twin are nearly all hearts, which are harder than squares: with and without
    differ in shape too. So as many training images of the same labels stand beside them, which
    differ in having been trained on alone.

    Returns: `with_twin`, `without` and `trained`, each with `images`, `nll` in nats per image (one
        code per image), `kl` (None without a KL) and `mse` per pixel.

    Raises:
        ValueError: the test images are not those that the kept codes belong to.
    """
    split, doubled = images_of(run.config.data)
    check_labels(run, split.test.labels.numpy())
    return {
        "with_twin": _reached(run, split.test.subset(doubled.nonzero().flatten())),
        "without": _reached(run, split.test.subset((~doubled).nonzero().flatten())),
        "trained": _reached(
            run, split.train.subset(alike(split.test.labels[~doubled], split.train.labels))
        ),
    }


def alike(labels: Tensor, others: Tensor) -> Tensor:
    """Return which of some other images to take, int64, for as many of each label: the first ones.

    >>> alike(torch.tensor([1, 0, 1]), torch.tensor([0, 0, 1, 2, 1, 1])).tolist()
    [0, 2, 4]
    """
    first = [
        (others == label).nonzero().flatten()[: int((labels == label).sum())]
        for label in labels.unique()
    ]
    return torch.cat(first)


def _reached(run: Run, images: ImageSet) -> Numbers:
    found = evaluate(run.model, images)
    has_kl = found.kl == found.kl  # NaN where there is none
    return {
        "images": len(images),
        "nll": short(found.nll),
        "kl": short(found.kl) if has_kl else None,
        "mse": short(found.mse),
    }


def compare(data: DataConfig, _: Path) -> Numbers:
    """Return how many test images of a data set have a twin.

    Returns: `test_images`, `twins` among them, and `by_label`: name -> twins and test images.
    """
    split, doubled = images_of(data)
    of_label = {
        name: split.test.labels == place for place, name in enumerate(split.test.label_names)
    }
    return {
        "test_images": len(doubled),
        "twins": int(doubled.sum()),
        "by_label": {
            name: [int(doubled[rows].sum()), int(rows.sum())] for name, rows in of_label.items()
        },
    }


@lru_cache(maxsize=1)
def images_of(data: DataConfig) -> tuple[Split, Tensor]:
    """Return the images of a data set, and which test images (N,) have a twin.

    Those of the last data set stay in memory.
    """
    split = load(data)
    return split, torch.from_numpy(twins(split))
