"""Lower bounds on log p(x): the ELBO and the importance-weighted bounds above it."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from core.devices import generator, lone_workers
from core.metrics.likelihood.joint import (
    Estimate,
    Floats,
    log_likelihoods,
    log_prior,
    numbers,
    outputs,
    posterior_of,
)
from core.models import Autoencoder, Gaussian
from core.models.likelihoods import Bernoulli
from core.models.priors import Uniform

SAMPLES = (1, 5, 50, 500, 5000)
"""Numbers of samples k of the importance-weighted bounds; each divides the next."""

_DRAWN = 1 << 13
"""Codes drawn at once."""

_DECODED, _WEIGHED = {"cpu": 1024}, {"cpu": 512}
"""Codes decoded, and then weighed, at once on a CPU, for its caches; `_DRAWN` on other devices.

The codes of an image that are decoded together are also weighed together.
"""

_APART = 1_000_003
"""Step between the random seeds of parts of the images, so that no two calls share one."""


@dataclass(frozen=True)
class Bounds:
    """Importance-weighted bounds of N images for K numbers of samples k.

    Args:
        k: numbers of samples per bound, (K,), rising.
        value: nats per image, the average over independent bounds of k samples each, (K, N).
        spread: nats, standard deviation of one such bound, (K, N); NaN where there was only one.
        count: number of bounds of k samples in the average, (K,).
    """

    k: tuple[int, ...]
    value: Floats
    spread: Floats
    count: tuple[int, ...]


@torch.inference_mode()
def elbo(model: Autoencoder, images: Tensor, samples: int = 64, seed: int = 0) -> Estimate:
    """Return the ELBO of each image, with its standard error.

    - ELBO = E_q[ log p(x given z) ] - KL(q(z given x) || p(z))
    - ELBO = log p(x) - KL(q(z given x) || p(z given x))

    The KL is exact where the prior has a closed form. The expectation is the average over samples
    of q.

    Source: Kingma and Welling 2014, equation 3, https://arxiv.org/abs/1312.6114

    Args:
        model: with a posterior that is no point.
        images: (N, 1, H, W), in [0, 1].
        samples: per image, at least 2.
        seed: of the samples.

    Returns:
        Nats per image, the larger the better, and as error the standard error of the average.

    Raises:
        ValueError: fewer than 2 samples, a posterior that is a point, or no images.

    >>> from core.recipes import recipe
    >>> from core.models import build
    >>> value, error = elbo(build(recipe("digits", "vae")), torch.zeros(3, 1, 8, 8))
    >>> value.shape, bool((value < 0).all())
    ((3,), True)
    """
    if samples < 2:
        raise ValueError(f"samples should be at least 2, for a standard error, got {samples}")
    random = generator(seed, images.device)
    at_once = max(1, _DECODED.get(images.device.type, _DRAWN) // samples)
    parts = []
    for x in images.split(at_once):
        posterior = posterior_of(model, x)
        parts.append(integrands(model, x, posterior, normal(posterior, samples, random)))
    table = torch.cat(parts)
    return Estimate(numbers(table.mean(1)), numbers(table.std(1) / math.sqrt(samples)))


@torch.inference_mode()
def importance_weighted(
    model: Autoencoder,
    images: Tensor,
    k: Sequence[int] = SAMPLES,
    seed: int = 0,
    repetitions: int = 1,
    precision: torch.dtype = torch.float32,
) -> Bounds:
    """Return the importance-weighted bounds on log p(x) of each image, for several k at once.

    L_k = E[ log 1/k sum_{i=1..k} p(x, z_i) / q(z_i given x) ],    z_i from q(z given x)

    L_1 is the ELBO, each L_k is below log p(x), and they rise with k towards it. The samples are
    nested: for a smaller k the samples of the largest are cut into groups of k, and the groups'
    bounds are averaged. So every k sees the same samples, and the values rise with k for each
    image, not only in expectation.

    Source: Burda, Grosse and Salakhutdinov 2015, Importance Weighted Autoencoders, section 3 and
        theorem 1, https://arxiv.org/abs/1509.00519

    Args:
        model: with a posterior that is no point, and any number of latents.
        images: (N, 1, H, W), in [0, 1].
        k: numbers of samples, at least 1, each a divisor of the next larger.
        seed: of the samples.
        repetitions: number of independent bounds of the largest k to average, at least 1; from 2
            on that bound has a spread.
        precision: of the decoder where the likelihood is Bernoulli. bfloat16 moves the bound of an
            image of MNIST by 0.04 to 0.11 nats either way and the average of many by thousandths,
            so it serves for averages. A Gaussian likelihood multiplies rounding errors by
            1/scale², so its decoder keeps the weights' precision.

    Returns:
        Nats per image and their spread, for each k in rising order.

    Raises:
        ValueError: numbers of samples that do not divide each other, a posterior that is a point,
            or no images.

    >>> from core.recipes import recipe
    >>> from core.models import build
    >>> model = build(recipe("digits", "vae"))
    >>> bounds = importance_weighted(model, torch.zeros(3, 1, 8, 8), k=(1, 10))
    >>> bounds.value.shape, bounds.count, bool((bounds.value[0] < bounds.value[1]).all())
    ((2, 3), (10, 1), True)
    """
    k = _divisors(k)
    if repetitions < 1:
        raise ValueError(f"repetitions should be at least 1, got {repetitions}")
    samples, model = k[-1] * repetitions, _rounded(model, precision)
    parts = images.split(max(1, _DRAWN // samples))

    @torch.inference_mode()
    def bounds(part: int) -> tuple[Floats, Floats]:
        random = generator(seed + _APART * part, images.device)
        return _grouped(_log_weights(model, parts[part], samples, random), k)

    if len(parts) == 1 or images.device.type != "cpu":
        tables = [bounds(part) for part in range(len(parts))]
    else:
        with lone_workers() as pool:
            tables = list(pool.map(bounds, range(len(parts))))
    value, spread = (np.concatenate(columns, axis=1) for columns in zip(*tables, strict=True))
    return Bounds(k, value, spread, tuple(samples // each for each in k))


def normal(posterior: Gaussian, samples: int, random: torch.Generator) -> Tensor:
    """Return standard normal noise, (B, samples, L), of the type and device of q (B, L)."""
    mean = posterior.mean
    size = (len(mean), samples, mean.shape[1])
    return torch.randn(size, generator=random, dtype=mean.dtype, device=mean.device)


def integrands(model: Autoencoder, x: Tensor, posterior: Gaussian, noise: Tensor) -> Tensor:
    """Return log p(x given z) - KL, whose average over q is the ELBO, in nats (B, S), float64.

    Args:
        model: whose ELBO.
        x: images, (B, 1, H, W).
        posterior: q, (B, L).
        noise: standard normal, (B, S, L); the codes are mean + std · noise.
    """
    assert not isinstance(model.prior, Uniform), "a uniform prior squashes the posterior"
    z = posterior.mean[:, None] + posterior.std[:, None] * noise
    many = Gaussian(
        *(part[:, None].expand_as(z).flatten(0, 1) for part in (posterior.mean, posterior.log_var))
    )
    kl = model.prior.kl(many, z.flatten(0, 1)).unflatten(0, z.shape[:2])
    return (_log_likelihoods(model, x, z) - kl).double()


def _log_likelihoods(model: Autoencoder, x: Tensor, z: Tensor) -> Tensor:
    """Return log p(x given z) of images (B, 1, H, W) at own codes (B, S, L), in nats (B, S)."""
    images = max(1, _WEIGHED.get(x.device.type, _DRAWN) // z.shape[1])
    parts = zip(x.flatten(1)[:, None].split(images), outputs(model, z).split(images), strict=True)
    logs = [log_likelihoods(model.likelihood, some, output) for some, output in parts]
    return torch.cat(logs).squeeze(1)


def _log_weights(model: Autoencoder, x: Tensor, samples: int, random: torch.Generator) -> Tensor:
    """Return log p(x, z) - log q(z given x) of images (B, 1, H, W) at own codes, (B, samples)."""
    posterior = posterior_of(model, x)
    q = Gaussian(posterior.mean[:, None], posterior.log_var[:, None])
    at_once = _DECODED.get(x.device.type, _DRAWN)
    weights = []
    for noise in normal(posterior, samples, random).split(_DRAWN, dim=1):
        z = q.mean + q.std * noise
        log_p = torch.empty_like(z[..., 0])
        images = max(1, at_once // samples)
        parts = zip(x.split(images), z.split(images), log_p.split(images), strict=True)
        for some, codes, table in parts:
            for few, into in zip(codes.split(at_once, 1), table.split(at_once, 1), strict=True):
                into.copy_(_log_likelihoods(model, some, few))
        log_q = q.log_prob(z).double().sum(-1)
        weights.append(log_p.double() + log_prior(model, z).double() - log_q)
    return torch.cat(weights, 1)


def _rounded(model: Autoencoder, precision: torch.dtype) -> Autoencoder:
    """Return the model with its decoder in that precision, where its likelihood bears it."""
    if precision == torch.float32 or not isinstance(model.likelihood, Bernoulli):
        return model
    decoder = copy.deepcopy(model.decoder).to(precision)
    parts = (model.encoder, model.posterior, decoder, model.likelihood, model.prior)
    return Autoencoder(*parts).eval()


def _grouped(weights: Tensor, k: Sequence[int]) -> tuple[Floats, Floats]:
    """Return mean and standard deviation (K, B) of the bounds of groups of k weights (B, S)."""
    bounds = [weights.unflatten(1, (-1, each)).logsumexp(-1) - math.log(each) for each in k]
    spread = [
        bound.std(1) if bound.shape[1] > 1 else torch.full_like(bound[:, 0], torch.nan)
        for bound in bounds
    ]
    return numbers(torch.stack([bound.mean(1) for bound in bounds])), numbers(torch.stack(spread))


def _divisors(k: Sequence[int]) -> tuple[int, ...]:
    """Return the numbers of samples in rising order.

    Raises:
        ValueError: no number, one below 1, or one that does not divide the next.
    """
    rising = tuple(sorted(set(k)))
    if not rising or rising[0] < 1:
        raise ValueError(
            f"k should be one or more numbers of samples, each at least 1, got {list(k)}"
        )
    for few, many in pairwise(rising):
        if many % few:
            raise ValueError(
                f"each k should divide the next larger, for nested samples, got {few} and {many}"
            )
    return rising
