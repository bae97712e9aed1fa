"""Random codes of a run's prior from its stored weights: numpy's random numbers, no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.architecture import BOX
from core.config import RunConfig
from core.explore.layers import Floats, Weights, encode
from core.explore.sampling import Box, Codes, Normal, Sampler


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    """A mixture of K diagonal Gaussians: what a learned prior is once it has been learned.

    Args:
        weights: (K,), above 0, with sum 1.
        mean: (K, L).
        std: (K, L).
    """

    weights: Floats
    mean: Floats
    std: Floats

    def sample(self, count: int, seed: int) -> Codes:
        """Return codes (count, L), the same for the same seed."""
        random = np.random.default_rng(seed)
        chosen = self._chosen(count, random)
        noise = random.normal(size=(count, self.mean.shape[1]))
        return (self.mean[chosen] + self.std[chosen] * noise).astype(np.float32)

    def centers(self, count: int, seed: int) -> Codes:
        """Return the mean (count, L) of each code's component."""
        chosen = self._chosen(count, np.random.default_rng(seed))
        return self.mean[chosen].astype(np.float32)

    def _chosen(self, count: int, random: np.random.Generator) -> NDArray[np.integer]:
        """Return the component (count,) of each code."""
        shares = self.weights.astype(np.float64)
        return random.choice(len(shares), count, p=shares / shares.sum())


def prior_of(config: RunConfig, weights: Weights) -> Sampler:
    """Return the prior of a run as a source of random codes.

    Args:
        config: of the run.
        weights: of its prior at least, and of its encoder where the prior is a VampPrior.

    Raises:
        ValueError: the prior is of a kind that is not known here.
    """
    latents = config.model.latent_dim
    if config.model.prior == "normal":
        return Normal(np.zeros(latents), np.eye(latents))
    if config.model.prior == "uniform":
        return Box(BOX, latents)
    if config.model.prior == "mixture":
        return _mixture(weights)
    if config.model.prior == "vamp":
        return _vamp(config, weights)
    raise ValueError(
        f"prior should be normal, uniform, mixture or vamp, is {config.model.prior}; add it to"
        " core/instruments/codes.py"
    )


def prior_table(config: RunConfig, weights: Weights) -> dict[str, Floats]:
    """Return a learned prior as tensors `prior.weights`, `prior.mean`, `prior.std`.

    Other priors, which have nothing to tell, have none.

    Args:
        config: of the run.
        weights: see `prior_of`.
    """
    prior = prior_of(config, weights)
    if not isinstance(prior, GaussianMixture):
        return {}
    return {
        "prior.weights": prior.weights,
        "prior.mean": prior.mean,
        "prior.std": prior.std,
    }


def _mixture(weights: Weights) -> GaussianMixture:
    logits = weights["prior.logits"].astype(np.float64)
    shares = np.exp(logits - logits.max())
    return GaussianMixture(
        weights=(shares / shares.sum()).astype(np.float32),
        mean=weights["prior.mean"].astype(np.float32),
        std=np.exp(0.5 * weights["prior.log_var"].astype(np.float32)),
    )


def _vamp(config: RunConfig, weights: Weights) -> GaussianMixture:
    images = weights["prior.pseudo_inputs"].astype(np.float32).clip(0, 1)
    mean, std = encode(config, weights, images[:, 0])
    count = len(images)
    return GaussianMixture(np.full(count, 1 / count, np.float32), mean, std)
