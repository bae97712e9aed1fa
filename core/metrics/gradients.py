"""Variance of an encoder's gradient: the reparameterisation against the score function."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.devices import generator
from core.metrics.likelihood.joint import posterior_of
from core.models import Autoencoder, Factorised, Gaussian

ESTIMATORS = {
    "pathwise": "reparameterisation",
    "baseline": "score function with a baseline",
    "score": "score function",
}
"""Estimator in files -> words on the screen."""

Floats = NDArray[np.float64]
Integrand = Callable[[Gaussian, Tensor], Tensor]
"""(q, (M, L); its codes z, (M, L)) -> f in nats, (M,), each row of its own q and z alone."""

_DECODED = 4096
"""Codes decoded at once."""


@dataclass(frozen=True)
class GradientNoise:
    """Variance of one draw of the gradient of the negative ELBO, of B images.

    Args:
        variance: estimator of `ESTIMATORS` -> nats², summed over mean and log-variance of every
            latent, (B,).
        disagreement: estimator -> how far its mean gradient is from the reparameterisation's, in
            standard errors, root mean square over all parameters; about 1 where both have the same
            expectation.
        draws: codes per image.
    """

    variance: dict[str, Floats]
    disagreement: dict[str, float]
    draws: int


def gradient_noise(
    model: Autoencoder, images: Tensor, draws: int = 500, seed: int = 0
) -> GradientNoise:
    """Return how much the gradient of the negative ELBO by the encoder's outputs varies.

    The outputs are mean and log-variance of the posterior of each latent. The gradient by the mean
    is taken in units of the posterior's standard deviation, so that all are in nats. All
    estimators see the same draws. A KL in closed form has the same gradient under all of them, one
    without noise, and is left out.

    Source: Kingma and Welling 2014, sections 2.2 and 2.4, https://arxiv.org/abs/1312.6114;
        Williams 1992 for the score function (REINFORCE), https://doi.org/10.1007/BF00992696

    Args:
        model: with a Gaussian posterior; take `core.models.unsquashed` of a model whose uniform
            prior squashes it.
        images: (B, 1, H, W), in [0, 1].
        draws: codes per image, at least 2.
        seed: of the codes.

    Returns:
        The variance in nats² per image, and how far the estimators disagree.

    Raises:
        ValueError: fewer than 2 draws, images out of range, or a posterior that is no Gaussian
            with a density.

    >>> from core.recipes import recipe
    >>> from core.models import build
    >>> model = build(recipe("digits", "vae"))
    >>> variance = gradient_noise(model, torch.zeros(3, 1, 8, 8), draws=50).variance
    >>> variance["score"].shape, bool((variance["score"] > variance["pathwise"]).all())
    ((3,), True)
    """
    random = generator(seed)
    parts = []
    for x in images.split(max(1, _DECODED // max(draws, 1))):
        with torch.no_grad():
            posterior = posterior_of(model, x)
        parts.append(gradients(_negative_elbo(model, x, draws), posterior, draws, random))

    tables = {name: torch.cat([part[name] for part in parts], 1) for name in ESTIMATORS}
    variance = {name: table.var(0).sum(-1).numpy() for name, table in tables.items()}
    pathwise = tables.pop("pathwise")
    disagreement = {name: _disagreement(table, pathwise) for name, table in tables.items()}
    return GradientNoise(variance, disagreement, draws)


def gradients(
    integrand: Integrand, posterior: Gaussian, draws: int, random: torch.Generator
) -> dict[str, Tensor]:
    """Return draws of three unbiased estimates of the gradient of E_q[ f(z) ].

    - reparameterisation: d/dφ f(m + s·ε), with ε from N(0, I)
    - score function: f(z) d/dφ log q(z) + d/dφ f(z) at a fixed z
    - with a baseline: (f(z) - b) d/dφ log q(z) + d/dφ f(z) at a fixed z, with b the mean f of the
      image's other draws

    φ are m / s and log s². The score of a Gaussian has expectation 0, so that any number that does
    not depend on z may be taken off f.

    Source: Kingma and Welling 2014, sections 2.2 and 2.4, https://arxiv.org/abs/1312.6114;
        Williams 1992, https://doi.org/10.1007/BF00992696

    Args:
        integrand: f, in nats.
        posterior: q, (B, L), with a density.
        draws: S, at least 2.
        random: source of ε.

    Returns:
        Estimator of `ESTIMATORS` -> (S, B, 2L), gradients by the means first, float64.

    Raises:
        ValueError: fewer than 2 draws.
    """
    if draws < 2:
        raise ValueError(f"draws should be at least 2, for a variance, got {draws}")
    noise = torch.randn((draws, *posterior.mean.shape), generator=random).to(posterior.mean)
    mean, log_var = (
        part.detach().expand_as(noise).flatten(0, 1)
        for part in (posterior.mean, posterior.log_var)
    )
    leaves = mean.clone().requires_grad_(), log_var.clone().requires_grad_()
    q, flat = Gaussian(*leaves), noise.flatten(0, 1)
    _, pathwise = _values_and_gradient(integrand, q, q.mean + q.std * flat, leaves)
    z = mean + (0.5 * log_var).exp() * flat  # fixed: it has no gradient
    values, direct = _values_and_gradient(integrand, q, z, leaves)
    score = torch.cat([noise, 0.5 * (noise.square() - 1)], -1).double()
    values = values.unflatten(0, (draws, -1))[..., None]
    others = (values.sum(0) - values) / (draws - 1)
    shape = (draws, *posterior.mean.shape[:1], -1)
    return {
        "pathwise": pathwise.reshape(shape),
        "baseline": (values - others) * score + direct.reshape(shape),
        "score": values * score + direct.reshape(shape),
    }


def _values_and_gradient(
    integrand: Integrand, q: Gaussian, z: Tensor, leaves: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """Return f (M,) and its gradient by m / s and log s² (M, 2L), float64."""
    values = integrand(q, z)
    if not values.requires_grad:
        return values.double(), torch.zeros(len(z), 2 * z.shape[1], dtype=torch.float64)
    by_mean, by_log_var = torch.autograd.grad(
        values.sum(), leaves, allow_unused=True, materialize_grads=True
    )
    return values.detach().double(), torch.cat([by_mean * q.std.detach(), by_log_var], -1).double()


def _negative_elbo(model: Autoencoder, x: Tensor, draws: int) -> Integrand:
    """Return the sampled part of the negative ELBO: the nll, and a KL without closed form."""
    pixels = x.repeat(draws, 1, 1, 1)

    def integrand(q: Gaussian, z: Tensor) -> Tensor:
        nll = model.likelihood.nll(model.decoder(z).float(), pixels)
        return nll if isinstance(model.prior, Factorised) else nll + model.prior.kl(q, z)

    return integrand


def _disagreement(one: Tensor, other: Tensor) -> float:
    """Return the root mean square of mean differences (S, B, P), in their standard errors."""
    difference = one - other
    error = difference.std(0) / math.sqrt(len(difference))
    return float((difference.mean(0) / error.clamp_min(1e-12)).square().mean().sqrt())
