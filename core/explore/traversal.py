"""One latent moves, all others stay: the codes of a traversal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Ruler:
    """The origin and the length of each latent's steps.

    Args:
        origin: (L,) value of each latent at step 0.
        unit: (L,) length of one step, at least 0.
    """

    origin: Floats
    unit: Floats

    def at(self, latent: int, steps: ArrayLike) -> Floats:
        """Return the values (S,) of a latent at some steps (S,).

        >>> Ruler(np.array([0, 5]), np.array([1, 2])).at(1, [-1, 0, 1]).tolist()
        [3.0, 5.0, 7.0]
        """
        return (self.origin[latent] + self.unit[latent] * np.asarray(steps, np.float64)).astype(
            np.float32
        )


def prior_ruler(latent_dim: int) -> Ruler:
    """Return the ruler of a standard normal prior: steps are standard deviations around 0."""
    return Ruler(np.zeros(latent_dim, np.float32), np.ones(latent_dim, np.float32))


def code_ruler(mean: NDArray[np.floating]) -> Ruler:
    """Return the ruler of a model without a prior.

    Steps are standard deviations of its own codes around their mean: an autoencoder may put its
    codes anywhere and at any scale, so three units may be nothing, or far outside.

    Args:
        mean: codes of a data set, (N, L), N at least 1.
    """
    codes = np.asarray(mean, np.float64)
    return Ruler(codes.mean(axis=0).astype(np.float32), codes.std(axis=0).astype(np.float32))


def steps(reach: float, count: int) -> NDArray[np.float64]:
    """Return evenly spaced steps (count,) from -reach to reach.

    Raises:
        ValueError: a reach of 0 or less, or fewer than two steps.

    >>> steps(3, 5).tolist()
    [-3.0, -1.5, 0.0, 1.5, 3.0]
    """
    if not reach > 0:
        raise ValueError(f"reach should be above 0, got {reach}")
    if count < 2:
        raise ValueError(f"there should be at least 2 steps, got {count}")
    # Not `linspace`, whose middle may miss 0 by a rounding error.
    return reach * (2 * np.arange(count) - (count - 1)) / (count - 1)


def traverse(start: ArrayLike, latent: int, values: ArrayLike) -> Floats:
    """Return codes (S, L) in which one latent takes each of some values and all others stay.

    z^(s) = start + (values_s - start_u) e_u

    Whatever then changes from image to image, this latent changed. It is how the papers on
    disentanglement show a model; that the others can be held fixed means little where the latents
    depend on each other.

    Source: Higgins et al. 2017, β-VAE, figures 1 to 4, https://openreview.net/forum?id=Sy2fzU9gl;
        Burgess et al. 2018, Understanding disentangling in β-VAE,
        https://arxiv.org/abs/1804.03599.

    Args:
        start: the code to start from, (L,).
        latent: which one moves, from 0.
        values: that it takes, (S,).

    Raises:
        ValueError: a start that is no code, values that are no row, or a latent that it does not
            have.

    >>> traverse([1, 2, 3], 1, [-1, 0]).tolist()
    [[1.0, -1.0, 3.0], [1.0, 0.0, 3.0]]
    """
    code, values = np.asarray(start, np.float32), np.asarray(values, np.float32)
    if code.ndim != 1 or values.ndim != 1:
        raise ValueError(
            f"start and values should have one axis, got shapes {code.shape} and {values.shape}"
        )
    if not 0 <= latent < len(code):
        raise ValueError(f"latent should be between 0 and {len(code) - 1}, got {latent}")
    codes = np.tile(code, (len(values), 1))
    codes[:, latent] = values
    return codes


def traverse_each(
    start: ArrayLike, latents: Sequence[int], ruler: Ruler, along: ArrayLike
) -> Floats:
    """Return the codes of a sheet (R*S, L), row by row; each row moves one latent.

    Args:
        start: the code to start from, (L,).
        latents: that move, one a row, R at least 1.
        ruler: of the steps.
        along: steps, (S,), the same in every row.
    """
    return np.concatenate([traverse(start, latent, ruler.at(latent, along)) for latent in latents])


def most_first(amounts: ArrayLike) -> list[int]:
    """Return the latents from the largest amount to the least; ties stay in order.

    Args:
        amounts: of each latent, (L,): its KL, or the variance of its codes.

    >>> most_first([0.1, 2.0, 0.1])
    [1, 0, 2]
    """
    return np.argsort(-np.asarray(amounts, np.float64), kind="stable").tolist()
