"""Maximum likelihood by hand: products that underflow, sums of logs that do not, cross-entropy, the KL of Gaussians."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REACH = 6.0
"""Standard errors around the fitted parameter in which its likelihood is drawn."""

_EDGE = 1e-6
"""Least distance of a probability from 0 and 1, where its logarithm would be infinite."""

_NEAR = 1e-9
"""Distance between two parameters at which a search ends."""


class Family(Protocol):
    """A distribution with one unknown parameter."""

    def sample(self, parameter: float, count: int, seed: int) -> Floats:
        """Return observations (N,); fewer of the same seed are the first of more."""
        ...

    def probability(self, x: Floats, parameter: Floats) -> Floats:
        """Return the probability or density of observations (N,) under parameters (T,), (T, N)."""
        ...

    def log_probability(self, x: Floats, parameter: Floats) -> Floats:
        """Return its logarithm in nats, (T, N)."""
        ...

    def closed_form(self, x: Floats) -> float:
        """Return the parameter of highest likelihood."""
        ...

    def window(self, x: Floats, count: int) -> Floats:
        """Return parameters (count,) around the one of highest likelihood, some standard errors to either side."""
        ...


@dataclass(frozen=True)
class Coin:
    """Ones with an unknown probability, else zeros: a Bernoulli distribution."""

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
        """Return probabilities around the share of ones, within (0, 1); the error is that of a share half a one off."""
        share = (x.sum() + 0.5) / (len(x) + 1)
        error = math.sqrt(share * (1 - share) / len(x))
        return np.linspace(
            max(_EDGE, share - REACH * error), min(1 - _EDGE, share + REACH * error), count
        )


@dataclass(frozen=True)
class Bell:
    """Numbers with an unknown mean and a known standard deviation: a Gaussian.

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
    """The likelihood of the first n observations, n = 1 to N, computed in three ways; all in nats.

    Args:
        single: ln of the product in single precision, (N,): minus infinity where it is 0, infinity
            where too large.
        double: ln of the product in double precision, (N,).
        logs: the sum of the logarithms, in single precision, (N,).
    """

    single: Floats
    double: Floats
    logs: Floats


def running(family: Family, x: Floats, parameter: float) -> Running:
    """Return the likelihood of the first n observations as a product, in two precisions, and as a
    sum of logs.

    >>> found = running(Coin(), np.ones(2000), 0.5)
    >>> lost(found.single), lost(found.double), lost(found.logs)
    (150, 1075, None)
    """
    at = np.array([parameter])
    each, logs = family.probability(x, at)[0], family.log_probability(x, at)[0]
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        single, double = (
            np.log(np.cumprod(each.astype(kind)).astype(np.float64))
            for kind in (np.float32, np.float64)
        )
    return Running(single, double, np.cumsum(logs.astype(np.float32)).astype(np.float64))


def lost(logs: Floats) -> int | None:
    """Return the first n at which a running product (N,) is 0 or infinite, or None if it never is.

    Args:
        logs: the product's logarithm.
    """
    where = np.flatnonzero(~np.isfinite(logs))
    return int(where[0]) + 1 if len(where) else None


def likelihood_curves(family: Family, x: Floats, parameter: Floats) -> tuple[Floats, Floats]:
    """Return the likelihood under each parameter (T,): the product, in double precision, and the
    sum of logs in nats.

    Args:
        family: of the observations.
        x: observations, (N,).
        parameter: (T,).
    """
    with np.errstate(over="ignore", under="ignore"):
        product = family.probability(x, parameter).prod(axis=1)
    return product, family.log_probability(x, parameter).sum(axis=1)


def fitted(family: Family, x: Floats) -> float:
    """Return the parameter of highest likelihood, found by a search on the sum of logs.

    The highest point of a smooth curve can be told to half of the digits only, since around it the
    curve is flat.

    Source: Brent 1973, Algorithms for Minimization without Derivatives, chapter 5: golden sections
        and parabolas; scipy's implementation.

    Args:
        family: whose sum of logs has one hill.
        x: observations, (N,).

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


def descend(
    x: Floats, labels: NDArray[np.integer], classes: int, updates: int, rate: float = 1.0
) -> Floats:
    """Return the weights of a linear softmax classifier after 0, 1, ... updates, (updates + 1,
    classes, D + 1).

    It starts from zeros and steps down the gradient of its cross-entropy on all images, mean (p -
    y) xᵀ. The last column of the weights is the bias.

    Args:
        x: images in rows, (N, D).
        labels: (N,), from 0.
        classes: how many.
        updates: how many, at least 0.
        rate: length of a step.
    """
    inputs, targets = _with_one(x), np.eye(classes)[labels]
    weights = [np.zeros((classes, inputs.shape[1]))]
    for _ in range(updates):
        scores = inputs @ weights[-1].T
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        weights.append(weights[-1] - rate * (p - targets).T @ inputs / len(inputs))
    return np.stack(weights)


def predicted(weights: Floats, x: Floats) -> Floats:
    """Return a softmax classifier's probabilities (N, classes) of images (N, D)."""
    return torch.from_numpy(_with_one(x) @ weights.T).softmax(-1).numpy()


@dataclass(frozen=True)
class Loss:
    """A loss and its gradient.

    Args:
        value: nats per image.
        gradient: with respect to the weights, (classes, D + 1), by automatic differentiation.
    """

    value: float
    gradient: Floats


def cross_entropies(weights: Floats, x: Floats, labels: NDArray[np.integer]) -> dict[str, Loss]:
    """Return a classifier's cross-entropy and its negative log-likelihood, each computed on its
    own.

    With y the label as a distribution (1 at the label, 0 elsewhere) and p the softmax,

    H(y, p) = - sum_k y_k ln p_k = - ln p_label

    so the average cross-entropy is the negative log-likelihood of the labels, divided by their
    number. In double precision.

    Source: Goodfellow, Bengio and Courville 2016, Deep Learning, section 5.5.

    Args:
        weights: (classes, D + 1).
        x: images in rows, (N, D).
        labels: (N,), from 0.

    Returns:
        By how it was computed, the library's cross-entropy first.

    >>> ways = cross_entropies(np.zeros((2, 2)), np.ones((1, 1)), np.array([0]))
    >>> [round(one.value, 6) for one in ways.values()]
    [0.693147, 0.693147, 0.693147]
    """
    inputs, right = torch.from_numpy(_with_one(x)), torch.from_numpy(np.asarray(labels, np.int64))

    def library(scores: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(scores, right)

    def formula(scores: torch.Tensor) -> torch.Tensor:
        target = F.one_hot(right, scores.shape[-1]).to(scores.dtype)
        return -(target * scores.softmax(-1).log()).sum(-1).mean()

    def likelihood(scores: torch.Tensor) -> torch.Tensor:
        # The probability that the model gives to what was observed, without a softmax over all
        # classes in between.
        at_label = scores.gather(1, right[:, None])[:, 0]
        return -torch.log(at_label.exp() / scores.exp().sum(-1)).mean()

    ways = {"library": library, "formula": formula, "likelihood": likelihood}
    found = {}
    for name, way in ways.items():
        leaf = torch.tensor(weights, requires_grad=True)
        value = way(inputs @ leaf.T)
        (gradient,) = torch.autograd.grad(value, leaf)
        found[name] = Loss(float(value.detach()), gradient.numpy())
    return found


def log_normal(x: Floats, mean: Floats | float, std: Floats | float) -> Floats:
    """Return the log density of a Gaussian, in nats."""
    return -0.5 * ((x - mean) / std) ** 2 - np.log(std) - 0.5 * math.log(2 * math.pi)


@dataclass(frozen=True)
class Divergence:
    """KL(q || p) of two Gaussians over one number.

    Args:
        x: (S,) where both have their mass.
        q: density, (S,).
        p: density, (S,).
        integrand: q ln(q / p), (S,).
        exact: nats, the closed form.
        integrated: nats, by the trapezoidal rule over ten standard deviations of q.
        reverse: KL(p || q), nats, the closed form.
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
        mean: of q.
        std: of q, above 0.
        other_mean: of p.
        other_std: of p, above 0.

    >>> gaussian_kl(0.5, 2.0, 0.5, 2.0)
    0.0
    """
    # With the ratio r = s_q² / s_p², ½ (r - 1 - ln r) has no rounding that could make it negative.
    ratio = (std / other_std) ** 2
    return (
        0.5 * max(ratio - 1 - math.log(ratio), 0.0) + 0.5 * ((mean - other_mean) / other_std) ** 2
    )


def divergence(
    mean: float, std: float, other_mean: float, other_std: float, steps: int = 601
) -> Divergence:
    """Return KL(q || p) of two Gaussians with all that is drawn of it; arguments as in
    `gaussian_kl`.

    >>> found = divergence(1.0, 0.5, 0.0, 1.0)
    >>> abs(found.exact - found.integrated) < 1e-9
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


def _with_one(x: Floats) -> Floats:
    return np.concatenate([np.asarray(x, np.float64), np.ones((len(x), 1))], axis=1)
