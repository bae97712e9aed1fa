"""Gaps between ELBO and log p(x): the encoder is not good enough, or no Gaussian is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from core.metrics.likelihood.bounds import integrands
from core.metrics.likelihood.joint import Floats, numbers, posterior_of
from core.models import Autoencoder, Gaussian

STEPS = 100
"""Steps of Adam for each image."""

RATE = 0.1
"""Adam's first learning rate, in standard deviations of q; it falls to 0 along a line."""

_FIT, _JUDGE = 5, 16
"""Gauss-Hermite nodes along a latent, for the fit and for the returned numbers."""

_DRAWS, _JUDGING_DRAWS = 64, 512
"""Points of a scrambled Sobol sequence, which replace the nodes beyond two latents."""

_DECODED = 4096
"""Codes decoded at once."""


@dataclass(frozen=True)
class Gaps:
    """Parts of the gap between log p(x) and the ELBO of N images, in nats.

    Args:
        elbo: of the encoder's Gaussian, (N,).
        best: ELBO of the Gaussian fitted to each image alone, (N,), at least `elbo`.
        amortisation: best - elbo, (N,), at least 0: one encoder serves all images.
        approximation: log p(x) - best, (N,): the true posterior is no Gaussian with independent
            latents.
    """

    elbo: Floats
    best: Floats
    amortisation: Floats
    approximation: Floats


def gaps(
    model: Autoencoder,
    images: Tensor,
    log_evidence: ArrayLike,
    steps: int = STEPS,
    seed: int = 0,
    start: Gaussian | None = None,
) -> tuple[Gaps, Gaussian]:
    """Return the two parts of the gap between log p(x) and the ELBO, and the fitted Gaussians.

    log p(x) - ELBO(q) = ( log p(x) - ELBO(q*) ) + ( ELBO(q*) - ELBO(q) )

    with q* the diagonal Gaussian of the highest ELBO. The first part is the approximation gap, the
    second the amortisation gap. q* starts from the encoder's q, or from another Gaussian of higher
    ELBO, and climbs by Adam. It may stop on a lower hill, so the returned approximation gap is an
    upper bound and the amortisation gap a lower bound. Up to two latents the expectation is a
    Gauss-Hermite sum without noise. Beyond, it is an average over a Sobol sequence: one sequence
    for all steps of the fit, and another for the final ELBO of both Gaussians.

    Source: Cremer, Li and Duvenaud 2018, Inference Suboptimality in Variational Autoencoders,
        section 3, https://arxiv.org/abs/1801.03558

    Args:
        model: with a posterior that is no point, and any number of latents.
        images: (N, 1, H, W), in [0, 1].
        log_evidence: log p(x) in nats, (N,): by quadrature, or the tightest bound at hand.
        steps: of Adam, at least 1.
        seed: of the samples, for more than two latents.
        start: Gaussians (N, L) to start from where their ELBO is higher than the encoder's.

    Returns:
        Nats per image, and q* as a Gaussian over codes (N, L).

    Raises:
        ValueError: fewer than 1 step, a posterior that is a point, or evidence or starts that are
            not one per image.

    >>> from core.recipes import recipe
    >>> from core.models import build
    >>> model = build(recipe("digits", "vae"))
    >>> parts, best = gaps(model, torch.zeros(1, 1, 8, 8), [-40.0], steps=3)
    >>> parts.amortisation.shape, bool(parts.amortisation >= 0), best.mean.shape
    ((1,), True, torch.Size([1, 2]))
    """
    evidence = np.asarray(log_evidence, np.float64)
    _check(len(images), evidence, steps, start)
    parts = []
    for places in torch.arange(len(images)).split(_DECODED // _DRAWS):
        started = None if start is None else _picked(start, places)
        parts.append(_fitted(model, images[places], steps, seed, started))
    ours, best, mean, log_var = (torch.cat(columns) for columns in zip(*parts, strict=True))
    ours, best = numbers(ours), numbers(best)
    return Gaps(ours, best, best - ours, evidence - best), Gaussian(mean, log_var)


def _check(count: int, evidence: Floats, steps: int, start: Gaussian | None) -> None:
    if steps < 1:
        raise ValueError(f"steps should be at least 1, got {steps}")
    if evidence.shape != (count,):
        raise ValueError(
            f"log_evidence should be one number per image, {count}, got shape {evidence.shape}"
        )
    if start is not None and len(start.mean) != count:
        raise ValueError(f"start should be one Gaussian per image, {count}, got {len(start.mean)}")


def _fitted(
    model: Autoencoder, x: Tensor, steps: int, seed: int, other: Gaussian | None
) -> tuple[Tensor, ...]:
    """Return the ELBO of the encoder's and of the fitted Gaussian (B,), and the latter (B, L).

    The fitted Gaussian comes as its mean and its log-variance.
    """
    with torch.no_grad():
        encoder = posterior_of(model, x)
        judge = _rule(encoder, _JUDGE, _JUDGING_DRAWS, seed + 1)
        ours = _elbo(model, x, encoder, judge)
        start, reached = encoder, ours
        if other is not None:
            start, reached = _better(model, x, (encoder, ours), other, judge)
    fitted = _climb(model, x, start, _rule(start, _FIT, _DRAWS, seed), steps)
    with torch.no_grad():  # the climb on a coarser sum may lose; then the start is the best known
        best, value = _better(model, x, (start, reached), fitted, judge)
    return ours, value, best.mean, best.log_var


def _better(
    model: Autoencoder,
    x: Tensor,
    known: tuple[Gaussian, Tensor],
    other: Gaussian,
    judge: tuple[Tensor, Tensor],
) -> tuple[Gaussian, Tensor]:
    """Return for each image the Gaussian of higher ELBO, and that ELBO (B,)."""
    before, value = known
    reached = _elbo(model, x, other, judge)
    higher = (reached > value)[:, None]
    mean = torch.where(higher, other.mean, before.mean)
    log_var = torch.where(higher, other.log_var, before.log_var)
    return Gaussian(mean, log_var), torch.maximum(value, reached)


def _picked(gaussian: Gaussian, places: Tensor) -> Gaussian:
    return Gaussian(gaussian.mean[places], gaussian.log_var[places])


def _climb(
    model: Autoencoder, x: Tensor, start: Gaussian, rule: tuple[Tensor, Tensor], steps: int
) -> Gaussian:
    """Return Gaussians of higher ELBO.

    Adam treats each number alone, so that images do not disturb each other.
    """
    shift = torch.zeros_like(start.mean, requires_grad=True)
    stretch = torch.zeros_like(start.mean, requires_grad=True)
    optimiser = torch.optim.Adam([shift, stretch], lr=RATE)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = RATE * (1 - step / steps)
        loss = -_elbo(model, x, _moved(start, shift, stretch), rule).sum()
        shift.grad, stretch.grad = torch.autograd.grad(loss, [shift, stretch])
        optimiser.step()
    return _moved(start, shift.detach(), stretch.detach())


def _moved(start: Gaussian, shift: Tensor, stretch: Tensor) -> Gaussian:
    return Gaussian(start.mean + start.std * shift, start.log_var + 2 * stretch)


def _elbo(model: Autoencoder, x: Tensor, q: Gaussian, rule: tuple[Tensor, Tensor]) -> Tensor:
    """Return E_q[ log p(x given z) ] - KL (B,) as a weighted sum over standard normal nodes."""
    nodes, weights = rule
    return integrands(model, x, q, nodes) @ weights


def _rule(q: Gaussian, nodes: int, draws: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return nodes (B, S, L) and weights (S,) of an average over a standard normal."""
    count, latents = q.mean.shape
    if latents > 2:
        even = torch.quasirandom.SobolEngine(latents, scramble=True, seed=seed).draw(
            draws, dtype=torch.float64
        )
        grid = torch.special.ndtri(even.clamp(1e-9, 1 - 1e-9))
        weights = torch.full((draws,), 1 / draws, dtype=torch.float64)
    else:
        place, weight = map(torch.from_numpy, np.polynomial.hermite_e.hermegauss(nodes))
        weight = weight / weight.sum()
        grid = torch.cartesian_prod(*[place] * latents).view(-1, latents)
        weights = torch.cartesian_prod(*[weight] * latents).view(-1, latents).prod(1)
    return grid.to(q.mean).expand(count, -1, -1), weights.to(q.mean.device)
