"""What the average KL pays for: telling images apart, and codes that lie where the prior does not."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from core.metrics.latents import kl_per_latent_from
from core.metrics.table import table
from core.runtime import generator

_TABLE = 4_000_000
"""Log densities held at once: 32 MB."""
_ROUNDING = 1e-7
"""Nats that rounding may cost a log density before its squares are taken one by one."""


@dataclass(frozen=True)
class RateSplit:
    """The rate of N images, split in two, in nats per image.

    Args:
        rate: the average KL(q(z given x) || p(z)).
        information: mutual information of image and code, 0 to log N.
        marginal: KL(q(z) || p(z)) of the aggregate posterior from the prior; rate - information.
        error: standard error of `information`, and so of `marginal`, over codes and images.
    """

    rate: float
    information: float
    marginal: float
    error: float


def split_rate(
    mean: ArrayLike, std: ArrayLike, *, kl: ArrayLike | None = None, samples: int = 1, seed: int = 0
) -> RateSplit:
    """Return what the average KL pays for.

    1/N sum_n KL(q(z given x_n) || p(z)) = I(n; z) + KL(q(z) || p(z)),    q(z) = 1/N sum_n q(z given x_n)

    The information is at most log N: with that much, each code tells its image. The rest would vanish under a prior
    that fits. The information is the average over codes of log q(z given x_n) - log q(z), a sum over all posteriors.

    Source: Hoffman and Johnson 2016, ELBO surgery, section 2; the estimate by samples is ours.

    Args:
        mean: posterior means over a data set, (N, L), N at least 2.
        std: posterior standard deviations, (N, L), above 0.
        kl: KL of each posterior from the prior, (N,), in nats; from the standard normal when left out.
        samples: codes drawn per posterior, at least 1.
        seed: of the samples.

    Returns:
        Nats per image.

    Raises:
        ValueError: tables that do not belong together, a standard deviation of 0 or less, or no samples.

    >>> split_rate([[-50.0], [50.0]], [[1.0], [1.0]]).information  # two images that no code confuses: log 2
    0.693...
    """
    total = kl_per_latent_from(mean, std).sum() if kl is None else table("kl", np.asarray(kl)[:, None]).mean()
    means, stds = (torch.from_numpy(table(*named, rows=2)) for named in (("means", mean), ("standard deviations", std)))
    _check(means, stds, kl, samples)
    noise = torch.randn((samples, *means.shape), generator=generator(seed), dtype=torch.float64)
    told = _told(means, stds, noise).mean(0)  # one number per image
    information, error = float(told.mean()), float(told.std() / math.sqrt(len(told)))
    return RateSplit(float(total), information, float(total) - information, error)


def log_aggregate(codes: ArrayLike, mean: ArrayLike, std: ArrayLike) -> NDArray[np.float64]:
    """Return the log density of the aggregate posterior q(z) at codes.

    log q(z) = log 1/N sum_n N(z; mean_n, std_n²)

    Source: Hoffman and Johnson 2016, ELBO surgery, section 2.

    Args:
        codes: (M, L).
        mean: posterior means over a data set, (N, L).
        std: posterior standard deviations, (N, L), above 0.

    Returns:
        Nats, (M,).

    Raises:
        ValueError: tables that do not belong together, or a standard deviation of 0 or less.

    >>> log_aggregate([[0.0]], [[0.0]], [[1.0]])
    array([-0.918...])
    """
    z, means, stds = (torch.from_numpy(table("codes and posteriors", part)) for part in (codes, mean, std))
    _check(means, stds)
    return _log_aggregate(z, torch.zeros_like(z), means, stds).numpy()


def _told(mean: Tensor, std: Tensor, noise: Tensor) -> Tensor:
    """Return log q(z given x) - log q(z) (S, N) at S codes of each posterior, in nats.

    It is at most log N, since a code's own posterior is one of the N. Rounding may not say otherwise.
    """
    own = (-0.5 * (noise.square() + math.log(2 * math.pi)) - std.log()).sum(-1)
    steps = (std * noise).flatten(0, 1)
    told = own - _log_aggregate(mean.repeat(len(noise), 1), steps, mean, std).view_as(own)
    return told.clamp(max=math.log(len(mean)))


def _log_aggregate(start: Tensor, step: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Return log q(z) (M,) at codes z = start + step.

    The squares are written out, so that all codes meet all posteriors in one matrix product. That loses digits where
    posteriors are narrow beside their distance from 0; there the differences are taken one by one.
    """
    z = start + step
    reach = torch.cat([z, mean]).abs().amax(0) / std.amin(0)
    if not reach.square().sum() * torch.finfo(z.dtype).eps < _ROUNDING:
        return _log_aggregate_apart(start, step, mean, std)
    precision = std**-2
    ours = torch.cat([precision, mean * precision], 1)
    constant = -0.5 * (mean.square() * precision + 2 * std.log() + math.log(2 * math.pi)).sum(1)
    rows = z.split(max(1, _TABLE // len(mean)))
    parts = [(torch.cat([-0.5 * row.square(), row], 1) @ ours.T + constant).logsumexp(1) for row in rows]
    return torch.cat(parts) - math.log(len(mean))


def _log_aggregate_apart(start: Tensor, step: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Return log q(z) (M,) at z = start + step from differences; a step that vanishes in the sum is not lost."""
    constant = -(std.log() + 0.5 * math.log(2 * math.pi)).sum(1)
    rows = max(1, _TABLE // mean.numel())
    parts = [
        constant - 0.5 * (((a[:, None] - mean) + b[:, None]) / std).square().sum(-1)
        for a, b in zip(start.split(rows), step.split(rows), strict=True)
    ]
    return torch.cat([part.logsumexp(1) for part in parts]) - math.log(len(mean))


def _check(mean: Tensor, std: Tensor, kl: ArrayLike | None = None, samples: int = 1) -> None:
    if mean.shape != std.shape:
        raise ValueError(
            f"standard deviations should have the means' shape {tuple(mean.shape)}, got {tuple(std.shape)}"
        )
    if not std.min() > 0:
        raise ValueError(f"standard deviations should be above 0, got {std.min():g}")
    if kl is not None and len(np.asarray(kl)) != len(mean):
        raise ValueError(f"kl should be one number per image, {len(mean)}, got {len(np.asarray(kl))}")
    if samples < 1:
        raise ValueError(f"samples should be at least 1, got {samples}")
