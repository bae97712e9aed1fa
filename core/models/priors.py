"""p(z): where codes are expected before an image is seen.

A prior is a module that samples codes, gives their log density and its KL from a posterior. One that is a product over
latents (the standard normal) is `factorised` and gives the KL of each; one that has no closed form estimates the KL
from the code that was sampled. The training loop sees only `kl`, so that a new prior is a class in this file and a
name in `core.config.PRIORS`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.models.posteriors import Gaussian


class StandardNormal(nn.Module):
    """The standard normal N(0, I) over L latents.

    Args:
        latent_dim: L.
    """

    factorised = True

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim

    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Return codes (count, L) drawn from the prior."""
        return torch.randn(count, self.latent_dim, generator=generator)

    def log_prob(self, z: Tensor) -> Tensor:
        """Return the log density of codes z (B, L), in nats (B,)."""
        return Gaussian(torch.zeros_like(z), torch.zeros_like(z)).log_prob(z).sum(-1)

    def kl_per_latent(self, posterior: Gaussian) -> Tensor:
        """Return KL(q(z given x) || p(z)) of each latent, in nats (B, L).

        ½ (mean² + variance - log variance - 1). Source: Kingma and Welling 2014, appendix B.
        """
        mean, log_var = posterior.mean, posterior.log_var
        return 0.5 * (mean.square() + log_var.exp() - log_var - 1)

    def kl(self, posterior: Gaussian, z: Tensor) -> Tensor:
        """Return the KL of each image, in nats (B,); exact, so the sampled code z is not needed."""
        return self.kl_per_latent(posterior).sum(-1)


Prior = StandardNormal
