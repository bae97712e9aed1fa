"""What the KL of every trained model pays for: telling images apart, and codes that lie where the
prior does not.

The two parts depend on how many images there are: the aggregate posterior is an average of their
posteriors, and with fewer images more of the rate counts as misfit. So there are two studies.

`RATE` takes the test images that are kept with a run. It needs no more than its codes, and it was
made of every seed. Its numbers are of N images, and only numbers of the same N may be compared.

`AGGREGATE` takes all images of the data set, and says between which two numbers the misfit of the
data lies: see `core.metrics.rate.aggregate_kl`. It encodes images, so that it can be made only of
runs whose weights are there; the numbers that `RATE` keeps of further seeds stay as they are. The
sprites are all there are, which leaves nothing open. With two latents the misfit is integrated
over a grid. That takes the noise of the codes away, not the dependence on N.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from core.data import load
from core.experiments.evidence import in_gaussian_form
from core.experiments.kept import Numbers, Study
from core.experiments.originals import originals
from core.metrics.divergence import kl_from_prior
from core.metrics.rate import aggregate_kl, split_rate
from core.models import Autoencoder, Gaussian
from core.runs import Run
from core.training import encode

IMAGES = 10_000
"""Test images, at most, the first ones; the information that can be found is at most the log of their number."""

DRAWS = 8
"""Codes for each image, where the KL from the prior has no closed form."""

NEAR = 0.5
"""Nats below the log of the number of images from which the information may be cut off by it."""

CODES = 10_000
"""Codes that the misfit of all images is averaged over, each of another image."""

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


def limit(images: int) -> float:
    """Return the most information that a code can have about which of some images it is of, in
    nats.

    >>> round(limit(10_000), 2)
    9.21
    """
    return math.log(images)


def cut_off(found: Sequence[Numbers]) -> bool:
    """Return whether the information of any training is so near to the log of the images that
    there may be more.

    What is left of the rate says nothing then: with more images less of it would count as misfit.

    Args:
        found: numbers of the study `RATE`, an entry for each seed.
    """
    return any(one["information"] > limit(one["images"]) - NEAR for one in found)


def _kept(run: Run) -> Gaussian:
    mean, std = (torch.from_numpy(run.codes[name][:IMAGES]) for name in ("mean", "std"))
    return Gaussian(mean, 2 * std.log())


@torch.inference_mode()
def _encoded(model: Autoencoder, run: Run) -> Gaussian:
    parts = [model.encode(x) for x in originals(run, IMAGES).split(_ENCODED)]
    return Gaussian(
        torch.cat([part.mean for part in parts]), torch.cat([part.log_var for part in parts])
    )


RATE = Study(
    "rate",
    f"first {IMAGES} test images, {DRAWS} draws, v1",
    measure,
    covers=lambda config: config.model.posterior == "learned",
)


def measure_aggregate(run: Run, _: Path) -> Numbers:
    """Return the misfit of a run's codes over all images of its data set, to train and to test on,
    in nats.

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


AGGREGATE = Study(
    "aggregate",
    f"all images, {CODES} codes, v1",
    measure_aggregate,
    covers=lambda config: config.model.posterior == "learned" and not config.data.binarised,
)
