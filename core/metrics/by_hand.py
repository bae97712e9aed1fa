"""Maximum likelihood of one parameter by hand: products, sums of logs, and the best parameter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.metrics.gaussian_kl import log_normal

Floats = NDArray[np.floating]

REACH = 6.0
"""Standard errors around the fitted parameter in which its likelihood is drawn."""

_EDGE = 1e-6
"""Least distance of a probability from 0 and 1, where its logarithm would be infinite."""

_NEAR = 1e-9
"""Distance between two parameters at which a search ends."""


class Family(Protocol):
    """A distribution with one unknown parameter; x are N observations, parameters T numbers."""

    def sample(self, parameter: float, count: int, seed: int) -> Floats:
        """Return observations (N,); fewer of the same seed are the first of more."""
        ...

    def probability(self, x: Floats, parameter: Floats) -> Floats:
        """Return the probability or density of each observation under each parameter, (T, N)."""
        ...

    def log_probability(self, x: Floats, parameter: Floats) -> Floats:
        """Return the logarithm of the probability or density in nats, (T, N)."""
        ...

    def closed_form(self, x: Floats) -> float:
        """Return the parameter of highest likelihood."""
        ...

    def window(self, x: Floats, count: int) -> Floats:
        """Return parameters (count,) within `REACH` standard errors of the likeliest one."""
        ...


@dataclass(frozen=True)
class Coin:
    """A Bernoulli distribution: ones with an unknown probability, and zeros."""

    def sample(self, parameter: float, count: int, seed: int) -> Floats:
        """Return zeros and ones (N,)."""
        return (np.random.default_rng(seed).random(count) < parameter).astype(np.float64)

    def probability(self, x: Floats, parameter: Floats) -> Floats:
        """Return p where x is 1 and 1 - p where it is 0, (T, N)."""
        p = np.asarray(parameter)[:, None]
        return np.where(x > 0, p, 1 - p)

    def log_probability(self, x: Floats, parameter: Floats) -> Floats:
        """Return x ln p + (1 - x) ln(1 - p), (T, N)."""
        p = np.asarray(parameter)[:, None]
        return np.where(x > 0, np.log(p), np.log1p(-p))

    def closed_form(self, x: Floats) -> float:
        """Return the share of ones."""
        return float(x.mean())

    def window(self, x: Floats, count: int) -> Floats:
        """Return probabilities around the share of ones, within (0, 1).

        Half a one is added to the ones, since a share of 0 or 1 would have no standard error.
        """
        share = (x.sum() + 0.5) / (len(x) + 1)
        error = math.sqrt(share * (1 - share) / len(x))
        low, high = share - REACH * error, share + REACH * error
        return np.linspace(max(_EDGE, low), min(1 - _EDGE, high), count)


@dataclass(frozen=True)
class Bell:
    """A Gaussian: numbers with an unknown mean and a known standard deviation.

    Args:
        std: the standard deviation, above 0.
    """

    std: float = 1.0

    def sample(self, parameter: float, count: int, seed: int) -> Floats:
        """Return numbers (N,)."""
        return parameter + self.std * np.random.default_rng(seed).standard_normal(count)

    def probability(self, x: Floats, parameter: Floats) -> Floats:
        """Return the density, (T, N)."""
        return np.exp(self.log_probability(x, parameter))

    def log_probability(self, x: Floats, parameter: Floats) -> Floats:
        """Return -½ ((x - mean) / std)² - ln std - ½ ln 2π, (T, N)."""
        return log_normal(x, np.asarray(parameter)[:, None], self.std)

    def closed_form(self, x: Floats) -> float:
        """Return the mean of the observations."""
        return float(x.mean())

    def window(self, x: Floats, count: int) -> Floats:
        """Return means around that of the observations."""
        half = REACH * self.std / math.sqrt(len(x))
        return np.linspace(x.mean() - half, x.mean() + half, count)


@dataclass(frozen=True)
class Running:
    """The likelihood of the first n observations, n = 1 to N, computed in three ways, in nats.

    Args:
        single: (N,) ln of the product in single precision: minus infinity where the product is 0,
            infinity where it is too large.
        double: (N,) ln of the product in double precision.
        logs: (N,) sum of the logarithms, in single precision.
    """

    single: Floats
    double: Floats
    logs: Floats


def running(family: Family, x: Floats, parameter: float) -> Running:
    """Return the likelihood of the first n observations, n = 1 to N, computed in three ways.

    Args:
        family: distribution of the observations.
        x: (N,) observations.
        parameter: the distribution's parameter.

    >>> likelihood = running(Coin(), np.ones(2000), 0.5)
    >>> lost(likelihood.single), lost(likelihood.double), lost(likelihood.logs)
    (150, 1075, None)
    """
    at = np.array([parameter])
    probability, logs = family.probability(x, at)[0], family.log_probability(x, at)[0]  # (N,)
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        single = np.log(np.cumprod(probability.astype(np.float32)).astype(np.float64))
        double = np.log(np.cumprod(probability))
    return Running(single, double, np.cumsum(logs.astype(np.float32)).astype(np.float64))


def lost(logs: Floats) -> int | None:
    """Return the first n at which a running product is 0 or infinite, or None if it never is.

    Args:
        logs: (N,) the product's logarithm, for n = 1 to N.
    """
    places = np.flatnonzero(~np.isfinite(logs))
    return int(places[0]) + 1 if len(places) else None


def likelihood_curves(family: Family, x: Floats, parameter: Floats) -> tuple[Floats, Floats]:
    """Return the likelihood of all observations under each parameter, as product and sum of logs.

    Args:
        family: distribution of the observations.
        x: (N,) observations.
        parameter: (T,) parameters.

    Returns:
        The product in double precision and the sum of logs in nats, each (T,).
    """
    with np.errstate(over="ignore", under="ignore"):
        product = family.probability(x, parameter).prod(axis=1)
    return product, family.log_probability(x, parameter).sum(axis=1)


def fitted(family: Family, x: Floats) -> float:
    """Return the parameter of highest likelihood, by a search on the sum of logs.

    The place of a maximum can be told to half of the digits only, since the curve is flat there.

    Source: Brent 1973, Algorithms for Minimization without Derivatives, chapter 5: golden sections
        and parabolas; scipy's implementation.

    Args:
        family: distribution whose sum of logs has one maximum.
        x: (N,) observations.

    >>> x = Coin().sample(0.3, 100, seed=0)
    >>> abs(fitted(Coin(), x) - Coin().closed_form(x)) < 1e-6
    True
    """
    from scipy.optimize import minimize_scalar

    def depth(parameter: float) -> float:
        return -float(family.log_probability(x, np.array([parameter])).sum())

    low, high = family.window(x, 2)
    search = minimize_scalar(depth, bounds=(low, high), method="bounded", options={"xatol": _NEAR})
    return float(search.x)


@dataclass(frozen=True)
class Fit:
    """The likelihood of some observations over the parameter, and the places of its maximum.

    Args:
        grid: (T,) parameters.
        product: (T,) product of the probabilities under each, in double precision.
        logs: (T,) sum of their logarithms, in nats.
        searched: parameter with the largest sum of logs, by searching.
        closed: parameter of highest likelihood, by the closed form.
    """

    grid: Floats
    product: Floats
    logs: Floats
    searched: float
    closed: float

    @property
    def best(self) -> float:
        """Parameter of the grid with the largest sum of logs."""
        return float(self.grid[self.logs.argmax()])

    @property
    def best_product(self) -> float | None:
        """Parameter of the grid with the largest product; None if all are 0 or some infinite."""
        if not self.product.max() > 0 or not np.isfinite(self.product).all():
            return None
        return float(self.grid[self.product.argmax()])


def fit(family: Family, x: Floats, places: int = 201) -> Fit:
    """Return the likelihood of all observations around its maximum.

    Args:
        family: distribution of the observations.
        x: (N,) observations.
        places: number of parameters T at which the likelihood is taken.

    >>> coins = fit(Coin(), np.array([1.0, 0.0, 0.0, 1.0]))
    >>> round(coins.best, 2), round(coins.searched, 6), coins.closed
    (0.5, 0.5, 0.5)
    """
    grid = family.window(x, places)
    product, logs = likelihood_curves(family, x, grid)
    return Fit(grid, product, logs, fitted(family, x), family.closed_form(x))
