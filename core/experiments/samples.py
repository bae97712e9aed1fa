"""How real decoded random codes look: every run with every sampler, and real images against real images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.checkpoints import SHELF
from core.config import DataConfig, RunConfig, with_seed
from core.experiments.kept import Numbers, Study, compared, numbers_of
from core.explore.decoding import decode
from core.explore.sampling import SAMPLERS, Codes, Sampler, aggregate_posterior, sampler
from core.metrics.reference import Reference, ceiling_of, judge, load_classifier
from core.metrics.sample_quality import SampleQuality
from core.models.posteriors import Squashed
from core.models.priors import Uniform
from core.runs import Run
from core.runtime import generator
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
    """Sample quality of one model and sampler over trainings: a score is the mean over trainings
    on every page.

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
        """Return the standard deviation of a score over trainings (n - 1 in the denominator); 0 of a single one."""
        return float(np.std(self.values(score), ddof=1)) if len(self.by_seed) > 1 else 0.0


def sampler_of(run: Run, name: str, half_width: float | None = None) -> Sampler:
    """Return a source of codes for a run, fitted to the aggregate posterior of its training
    images.

    Args:
        run: whose codes.
        name: one of `core.explore.sampling.SAMPLERS`.
        half_width: of the box; fitted when left out.
    """
    return sampler(name, codes_of(run, "train_"), half_width, run.model.prior)


def codes_of(run: Run, which: str = "", seed: int = 0) -> Codes:
    """Return one code (N, L) from the posterior of each image whose codes are kept, within the box
    if there is one.

    Args:
        run: whose codes.
        which: `train_` for the first training images, nothing for the test images.
        seed: of the codes.
    """
    mean, std = run.codes[f"{which}mean"], run.codes[f"{which}std"]
    if not isinstance(run.model.prior, Uniform):
        return aggregate_posterior(mean, std, seed)
    squashed = Squashed.from_moments(torch.from_numpy(mean), torch.from_numpy(std))
    return squashed.sample(generator(seed)).numpy()


def measure_samples(
    run: Run,
    reference: Reference,
    name: str,
    *,
    half_width: float | None = None,
    seeds: Iterable[int] = CODE_SEEDS,
) -> Quality:
    """Return how close decoded random codes come to real images.

    Args:
        run: which decoder.
        reference: classifier and real features of the run's data set.
        name: where the codes come from, one of `SAMPLERS`.
        half_width: of the box; fitted when left out.
        seeds: one set of as many images as there are real ones to compare with is made for each.
    """
    source, count = sampler_of(run, name, half_width), len(reference.held_out)
    seeds = tuple(seeds)
    scores = [_judge_codes(run, reference, source, count, seed) for seed in seeds]
    columns: dict[str, Any] = {
        score: tuple(getattr(found, score) for found in scores) for score in SCORES
    }
    return Quality(n=count, seeds=seeds, **columns)


def measure(run: Run, root: Path) -> Numbers:
    """Return the quality of a run with every sampler, by sampler, each the fields of a `Quality`."""
    reference = load_classifier(root, run.config.data)
    return {name: asdict(measure_samples(run, reference, name)) for name in SAMPLERS}


def compare(data: DataConfig, root: Path) -> Numbers:
    """Return what real images score against real images, the fields of a `SampleQuality`."""
    return asdict(ceiling_of(load_classifier(root, data)))


SAMPLES = Study("sample-quality", f"seeds {CODE_SEEDS}", measure, compare, judged=True)


def kept_quality(config: RunConfig, name: str, root: Path = SHELF) -> Quality | None:
    """Return what was measured of a run and a sampler, or None if it was not, or with other weights."""
    found = numbers_of(SAMPLES, config, root)
    return (
        None
        if found is None
        else Quality(**{k: _tuple(value) for k, value in found[name].items()})
    )


def kept_trainings(config: RunConfig, name: str, root: Path = SHELF) -> Trained | None:
    """Return what was measured of a run and its further seeds with a sampler, or None if nothing
    was.

    A run whose seed is not among `core.shelf.seeds_of` stands for itself.
    """
    known = seeds_of(config.data.name)
    seeds = known if config.train.seed in known else (config.train.seed,)
    found = {seed: kept_quality(with_seed(config, seed), name, root) for seed in seeds}
    measured = {seed: quality for seed, quality in found.items() if quality is not None}
    return Trained(measured) if measured else None


def kept_ceiling(data: DataConfig, root: Path = SHELF) -> SampleQuality | None:
    """Return what real images score against real images of a data set, or None if it was not measured."""
    found = compared(SAMPLES, data, root)
    return None if found is None else SampleQuality(**found)


def _judge_codes(
    run: Run, reference: Reference, source: Sampler, count: int, seed: int
) -> SampleQuality:
    images = decode(run.model, source.sample(count, seed))
    return judge(reference, torch.from_numpy(images).unsqueeze(1))


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
