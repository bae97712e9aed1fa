"""log p(x) of models with one or two latents, by a sum over a lattice that refines itself."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor

from core.devices import generator
from core.metrics.likelihood.joint import (
    Estimate,
    log_likelihoods,
    log_prior,
    numbers,
    outputs,
    posterior_of,
)
from core.models import Autoencoder, Gaussian

TOLERANCE = 0.01
"""Greatest refinement error of a lattice that is fine enough, in nats."""

LEVELS = 10
"""Most lattices, each of half the step of the one before."""

MOST_TILES = 4000
"""Most tiles of one image, a quarter of a million codes; it is refined no further beyond."""

SIDE = 8
"""Cells of a tile along each latent; codes are decoded, and images picked, tile by tile."""

_FIRST_TILES = 6
"""Tiles of the first lattice along its longest side."""

FINEST = 1e-4
"""Least tolerance, in nats: rounding in single precision changes as much."""

_TAIL = 6.0
"""Nats below the tolerance's share of p(x) beyond which a tile is refined no further."""

_MOST_SLACK = 100.0
"""Most further nats for a coarse lattice, which may miss a peak; else twice its last change."""

_DECODED = 4096
"""Codes decoded at once: 13 MB of MNIST."""

_HALF = 1 << 19
_BASE = 1 << 20
"""Tiles count from -_HALF to _HALF - 1 along each latent: image and tile fit one whole number."""


@torch.inference_mode()
def quadrature(model: Autoencoder, images: Tensor, tolerance: float = TOLERANCE) -> Estimate:
    """Return log p(x) of each image by quadrature over the codes, with its refinement error.

    - log p(x) = log ∫ p(x given z) p(z) dz
    - log p(x) ≈ log sum_i exp( log p(x given z_i) + log p(z_i) ) + L log h

    The codes z_i are the centres of cells of side h. Images share them, so each is decoded once
    and compared with all images by one matrix product. The first lattice covers the prior and the
    encoder's posteriors. Each further lattice has half the step and covers the tiles that hold an
    image's mass, and their neighbours, until the image's sum stands still. The posteriors of MNIST
    are a hundredth of the plane wide, and so fine a lattice over all of it would take hours. For a
    Gaussian, sums over a lattice converge faster than any power of h once h is below 1.5 of its
    standard deviations.

    Source: Kingma and Welling 2014, section 2.1, for the marginal likelihood,
        https://arxiv.org/abs/1312.6114

    Args:
        model: with one or two latents and a posterior that is no point.
        images: (N, 1, H, W), in [0, 1].
        tolerance: nats, at least `FINEST`.

    Returns:
        Nats per image, and as error the change by the last halving (on tiles that reach further
        out), or a quarter of the change before it where that is more. The error is above the
        tolerance only where `LEVELS` lattices or `MOST_TILES` tiles are not enough.

    Raises:
        ValueError: more than two latents, a posterior that is a point, no images, or a tolerance
            that is too small.

    >>> from core.recipes import recipe
    >>> from core.models import build
    >>> value, error = quadrature(build(recipe("digits", "vae")), torch.zeros(1, 1, 8, 8))
    >>> value.shape, bool(error < 0.01)
    ((1,), True)
    """
    if not tolerance >= FINEST:
        raise ValueError(f"tolerance should be at least {FINEST}, got {tolerance}")
    value, error, _, _ = refine(model, images, tolerance)
    return Estimate(numbers(value), numbers(error))


def refine(
    model: Autoencoder, images: Tensor, tolerance: float
) -> tuple[Tensor, Tensor, Tensor, float]:
    """Return log p(x) (N,), its refinement error (N,), the last tiles (K, 1 + L) and their side.

    A row of tiles holds the number of an image and that of a tile along each latent; the side is
    in units of the code. The mass outside an image's tiles is a small share of the tolerance.
    """
    posterior = posterior_of(model, images)
    check_latents(posterior)
    x, count = images.flatten(1), len(images)
    step, pairs = _first_lattice(model, posterior)
    last, side = pairs, SIDE * step
    tail = _TAIL - math.log(tolerance)
    value = x.new_full((count,), torch.inf, dtype=torch.float64)
    change, error = value.clone(), value.clone()
    rest = -value  # log of the mass on tiles that are refined no further
    for _ in range(LEVELS):
        mass, image = _masses(model, x, pairs, step), pairs[:, 0]
        total = _per_image(mass, image, count)
        going = total > -torch.inf  # the others are done
        total = torch.logaddexp(total, rest)
        before, change = change, torch.where(going, (total - value).abs(), change)
        # A small change on a coarse lattice may be chance, so a quarter of the one before counts.
        error = torch.where(going, torch.maximum(change, before / 4), error)
        value = torch.where(going, total, value)
        last, side = pairs, SIDE * step
        least = value - tail - change.mul(2).clamp(max=_MOST_SLACK)
        floor = torch.where(error > tolerance, least, torch.inf)
        halves = _halves(pairs)
        pairs = _with_neighbours(halves[mass > floor[image, None]])
        pairs = pairs[pairs[:, 0].bincount(minlength=count)[pairs[:, 0]] <= MOST_TILES]
        if not len(pairs):
            break
        left = torch.isin(_key(halves), _key(pairs), invert=True)  # coarse mass will do for these
        rest = torch.logaddexp(rest, _per_image(mass.masked_fill(~left, -torch.inf), image, count))
        step /= 2
    return value, error, last, side


def check_latents(posterior: Gaussian) -> None:
    """Refuse posteriors over more latents than a lattice can cover.

    Raises:
        ValueError: more than two.
    """
    latent_dim = posterior.mean.shape[1]
    if latent_dim > 2:
        raise ValueError(
            f"quadrature should be asked of one or two latents, got {latent_dim}; use importance"
            " weighting for more"
        )


def cells(tiles: Tensor, side: float | Tensor, count: int) -> Tensor:
    """Return the centres (T, count^L, L) of the cells of tiles (T, L), `count` along each side."""
    centre = (torch.arange(count, device=tiles.device, dtype=torch.float64) + 0.5) / count
    inside = torch.cartesian_prod(*[centre] * tiles.shape[1]).view(-1, tiles.shape[1])
    return (tiles[:, None] + inside) * side


def _first_lattice(model: Autoencoder, posterior: Gaussian) -> tuple[float, Tensor]:
    """Return the step of a lattice that covers prior and posteriors, and all images' tiles."""
    drawn = model.prior.sample(10_000, generator(0)).to(posterior.mean)
    reach = 4 * posterior.std
    every = torch.cat([drawn, posterior.mean - reach, posterior.mean + reach]).double()
    low, high = every.amin(0), every.amax(0)
    side = float((high - low).max()) / _FIRST_TILES
    along = [
        torch.arange(math.floor(a / side), math.ceil(b / side))
        for a, b in zip(low, high, strict=True)
    ]
    tiles = torch.cartesian_prod(*along).view(-1, len(along))
    image = torch.arange(len(posterior.mean)).repeat_interleave(len(tiles))
    pairs = torch.cat([image[:, None], tiles.repeat(len(posterior.mean), 1)], 1)
    return side / SIDE, pairs.to(posterior.mean.device)


def _masses(model: Autoencoder, x: Tensor, pairs: Tensor, step: float) -> Tensor:
    """Return log ∫ p(x, z) dz over each half (quarter) of each pair's tile, (K, 2^L), float64."""
    latents = pairs.shape[1] - 1
    keys, which, counts = _key(pairs[:, 1:]).unique(return_inverse=True, return_counts=True)
    rows = which.argsort(stable=True).split(counts.tolist())
    mass = x.new_empty((len(pairs), 2**latents), dtype=torch.float64)
    at_once = max(1, _DECODED // SIDE**latents)
    parts = _unkey(keys, latents).split(at_once)
    for first, tiles in zip(itertools.count(0, at_once), parts, strict=False):
        codes = cells(tiles, SIDE * step, SIDE).to(x.dtype)
        output, prior = outputs(model, codes), log_prior(model, codes)
        for row, out, log_p in zip(rows[first:], output, prior, strict=False):
            seen = x if len(row) == len(x) else x[pairs[row, 0]]
            logs = log_likelihoods(model.likelihood, seen, out) + log_p
            mass[row] = _by_half(logs, latents).double()
    return mass + latents * math.log(step)


def _by_half(table: Tensor, latents: int) -> Tensor:
    """Return the log-sum-exp (B, 2^L) over each half (quarter) of tiles (B, SIDE^L)."""
    halves = table.unflatten(1, (2, SIDE // 2) * latents)
    return halves.logsumexp(tuple(range(2, 1 + 2 * latents, 2))).flatten(1)


def _per_image(mass: Tensor, image: Tensor, count: int) -> Tensor:
    """Return the log-sum-exp (count,) of the masses (K, H) of each image."""
    most = mass.new_full((count,), -torch.inf).scatter_reduce(0, image, mass.amax(1), "amax")
    shift = most.nan_to_num(neginf=0.0)
    share = (mass - shift[image, None]).exp().sum(1)
    return shift + torch.zeros_like(most).index_add(0, image, share).log()


def _halves(pairs: Tensor) -> Tensor:
    """Return the halves (quarters) of tiles (K, 1 + L), tiles of half the side (K, 2^L, 1 + L)."""
    corners = _offsets(pairs.shape[1] - 1, (0, 1), pairs.device)
    return pairs[:, None] * corners.new_tensor([1] + [2] * (pairs.shape[1] - 1)) + corners


def _with_neighbours(pairs: Tensor) -> Tensor:
    """Return the pairs (K, 1 + L) and those of the tiles around, each once, by rising image."""
    around = pairs[:, None] + _offsets(pairs.shape[1] - 1, (-1, 0, 1), pairs.device)
    return _unkey(_key(around).unique(), pairs.shape[1])


def _offsets(latents: int, along: tuple[int, ...], device: torch.device) -> Tensor:
    """Return every step along the latents, with none between images, (len(along)^L, 1 + L)."""
    steps = itertools.product(along, repeat=latents)
    return torch.tensor([(0, *step) for step in steps], device=device)


def _key(rows: Tensor) -> Tensor:
    """Return one whole number (...) for each row of whole numbers (..., columns), in order."""
    key = torch.zeros_like(rows[..., 0])
    for column in rows.unbind(-1):
        key = key * _BASE + column + _HALF
    return key


def _unkey(key: Tensor, columns: int) -> Tensor:
    """Return the rows of whole numbers (K, columns) that `_key` joined (K,)."""
    parts = []
    for _ in range(columns):
        parts.append(key % _BASE - _HALF)
        key = key // _BASE
    return torch.stack(parts[::-1], 1)
