"""What the test images of a run cost on average over several codes, measured."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.devices import generator, pick_precision
from core.experiments.evidence import DRAWS
from core.experiments.kept import Numbers
from core.experiments.measuring.evidence import in_gaussian_form, spread_out
from core.experiments.measuring.originals import originals
from core.experiments.rate import DRAWS as KL_DRAWS
from core.metrics.divergence import kl_from_prior
from core.metrics.likelihood import importance_weighted
from core.models import Autoencoder
from core.models.posteriors import Point
from core.runs import Run

_IMAGES = 1000
"""Test images, at most, that the error of one code per image is estimated from."""

_BATCH = 1000


def measure(run: Run, _: Path) -> Numbers:
    """Return what a run's test images cost on average, in nats per image.

    nll + KL = -ELBO. The ELBO is that of the study `EVIDENCE`: the same codes, so the same number.
    An error is the standard error that comes from the choice of the codes; the images stay the
    same for every model.

    Returns: `nll`, `kl` and `elbo`, the last two None without a KL, each with its `..._error`;
        `codes` for each image, 1 where the posterior is a point; `test_images`.

    Raises:
        MissingData: the images are not on this machine.
    """
    x = originals(run)
    about = {
        "codes": 1 if isinstance(run.model.posterior, Point) else DRAWS,
        "test_images": len(x),
    }
    if not run.model.posterior.has_kl:
        nll, error = distortion(run.model, x, about["codes"])
        return {
            "nll": round(nll, 4),
            "nll_error": round(error, 4),
            "kl": None,
            "elbo": None,
            **about,
        }
    model, precision = in_gaussian_form(run.model), pick_precision(x.device, x[0].numel())
    bounds = importance_weighted(model, x, k=(1,), repetitions=DRAWS, precision=precision)
    elbo, elbo_error = float(bounds.value.mean()), _error_of_mean(bounds.spread[0], DRAWS)
    kl, kl_error = _kl(model, x)
    return {
        "nll": round(-elbo - kl, 4),
        "nll_error": round(math.hypot(elbo_error, kl_error), 4),
        "kl": round(kl, 4),
        "kl_error": round(kl_error, 4),
        "elbo": round(elbo, 4),
        "elbo_error": round(elbo_error, 4),
        **about,
    }


@torch.inference_mode()
def distortion(model: Autoencoder, x: Tensor, codes: int, seed: int = 0) -> tuple[float, float]:
    """Return -log p(x given z) averaged over images and codes, and its standard error.

    Both are in nats. The error comes from the codes: it is 0 where the posterior is a point, and
    NaN with a single code for each image where it is not.

    Args:
        model: any of the family.
        x: images (N, 1, H, W), in [0, 1].
        codes: for each image, at least 1.
        seed: of the codes.
    """
    random, drawn = generator(seed), []
    for images in x.split(_BATCH):
        posterior = model.encode(images)
        each = [
            model.likelihood.nll(model.decoder(posterior.sample(random)).float(), images)
            for _ in range(codes)
        ]
        drawn.append(torch.stack(each).double())
    table = torch.cat(drawn, dim=1)  # (codes, N)
    if isinstance(model.posterior, Point):
        return float(table.mean()), 0.0
    return float(table.mean()), _error_of_mean(table.std(0).numpy(), codes)


def error_of_one_code(run: Run) -> float:
    """Return the standard error, in nats, of a run's own nll.

    That nll is of one code for each test image. The error is estimated from two codes for each of
    some of the images, spread evenly.

    Raises:
        MissingData: the images are not on this machine.
    """
    x = originals(run)
    some = x[spread_out(len(x), _IMAGES)]
    return distortion(run.model, some, 2)[1] * math.sqrt(2 * len(some) / len(x))


def _kl(model: Autoencoder, x: Tensor) -> tuple[float, float]:
    """Return the KL averaged over images, and its standard error, 0 where it has a closed form."""
    total = squares = 0.0
    for images in x.split(_BATCH):
        posterior = model.encode(images)
        kl = kl_from_prior(model.prior, posterior, KL_DRAWS)  # pyright: ignore[reportArgumentType]
        total += float(kl.value.sum())
        squares += float((kl.error**2).sum())
    return total / len(x), math.sqrt(squares) / len(x)


def _error_of_mean(spread: NDArray[np.floating], draws: int) -> float:
    """Return the standard error of a mean over images of means over draws.

    Args:
        spread: standard deviation over the draws of each image (N,).
        draws: for each image.
    """
    return float(np.sqrt(np.square(spread).sum() / draws)) / len(spread)
