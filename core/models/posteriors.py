"""q(z given x): what the encoder says about the code. A point, a Gaussian of fixed noise, a learned Gaussian or box.

This is where an autoencoder, a noise-injected autoencoder and a VAE differ. Each turns the encoder's output into a
`Gaussian` over codes; a point is one of standard deviation 0. Only a uniform prior asks for a `Box` instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn


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

        z = mean + std * noise: the reparameterisation trick. Source: Kingma and Welling 2014, section 2.4.
        """
        noise = torch.randn(self.mean.shape, dtype=self.mean.dtype, device=self.mean.device, generator=generator)
        return self.mean + self.std * noise

    def log_prob(self, z: Tensor) -> Tensor:
        """Return the log density of codes z (B, L), in nats, per latent (B, L)."""
        return -0.5 * ((z - self.mean).square() / self.log_var.exp() + self.log_var + math.log(2 * math.pi))


BOX = math.sqrt(3)
"""Half-width of the uniform prior, whose variance is then 1."""


@dataclass(frozen=True)
class Box:
    """A uniform distribution over a box of codes.

    Args:
        mean: its middle (B, L).
        half_width: (B, L), above 0.
    """

    mean: Tensor
    half_width: Tensor

    @property
    def std(self) -> Tensor:
        """Standard deviation (B, L)."""
        return self.half_width / math.sqrt(3)

    @property
    def log_var(self) -> Tensor:
        """Log of the variance (B, L)."""
        return 2 * self.std.log()

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Return one code per image (B, L), differentiable in mean and half-width."""
        unit = torch.rand(self.mean.shape, dtype=self.mean.dtype, device=self.mean.device, generator=generator)
        return self.mean + self.half_width * (2 * unit - 1)

    def log_prob(self, z: Tensor) -> Tensor:
        """Return the log density of codes z (B, L), in nats, per latent (B, L); minus infinity outside."""
        within = (z - self.mean).abs() <= self.half_width
        return torch.where(within, -(2 * self.half_width).log(), -torch.inf)


class Point(nn.Module):
    """The code is what the encoder says, without noise: an autoencoder."""

    outputs_per_latent = 1
    has_kl = False
    needs_calibration = False

    def forward(self, output: Tensor) -> Gaussian:
        """Return the point posterior of the encoder's output (B, L)."""
        return Gaussian(output, torch.full_like(output, -torch.inf))

    def calibrate(self, codes: Tensor) -> None:
        """Take nothing from the training set's codes."""


class Fixed(nn.Module):
    """Gaussian noise of variance η·R on every latent: a noise-injected autoencoder.

    R is the mean squared distance of the codes from the origin: of the batch while training, of the training set
    afterwards (`squared_radius`, stored with the weights).

    Gradient flows through R. The noise then scales with the codes, so that the objective does not change when all
    codes are multiplied by a number and the decoder's first layer divided by it: there is nothing to win by running
    away from the noise. With R detached the gradient would not know this and push the codes outwards for ever.

    Args:
        noise_ratio: η, at least 0.
    """

    outputs_per_latent = 1
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

    Source: Kingma and Welling 2014, equation 9.
    """

    outputs_per_latent = 2
    has_kl = True
    needs_calibration = False

    def forward(self, output: Tensor) -> Gaussian:
        """Return the posterior of the encoder's output (B, 2L), means first."""
        return Gaussian(*output.chunk(2, dim=-1))

    def calibrate(self, codes: Tensor) -> None:
        """Take nothing from the training set's codes."""


class LearnedBox(nn.Module):
    """Middle and width of a box both come from the encoder, and it never leaves the prior's box: for a uniform prior.

    half-width = BOX · sigmoid(s), mean = (BOX - half-width) · tanh(m)
    """

    outputs_per_latent = 2
    has_kl = True
    needs_calibration = False

    def forward(self, output: Tensor) -> Box:
        """Return the posterior of the encoder's output (B, 2L), what decides the middles first."""
        middle, width = output.chunk(2, dim=-1)
        half_width = BOX * width.sigmoid()
        return Box((BOX - half_width) * middle.tanh(), half_width)

    def calibrate(self, codes: Tensor) -> None:
        """Take nothing from the training set's codes."""


Posterior = Point | Fixed | Learned | LearnedBox


def mean_squared_radius(codes: Tensor) -> Tensor:
    """Return R, the mean over codes (N, L) of the squared distance from the origin; a scalar.

    >>> mean_squared_radius(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor(12.5000)
    """
    return codes.square().sum(-1).mean()
