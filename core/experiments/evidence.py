"""log p(x) of every trained model, bounded from below by importance weighting, beside the ELBO of the same images."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from core.config import DataConfig
from core.data import load
from core.experiments.kept import Numbers, Study
from core.metrics.likelihood import importance_weighted
from core.models import Autoencoder, unsquashed
from core.models.priors import Vamp, marginal
from core.runs import Run

IMAGES = 1000
"""Test images, at most, the first ones."""

SAMPLES = {"mnist-dynamic": 5000, "mnist-static": 5000}
"""k for each image, as in the papers, for the data sets that are held against them."""

USUAL_SAMPLES = 500


@torch.no_grad()
def in_gaussian_form(model: Autoencoder) -> Autoencoder:
    """Return a model with the same log p(x) and the same bounds on it, whose posterior is a Gaussian, ready to read.

    A uniform prior's model is taken before its codes are squashed; a VampPrior's pseudo-inputs are encoded once.

    Args:
        model: with a learned posterior; its layers are shared, not copied.

    >>> from core.config import with_prior
    >>> from core.models import build
    >>> in_gaussian_form(build(with_prior("digits", 2, "uniform"))).prior
    StandardNormal()
    """
    model = unsquashed(model)
    prior = model.prior
    if isinstance(prior, Vamp):
        prior = marginal(prior, range(prior.latent_dim))
    return Autoencoder(model.encoder, model.posterior, model.decoder, model.likelihood, prior).eval()


def measure(run: Run, _: Path) -> Numbers:
    """Return the bounds on log p(x) of a run's first test images.

    Returns:
        `nll`, minus the average importance-weighted bound, and `elbo`, the average ELBO, of the same images and
        samples, in nats per image, each with its standard error over images (`nll_error`, `elbo_error`); `k` samples
        for each image; `images`; `each`, the nll of every image of a binarised data set, to pair models by.

    Raises:
        MissingData: the images are not on this machine.
    """
    name = run.config.data.name
    k = SAMPLES.get(name, USUAL_SAMPLES)
    bounds = importance_weighted(in_gaussian_form(run.model), first_images(run.config.data, IMAGES), k=(1, k))
    elbo, evidence = bounds.value
    return {
        "nll": round(-float(evidence.mean()), 4),
        "nll_error": round(standard_error(evidence), 4),
        "elbo": round(float(elbo.mean()), 4),
        "elbo_error": round(standard_error(elbo), 4),
        "k": k,
        "images": len(evidence),
        "each": [round(-float(value), 2) for value in evidence] if name in SAMPLES else [],
    }


def standard_error(values: NDArray[np.floating]) -> float:
    """Return the standard error of the mean of numbers (N,), N at least 2.

    >>> standard_error(np.array([1.0, 3.0]))
    1.0
    """
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def paired(one: ArrayLike, other: ArrayLike) -> tuple[float, float]:
    """Return by how much the first numbers are smaller on average, and the standard error of that.

    Both models saw the same images: what makes an image hard for both cancels.

    Args:
        one: nats of each image under one model, (N,).
        other: of the same images under another, (N,).

    Raises:
        ValueError: not the same images, or fewer than two.

    >>> paired([1.0, 11.0], [2.0, 14.0])
    (2.0, 1.0)
    """
    ours, theirs = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if len(ours) != len(theirs) or len(ours) < 2:
        counts = f"{len(ours)} and {len(theirs)}"
        raise ValueError(f"there should be as many images, at least 2, for both models, got {counts}")
    less = theirs - ours
    return float(less.mean()), standard_error(less)


def first_images(data: DataConfig, count: int) -> Tensor:
    """Return the first test images (N, 1, H, W) of a data set.

    Raises:
        MissingData: they are not on this machine.
    """
    return _all_images(data)[:count]


@lru_cache(maxsize=1)
def _all_images(data: DataConfig) -> Tensor:
    return load(data).test.images()


EVIDENCE = Study(
    "evidence",
    f"first {IMAGES} test images, k {USUAL_SAMPLES}, binarised {SAMPLES['mnist-dynamic']}, v1",
    measure,
    covers=lambda config: config.model.posterior == "learned" and config.data.name != "sprites",
)
