"""Priors p(z): where codes are expected before an image is seen.

A prior is a module that samples codes, gives their log density and its KL from a posterior. A
product over latents (`Factorised`: the standard normal, the uniform box) gives the KL of each
latent in closed form; the mixtures estimate theirs from the code that was sampled. The
training loop sees only `kl`, so that a new prior is a class in this file and a name in
`core.config.PRIORS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from core.architecture import BOX
from core.models.posteriors import Gaussian, Squashed


class StandardNormal(nn.Module):
    """The standard normal N(0, I) over L latents.

    Args:
        latent_dim: L.
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim

    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Return codes (count, L) drawn from the prior, on the CPU."""
        return torch.randn(count, self.latent_dim, generator=generator)

    def log_prob(self, z: Tensor) -> Tensor:
        """Return the log density of codes z (B, L), in nats (B,)."""
        return Gaussian(torch.zeros_like(z), torch.zeros_like(z)).log_prob(z).sum(-1)

    def kl_per_latent(self, posterior: Gaussian) -> Tensor:
        """Return KL(q(z given x) || p(z)) of each latent, in nats (B, L).

        ½ (mean² + variance - log variance - 1)

        Source: Kingma and Welling 2014, appendix B, https://arxiv.org/abs/1312.6114.
        """
        mean, log_var = posterior.mean, posterior.log_var
        return 0.5 * (mean.square() + log_var.exp() - log_var - 1)

    def kl(self, posterior: Gaussian, z: Tensor) -> Tensor:
        """Return the KL of each image, in nats (B,); exact, so that the code z is not needed."""
        return self.kl_per_latent(posterior).sum(-1)


class Uniform(nn.Module):
    """Uniform on a box around the origin, as wide as gives every latent variance 1.

    Args:
        latent_dim: L.
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim

    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Return codes (count, L) drawn from the prior, on the CPU."""
        return BOX * (2 * torch.rand(count, self.latent_dim, generator=generator) - 1)

    def log_prob(self, z: Tensor) -> Tensor:
        """Return the log density of codes z (B, L), in nats (B,); minus infinity outside."""
        within = (z.abs() <= BOX).all(-1)
        return torch.where(within, -self.latent_dim * math.log(2 * BOX), -math.inf)

    def kl_per_latent(self, posterior: Squashed) -> Tensor:
        """Return KL(q(z given x) || p(z)) of each latent, in nats (B, L).

        It is that of the bases, both Gaussian.
        """
        return StandardNormal(self.latent_dim).kl_per_latent(posterior.base)

    def kl(self, posterior: Squashed, z: Tensor) -> Tensor:
        """Return the KL of each image, in nats (B,); exact, so that the code z is not needed."""
        return self.kl_per_latent(posterior).sum(-1)


class Mixture(nn.Module):
    """A mixture of K Gaussians whose weights, means and variances are learned with the model.

    Args:
        latent_dim: L.
        components: K.
    """

    def __init__(self, latent_dim: int, components: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.logits = nn.Parameter(torch.zeros(components))
        self.mean = nn.Parameter(_normal(components, latent_dim))
        self.log_var = nn.Parameter(torch.zeros(components, latent_dim))

    def parts(self) -> tuple[Tensor, Gaussian]:
        """Return log weights (K,) and the Gaussians (K, L)."""
        return self.logits.log_softmax(0), Gaussian(self.mean, self.log_var)

    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Return codes (count, L) drawn from the prior, on the CPU."""
        return _sample(*self.parts(), count, generator)

    def log_prob(self, z: Tensor) -> Tensor:
        """Return the log density of codes z (B, L), in nats (B,)."""
        return _log_prob(*self.parts(), z)

    def kl(self, posterior: Gaussian, z: Tensor) -> Tensor:
        """Return the KL of each image, in nats (B,), estimated with its sampled code z (B, L)."""
        return posterior.log_prob(z).sum(-1) - self.log_prob(z)


class Vamp(nn.Module):
    """The average posterior of K learned pseudo-inputs: a variational mixture of posteriors.

    p(z) = 1/K Σ_k q(z given u_k), u_k images of their own that are learned with the model. The
    best prior for the ELBO is the aggregate posterior; this one is made of few images, so that it
    can be afforded.

    Source: Tomczak and Welling 2018, equation 9, https://arxiv.org/abs/1705.07120.

    Args:
        latent_dim: L.
        components: K.
        size: height and width of a pseudo-input in pixels.
    """

    def __init__(self, latent_dim: int, components: int, size: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.pseudo_inputs = nn.Parameter(_normal(components, 1, size, size).mul_(0.01).add_(0.05))
        self._encode: Callable[[Tensor], Gaussian | Squashed] | None = None

    def attach(self, encode: Callable[[Tensor], Gaussian | Squashed]) -> None:
        """Take the encoder of the prior's model: images (K, 1, H, W) -> posteriors (K, L)."""
        self._encode = encode

    def images(self) -> Tensor:
        """Return the pseudo-inputs (K, 1, H, W), in [0, 1]."""
        return self.pseudo_inputs.clamp(0, 1)

    def parts(self) -> tuple[Tensor, Gaussian]:
        """Return log weights (K,) and the Gaussians (K, L)."""
        assert self._encode is not None, "a VampPrior belongs to a model"
        posteriors, count = self._encode(self.images()), len(self.pseudo_inputs)
        assert isinstance(posteriors, Gaussian)
        return self.pseudo_inputs.new_full((count,), -math.log(count)), posteriors

    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Return codes (count, L) drawn from the prior, on the CPU."""
        return _sample(*self.parts(), count, generator)

    def log_prob(self, z: Tensor) -> Tensor:
        """Return the log density of codes z (B, L), in nats (B,)."""
        return _log_prob(*self.parts(), z)

    def kl(self, posterior: Gaussian, z: Tensor) -> Tensor:
        """Return the KL of each image, in nats (B,), estimated with its sampled code z (B, L)."""
        return posterior.log_prob(z).sum(-1) - self.log_prob(z)


Factorised = StandardNormal | Uniform
Prior = Factorised | Mixture | Vamp


def marginal(prior: Prior, latents: Sequence[int]) -> Factorised | Mixture:
    """Return the exact prior of some of the latents alone, whatever the others are.

    That of a VampPrior is a mixture.

    Args:
        prior: over L latents.
        latents: which ones, counted from 0.

    >>> marginal(StandardNormal(10), [0, 3]).latent_dim
    2
    """
    chosen = list(latents)
    if isinstance(prior, Factorised):
        return type(prior)(len(chosen))
    log_weights, parts = prior.parts()
    alone = Mixture(len(chosen), len(log_weights))
    values = {
        "logits": log_weights,
        "mean": parts.mean[:, chosen],
        "log_var": parts.log_var[:, chosen],
    }
    alone.load_state_dict({name: value.detach() for name, value in values.items()})
    return alone.requires_grad_(False)


@torch.no_grad()
def centers(prior: Prior, count: int, generator: torch.Generator) -> Tensor:
    """Return the middle (count, L) of what each code of a prior's `sample` is drawn from.

    It is the mean of a mixture's component, and the origin for a product over latents.

    Args:
        prior: over L latents.
        count: of codes.
        generator: as `sample` would begin with.
    """
    if isinstance(prior, Factorised):
        return torch.zeros(count, prior.latent_dim)
    log_weights, parts = prior.parts()
    return parts.mean.cpu()[_chosen(log_weights, count, generator)]


def _normal(*shape: int) -> Tensor:
    # As `torch.randn`, which loads torch's compiler, 80 MB of it, where a stored model is put
    # together without memory.
    return torch.normal(0.0, 1.0, shape)


def _log_prob(log_weights: Tensor, parts: Gaussian, z: Tensor) -> Tensor:
    each = parts.log_prob(z[:, None]).sum(-1)  # (B, K)
    return (log_weights + each).logsumexp(-1)


@torch.no_grad()
def _sample(
    log_weights: Tensor, parts: Gaussian, count: int, generator: torch.Generator | None
) -> Tensor:
    chosen = _chosen(log_weights, count, generator)
    return Gaussian(parts.mean.cpu()[chosen], parts.log_var.cpu()[chosen]).sample(generator)


def _chosen(log_weights: Tensor, count: int, generator: torch.Generator | None) -> Tensor:
    """Return the component (count,) of each code; the first random numbers that are drawn."""
    weights = log_weights.exp().cpu()
    return torch.multinomial(weights, count, replacement=True, generator=generator)
