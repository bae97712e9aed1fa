"""KL(q(z given x) || p(z)) from any prior: in closed form where there is one, else by Monte Carlo with its error."""

from __future__ import annotations

import math

import torch

from core.devices import generator
from core.metrics.likelihood.joint import Estimate, log_density, numbers
from core.models import Factorised, Gaussian, Prior


@torch.no_grad()
def kl_from_prior(prior: Prior, posterior: Gaussian, samples: int = 64, seed: int = 0) -> Estimate:
    """Return the KL of each posterior from a prior.

    1/S sum_s log q(z_s given x) - log p(z_s),    z_s from q(z given x)

    Source: Kingma and Welling 2014, appendix B, for the closed form; Tomczak and Welling 2018,
        section 2.

    Args:
        prior: over L latents; with a `Uniform` the posterior should be squashed, so take it of
            `unsquashed` models.
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
    random, drawn = generator(seed), []
    for _ in range(samples):
        z = posterior.sample(random)
        drawn.append(posterior.log_prob(z).double().sum(-1) - log_density(prior, z).double())
    table = torch.stack(drawn)
    return Estimate(numbers(table.mean(0)), numbers(table.std(0) / math.sqrt(samples)))
