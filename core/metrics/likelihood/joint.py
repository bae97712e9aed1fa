"""log p(x given z) of many images at many codes, and checks of models and images."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.models import Autoencoder, Gaussian, Prior
from core.models.likelihoods import Bernoulli, Likelihood
from core.models.posteriors import Point
from core.models.priors import Mixture, Vamp

Floats = NDArray[np.float64]

_TABLE = 4_000_000
"""Log densities held at once: 32 MB."""

_FACTORS = 112
"""Numbers from ½ to 1 multiplied before one logarithm: single precision holds 2^-126."""


class Estimate(NamedTuple):
    """A number per image and its error.

    Args:
        value: nats per image, (N,).
        error: nats per image, (N,), at least 0; the function that returns it says which error.
    """

    value: Floats
    error: Floats


def posterior_of(model: Autoencoder, images: Tensor) -> Gaussian:
    """Return the encoder's posterior of images, (N, L), after checks that it has a density.

    Raises:
        ValueError: no images, images of another form or range, or a posterior that is a point, no
            Gaussian or not finite.
    """
    check_images(model, images)
    posterior = model.posterior(model.encoder(images))
    if not isinstance(posterior, Gaussian):
        raise ValueError(
            "the posterior should be a Gaussian, got one that a uniform prior has squashed into"
            " its box"
        )
    check_density(posterior, model)
    return posterior


def check_images(model: Autoencoder, images: Tensor) -> None:
    """Refuse images on which a model's likelihood is not defined.

    A Bernoulli likelihood asks for intensities in [0, 1], a Gaussian one for finite numbers.

    Raises:
        ValueError: no images, images of another form, or intensities that are out of range.
    """
    if images.ndim != 4 or not len(images):
        raise ValueError(
            f"images should be at least one, (N, 1, H, W), got shape {tuple(images.shape)}"
        )
    if not images.is_floating_point():
        raise ValueError(
            f"images should be of floating point, from 0 to 1, got {images.dtype}; divide them"
            " by 255"
        )
    if not images.isfinite().all():
        raise ValueError(
            "images should be finite numbers from 0 to 1, got some that are not finite"
        )
    low, high = (bound.item() for bound in images.aminmax())
    if isinstance(model.likelihood, Bernoulli) and (low < 0 or high > 1):
        raise ValueError(
            f"images should lie in [0, 1] under a Bernoulli likelihood, got {low:g} to {high:g};"
            " scale them"
        )


def check_density(posterior: Gaussian, model: Autoencoder) -> None:
    """Refuse posteriors (N, L) that have no density.

    Raises:
        ValueError: a posterior that is a point, or not finite.
    """
    if isinstance(model.posterior, Point) or bool((posterior.log_var == -torch.inf).all()):
        raise ValueError(
            "the posterior should have a density, got a point: an autoencoder has no log p(x) to"
            " bound"
        )
    std = posterior.std
    if not (posterior.mean.isfinite().all() and std.isfinite().all()):
        raise ValueError(
            "the posterior should be finite, got one that is not: the weights have diverged"
        )
    if not std.min() > 0:
        raise ValueError(
            "the posterior should have a density, got a standard deviation too small for its"
            " precision"
        )


def outputs(model: Autoencoder, codes: Tensor) -> Tensor:
    """Return the decoder's output (..., D) of codes (..., L), in its weights' precision."""
    precision = next(model.decoder.parameters()).dtype
    output = model.decoder(codes.flatten(0, -2).to(precision))
    return output.flatten(1).unflatten(0, codes.shape[:-1])


def log_likelihoods(likelihood: Likelihood, x: Tensor, output: Tensor) -> Tensor:
    """Return log p(x given z) of every image at every code, in nats.

    - Bernoulli with logits l: x · l - sum_d softplus(l_d), which equals
      (x - ½) · l - sum_d (softplus(l_d) - l_d / 2)
    - Gaussian with means m and scale s: -|x - m|² / 2s² - D (log s + ½ log 2π), where
      |x - m|² = |x|² - 2 x · m + |m|²

    The term that depends on both image and code is one matrix product, so that a code is decoded
    once for all images.

    Args:
        likelihood: the model's.
        x: images, (..., N, D).
        output: the decoder's at M codes, (..., M, D), in any precision; the images' precision is
            that of the computation.

    Returns:
        Nats, (..., N, M).

    >>> import torch
    >>> log_likelihoods(Bernoulli(), torch.tensor([[1.0, 0.0]]), torch.zeros(3, 2))
    tensor([[-1.3863, -1.3863, -1.3863]])
    """
    theirs, output = output, output.to(x.dtype)
    if isinstance(likelihood, Bernoulli):
        odd = (x - 0.5) @ output.mT
        sizes = output.abs() if output is theirs else output.abs_()  # a copy may be overwritten
        return odd - _even_softplus(sizes)[..., None, :]
    # Seen from among the means, the squares are small, and so is their rounding.
    centre = output.mean(-2, keepdim=True)
    x, output = x - centre, output - centre
    own = x.square().sum(-1, keepdim=True) - 2 * x @ output.mT
    squares = own + output.square().sum(-1)[..., None, :]
    log_scale = likelihood.log_scale.to(x.dtype)
    constant = x.shape[-1] * (log_scale + 0.5 * math.log(2 * math.pi))
    return -0.5 * squares * (-2 * log_scale).exp() - constant


def _even_softplus(sizes: Tensor) -> Tensor:
    """Return sum_d (softplus(l_d) - l_d / 2) of logits' sizes |l|, (..., D), in nats (...).

    softplus(l) - l / 2 = |l| / 2 - log sigmoid(|l|). A sigmoid of a positive number is at least ½,
    so that the product of a hundred is no less than 2^-100: one logarithm replaces a hundred, in
    half the time and no less exact. The sizes are overwritten.
    """
    factors = max(count for count in range(1, _FACTORS + 1) if sizes.shape[-1] % count == 0)
    halves = 0.5 * sizes.sum(-1)
    return halves - sizes.sigmoid_().unflatten(-1, (-1, factors)).prod(-1).log().sum(-1)


def log_prior(model: Autoencoder, codes: Tensor) -> Tensor:
    """Return log p(z) of codes (..., L), in nats (...)."""
    return log_density(model.prior, codes.flatten(0, -2)).unflatten(0, codes.shape[:-1])


def log_density(prior: Prior, codes: Tensor) -> Tensor:
    """Return log p(z) of codes (M, L), in nats (M,); a mixture takes one matrix product."""
    if isinstance(prior, Mixture | Vamp):
        return _log_mixture(*prior.parts(), codes)
    return prior.log_prob(codes)


def _log_mixture(log_weights: Tensor, parts: Gaussian, z: Tensor) -> Tensor:
    """Return the log density of a mixture of K Gaussians (K, L) at codes (M, L), in nats (M,).

    The squares are written out, so that all codes meet all parts in one matrix product. They are
    large and almost cancel, which asks for double precision.
    """
    mean, log_var = parts.mean.double(), parts.log_var.double()
    precision = (-log_var).exp()
    theirs = torch.cat([-0.5 * precision, mean * precision], 1).T
    squares = (mean.square() * precision + log_var + math.log(2 * math.pi)).sum(1)
    constant = log_weights.double() - 0.5 * squares
    logs = []
    for rows in z.double().split(max(1, _TABLE // len(mean))):
        table = torch.cat([rows.square(), rows], 1) @ theirs + constant
        logs.append(table.logsumexp(1))
    return torch.cat(logs).to(z)


def numbers(values: Tensor) -> Floats:
    """Return a tensor as float64 numbers."""
    return values.detach().double().cpu().numpy()
