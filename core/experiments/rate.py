"""What the KL of every trained model pays for: telling images apart, and codes that lie where the prior does not."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.experiments.evidence import first_images, in_gaussian_form
from core.experiments.kept import Numbers, Study
from core.metrics.likelihood.joint import log_prior
from core.metrics.rate import split_rate
from core.models import Autoencoder, Factorised, Gaussian
from core.runs import Run
from core.runtime import generator

IMAGES = 10_000
"""Test images, at most, the first ones; the information that can be found is at most the log of their number."""

DRAWS = 8
"""Codes for each image, where the KL from the prior has no closed form."""

_ENCODED = 1000


def measure(run: Run, _: Path) -> Numbers:
    """Return the split of a run's rate over its test images, in nats per image.

    Of a uniform prior the codes are taken before they are squashed into its box, where all is Gaussian and no KL is
    another; that needs the images. Of any other the codes that are kept with the run serve.

    Returns:
        `rate`; `information` of image and code, at most log `images`; `marginal`, KL(aggregate posterior || prior);
        `error`, the standard error of the last; `images`.

    Raises:
        MissingData: the prior is uniform and the images are not on this machine.
    """
    model = in_gaussian_form(run.model)
    posterior = _encoded(model, run) if run.config.model.prior == "uniform" else _kept(run)
    kl = None if isinstance(model.prior, Factorised) else monte_carlo_kl(model, posterior)
    split = split_rate(posterior.mean.numpy(), posterior.std.numpy(), kl=None if kl is None else kl.mean(0))
    noise = 0.0 if kl is None else float(np.sqrt(kl.var(0, ddof=1).sum() / len(kl))) / kl.shape[1]
    return {
        "rate": round(split.rate, 4),
        "information": round(split.information, 4),
        "marginal": round(split.marginal, 4),
        "error": round(math.hypot(split.error, noise), 4),
        "images": len(posterior.mean),
    }


@torch.inference_mode()
def monte_carlo_kl(model: Autoencoder, posterior: Gaussian, draws: int = DRAWS, seed: int = 0) -> NDArray[np.float64]:
    """Return log q(z given x) - log p(z), whose average is the KL of each posterior from the prior.

    Args:
        model: whose prior.
        posterior: of N images, (N, L).
        draws: codes for each image.
        seed: of the codes.

    Returns:
        Nats, (draws, N).
    """
    random, found = generator(seed), []
    for _ in range(draws):
        z = posterior.sample(random)
        found.append(posterior.log_prob(z).double().sum(-1) - log_prior(model, z).double())
    return torch.stack(found).numpy()


def limit(images: int) -> float:
    """Return the most information that a code can have about which of some images it is of, in nats.

    >>> round(limit(10_000), 2)
    9.21
    """
    return math.log(images)


def _kept(run: Run) -> Gaussian:
    mean, std = (torch.from_numpy(run.codes[name][:IMAGES]) for name in ("mean", "std"))
    return Gaussian(mean, 2 * std.log())


@torch.inference_mode()
def _encoded(model: Autoencoder, run: Run) -> Gaussian:
    parts = [model.encode(x) for x in first_images(run.config.data, IMAGES).split(_ENCODED)]
    return Gaussian(torch.cat([part.mean for part in parts]), torch.cat([part.log_var for part in parts]))


RATE = Study(
    "rate",
    f"first {IMAGES} test images, {DRAWS} draws, v1",
    measure,
    covers=lambda config: config.model.posterior == "learned",
)
