"""Which latents a model uses, seen from its codes over a data set."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.metrics.table import table

THRESHOLD = 0.01
"""Variance of the posterior mean above which a latent counts as active (Burda et al. 2015)."""


def active(mean: ArrayLike, *, threshold: float = THRESHOLD, unit_scale: bool) -> NDArray[np.bool_]:
    """Return which latents are active: True where the code moves when the image does.

    A_u = Var_x( E[z_u | x] ) > threshold

    A latent that the KL has closed has the same posterior for every image, so its mean stands still. The threshold
    presupposes codes of about unit scale, which only a KL brings about; an autoencoder may shrink or stretch its
    codes at no cost. With `unit_scale` all codes are first divided by one number, their `code_scale`, which leaves
    the proportions between latents as they are.

    Source: Burda, Grosse and Salakhutdinov 2015, Importance Weighted Autoencoders, experiments. Unit scale is ours.

    Args:
        mean: posterior means over a data set, (N, L), N at least 2.
        threshold: least variance of an active latent, in squared units of the code, at least 0.
        unit_scale: divide by the overall scale first; set it for models trained without a KL.

    Returns:
        One truth value per latent, (L,).

    Raises:
        ValueError: codes that are no finite table, or a negative threshold.

    >>> codes = np.array([[-1.0, 0.3, 0.01], [1.0, 0.3, -0.01]])
    >>> active(codes, unit_scale=False)
    array([ True, False, False])
    """
    if not threshold >= 0:
        raise ValueError(f"threshold should be at least 0, got {threshold}")
    variance = _variance(mean)
    return variance > threshold * (variance.mean() if unit_scale else 1.0)


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

    It tells apart latents that `active` counts alike. Only a learned posterior over a standard normal prior is
    charged this; for others it is a number without a meaning.

    Source: Kingma and Welling 2014, Auto-Encoding Variational Bayes, appendix B.

    Args:
        mean: posterior means, (N, L).
        std: posterior standard deviations, (N, L), above 0.

    Returns:
        Nats per image, (L,), at least 0.

    Raises:
        ValueError: tables of different shape, values that are not finite, or a standard deviation of 0 or less.

    >>> kl_per_latent_from([[1.0, 0.0], [-1.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]])
    array([0.5, 0. ])
    """
    mean, std = table("posterior means", mean), table("posterior standard deviations", std)
    if mean.shape != std.shape:
        raise ValueError(f"posterior standard deviations should have the means' shape {mean.shape}, got {std.shape}")
    if std.min() <= 0:
        raise ValueError(f"posterior standard deviations should be above 0, got {std.min()}")
    return (0.5 * (mean**2 + std**2 - 1) - np.log(std)).mean(axis=0)


def _variance(mean: ArrayLike) -> NDArray[np.float64]:
    codes = table("codes", mean, rows=2)
    # Seen from the first row, a latent that never moves has variance 0, not the rounding error of its mean.
    return (codes - codes[0]).var(axis=0)
