"""The rate of a run, split into information and misfit, measured."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch

from core.data import load
from core.experiments.kept import Numbers
from core.experiments.measuring.evidence import in_gaussian_form
from core.experiments.measuring.originals import originals
from core.experiments.rate import CODES, DRAWS, IMAGES
from core.metrics.divergence import kl_from_prior
from core.metrics.rate import aggregate_kl, split_rate
from core.models import Autoencoder, Gaussian
from core.runs import Run
from core.training import encode

_ENCODED = 1000


def measure(run: Run, _: Path) -> Numbers:
    """Return the split of a run's rate over its test images, in nats per image.

    Of a uniform prior the codes are taken before they are squashed into its box, where all is
    Gaussian and no KL is another; that needs the images. Of any other the codes that are kept with
    the run serve.

    Returns: `rate`; `information` of image and code, at most log `images`; `marginal`,
        KL(aggregate posterior || prior); `error`, the standard error of the last; `images`.

    Raises:
        MissingData: the prior is uniform and the images are not on this machine.
    """
    model = in_gaussian_form(run.model)
    posterior = _encoded(model, run) if run.config.model.prior == "uniform" else _kept(run)
    kl = kl_from_prior(model.prior, posterior, DRAWS)
    split = split_rate(posterior.mean.numpy(), posterior.std.numpy(), kl=kl.value)
    noise = float(np.sqrt(np.square(kl.error).sum())) / len(kl.error)
    return {
        "rate": round(split.rate, 4),
        "information": round(split.information, 4),
        "marginal": round(split.marginal, 4),
        "error": round(math.hypot(split.error, noise), 4),
        "images": len(posterior.mean),
    }


def _kept(run: Run) -> Gaussian:
    mean, std = (torch.from_numpy(run.codes[name][:IMAGES]) for name in ("mean", "std"))
    return Gaussian(mean, 2 * std.log())


@torch.inference_mode()
def _encoded(model: Autoencoder, run: Run) -> Gaussian:
    parts = [model.encode(x) for x in originals(run, IMAGES).split(_ENCODED)]
    return Gaussian(
        torch.cat([part.mean for part in parts]), torch.cat([part.log_var for part in parts])
    )


def measure_aggregate(run: Run, _: Path) -> Numbers:
    """Return the misfit of a run's codes over all images of its data set, in nats.

    They are those to train on and those to test on.

    Returns: `marginal`, KL(aggregate posterior || prior) of the `images`, and `error`, its
        standard error over codes; `low`, which the KL of the data is on average not below, and
        `low_error`, the standard error of `marginal - low`; `whole`, whether these are all images
        there are, so that `low` is the same as `marginal`.

    Raises:
        MissingData: the images are not on this machine.
    """
    model = in_gaussian_form(run.model)
    split = load(run.config.data)
    parts = [encode(model, images) for images in (split.train, split.test)]
    mean, std = (torch.cat(of_both).numpy() for of_both in zip(*parts, strict=True))

    found = aggregate_kl(mean, std, model.prior, codes=CODES)
    whole = run.config.data.name == "sprites"
    return {
        "marginal": round(found.value, 4),
        "error": round(found.error, 4),
        "low": round(found.value if whole else found.low, 4),
        "low_error": 0.0 if whole else round(found.low_error, 4),
        "images": len(mean),
        "whole": whole,
    }
