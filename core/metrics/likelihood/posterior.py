"""The true posterior p(z given x) of one image, and how far the encoder's Gaussian is from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from core.metrics.likelihood.joint import (
    Floats,
    log_likelihoods,
    log_prior,
    numbers,
    outputs,
    posterior_of,
)
from core.metrics.likelihood.quadrature import SIDE, TOLERANCE, check_latents, refine
from core.models import Autoencoder, Gaussian

MOST_CELLS = 400
"""Cells of the grid along a latent, at most."""

_LEAST_CELLS = 64
"""Cells of the grid along a latent, at least."""

_REACH = 6
"""Standard deviations of the encoder's Gaussian that the grid covers at least."""

_DECODED = 4096
"""Codes decoded at once."""


@dataclass(frozen=True)
class TruePosterior:
    """p(z given x) of one image on a grid of codes.

    Args:
        axes: codes of the cells' centres along each latent, in units of the code, L arrays.
        density: p(z given x), (cells of the first latent, of the second); times a cell's size it
            sums to 1.
        log_evidence: log p(x), nats.
        refinement: error of the evidence, nats.
        mean: of the encoder's Gaussian q(z given x), (L,).
        std: its standard deviation, (L,).
        kl: KL(q || p(z given x)), nats; the gap between log p(x) and the ELBO.
    """

    axes: tuple[Floats, ...]
    density: Floats
    log_evidence: float
    refinement: float
    mean: Floats
    std: Floats
    kl: float


@torch.inference_mode()
def true_posterior(model: Autoencoder, image: Tensor, most: int = MOST_CELLS) -> TruePosterior:
    """Return the true posterior of one image, and the divergence of the encoder's from it.

    - p(z given x) = p(x given z) p(z) / p(x)
    - KL(q || p(z given x)) = sum_i q_i ( log q_i - log p(z_i given x) ) h

    The grid covers the tiles on which `quadrature` finds the mass, and six standard deviations of
    the encoder's Gaussian. The divergence is the gap of the ELBO, log p(x) = ELBO + KL(q || p(z
    given x)), computed in another way than the ELBO.

    Source: Kingma and Welling 2014, equation 1, https://arxiv.org/abs/1312.6114

    Args:
        model: with one or two latents and a posterior that is no point.
        image: (1, 1, H, W), in [0, 1].
        most: cells along a latent, at most; at least 64.

    Returns:
        Density, evidence and divergence.

    Raises:
        ValueError: more than two latents, a posterior that is a point, more than one image, or too
            few cells.

    >>> from core.recipes import recipe
    >>> from core.models import build
    >>> true = true_posterior(build(recipe("digits", "vae")), torch.zeros(1, 1, 8, 8))
    >>> [len(axis) for axis in true.axes] == list(true.density.shape), true.kl > 0
    (True, True)
    """
    if len(image) != 1:
        raise ValueError(f"image should be one, (1, 1, H, W), got shape {tuple(image.shape)}")
    if most < _LEAST_CELLS:
        raise ValueError(f"most should be at least {_LEAST_CELLS} cells, got {most}")
    q = posterior_of(model, image)
    check_latents(q)
    value, error, tiles, side = refine(model, image, TOLERANCE)
    axes, steps = _window(q, tiles[:, 1:] * side, side, most)
    codes = torch.cartesian_prod(*axes).view(-1, len(axes)).to(image.dtype)
    log_p = _log_joint(model, image, codes).double()
    log_q = _normalised(q.log_prob(codes).double().sum(-1))
    cell = math.prod(steps)
    kl = log_q.exp() @ (log_q - math.log(cell) - log_p + value[0])
    density = _normalised(log_p).exp() / cell
    return TruePosterior(
        axes=tuple(map(numbers, axes)),
        density=numbers(density.view(*map(len, axes))),
        log_evidence=float(value),
        refinement=float(error),
        mean=numbers(q.mean[0]),
        std=numbers(q.std[0]),
        kl=float(kl),
    )


def _window(
    q: Gaussian, corners: Tensor, side: float, most: int
) -> tuple[list[Tensor], list[float]]:
    """Return the cells' centres and sizes along each latent, which cover tiles (T, L) and q."""
    low = torch.minimum(corners.amin(0), (q.mean - _REACH * q.std)[0]).tolist()
    high = torch.maximum(corners.amax(0) + side, (q.mean + _REACH * q.std)[0]).tolist()
    axes, steps = [], []
    for a, b, std in zip(low, high, q.std[0].tolist(), strict=True):
        wanted = math.ceil((b - a) / min(side / SIDE, std / 2))
        count = min(max(wanted, _LEAST_CELLS), most)
        centre = torch.arange(count, dtype=torch.float64, device=corners.device) + 0.5
        axes.append(a + centre * (b - a) / count)
        steps.append((b - a) / count)
    return axes, steps


def _log_joint(model: Autoencoder, image: Tensor, codes: Tensor) -> Tensor:
    """Return log p(x, z) of one image at codes (M, L), in nats (M,)."""
    x = image.flatten(1)
    parts = [
        log_likelihoods(model.likelihood, x, outputs(model, z))[0] + log_prior(model, z)
        for z in codes.split(_DECODED)
    ]
    return torch.cat(parts)


def _normalised(logs: Tensor) -> Tensor:
    return logs - logs.logsumexp(0)
