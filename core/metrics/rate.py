"""What the average KL pays for: telling images apart, and codes that lie where the prior does not."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from core.devices import generator
from core.metrics.latents import kl_per_latent_from
from core.metrics.likelihood.joint import log_density
from core.metrics.table import table
from core.models import Prior
from core.models.priors import Mixture, Vamp

_TABLE = 4_000_000
"""Log densities held at once: 32 MB."""
_ROUNDING = 1e-7
"""Nats that rounding may cost a log density before its squares are taken one by one."""

TOLERANCE = 1e-3
"""Nats that the last halving of a grid may change, and the share of the mass that the grid may miss."""

_FIRST_POINTS = 256
"""Points of the first grid along its longer side."""

_MOST_POINTS = 2048
"""Points of the last grid along its longer side, at most: a density of 34 MB."""

_REACH = 8.0
"""Standard deviations from every mean that a grid covers: what lies beyond is 1e-15 of the mass."""

_LEAST = 1e-300
"""Least density that a logarithm is taken of."""

_AT_ONCE = 2000
"""Images whose densities along the sides of a grid are held at once."""


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


@dataclass(frozen=True)
class AggregateKL:
    """KL(q(z) || p(z)) of an aggregate posterior from the prior, of N images and of the data they
    are drawn from.

    Args:
        value: of the N images, in nats: q(z) is the average of their posteriors. On average it is
            not below the KL of the data.
        error: standard error of the value over the codes, or what the last halving of the grid has
            changed.
        low: the same with each image's own posterior left out at its codes. On average it is not
            above the KL of the data, and it may be below 0.
        low_error: standard error of the difference of `value` and `low` over the codes.
    """

    value: float
    error: float
    low: float
    low_error: float

    @property
    def middle(self) -> float:
        """The mean of both: to first order in 1/N it is the KL of the data, since the two err by the same amount."""
        return (self.value + self.low) / 2


def split_rate(
    mean: ArrayLike,
    std: ArrayLike,
    *,
    kl: ArrayLike | None = None,
    samples: int = 1,
    seed: int = 0,
) -> RateSplit:
    """Return what the average KL pays for.

    1/N sum_n KL(q(z given x_n) || p(z)) = I(n; z) + KL(q(z) || p(z)),    q(z) = 1/N sum_n q(z
    given x_n)

    The information is at most log N: with that much, each code tells its image. The rest would
    vanish under a prior that fits. The information is the average over codes of log q(z given x_n)
    - log q(z), a sum over all posteriors.

    Source: Hoffman and Johnson 2016, ELBO surgery, section 2; the estimate by samples is ours.

    Args:
        mean: posterior means over a data set, (N, L), N at least 2.
        std: posterior standard deviations, (N, L), above 0.
        kl: KL of each posterior from the prior, (N,), in nats; from the standard normal when left
            out.
        samples: codes drawn per posterior, at least 1.
        seed: of the samples.

    Returns:
        Nats per image.

    Raises:
        ValueError: tables that do not belong together, a standard deviation of 0 or less, or no
            samples.

    >>> split_rate([[-50.0], [50.0]], [[1.0], [1.0]]).information  # two images that no code confuses: log 2
    0.693...
    """
    total = (
        kl_per_latent_from(mean, std).sum()
        if kl is None
        else table("kl", np.asarray(kl)[:, None]).mean()
    )
    means, stds = (
        torch.from_numpy(table(*named, rows=2))
        for named in (("means", mean), ("standard deviations", std))
    )
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
    z, means, stds = (
        torch.from_numpy(table("codes and posteriors", part)) for part in (codes, mean, std)
    )
    _check(means, stds)
    return _log_aggregate(z, torch.zeros_like(z), means, stds).numpy()


def aggregate_kl(
    mean: ArrayLike, std: ArrayLike, prior: Prior, *, codes: int = 10_000, seed: int = 0
) -> AggregateKL:
    """Return how far the aggregate posterior lies from the prior, of some images and of all such
    images.

    value = E log q_N(z) - log p(z),    low = E log q_-n(z) - log p(z),    z from q(z given x_n), n
    from 1 to N

    q_N is the average of all N posteriors, q_-n of all but that of image n. The expectation of the
    logarithm of an average of others is at most the logarithm of the aggregate posterior of the
    data, which is why `low` is low; with the image's own posterior among them it is too high. The
    more images, the nearer the two are.

    With one or two latents the value is an integral over a grid, exact for the N images. A grid
    cannot tell what other images would have added, so `low` belongs to it as well.

    Source: Hoffman and Johnson 2016, ELBO surgery, section 2; Poole et al. 2019, On variational
    bounds of mutual information, section 2.4, for the bounds with and without the image's own
    posterior.

    Args:
        mean: posterior means over a data set, (N, L), N at least 2.
        std: posterior standard deviations, (N, L), above 0.
        prior: over L latents, of codes that are Gaussian; with a `Uniform` take the `unsquashed`
            model's.
        codes: drawn in all, one for an image, of different images; of all images where there are
            fewer.
        seed: of the codes, and of which images they are.

    Raises:
        ValueError: tables that do not belong together, a standard deviation of 0 or less, or fewer
            than 2 codes.

    >>> from core.models.priors import StandardNormal
    >>> aggregate_kl([[-1.0, 0.0], [1.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]], StandardNormal(2)).value
    0.163...
    """
    means, stds = (
        torch.from_numpy(table(*named, rows=2))
        for named in (("means", mean), ("standard deviations", std))
    )
    _check(means, stds)
    if codes < 2:
        raise ValueError(f"codes should be at least 2, for a standard error, got {codes}")

    random = generator(seed)
    some = torch.randperm(len(means), generator=random)[:codes]
    noise = torch.randn((len(some), means.shape[1]), generator=random, dtype=torch.float64)
    step = stds[some] * noise
    own = (-0.5 * (noise.square() + math.log(2 * math.pi)) - stds[some].log()).sum(1)
    without = _log_aggregate(means[some], step, means, stds, but=some)
    others = without + math.log(len(means) - 1)
    with_own = torch.logaddexp(others, own) - math.log(len(means))
    gap, gap_error = _mean_and_error(with_own - without)

    if means.shape[1] <= 2:
        value, error = _on_grid(means, stds, prior)
    else:
        value, error = _mean_and_error(with_own - _log_prior(prior, means[some] + step))
    return AggregateKL(value, error, value - gap, gap_error)


def _on_grid(mean: Tensor, std: Tensor, prior: Prior) -> tuple[float, float]:
    """Return ∫ q(z) (log q(z) - log p(z)) dz over one or two latents, and what the last halving of
    the grid changed.

    The step is halved until neither the integral nor the mass on the grid changes any more.
    """
    low, high = (mean - _REACH * std).amin(0), (mean + _REACH * std).amax(0)
    longest = float((high - low).max())
    before, change = math.inf, math.inf
    points = _FIRST_POINTS
    while points <= _MOST_POINTS:
        step = longest / points
        sides = [
            torch.arange(float(a), float(b) + step, step, dtype=torch.float64)
            for a, b in zip(low, high, strict=True)
        ]
        density = _density_on(sides, mean, std)
        log_ratio = density.clamp(min=_LEAST).log() - _log_prior_on(sides, prior)
        cell = step ** len(sides)
        value, mass = float((density * log_ratio).sum()) * cell, float(density.sum()) * cell
        change, before = max(abs(value - before), abs(mass - 1)), value
        if change < TOLERANCE:
            break
        points *= 2
    return before, change


def _density_on(
    sides: list[Tensor], mean: Tensor, std: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Return the average (or weighted sum) of Gaussians (K, L) on a grid, (G,) or (G, H).

    Each is a product over latents, so that the sum of all is a matrix product of what they are
    along the sides.
    """
    density = torch.zeros(tuple(len(side) for side in sides), dtype=torch.float64)
    weights = (
        torch.full((len(mean),), 1 / len(mean), dtype=torch.float64)
        if weights is None
        else weights
    )
    parts = zip(mean.split(_AT_ONCE), std.split(_AT_ONCE), weights.split(_AT_ONCE), strict=True)
    for some_means, some_stds, some_weights in parts:
        along = [
            (-0.5 * ((side[:, None] - m) / s).square()).exp() / (s * math.sqrt(2 * math.pi))
            for side, m, s in zip(sides, some_means.T, some_stds.T, strict=True)
        ]  # (G, B) each
        along[0] *= some_weights
        density += along[0].sum(1) if len(along) == 1 else along[0] @ along[1].T
    return density


@torch.no_grad()
def _log_prior_on(sides: list[Tensor], prior: Prior) -> Tensor:
    """Return log p(z) on a grid, (G,) or (G, H)."""
    if not isinstance(prior, Mixture | Vamp):
        return _log_prior(prior, torch.cartesian_prod(*sides)).view(
            tuple(len(side) for side in sides)
        )
    log_weights, parts = prior.parts()
    density = _density_on(
        sides, parts.mean.double(), parts.std.double(), log_weights.double().exp()
    )
    return density.clamp(min=_LEAST).log()


def _log_prior(prior: Prior, codes: Tensor) -> Tensor:
    """Return log p(z) (M,) in float64, of many codes in parts."""
    parts = codes.view(len(codes), -1).float().split(1 << 18)
    with torch.no_grad():
        return torch.cat([log_density(prior, part).double() for part in parts])


def _mean_and_error(values: Tensor) -> tuple[float, float]:
    return float(values.mean()), float(values.std() / math.sqrt(len(values)))


def _told(mean: Tensor, std: Tensor, noise: Tensor) -> Tensor:
    """Return log q(z given x) - log q(z) (S, N) at S codes of each posterior, in nats.

    It is at most log N, since a code's own posterior is one of the N. Rounding may not say
    otherwise.
    """
    own = (-0.5 * (noise.square() + math.log(2 * math.pi)) - std.log()).sum(-1)
    steps = (std * noise).flatten(0, 1)
    told = own - _log_aggregate(mean.repeat(len(noise), 1), steps, mean, std).view_as(own)
    return told.clamp(max=math.log(len(mean)))


def _log_aggregate(
    start: Tensor, step: Tensor, mean: Tensor, std: Tensor, but: Tensor | None = None
) -> Tensor:
    """Return log q(z) (M,) at codes z = start + step.

    The squares are written out, so that all codes meet all posteriors in one matrix product. That
    loses digits where posteriors are narrow beside their distance from 0; there the differences
    are taken one by one. The average leaves out the posterior that `but` (M,) names for each code.
    """
    z = start + step
    reach = torch.cat([z, mean]).abs().amax(0) / std.amin(0)
    if not reach.square().sum() * torch.finfo(z.dtype).eps < _ROUNDING:
        return _log_aggregate_apart(start, step, mean, std, but)

    precision = std**-2
    ours = torch.cat([precision, mean * precision], 1)
    constant = -0.5 * (mean.square() * precision + 2 * std.log() + math.log(2 * math.pi)).sum(1)
    squares = torch.cat([-0.5 * z.square(), z], 1)
    held = z.new_empty(
        (max(1, _TABLE // len(mean)), len(mean))
    )  # one table for all: a new one each time is slow
    parts = []
    for first, row in zip(itertools.count(0, len(held)), squares.split(len(held)), strict=False):
        logs = torch.addmm(constant, row, ours.T, out=held[: len(row)])
        _leave_out(logs, but, first)
        most = logs.amax(1)
        parts.append(most + logs.sub_(most[:, None]).exp_().sum(1).log())
    return torch.cat(parts) - math.log(len(mean) if but is None else len(mean) - 1)


def _log_aggregate_apart(
    start: Tensor, step: Tensor, mean: Tensor, std: Tensor, but: Tensor | None = None
) -> Tensor:
    """Return log q(z) (M,) at z = start + step from differences; a step that vanishes in the sum is not lost."""
    constant = -(std.log() + 0.5 * math.log(2 * math.pi)).sum(1)
    rows = max(1, _TABLE // mean.numel())
    parts = []
    for first, a, b in zip(
        itertools.count(0, rows), start.split(rows), step.split(rows), strict=False
    ):
        logs = constant - 0.5 * (((a[:, None] - mean) + b[:, None]) / std).square().sum(-1)
        _leave_out(logs, but, first)
        parts.append(logs.logsumexp(1))
    return torch.cat(parts) - math.log(len(mean) if but is None else len(mean) - 1)


def _leave_out(logs: Tensor, but: Tensor | None, first: int) -> None:
    """Take out of log densities (B, N), of the codes from `first` on, that of each code's own posterior."""
    if but is not None:
        logs.scatter_(1, but[first : first + len(logs), None], -math.inf)


def _check(mean: Tensor, std: Tensor, kl: ArrayLike | None = None, samples: int = 1) -> None:
    if mean.shape != std.shape:
        raise ValueError(
            f"standard deviations should have the means' shape {tuple(mean.shape)}, got"
            f" {tuple(std.shape)}"
        )
    if not std.min() > 0:
        raise ValueError(f"standard deviations should be above 0, got {std.min():g}")
    if kl is not None and len(np.asarray(kl)) != len(mean):
        raise ValueError(
            f"kl should be one number per image, {len(mean)}, got {len(np.asarray(kl))}"
        )
    if samples < 1:
        raise ValueError(f"samples should be at least 1, got {samples}")
