"""Bounds on log p(x) of a run's test images, measured by importance weighting."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.devices import pick_precision
from core.experiments.evidence import DRAWS, IMAGES, SAMPLES, USUAL_SAMPLES
from core.experiments.kept import Numbers
from core.experiments.measuring.originals import originals
from core.metrics.likelihood import importance_weighted
from core.models import Autoencoder, unsquashed
from core.models.priors import Vamp, marginal
from core.runs import Run


@torch.no_grad()
def in_gaussian_form(model: Autoencoder) -> Autoencoder:
    """Return a model with the same log p(x) and bounds, whose posterior is a Gaussian.

    It is ready to be read. A uniform prior's model is taken before its codes are squashed; a
    VampPrior's pseudo-inputs are encoded once.

    Args:
        model: with a learned posterior; its layers are shared, not copied.

    >>> from core.recipes import with_prior
    >>> from core.models import build
    >>> in_gaussian_form(build(with_prior("digits", 2, "uniform"))).prior
    StandardNormal()
    """
    model = unsquashed(model)
    prior = model.prior
    if isinstance(prior, Vamp):
        prior = marginal(prior, range(prior.latent_dim))
    return Autoencoder(
        model.encoder, model.posterior, model.decoder, model.likelihood, prior
    ).eval()


def measure(run: Run, _: Path) -> Numbers:
    """Return the bounds on log p(x) of a run's test images.

    nll = -( ELBO of all test images + (importance-weighted bound - ELBO) of some of them )

    Images differ much more in their ELBO than in what it leaves out, so that the ELBO of all,
    which is cheap, takes most of the noise from the bound of some, which is dear.

    Returns: `nll` and `elbo` in nats per test image, `error` the standard error of the nll, from
        the codes and from the choice of images; `k` samples for each of the `images` that were
        bounded, of all `test_images`.

    Raises:
        MissingData: the images are not on this machine.
    """
    k = SAMPLES.get(run.config.data.name, USUAL_SAMPLES)
    model, x = in_gaussian_form(run.model), originals(run)
    bounds = partial(importance_weighted, precision=pick_precision(x.device, x[0].numel()))
    some = x[spread_out(len(x), IMAGES)]
    few, many = bounds(model, some, k=(1, k)).value
    every = bounds(model, x, k=(1,), repetitions=DRAWS)
    elbo, of_codes = (
        float(every.value.mean()),
        float(np.sqrt(np.square(every.spread).sum() / DRAWS)) / len(x),
    )
    gap = many - few
    of_images = standard_error(gap) if len(some) < len(x) else 0.0
    return {
        "nll": round(-elbo - float(gap.mean()), 4),
        "error": round(float(np.hypot(of_codes, of_images)), 4),
        "elbo": round(elbo, 4),
        "k": k,
        "images": len(some),
        "test_images": len(x),
    }


def spread_out(total: int, count: int) -> Tensor:
    """Return which of `total` images to take, int64, for at most `count` evenly spread over them.

    >>> spread_out(10, 4).tolist(), spread_out(3, 4).tolist()
    ([0, 2, 5, 7], [0, 1, 2])
    """
    count = min(count, total)
    return torch.arange(count) * total // count


def standard_error(values: NDArray[np.floating]) -> float:
    """Return the standard error of the mean of numbers (N,), N at least 2.

    >>> standard_error(np.array([1.0, 3.0]))
    1.0
    """
    return float(values.std(ddof=1) / np.sqrt(len(values)))
