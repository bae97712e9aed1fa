"""Squared error, nll and gradients of a run under a Gaussian likelihood, measured."""

from __future__ import annotations

import math
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.devices import generator
from core.experiments.kept import Numbers, short
from core.experiments.measuring.originals import originals
from core.experiments.scale import ERROR_IMAGES, GRADIENT_IMAGES, IMAGES
from core.models import Autoencoder
from core.models.likelihoods import GaussianLikelihood
from core.runs import Run


def line_through(x: NDArray[np.floating], y: NDArray[np.floating]) -> tuple[float, float, float]:
    """Return slope, intercept and largest residual of the least-squares line through points (N,).

    >>> line_through(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0]))
    (2.0, 1.0, 0.0)
    """
    centre, level = x.mean(), y.mean()
    slope = float(((x - centre) * (y - level)).sum() / np.square(x - centre).sum())
    intercept = float(level - slope * centre)
    return slope, intercept, float(np.abs(y - slope * x - intercept).max())


def gradient(model: Autoencoder, x: Tensor, scale: float, beta: float, seed: int = 0) -> Tensor:
    """Return the gradient of SSE / 2σ² + β KL with respect to the weights of encoder and decoder.

    Times 2σ² the objective is SSE + 2σ²β KL: two pairs of σ and β with the same σ²β have gradients
    of the same direction, and Adam, which does not care how long a gradient is, goes the same way
    with both.

    Source: Rybkin, Daniilidis and Levine 2021, Simple and effective VAE training with calibrated
        decoders, section 3.

    Args:
        model: with a learned posterior; it is left as it is.
        x: images, (N, 1, H, W).
        scale: σ, in units of intensity, above 0.
        beta: weight of the KL.
        seed: of the one code for each image.

    Returns:
        (P,), float64, in nats per unit of weight, averaged over images.

    Raises:
        ValueError: a scale of 0 or less.
    """
    if not scale > 0:
        raise ValueError(f"scale should be above 0, got {scale}")
    copied = deepcopy(model).double().requires_grad_(True)
    x = x.double()
    posterior = copied.posterior(copied.encoder(x))
    z = posterior.sample(generator(seed))
    squares = (x - copied.likelihood.mean(copied.decoder(z))).square().flatten(1).sum(1)
    kl = copied.prior.kl(posterior, z)  # pyright: ignore[reportArgumentType]
    weights = [*copied.encoder.parameters(), *copied.decoder.parameters()]
    loss = (squares / (2 * scale**2) + beta * kl).mean()
    return torch.cat([part.flatten() for part in torch.autograd.grad(loss, weights)])


def difference(one: Tensor, other: Tensor) -> float:
    """Return the length of the difference of two vectors (P,) over the length of the first.

    >>> difference(torch.tensor([3.0, 4.0]), torch.tensor([3.0, 6.5]))
    0.5
    """
    return float((one - other).norm() / one.norm())


def angle(one: Tensor, other: Tensor) -> float:
    """Return the angle between two vectors (P,), in degrees.

    >>> angle(torch.tensor([1.0, 0.0]), torch.tensor([2.0, 2.0]))
    45.0
    """
    cosine = float(one @ other / (one.norm() * other.norm()))
    return round(math.degrees(math.acos(min(1.0, max(-1.0, cosine)))), 4)


def knob(model: Autoencoder, x: Tensor, scale: float) -> Numbers:
    """Return how gradients of a model agree where σ²β is the same, and where it is not.

    Args:
        model: with a learned posterior.
        x: images, (N, 1, H, W).
        scale: σ; β is 1.

    Returns: `scale`, another one, and the `beta` with which it has the same σ²β; `difference` of
        the two gradients once each is multiplied by its own σ², relative to the first; `angle`
        between them, and `angle_without`, where β is 1 for both scales, in degrees. All are of the
        same weights, images and codes.
    """
    another = 0.1 if scale == 1 else 1.0
    beta = scale**2 / another**2
    ours = gradient(model, x, scale, 1.0)
    same, other = gradient(model, x, another, beta), gradient(model, x, another, 1.0)
    return {
        "scale": another,
        "beta": short(beta),
        "difference": short(difference(scale**2 * ours, another**2 * same)),
        "angle": short(angle(ours, same)),
        "angle_without": short(angle(ours, other)),
    }


def measure(run: Run, _: Path) -> Numbers:
    """Return squared error and nll of a run's test images, and what its scale does.

    Returns: `sse`, summed over pixels in squared units of intensity, and `nll` in nats, of the
        first images, each decoded from one code of its posterior; `slope`, `intercept` and
        `residual` of the line through them; `pixels`; `scale`, σ, None for a Bernoulli; `rmse` per
        pixel over `images`; `knob` of a Gaussian, None for a Bernoulli.

    Raises:
        MissingData: the images are not on this machine.
    """
    sse, nll = errors(run.model, originals(run, ERROR_IMAGES))
    slope, intercept, residual = line_through(sse[:IMAGES], nll[:IMAGES])
    pixels = run.config.data.size**2 if run.config.data.size else 0
    scale = scale_of(run)
    return {
        "sse": [short(value) for value in sse[:IMAGES]],
        "nll": [short(value) for value in nll[:IMAGES]],
        "slope": short(slope),
        "intercept": short(intercept),
        "residual": short(residual),
        "pixels": pixels,
        "scale": scale,
        "rmse": short(math.sqrt(sse.mean() / pixels)),
        "images": len(sse),
        "knob": scale and knob(run.model, originals(run, GRADIENT_IMAGES), scale),
    }


@torch.inference_mode()
def errors(
    model: Autoencoder, x: Tensor, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return squared error and nll of images (N, 1, H, W), each (N,), at one code of each.

    The error is summed over pixels; the nll is in nats.
    """
    random, sse, nll = generator(seed), [], []
    for rows in x.split(1000):
        output = model(rows, random).output.double()
        exact = rows.double()
        sse.append((exact - model.likelihood.mean(output)).square().flatten(1).sum(1))
        nll.append(model.likelihood.nll(output, exact))
    return torch.cat(sse).numpy(), torch.cat(nll).numpy()


def scale_of(run: Run) -> float | None:
    """Return σ of a run's likelihood, in units of intensity; None for a Bernoulli."""
    likelihood = run.model.likelihood
    return (
        float(likelihood.log_scale.double().exp())
        if isinstance(likelihood, GaussianLikelihood)
        else None
    )
