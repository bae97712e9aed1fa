"""How far is the ELBO below log p(x)? The encoder's part of the gap, and the Gaussian's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.config import RunConfig
from core.experiments.claims import BySeed, Comparison, compare
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


def integrable(config: RunConfig) -> str | None:
    """Return None where log p(x) can be integrated and the posterior drawn, else why not.

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
    """The gaps of one model by the seed of its training, in nats.

    Args:
        gap: average over test images.
        amortisation: average over the images that were split: a better encoder would win this
            much, at least.
        approximation: average over the images that were split: the best Gaussian leaves this much,
            at most.
        n: test images behind `gap`.
        split_n: test images behind the parts.
    """

    gap: BySeed
    amortisation: BySeed
    approximation: BySeed
    n: int
    split_n: int

    @property
    def seeds(self) -> int:
        """How many trainings it rests on."""
        return len(self.gap)

    @property
    def tight(self) -> Comparison:
        """The comparison of the average gap with `TIGHT`: it should be smaller."""
        return compare(self.gap, TIGHT)

    @property
    def encoder_lags(self) -> Comparison:
        """The comparison of amortisation with approximation: the encoder's part is the larger."""
        return compare(self.amortisation, self.approximation, larger=True)


def tightness(measured: Mapping[int, Numbers]) -> Tightness | None:
    """Return the gaps of a run over its seeds, or None where nothing was measured.

    Args:
        measured: seed -> numbers of the study `GAPS`.
    """
    if not measured:
        return None
    gap, amortisation, approximation = (
        {seed: float(np.mean(numbers[name])) for seed, numbers in measured.items()}
        for name in ("gap", "amortisation", "approximation")
    )
    some = next(iter(measured.values()))
    return Tightness(gap, amortisation, approximation, some["n"], some["split_n"])
