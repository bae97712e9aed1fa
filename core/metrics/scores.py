"""The scores of generated images that `core.metrics.sample_quality` measures."""

from __future__ import annotations

from dataclasses import dataclass

NEIGHBOURS = 5
"""k of density and coverage, as in Naeem et al. 2020, https://arxiv.org/abs/2002.09797"""


@dataclass(frozen=True)
class SampleQuality:
    """Generated images against real ones.

    Args:
        frechet: Fréchet distance of the features, 0 or more; smaller is better.
        density: how thickly the fakes lie where real images lie; 1 for the real distribution, may
            exceed it.
        coverage: share of real images with a fake in their neighbourhood, 0 to 1.
        confidence: mean largest class probability, 0 to 1.
        n: number of fakes.
    """

    frechet: float
    density: float
    coverage: float
    confidence: float
    n: int
