"""How far the ELBO is below log p(x), over the test set: the encoder's part of the gap and the Gaussian's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.config import RunConfig
from core.experiments.kept import Numbers, Study

MOST_IMAGES = 400
"""Test images whose gap is measured."""

SPLIT_IMAGES = 100
"""The first of them, to each of which a Gaussian is fitted."""

STEPS = 100
"""Steps of Adam for each."""

MOST_STARTS = 5000
"""Codes among which the start of a fit is looked for."""

MOST_LATENTS = 2
"""Beyond, log p(x) cannot be integrated."""

TIGHT = 1.0
"""Nats: a bound is called tight where exp(ELBO) is within a factor e of p(x), on average."""

AMORTISATION, APPROXIMATION, DEPENDS = "amortisation", "approximation", "it depends"

Floats = NDArray[np.float64]


def integrable(config: RunConfig) -> str | None:
    """Return None where log p(x) of a run can be integrated and its posterior drawn, else why not,
    in one sentence.

    >>> from core.recipes import recipe
    >>> integrable(recipe("digits", "vae", 10))
    'Quadrature needs one or two latents, this run has 10; pick a run with 2.'
    """
    if reason := boundable(config):
        return reason
    latents = config.model.latent_dim
    if latents > MOST_LATENTS:
        return f"Quadrature needs one or two latents, this run has {latents}; pick a run with 2."
    return None


def boundable(config: RunConfig) -> str | None:
    """Return None where a run has an ELBO and bounds above it, else why not, in one sentence."""
    if config.model.posterior == "recognised":
        return (
            f"{config.model.label} is trained by a game and not on a bound, so it has no ELBO;"
            " pick a VAE or a β-VAE."
        )
    if config.model.posterior != "learned":
        return (
            f"{config.model.label} learned no distribution over codes and was charged no KL, so it"
            " has no ELBO; pick a VAE or a β-VAE."
        )
    return None


GAPS = Study(
    "gaps",
    f"at most {MOST_IMAGES} images, split of {SPLIT_IMAGES} in {STEPS} steps,"
    f" {MOST_STARTS} starts",
    "core.experiments.measuring.gaps:measure",
    covers=lambda config: integrable(config) is None,
)


@dataclass(frozen=True)
class Tightness:
    """What the gaps of one model say, a number for each seed of its training.

    Args:
        gap: average over test images, nats, (S,).
        amortisation: average over the images that were split, nats, (S,): what a better encoder
            would win, at least.
        approximation: likewise: what is left with the best Gaussian, at most.
        n: test images behind `gap`.
        split_n: test images behind the parts.
    """

    gap: Floats
    amortisation: Floats
    approximation: Floats
    n: int
    split_n: int

    @property
    def seeds(self) -> int:
        """How many trainings it rests on."""
        return len(self.gap)

    @property
    def larger(self) -> str:
        """The part that is larger with every seed: `AMORTISATION` or `APPROXIMATION`; else `DEPENDS`."""
        encoder = self.amortisation > self.approximation
        return AMORTISATION if encoder.all() else APPROXIMATION if not encoder.any() else DEPENDS

    @property
    def tight(self) -> bool | None:
        """Whether the average gap is below `TIGHT` with every seed; None if with some."""
        below = self.gap < TIGHT
        return bool(below.all()) if below.all() or not below.any() else None


def tightness(found: Sequence[Numbers]) -> Tightness | None:
    """Return what was measured of a run over its seeds, or None where nothing was.

    Args:
        found: numbers of the study `GAPS`, an entry for each seed.
    """
    if not found:
        return None
    gap, amortisation, approximation = (
        np.array([np.mean(numbers[name]) for numbers in found])
        for name in ("gap", "amortisation", "approximation")
    )
    return Tightness(gap, amortisation, approximation, found[0]["n"], found[0]["split_n"])
