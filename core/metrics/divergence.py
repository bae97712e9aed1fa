"""KL(q(z given x) || p(z)) from any prior, in closed form or by Monte Carlo with its error."""

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

    A prior with independent latents has a closed form; for any other the average of S samples
    stands in.

    Source: Kingma and Welling 2014, appendix B, for the closed form,
        https://arxiv.org/abs/1312.6114; Tomczak and Welling 2018, section 2,
        https://arxiv.org/abs/1705.07120

    Args:
        prior: over L latents. A `Uniform` asks for a squashed posterior, so take both from the
            `unsquashed` model.
        posterior: of N images, (N, L).
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
        kl = prior.kl_per_latent(posterior)  # pyright: ignore[reportArgumentType]
        exact = numbers(kl.sum(-1))
        return Estimate(exact, 0 * exact)
    random = generator(seed)
    log_ratios = []
    for _ in range(samples):
        z = posterior.sample(random)
        log_q = posterior.log_prob(z).double().sum(-1)
        log_ratios.append(log_q - log_density(prior, z).double())
    table = torch.stack(log_ratios)
    return Estimate(numbers(table.mean(0)), numbers(table.std(0) / math.sqrt(samples)))
