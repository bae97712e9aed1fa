"""The average KL, split into the information of the codes and their distance from the prior."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
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
"""Nats that a grid's last halving may change, and the share of the mass that it may miss."""

_FIRST_POINTS = 256
"""Points of the first grid along its longer side."""

_MOST_POINTS = 2048
"""Points of the last grid along its longer side, at most: a density of 34 MB."""

_REACH = 8.0
"""Standard deviations from every mean that a grid covers: 1e-15 of the mass lies beyond."""

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
    """KL(q(z) || p(z)) of an aggregate posterior from the prior, for N images and for their data.

    Args:
        value: of the N images, in nats: q(z) is the average of their posteriors. Its expectation
            is not below the KL of the data that they are drawn from.
        error: standard error of the value over the codes, or the change by the last halving of the
            grid, in nats.
        low: the same with each image's own posterior left out at its codes. Its expectation is not
            above the KL of the data, and it may be below 0.
        low_error: standard error of the difference of `value` and `low` over the codes.
    """

    value: float
    error: float
    low: float
    low_error: float

    @property
    def middle(self) -> float:
        """The mean of both, in nats: to first order in 1/N they err alike, up and down."""
        return (self.value + self.low) / 2


def split_rate(
    mean: ArrayLike,
    std: ArrayLike,
    *,
    kl: ArrayLike | None = None,
    samples: int = 1,
    seed: int = 0,
) -> RateSplit:
    """Return the average KL of posteriors from the prior in its two parts.

    1/N sum_n KL(q(z given x_n) || p(z)) = I(n; z) + KL(q(z) || p(z))

    with q(z) = 1/N sum_n q(z given x_n). The information is at most log N: with that much, each
    code tells its image. The rest would vanish under a prior that fits. The information is the
    average over codes of log q(z given x_n) - log q(z), where q(z) sums over all posteriors.

    Source: Hoffman and Johnson 2016, ELBO surgery, section 2,
        https://approximateinference.org/2016/accepted/HoffmanJohnson2016.pdf; the estimate by
        samples is ours.

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

    Two images that no code confuses tell log 2:

    >>> split_rate([[-50.0], [50.0]], [[1.0], [1.0]]).information
    0.693...
    """
    if kl is None:
        rate = float(kl_per_latent_from(mean, std).sum())
    else:
        rate = float(table("kl", np.asarray(kl)[:, None]).mean())
    means, stds = _posteriors(mean, std)
    _check(means, stds, kl, samples)

    noise = torch.randn((samples, *means.shape), generator=generator(seed), dtype=torch.float64)
    per_image = _log_ratios(means, stds, noise).mean(0)
    information, error = _mean_and_error(per_image)
    return RateSplit(rate, information, rate - information, error)


def aggregate_kl(
    mean: ArrayLike, std: ArrayLike, prior: Prior, *, codes: int = 10_000, seed: int = 0
) -> AggregateKL:
    """Return how far the aggregate posterior of some images and of their data lies from the prior.

    value = E log q_N(z) - log p(z),    low = E log q_-n(z) - log p(z)

    with z from q(z given x_n) and n from 1 to N. q_N is the average of all N posteriors, q_-n the
    average of all but that of image n. The expected logarithm of an average of other posteriors is
    at most the logarithm of the aggregate posterior of the data, which is why `low` is low; with
    the image's own posterior among them it is too high. The more images, the nearer the two are.

    With one or two latents the value is an integral over a grid, exact for the N images. A grid
    cannot tell what other images would have added, so `low` belongs to it as well.

    Source: Hoffman and Johnson 2016, ELBO surgery, section 2,
        https://approximateinference.org/2016/accepted/HoffmanJohnson2016.pdf; Poole et al. 2019,
        On variational bounds of mutual information, section 2.4, for the bounds with and without
        the
        image's own posterior, https://arxiv.org/abs/1905.06922

    Args:
        mean: posterior means over a data set, (N, L), N at least 2.
        std: posterior standard deviations, (N, L), above 0.
        prior: over L latents, of codes that are Gaussian; with a `Uniform` take the `unsquashed`
            model's.
        codes: number of codes, one each of different images; as many as images where those are
            fewer.
        seed: of the choice of images, and of their codes.

    Returns:
        Both estimates and their errors, in nats.

    Raises:
        ValueError: tables that do not belong together, a standard deviation of 0 or less, or fewer
            than 2 codes.

    >>> from core.models.priors import StandardNormal
    >>> aggregate_kl([[-1.0, 0.0], [1.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]], StandardNormal(2)).value
    0.163...
    """
    means, stds = _posteriors(mean, std)
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


def _posteriors(mean: ArrayLike, std: ArrayLike) -> tuple[Tensor, Tensor]:
    """Return means and standard deviations (N, L) as tensors, float64."""
    means, stds = table("means", mean, rows=2), table("standard deviations", std, rows=2)
    return torch.from_numpy(means), torch.from_numpy(stds)


def _on_grid(mean: Tensor, std: Tensor, prior: Prior) -> tuple[float, float]:
    """Return ∫ q(z) (log q(z) - log p(z)) dz over one or two latents, and the last change.

    The step is halved until neither the integral nor the mass on the grid changes any more.
    """
    low, high = (mean - _REACH * std).amin(0), (mean + _REACH * std).amax(0)
    longest = float((high - low).max())
    before = change = math.inf
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
        value = float((density * log_ratio).sum()) * cell
        mass = float(density.sum()) * cell
        change = max(abs(value - before), abs(mass - 1))
        before = value
        if change < TOLERANCE:
            break
        points *= 2
    return before, change


def _density_on(
    sides: list[Tensor], mean: Tensor, std: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Return the average (or weighted sum) of Gaussians (K, L) on a grid, (G,) or (G, H).

    Each Gaussian is a product over latents, so that their sum is a matrix product of their
    densities along the sides.
    """
    density = torch.zeros(tuple(len(side) for side in sides), dtype=torch.float64)
    if weights is None:
        weights = torch.full((len(mean),), 1 / len(mean), dtype=torch.float64)
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
        shape = tuple(len(side) for side in sides)
        return _log_prior(prior, torch.cartesian_prod(*sides)).view(shape)
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
    """Return the mean of values (N,) and its standard error."""
    return float(values.mean()), float(values.std() / math.sqrt(len(values)))


def _log_ratios(mean: Tensor, std: Tensor, noise: Tensor) -> Tensor:
    """Return log q(z given x) - log q(z) (S, N) at S codes of each posterior, in nats.

    Each is at most log N, since a code's own posterior is one of the N; rounding is cut off there.
    """
    own = (-0.5 * (noise.square() + math.log(2 * math.pi)) - std.log()).sum(-1)
    steps = (std * noise).flatten(0, 1)
    aggregate = _log_aggregate(mean.repeat(len(noise), 1), steps, mean, std)
    return (own - aggregate.view_as(own)).clamp(max=math.log(len(mean)))


def _log_aggregate(
    start: Tensor, step: Tensor, mean: Tensor, std: Tensor, but: Tensor | None = None
) -> Tensor:
    """Return log q(z) (M,) at codes z = start + step.

    log q(z) = log 1/N sum_n N(z; mean_n, std_n²)

    The squares are written out, so that all codes meet all posteriors in one matrix product. That
    loses digits where posteriors are narrow beside their distance from 0; there the differences
    are taken one by one. The average leaves out the posterior that `but` (M,) names for each code.

    Source: Hoffman and Johnson 2016, ELBO surgery, section 2,
        https://approximateinference.org/2016/accepted/HoffmanJohnson2016.pdf
    """
    z = start + step
    reach = torch.cat([z, mean]).abs().amax(0) / std.amin(0)
    if not reach.square().sum() * torch.finfo(z.dtype).eps < _ROUNDING:
        return _log_aggregate_apart(start, step, mean, std, but)

    precision = std**-2
    ours = torch.cat([precision, mean * precision], 1)
    constant = -0.5 * (mean.square() * precision + 2 * std.log() + math.log(2 * math.pi)).sum(1)
    squares = torch.cat([-0.5 * z.square(), z], 1)
    # One table serves all parts: a new one each time is slow.
    held = z.new_empty((max(1, _TABLE // len(mean)), len(mean)))
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
    """Return log q(z) (M,) at z = start + step from differences, which keep the smallest step."""
    constant = -(std.log() + 0.5 * math.log(2 * math.pi)).sum(1)
    rows = max(1, _TABLE // mean.numel())
    parts = []
    places = itertools.count(0, rows)
    for first, a, b in zip(places, start.split(rows), step.split(rows), strict=False):
        logs = constant - 0.5 * (((a[:, None] - mean) + b[:, None]) / std).square().sum(-1)
        _leave_out(logs, but, first)
        parts.append(logs.logsumexp(1))
    return torch.cat(parts) - math.log(len(mean) if but is None else len(mean) - 1)


def _leave_out(logs: Tensor, but: Tensor | None, first: int) -> None:
    """Set the log density of each code's own posterior to -∞ in (B, N), codes from `first` on."""
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
