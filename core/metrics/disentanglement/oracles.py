"""Codes of known disentanglement, which every metric has to rank rightly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.metrics.disentanglement.world import Floats, Indices, World

NOISE = 0.01
"""Standard deviation of the noise that tells all codes apart, in units of a factor's range."""

ORACLES = {
    "perfect": "each latent is one factor",
    "rotated": "the same, turned so that every latent mixes all factors",
    "duplicated": "each factor twice",
    "all but one": "the same without the last factor",
    "constant": "every image has the same code",
    "random": "noise that knows no factor",
}
"""Code -> its description."""


def oracle(name: str, sizes: Sequence[int], seed: int = 0) -> World:
    """Return the world of a code that is good or bad in one known way.

    Args:
        name: of `ORACLES`.
        sizes: number of values of each factor.
        seed: of the noise.

    Raises:
        ValueError: an unknown name.
    """
    if name not in ORACLES:
        raise ValueError(f"oracle should be one of {', '.join(ORACLES)}, got {name!r}")
    random, make = np.random.default_rng(seed), _MAKE[name]
    noise = 0 if name == "constant" else NOISE

    def encode(factors: Indices) -> Floats:
        codes = make(factors / (np.array(sizes) - 1) - 0.5, random)
        return codes + noise * random.normal(size=codes.shape)

    return World(tuple(sizes), encode)


def _rotated(values: Floats, _: np.random.Generator) -> Floats:
    turn, _r = np.linalg.qr(np.random.default_rng(7).normal(size=(values.shape[1],) * 2))
    return values @ turn


_MAKE: dict[str, Callable[[Floats, np.random.Generator], Floats]] = {
    "perfect": lambda values, _: values,
    "rotated": _rotated,
    "duplicated": lambda values, _: np.concatenate([values, values], axis=1),
    "all but one": lambda values, _: values[:, :-1],
    "constant": lambda values, _: np.zeros_like(values),
    "random": lambda values, random: random.normal(size=values.shape),
}
