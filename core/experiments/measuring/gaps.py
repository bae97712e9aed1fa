"""Measure the gap between log p(x) and the ELBO, by quadrature and by a fit to each image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.experiments.gaps import MOST_IMAGES, MOST_STARTS, SPLIT_IMAGES, STEPS
from core.experiments.kept import Numbers, short
from core.experiments.measuring.originals import originals
from core.metrics.likelihood import gaps, quadrature
from core.metrics.likelihood.joint import log_likelihoods, log_prior, outputs
from core.models import Gaussian, unsquashed
from core.models.posteriors import Squashed
from core.runs import Run

_DECODED = 1000
"""Codes decoded at once."""

Floats = NDArray[np.float64]


def measure(run: Run, _: Path) -> Numbers:
    """Return the gap of the first test images, and its two parts for the first of them.

    Under a uniform prior the fitted Gaussian is one of codes before they are squashed into the
    box, as the encoder's.

    Returns: `log_evidence` and `elbo`, averages in nats per image over `n` test images,
        `refinement`, the largest error of the quadrature; `gap` of each, nats. For the first
        `split_n` of them: `amortisation` and `approximation`, nats.

    Raises:
        MissingData: the original images are not on this machine.
        ValueError: they are not those that the kept codes belong to.
    """
    model, images = unsquashed(run.model), originals(run, MOST_IMAGES)
    evidence = quadrature(model, images)
    # A single step costs little; the ELBO that comes with it is exact, where samples would blur a
    # gap of a tenth nat.
    elbo = gaps(model, images, evidence.value, steps=1)[0].elbo
    few = slice(SPLIT_IMAGES)
    split, _best = gaps(
        model, images[few], evidence.value[few], STEPS, start=likeliest(run, images[few])
    )
    return {
        "n": len(images),
        "log_evidence": short(evidence.value.mean(), 8),
        "elbo": short(elbo.mean(), 8),
        "refinement": short(evidence.error.max(), 8),
        "gap": _rounded(evidence.value - elbo),
        "split_n": len(split.elbo),
        "amortisation": _rounded(split.amortisation),
        "approximation": _rounded(split.approximation),
    }


@torch.inference_mode()
def likeliest(run: Run, images: Tensor) -> Gaussian:
    """Return for each image the posterior whose mean explains it best.

    It is one of those of the first test images, and where to start looking for the best Gaussian:
    an encoder that is wrong about an image may stand below a lower hill than the highest, and its
    neighbours on the plane know of others.

    Args:
        run: with codes of test images.
        images: (N, 1, H, W), in [0, 1].

    Returns:
        Posteriors over the codes of `unsquashed(run.model)`, (N, L).
    """
    model = unsquashed(run.model)
    mean, std = (torch.from_numpy(run.codes[name][:MOST_STARTS]) for name in ("mean", "std"))
    uniform = run.config.model.prior == "uniform"
    kept = Squashed.from_moments(mean, std).base if uniform else Gaussian(mean, 2 * std.log())
    table = [
        log_likelihoods(model.likelihood, images.flatten(1), outputs(model, z))
        + log_prior(model, z)
        for z in kept.mean.split(_DECODED)
    ]
    best = torch.cat(table, 1).argmax(1)
    return Gaussian(kept.mean[best], kept.log_var[best])


def _rounded(values: Floats) -> list[float]:
    return [round(float(value), 4) for value in values]
