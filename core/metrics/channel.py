"""How many bits Gaussian noise lets through a code, so that noise and KL stand on one axis."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def gaussian_capacity(signal: ArrayLike, noise: ArrayLike) -> NDArray[np.float64]:
    """Return how many bits noise leaves in each latent, at most.

    C_u = ½ log2( 1 + s_u² / σ_u² )

    A code of variance s² that is read through Gaussian noise of variance σ² tells at most so many
    bits about its image, and a Gaussian code tells exactly as many. The sum over latents bounds
    the mutual information of image and noisy code from above, as a VAE's KL (in bits) bounds that
    of its codes: both bound the same quantity, so both belong on the same axis.

    Source: Shannon 1948, A mathematical theory of communication, theorem 17, for one use of the
        channel, https://doi.org/10.1002/j.1538-7305.1948.tb01338.x

    Args:
        signal: variance of the codes s², at least 0, in squared units of the code, (L,) or a
            number.
        noise: variance of the noise σ², above 0, in the same units, (L,) or a number.

    Returns:
        Bits per latent, (L,), at least 0.

    Raises:
        ValueError: a variance out of range, or numbers of signals and noises that do not match.

    >>> gaussian_capacity([3.0, 0.0], 1.0)
    array([1., 0.])
    """
    signal, noise = (
        np.atleast_1d(np.asarray(variance, np.float64)) for variance in (signal, noise)
    )
    _check("variance of the codes", signal, least=0)
    _check("variance of the noise", noise, above=0)
    if noise.size not in (1, signal.size) or signal.ndim > 1 or noise.ndim > 1:
        raise ValueError(
            "noise should be one number for all latents or one for each, got shape"
            f" {noise.shape} for a signal of shape {signal.shape}"
        )
    return 0.5 * np.log2(1 + signal / noise)


def capacity_limit(noise_ratio: ArrayLike, latent_dim: int) -> NDArray[np.float64]:
    """Return the most bits per latent that noise of variance η·R leaves, however the codes lie.

    ½ log2( 1 + 1 / (η L) ),    since R = |m|² + Σ s_u² is at least the sum of the codes' variances

    Codes around the origin that spread equally in every latent reach it. η and the number of
    latents alone fix it; data and network do not enter.

    Source: Shannon 1948, A mathematical theory of communication, theorem 17,
        https://doi.org/10.1002/j.1538-7305.1948.tb01338.x

    Args:
        noise_ratio: η, above 0, any shape.
        latent_dim: L, at least 1.

    Returns:
        Bits per latent, of the shape of `noise_ratio`.

    Raises:
        ValueError: a number out of range.

    >>> float(capacity_limit(0.05, 2))
    1.729...
    """
    ratio = np.asarray(noise_ratio, np.float64)
    _check("noise_ratio", ratio, above=0)
    _check("latent_dim", np.asarray(latent_dim), least=1)
    return 0.5 * np.log2(1 + 1 / (ratio * latent_dim))


def noise_ratio_for(bits: float, latent_dim: int) -> float:
    """Return the noise ratio η that leaves at most this many bits per image.

    η = 1 / ( L (2^(2 bits / L) - 1) )

    It inverts `capacity_limit`.

    Args:
        bits: per image, above 0.
        latent_dim: L, at least 1.

    Returns:
        η, above 0, without a unit.

    Raises:
        ValueError: a number out of range.

    >>> noise_ratio_for(1.0, 2)
    0.5
    """
    _check("bits", np.asarray(bits), above=0)
    _check("latent_dim", np.asarray(latent_dim), least=1)
    return 1 / (latent_dim * math.expm1(2 * bits / latent_dim * math.log(2)))


def bits(nats: float) -> float:
    """Return nats as bits.

    >>> bits(math.log(8))
    3.0
    """
    return nats / math.log(2)


def _check(
    what: str, values: NDArray, *, least: float | None = None, above: float | None = None
) -> None:
    wrong = ~np.isfinite(values)
    wrong |= values < least if least is not None else values <= above
    if wrong.any():
        limit = f"at least {least:g}" if least is not None else f"above {above:g}"
        raise ValueError(f"{what} should be finite and {limit}, got {values[wrong].flat[0]:g}")
