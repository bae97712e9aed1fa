"""A representation as a disentanglement metric sees it: codes of images with chosen factors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.metrics.table import table

Floats = NDArray[np.floating]
Indices = NDArray[np.int64]

CHUNK = 250
"""Groups of images that are encoded at a time."""


@dataclass(frozen=True)
class World:
    """Images whose factors are known, as one representation sees them.

    Args:
        sizes: number of values of each of the K factors.
        encode: indices of the values of the factors (N, K) -> codes of such images (N, L).
    """

    sizes: tuple[int, ...]
    encode: Callable[[Indices], Floats]

    def draw(self, count: int, random: np.random.Generator) -> Indices:
        """Return factors (count, K), every value of each as likely as any other."""
        return np.stack([random.integers(0, size, count) for size in self.sizes], axis=1)

    def sample(self, count: int, random: np.random.Generator) -> tuple[Floats, Indices]:
        """Return codes (count, L) and factors (count, K) of random images."""
        factors = self.draw(count, random)
        return self.codes(factors), factors

    def codes(self, factors: Indices) -> Floats:
        """Return the codes (N, L) of images with these factors (N, K).

        Raises:
            ValueError: the encoder does not give each image a code of finite numbers.
        """
        codes = np.asarray(self.encode(factors))
        if codes.ndim != 2 or len(codes) != len(factors):
            raise ValueError(
                f"codes should be a table of {len(factors)} rows, one per image, got shape"
                f" {codes.shape}"
            )
        if not np.isfinite(codes).all():
            raise ValueError("codes should be finite, got NaN or infinity")
        return codes

    def groups(
        self, fixed: Indices, size: int, random: np.random.Generator, *, chunk: int = CHUNK
    ) -> Iterator[Floats]:
        """Yield codes (C, size, L) of groups of images that share one factor, C groups at a time.

        Args:
            fixed: place of the factor that each group shares, (N,).
            size: images in a group.
            random: source of the factors.
            chunk: most groups at a time, C.
        """
        for part in np.split(fixed, range(chunk, len(fixed), chunk)):
            factors = self.draw(len(part) * size, random).reshape(len(part), size, -1)
            rows = np.arange(len(part))
            factors[rows, :, part] = factors[rows, :1, part]
            yield self.codes(factors.reshape(-1, factors.shape[-1])).reshape(len(part), size, -1)


def tabulated(codes: ArrayLike, sizes: Sequence[int]) -> World:
    """Return the world of a representation whose code of every image is known.

    Args:
        codes: of all images (prod(sizes), L), the last factor changing fastest.
        sizes: number of values of each factor.

    Raises:
        ValueError: more or fewer codes than there are images.
    """
    codes, count = table("codes", codes), int(np.prod(sizes))
    if len(codes) != count:
        raise ValueError(f"codes should be those of all {count:,} images, got {len(codes):,}")
    return World(
        tuple(sizes), lambda factors: codes[np.ravel_multi_index(tuple(factors.T), tuple(sizes))]
    )


def unit_scale(codes: ArrayLike) -> Floats:
    """Return codes (N, L) with each latent divided by its standard deviation.

    A constant latent is left as it is. Models without a KL may give their codes any scale, and
    thresholds and regularised classifiers depend on it.

    >>> unit_scale([[0.0, 5.0], [4.0, 5.0]])
    array([[0., 5.], [2., 5.]])
    """
    codes = table("codes", codes)
    varies = np.ptp(codes, axis=0) > 0  # the standard deviation of a constant may be rounding
    return codes / np.where(varies, codes.std(axis=0), 1)


def at_least(least: int, **counts: int) -> None:
    """Check that numbers are large enough.

    Raises:
        ValueError: one is below `least`.

    >>> at_least(2, group=1)
    Traceback (most recent call last):
    ValueError: group should be at least 2, got 1
    """
    for name, count in counts.items():
        if count < least:
            raise ValueError(f"{name} should be at least {least}, got {count}")
