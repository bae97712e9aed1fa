"""Posteriors q(z given x): a point, a Gaussian of fixed noise, or a learned Gaussian.

This is where an autoencoder, a noise-injected autoencoder and a VAE differ, and an InfoGAN from
them all. Each turns the encoder's output into a `Gaussian` over codes; a point is a Gaussian of
standard deviation 0. Only a uniform prior needs a posterior that is `Squashed`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from core.architecture import BOX, LEAST_VARIANCE


@dataclass(frozen=True)
class Gaussian:
    """A diagonal Gaussian over codes.

    Args:
        mean: (B, L).
        log_var: (B, L), minus infinity for a point.
    """

    mean: Tensor
    log_var: Tensor

    @property
    def std(self) -> Tensor:
        """Standard deviation (B, L)."""
        return (0.5 * self.log_var).exp()

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Return one code per image (B, L), differentiable in mean and log_var.

        z = mean + std * noise: the reparameterisation trick.

        Source: Kingma and Welling 2014, section 2.4, https://arxiv.org/abs/1312.6114.
        """
        noise = torch.randn(
            self.mean.shape, dtype=self.mean.dtype, device=self.mean.device, generator=generator
        )
        return self.mean + self.std * noise

    def log_prob(self, z: Tensor) -> Tensor:
        """Return the log density of codes z (B, L), in nats, per latent (B, L)."""
        return -0.5 * (
            (z - self.mean).square() / self.log_var.exp() + self.log_var + math.log(2 * math.pi)
        )


_NODES, _WEIGHTS = (torch.from_numpy(array) for array in np.polynomial.hermite_e.hermegauss(24))


@dataclass(frozen=True)
class Squashed:
    """A diagonal Gaussian over u, seen through z = BOX (2 Φ(u) - 1).

    z lies within the box [-BOX, BOX]. The same map turns the standard normal into the uniform
    distribution, and no KL changes under a map that can be undone.

    Args:
        base: over u, (B, L).
    """

    base: Gaussian

    @classmethod
    def from_moments(cls, mean: Tensor, std: Tensor) -> Squashed:
        """Return the posterior whose codes have a mean and a standard deviation (B, L).

        A run keeps these two. Among the bases with the right mean, the standard deviation rises
        with the base's; bisection finds it.
        """
        edge = 1e-4  # half precision cannot place a mean nearer to the box's edge
        place = torch.special.ndtri(((mean / BOX + 1) / 2).clamp(edge, 1 - edge))
        low, high = torch.full_like(mean, -16.0), torch.full_like(mean, 8.0)
        for _ in range(24):
            log_var = (low + high) / 2
            wide = cls(Gaussian(place * (1 + log_var.exp()).sqrt(), log_var)).std > std
            low, high = torch.where(wide, low, log_var), torch.where(wide, log_var, high)
        return cls(Gaussian(place * (1 + low.exp()).sqrt(), low))

    @property
    def mean(self) -> Tensor:
        """Mean of z (B, L): E Φ(u) = Φ(mean / sqrt(1 + variance))."""
        return _squash(self.base.mean / (1 + self.base.log_var.exp()).sqrt())

    @property
    def std(self) -> Tensor:
        """Standard deviation of z (B, L), by Gauss-Hermite quadrature."""
        nodes, weights = _NODES.to(self.base.mean), _WEIGHTS.to(self.base.mean)
        z = _squash(self.base.mean[..., None] + self.base.std[..., None] * nodes)
        return ((z - self.mean[..., None]).square() @ (weights / weights.sum())).sqrt()

    @property
    def log_var(self) -> Tensor:
        """Log of the variance of z (B, L)."""
        return 2 * self.std.log()

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Return one code per image (B, L), differentiable in mean and log_var of the base."""
        return _squash(self.base.sample(generator))

    def log_prob(self, z: Tensor) -> Tensor:
        """Return the log density of codes z (B, L), in nats, per latent (B, L)."""
        edge = torch.finfo(z.dtype).eps
        # Rounding may put a code onto the box's edge, where u would be infinite.
        u = torch.special.ndtri(((z / BOX + 1) / 2).clamp(edge, 1 - edge))
        standard = Gaussian(torch.zeros_like(u), torch.zeros_like(u))
        return self.base.log_prob(u) - standard.log_prob(u) - math.log(2 * BOX)


class Squash(nn.Module):
    """The map u -> z of a `Squashed` posterior as a layer, for a decoder that takes u."""

    def forward(self, u: Tensor) -> Tensor:
        """Return codes z (B, L) of u (B, L)."""
        return _squash(u)


def _squash(u: Tensor) -> Tensor:
    return BOX * (2 * torch.special.ndtr(u) - 1)


class Point(nn.Module):
    """The code is what the encoder says, without noise: an autoencoder."""

    has_kl = False
    needs_calibration = False

    def forward(self, output: Tensor) -> Gaussian:
        """Return the point posterior of the encoder's output (B, L)."""
        return Gaussian(output, torch.full_like(output, -torch.inf))

    def calibrate(self, codes: Tensor) -> None:
        """Take nothing from the training set's codes."""


class Fixed(nn.Module):
    """Gaussian noise of variance η·R on every latent: a noise-injected autoencoder.

    R is the mean squared distance of the codes from the origin: of the batch while training, of
    the training set afterwards (`squared_radius`, stored with the weights).

    Gradient flows through R. The noise then scales with the codes, so that the objective does not
    change when all codes are multiplied by a number and the decoder's first layer divided by it:
    there is nothing to win by running away from the noise. With R detached the gradient would not
    know this and push the codes outwards for ever.

    Args:
        noise_ratio: η, at least 0.
    """

    has_kl = False
    needs_calibration = True
    squared_radius: Tensor

    def __init__(self, noise_ratio: float) -> None:
        super().__init__()
        self.log_noise_ratio = math.log(noise_ratio) if noise_ratio else -math.inf
        self.register_buffer("squared_radius", torch.ones(()))

    def forward(self, output: Tensor) -> Gaussian:
        """Return the posterior of the encoder's output (B, L)."""
        radius = mean_squared_radius(output) if self.training else self.squared_radius
        return Gaussian(output, (self.log_noise_ratio + radius.log()).expand_as(output))

    def calibrate(self, codes: Tensor) -> None:
        """Keep R of the training set's codes (N, L)."""
        self.squared_radius.copy_(mean_squared_radius(codes))


class Learned(nn.Module):
    """Mean and log-variance both come from the encoder: a VAE.

    Source: Kingma and Welling 2014, equation 9, https://arxiv.org/abs/1312.6114.
    """

    has_kl = True
    needs_calibration = False

    def forward(self, output: Tensor) -> Gaussian:
        """Return the posterior of the encoder's output (B, 2L), means first."""
        return Gaussian(*output.chunk(2, dim=-1))

    def calibrate(self, codes: Tensor) -> None:
        """Take nothing from the training set's codes."""


class LearnedSquashed(nn.Module):
    """Like `Learned`, and squashed into the box of a uniform prior.

    A Gaussian would reach beyond the box, where the prior is 0 and the KL infinite. A small box as
    a posterior would do as well, but leads into collapse: once it is as wide as the prior, its
    middle cannot move, and a smaller box costs KL at once but tells images apart only later.
    """

    has_kl = True
    needs_calibration = False

    def forward(self, output: Tensor) -> Squashed:
        """Return the posterior of the encoder's output (B, 2L), means of the base first."""
        return Squashed(Gaussian(*output.chunk(2, dim=-1)))

    def calibrate(self, codes: Tensor) -> None:
        """Take nothing from the training set's codes."""


class Recognised(nn.Module):
    """The code that a discriminator's second head recognises in an image: an InfoGAN.

    It is a factored Gaussian Q(c given x), learned from generated images, whose codes are known.
    Its variance stays between that of the prior, 1, and `FLOOR`: without a floor a code that is
    recognised well would outweigh everything else, since the gradient of its log density grows
    with 1 / variance.

    Source: Chen et al. 2016, sections 5 and 6, https://arxiv.org/abs/1606.03657.
    """

    has_kl = False
    needs_calibration = False
    FLOOR = LEAST_VARIANCE
    """Least variance."""

    def forward(self, output: Tensor) -> Gaussian:
        """Return the posterior of the encoder's output (B, 2L + 1): means, widths, a logit.

        The logit is the discriminator's, of being real, and not read here.
        """
        mean, width = output[:, :-1].chunk(2, dim=-1)
        return Gaussian(mean, math.log(self.FLOOR) * width.sigmoid())

    def calibrate(self, codes: Tensor) -> None:
        """Take nothing from the training set's codes."""


Posterior = Point | Fixed | Learned | LearnedSquashed | Recognised


def mean_squared_radius(codes: Tensor) -> Tensor:
    """Return R, the mean over codes (N, L) of the squared distance from the origin; a scalar.

    >>> mean_squared_radius(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor(12.5000)
    """
    return codes.square().sum(-1).mean()
