"""Sample quality: every run with every sampler, and real images against real images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.checkpoints import SHELF
from core.config import DataConfig, RunConfig, with_seed
from core.experiments.kept import Numbers, Study, by_seed, compared, numbers_of
from core.metrics.scores import SampleQuality
from core.shelf import seeds_of

CODE_SEEDS = (0, 1, 2)
SCORES = ("frechet", "density", "coverage", "confidence")


@dataclass(frozen=True)
class Quality:
    """Sample quality of one model and sampler over seeds.

    Args: frechet, density, coverage, confidence: one number per seed, as in
        `core.metrics.sample_quality`.
        n: generated images per seed.
        seeds: of the codes.
    """

    frechet: tuple[float, ...]
    density: tuple[float, ...]
    coverage: tuple[float, ...]
    confidence: tuple[float, ...]
    n: int
    seeds: tuple[int, ...]

    def mean(self, score: str) -> float:
        """Return the average of a score over seeds."""
        return float(np.mean(getattr(self, score)))

    def spread(self, score: str) -> float:
        """Return the standard deviation of a score over seeds (with n - 1 in the denominator)."""
        values = getattr(self, score)
        return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


@dataclass(frozen=True)
class Trained:
    """Sample quality of one model and sampler; a score is the mean over trainings.

    Args:
        by_seed: seed of the training -> its quality, itself over seeds of the codes; at least one.
    """

    by_seed: Mapping[int, Quality]

    @property
    def n(self) -> int:
        """Generated images per seed of the codes."""
        return next(iter(self.by_seed.values())).n

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the trainings."""
        return tuple(self.by_seed)

    def values(self, score: str) -> tuple[float, ...]:
        """Return a score of each training, the average over its seeds of the codes."""
        return tuple(quality.mean(score) for quality in self.by_seed.values())

    def mean(self, score: str) -> float:
        """Return the average of a score over trainings."""
        return float(np.mean(self.values(score)))

    def spread(self, score: str) -> float:
        """Return the standard deviation of a score over trainings (n - 1); 0 of a single one."""
        return float(np.std(self.values(score), ddof=1)) if len(self.by_seed) > 1 else 0.0


SAMPLES = Study(
    "sample-quality",
    f"seeds {CODE_SEEDS}",
    "core.experiments.measuring.samples:measure",
    "core.experiments.measuring.samples:compare",
    judged=True,
)


def kept_quality(config: RunConfig, name: str, root: Path = SHELF) -> Quality | None:
    """Return the quality of a run's samples; None if not measured, or with other weights."""
    found = numbers_of(SAMPLES, config, root)
    return (
        None
        if found is None
        else Quality(**{k: _tuple(value) for k, value in found[name].items()})
    )


def kept_trainings(config: RunConfig, name: str, root: Path = SHELF) -> Trained | None:
    """Return the quality of a run and its further seeds with a sampler; None if not measured.

    A run whose seed is not among `core.shelf.seeds_of` stands for itself.
    """
    known = seeds_of(config.data.name)
    seeds = known if config.train.seed in known else (config.train.seed,)
    found = {seed: kept_quality(with_seed(config, seed), name, root) for seed in seeds}
    measured = {seed: quality for seed, quality in found.items() if quality is not None}
    return Trained(measured) if measured else None


def scores_by_seed(
    config: RunConfig, root: Path = SHELF
) -> dict[int, dict[str, tuple[float, float]]]:
    """Return the Fréchet distance and the coverage of random samples, by training.

    Args:
        config: of any seed.
        root: folder of the numbers.

    Returns:
        Seed of the training -> sampler -> both scores, averaged over the seeds of the codes.
    """
    rows = by_seed(SAMPLES, config, root)
    return {seed: _scores(numbers) for seed, numbers in rows.items()}


def _scores(numbers: Numbers) -> dict[str, tuple[float, float]]:
    """Return both scores of one training, by sampler."""
    return {
        sampler: (float(np.mean(quality["frechet"])), float(np.mean(quality["coverage"])))
        for sampler, quality in numbers.items()
    }


def kept_ceiling(data: DataConfig, root: Path = SHELF) -> SampleQuality | None:
    """Return the score of real images against real images; None if it was not measured."""
    found = compared(SAMPLES, data, root)
    return None if found is None else SampleQuality(**found)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
