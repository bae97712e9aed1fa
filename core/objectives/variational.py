"""nll + β · KL, in nats per image: the objective of the whole family of autoencoders."""

from __future__ import annotations

from typing import Any, NamedTuple, final

import torch
from torch import Tensor

from core.config import ModelConfig
from core.devices import reduced_precision
from core.models import Autoencoder
from core.objectives.base import Moment, Objective


class Terms(NamedTuple):
    """The two terms of the objective, each in nats per image (B,).

    Args:
        nll: -log p(x given z) of the sampled code; its average is the distortion.
        kl: KL(q(z given x) || p(z)); its average is the rate. None where the posterior is charged
            no KL.
    """

    nll: Tensor
    kl: Tensor | None


def terms(model: Autoencoder, x: Tensor, generator: torch.Generator | None = None) -> Terms:
    """Return nll and KL of images x (B, 1, H, W) in [0, 1], each estimated with one code an image.

    The range is not checked: this is every step of a training, whose images an `ImageSet` holds
    as whole numbers. `core.metrics.likelihood` checks it.
    """
    posterior, z, output = model(x, generator)
    kl = model.prior.kl(posterior, z) if model.posterior.has_kl else None
    return Terms(model.likelihood.nll(output, x), kl)


def loss(terms: Terms, beta: float) -> Tensor:
    """Return nll + β · KL averaged over images; a scalar, in nats per image.

    Pixels and latents are summed, images averaged: no other reduction is used anywhere, so that β
    means what it means in the paper. β = 1 is the negative ELBO.

    Source: Higgins et al. 2017, β-VAE, equation 4, https://openreview.net/forum?id=Sy2fzU9gl;
        Kingma and Welling 2014, equation 3, https://arxiv.org/abs/1312.6114.
    """
    nll = terms.nll.mean()
    return nll if terms.kl is None or not beta else nll + beta * terms.kl.mean()


@final
class Variational(Objective):
    """nll + β · KL; the nll alone where the posterior is charged no KL."""

    def __init__(self, model: Autoencoder, config: ModelConfig) -> None:
        super().__init__(model, config)
        self.sums = ("nll", "kl") if model.posterior.has_kl else ("nll",)

    def step(
        self,
        x: Tensor,
        optimiser: torch.optim.Optimizer,
        noise: torch.Generator,
        moment: Moment,
        precision: torch.dtype = torch.float32,
    ) -> Tensor:
        """Take one step down the gradient of the loss, as `Objective.step` says."""
        with reduced_precision(x.device, precision):
            now = terms(self.model, x, noise)
        optimiser.zero_grad(set_to_none=True)
        loss(now, moment.beta).backward()
        optimiser.step()
        # Left on the device, so that no step waits for its numbers.
        return torch.stack([term.detach().sum() for term in now if term is not None])

    def measure(self, *, seed: int = 0) -> dict[str, Any]:
        """Return nothing: the evaluation of a model has both terms already."""
        return {}
