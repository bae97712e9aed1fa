"""log p(x) of one test image, its bounds and its posterior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from core.experiments.gaps import integrable
from core.experiments.measuring.gaps import likeliest
from core.metrics import likelihood
from core.metrics.likelihood import SAMPLES, Bounds, Gaps, TruePosterior
from core.models import unsquashed
from core.runs import Run

REPETITIONS = 5
"""Independent bounds of the largest k; a smaller k has more of them."""

CONV_SAMPLES = SAMPLES[:-1]
"""k of a convolutional decoder, which takes seconds for the largest."""

ELBO_SAMPLES = 1000
"""Codes that an ELBO is averaged over where it cannot be integrated."""

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Exact:
    """log p(x) of one image by quadrature, and the posterior that comes with it.

    Args:
        log_p: log p(x), in nats.
        error: refinement error of `log_p`, in nats.
        posterior: the true posterior.
        gaps: log p(x) - ELBO and its two parts, in nats, each (1,).
        best: mean and standard deviations of the Gaussian fitted to the image, each (L,).
    """

    log_p: float
    error: float
    posterior: TruePosterior
    gaps: Gaps
    best: tuple[Floats, Floats]


@dataclass(frozen=True)
class OneImage:
    """The ELBO of one image, the bounds above it, and log p(x) where it can be integrated.

    Args:
        bounds: importance-weighted bounds.
        elbo: ELBO, in nats.
        elbo_error: its standard error in nats; 0 where it is integrated.
        exact: log p(x) and the posterior; None with more than two latents.
    """

    bounds: Bounds
    elbo: float
    elbo_error: float
    exact: Exact | None = None


def one_image(run: Run, image: Floats) -> OneImage:
    """Return the ELBO, bounds and log p(x) of one image under a run.

    Source: Burda, Grosse and Salakhutdinov 2016, https://arxiv.org/abs/1509.00519 (bounds);
        Cremer, Li and Duvenaud 2018, https://arxiv.org/abs/1801.03558 (gaps).

    Args:
        run: run that has an ELBO, see `core.experiments.gaps.boundable`.
        image: (H, W) the image, in [0, 1].
    """
    model, x = unsquashed(run.model), torch.from_numpy(image)[None, None]  # (1, 1, H, W)
    k: Sequence[int] = CONV_SAMPLES if run.config.model.network == "conv" else SAMPLES
    bounds = likelihood.importance_weighted(model, x, k, repetitions=REPETITIONS)
    if integrable(run.config) is not None:
        estimate = likelihood.elbo(model, x, samples=ELBO_SAMPLES)
        return OneImage(bounds, float(estimate.value[0]), float(estimate.error[0]))
    evidence = likelihood.quadrature(model, x)
    gaps, best = likelihood.gaps(model, x, evidence.value, start=likeliest(run, x))
    exact = Exact(
        log_p=float(evidence.value[0]),
        error=float(evidence.error[0]),
        posterior=likelihood.true_posterior(model, x),
        gaps=gaps,
        best=(best.mean[0].numpy(), best.std[0].numpy()),
    )
    return OneImage(bounds, float(gaps.elbo[0]), 0.0, exact)
