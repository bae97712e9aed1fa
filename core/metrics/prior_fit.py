"""What a prior costs: its KL from each posterior, and from all of them together."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from core.metrics.likelihood.joint import Estimate, numbers
from core.metrics.rate import log_aggregate
from core.models import Factorised, Gaussian, Prior
from core.runtime import generator


class Divergence(NamedTuple):
    """A KL and how far it may be off.

    Args:
        value: nats.
        error: standard error, nats; 0 where the value is exact.
    """

    value: float
    error: float


@torch.no_grad()
def kl_from_prior(prior: Prior, posterior: Gaussian, samples: int = 64, seed: int = 0) -> Estimate:
    """Return KL(q(z given x) || p(z)) of each posterior: in closed form where there is one, else by Monte Carlo.

    1/S sum_s log q(z_s given x) - log p(z_s),    z_s from q(z given x)

    Source: Kingma and Welling 2014, appendix B, for the closed form; Tomczak and Welling 2018, section 2.

    Args:
        prior: over L latents; with a `Uniform` the posterior should be squashed, so take it of `unsquashed` models.
        posterior: (N, L).
        samples: codes per posterior, at least 2.
        seed: of the codes.

    Returns:
        Nats, (N,), and their standard errors, 0 where the KL is exact.

    Raises:
        ValueError: fewer than 2 samples.
    """
    if samples < 2:
        raise ValueError(f"samples should be at least 2, for a standard error, got {samples}")
    if isinstance(prior, Factorised):
        exact = numbers(prior.kl_per_latent(posterior).sum(-1))  # pyright: ignore[reportArgumentType]
        return Estimate(exact, 0 * exact)
    random = generator(seed)
    drawn = [prior.kl(posterior, posterior.sample(random)).double() for _ in range(samples)]
    table = torch.stack(drawn)
    return Estimate(numbers(table.mean(0)), numbers(table.std(0) / math.sqrt(samples)))


@torch.no_grad()
def aggregate_kl(prior: Prior, posterior: Gaussian, samples: int = 2, seed: int = 0) -> Divergence:
    """Return KL(q(z) || p(z)) of the aggregate posterior of N images from the prior, by Monte Carlo.

    1/N sum_n E[ log q(z) - log p(z) ],    z from q(z given x_n),    q(z) = 1/N sum_n q(z given x_n)

    It is the rate less the mutual information: what a prior that fits would save. q(z) is that of these N images, so
    that no more than log N nats of the rate count as information; of few images the KL is an upper bound of what many
    would have.

    Source: Hoffman and Johnson 2016, ELBO surgery, section 2; the estimate by samples is ours.

    Args:
        prior: over L latents.
        posterior: of the images, (N, L).
        samples: codes per image, at least 2.
        seed: of the codes.

    Returns:
        Nats, and the standard error over codes; the images are those that q(z) is made of.

    Raises:
        ValueError: fewer than 2 samples.
    """
    if samples < 2:
        raise ValueError(f"samples should be at least 2, for a standard error, got {samples}")
    random = generator(seed)
    mean, std = (part.double().numpy() for part in (posterior.mean, posterior.std))
    gaps = []
    for _ in range(samples):
        z = posterior.sample(random)
        gaps.append(torch.from_numpy(log_aggregate(z.numpy(), mean, std)) - _log_prob(prior, z))
    table = torch.stack(gaps)  # (S, N)
    error = (table.var(0).sum() / samples).sqrt() / len(mean)
    return Divergence(float(table.mean()), float(error))


def _log_prob(prior: Prior, z: Tensor) -> Tensor:
    return torch.cat([prior.log_prob(part).double() for part in z.split(10_000)])
