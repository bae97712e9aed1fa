"""What is minimised: nll + β · KL, in nats per image, and the bound it stands for. Pure functions."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from core.models import Autoencoder


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
    """Return nll and KL of images x (B, 1, H, W) in [0, 1], each estimated with one code per
    image.

    The range is not asked for: this is every step of a training, whose images an `ImageSet` holds
    as whole numbers. `core.metrics.likelihood` asks.
    """
    posterior, z, output = model(x, generator)
    kl = model.prior.kl(posterior, z) if model.posterior.has_kl else None
    return Terms(model.likelihood.nll(output, x), kl)


def loss(terms: Terms, beta: float) -> Tensor:
    """Return nll + β · KL averaged over images; a scalar, in nats per image.

    Pixels and latents are summed, images averaged: no other reduction is used anywhere, so that β
    means what it means in the paper. β = 1 is the negative elbo. Source: Higgins et al. 2017,
    equation 4.
    """
    nll = terms.nll.mean()
    return nll if terms.kl is None or not beta else nll + beta * terms.kl.mean()


def elbo(terms: Terms) -> Tensor | None:
    """Return -(nll + KL), a lower bound on log p(x) in nats per image (B,): the larger the better.

    None where there is no KL: an autoencoder has a reconstruction error, not a bound on a
    likelihood.
    Source: Kingma and Welling 2014, equation 3.
    """
    return None if terms.kl is None else -(terms.nll + terms.kl)
