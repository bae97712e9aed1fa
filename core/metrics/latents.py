"""Active latents, the scale of the codes and the KL per latent, from stored posteriors."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.metrics.table import table

THRESHOLD = 0.01
"""Least share of an active latent's variance that the images decide."""


def active(mean: ArrayLike, std: ArrayLike, *, threshold: float = THRESHOLD) -> NDArray[np.bool_]:
    """Return which latents are active: True where the image decides the code.

    A_u = Var_x( E[z_u | x] ) > threshold * ( Var_x( E[z_u | x] ) + E_x[ Var(z_u | x) ] )

    By the law of total variance, the bracket is the variance of latent u under the aggregate
    posterior. A collapsed latent has the same posterior for every image: its mean stands still
    beside the posterior's own width. A share has no unit, so that no scale of the codes changes
    it; an autoencoder and a learned prior stretch or shrink their codes at no cost. An
    autoencoder's posteriors have no width and can only be compared with its other latents: the
    bracket is then the variance of the means, averaged over latents.

    Burda et al. compare the variance of the mean with 0.01 itself. Both rules agree where the
    aggregate posterior has variance 1, as it nearly has under a standard normal prior. The share
    is ours.

    Source: Burda, Grosse and Salakhutdinov 2016, Importance Weighted Autoencoders, experiments,
        https://arxiv.org/abs/1509.00519

    Args:
        mean: posterior means over a data set, (N, L), N at least 2, in any unit.
        std: posterior standard deviations in the same unit, (N, L), at least 0; all 0 where the
            posterior is a point.
        threshold: least share of an active latent, from 0 to below 1.

    Returns:
        One truth value per latent, (L,).

    Raises:
        ValueError: no finite tables of one shape, a standard deviation below 0, or a threshold out
            of range.

    >>> mean, std = np.array([[-1.0, 0.3, 0.01], [1.0, 0.3, -0.01]]), np.full((2, 3), 0.5)
    >>> active(mean, std)
    array([ True, False, False])
    >>> active(1000 * mean, 1000 * std)
    array([ True, False, False])
    """
    if not 0 <= threshold < 1:
        raise ValueError(f"threshold should be from 0 to below 1, got {threshold}")
    moved = _variance(mean)
    width = table("posterior standard deviations", std)
    if width.shape != np.shape(mean):
        raise ValueError(
            f"posterior standard deviations should have the means' shape {np.shape(mean)}, got"
            f" {width.shape}"
        )
    if width.min() < 0:
        raise ValueError(f"posterior standard deviations should be at least 0, got {width.min()}")
    total = moved + np.square(width).mean(axis=0) if width.any() else moved.mean()
    return moved > threshold * total


def code_scale(mean: ArrayLike) -> float:
    """Return the overall standard deviation of the codes: one number for all latents.

    s = sqrt( 1/L sum_u Var_x( E[z_u | x] ) )

    Args:
        mean: posterior means over a data set, (N, L), N at least 2.

    Returns:
        In units of the code; 0 where every image has the same code.

    Raises:
        ValueError: codes that are no finite table.

    >>> code_scale(np.array([[-3.0, 1.0], [3.0, 1.0]]))
    2.12...
    """
    return float(np.sqrt(_variance(mean).mean()))


def kl_per_latent_from(mean: ArrayLike, std: ArrayLike) -> NDArray[np.float64]:
    """Return how many nats each latent carries per image, from stored posteriors.

    KL_u = 1/N sum_n ½ ( mean² + std² - 1 ) - ln std

    It tells apart latents that `active` counts alike. Only a learned posterior under a standard
    normal prior pays it; for other models the number has no meaning.

    Source: Kingma and Welling 2014, Auto-Encoding Variational Bayes, appendix B,
        https://arxiv.org/abs/1312.6114

    Args:
        mean: posterior means, (N, L).
        std: posterior standard deviations, (N, L), above 0.

    Returns:
        Nats per image, (L,), at least 0.

    Raises:
        ValueError: tables of different shape, values that are not finite, or a standard deviation
            of 0 or less.

    >>> kl_per_latent_from([[1.0, 0.0], [-1.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]])
    array([0.5, 0. ])
    """
    mean, std = table("posterior means", mean), table("posterior standard deviations", std)
    if mean.shape != std.shape:
        raise ValueError(
            f"posterior standard deviations should have the means' shape {mean.shape}, got"
            f" {std.shape}"
        )
    if std.min() <= 0:
        raise ValueError(f"posterior standard deviations should be above 0, got {std.min()}")
    return (0.5 * (mean**2 + std**2 - 1) - np.log(std)).mean(axis=0)


def _variance(mean: ArrayLike) -> NDArray[np.float64]:
    codes = table("codes", mean, rows=2)
    # Seen from the first row, a latent that never moves has variance 0. From 0 its variance would
    # be the rounding error of its mean.
    return (codes - codes[0]).var(axis=0)
