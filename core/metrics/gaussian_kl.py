"""The KL divergence of two Gaussians over one number, in closed form and added up."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def log_normal(x: Floats, mean: Floats | float, std: Floats | float) -> Floats:
    """Return the log density of a Gaussian, in nats.

    Args:
        x: (N,) numbers.
        mean: the Gaussian's mean, in any shape that goes with x.
        std: its standard deviation, above 0.
    """
    return -0.5 * ((x - mean) / std) ** 2 - np.log(std) - 0.5 * math.log(2 * math.pi)


@dataclass(frozen=True)
class Divergence:
    """KL(q || p) of two Gaussians over one number.

    Args:
        x: (S,) places where both have their mass.
        q: (S,) density of q.
        p: (S,) density of p.
        integrand: (S,) q ln(q / p), in nats.
        exact: KL(q || p) in nats, by its closed form.
        integrated: KL(q || p) in nats, by the trapezoidal rule over ten standard deviations of q.
        reverse: KL(p || q) in nats, by its closed form.
    """

    x: Floats
    q: Floats
    p: Floats
    integrand: Floats
    exact: float
    integrated: float
    reverse: float


def gaussian_kl(mean: float, std: float, other_mean: float, other_std: float) -> float:
    """Return KL(q || p) of two Gaussians over one number, in nats.

    ln(s_p / s_q) + (s_q² + (m_q - m_p)²) / 2 s_p² - ½

    Args:
        mean: mean of q.
        std: standard deviation of q, above 0.
        other_mean: mean of p.
        other_std: standard deviation of p, above 0.

    >>> gaussian_kl(0.5, 2.0, 0.5, 2.0)
    0.0
    """
    # In the ratio r = s_q² / s_p² the part of the variances is ½ (r - 1 - ln r), which rounding
    # could make negative only where it is 0.
    ratio = (std / other_std) ** 2
    variances = max(ratio - 1 - math.log(ratio), 0.0)
    means = ((mean - other_mean) / other_std) ** 2
    return 0.5 * variances + 0.5 * means


def divergence(
    mean: float, std: float, other_mean: float, other_std: float, steps: int = 601
) -> Divergence:
    """Return KL(q || p) of two Gaussians with its densities and its integrand.

    Args:
        mean: mean of q.
        std: standard deviation of q, above 0.
        other_mean: mean of p.
        other_std: standard deviation of p, above 0.
        steps: places at which densities and integrand are taken.

    >>> kl = divergence(1.0, 0.5, 0.0, 1.0)
    >>> abs(kl.exact - kl.integrated) < 1e-9
    True
    """
    fine = np.linspace(mean - 10 * std, mean + 10 * std, 4001)
    low = min(mean - 4 * std, other_mean - 4 * other_std)
    high = max(mean + 4 * std, other_mean + 4 * other_std)
    x = np.linspace(low, high, steps)
    return Divergence(
        x=x,
        q=np.exp(log_normal(x, mean, std)),
        p=np.exp(log_normal(x, other_mean, other_std)),
        integrand=_integrand(x, mean, std, other_mean, other_std),
        exact=gaussian_kl(mean, std, other_mean, other_std),
        integrated=float(np.trapezoid(_integrand(fine, mean, std, other_mean, other_std), fine)),
        reverse=gaussian_kl(other_mean, other_std, mean, std),
    )


def _integrand(x: Floats, mean: float, std: float, other_mean: float, other_std: float) -> Floats:
    log_q = log_normal(x, mean, std)
    return np.exp(log_q) * (log_q - log_normal(x, other_mean, other_std))
