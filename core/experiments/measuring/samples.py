"""How real decoded random codes of a run look, measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from core.config import DataConfig
from core.experiments.kept import Numbers
from core.experiments.measuring.reference import Reference, ceiling_of, judge, load_classifier
from core.experiments.samples import CODE_SEEDS, SCORES, Quality
from core.explore.decoding import decode
from core.explore.sampling import SAMPLERS, Sampler, sampler_of
from core.metrics.sample_quality import SampleQuality
from core.runs import Run


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
    """Return the fields of the `Quality` of a run's samples, by sampler."""
    reference = load_classifier(root, run.config.data)
    return {name: asdict(measure_samples(run, reference, name)) for name in SAMPLERS}


def compare(data: DataConfig, root: Path) -> Numbers:
    """Return what real images score against real images, the fields of a `SampleQuality`."""
    return asdict(ceiling_of(load_classifier(root, data)))


def _judge_codes(
    run: Run, reference: Reference, source: Sampler, count: int, seed: int
) -> SampleQuality:
    images = decode(run.model, source.sample(count, seed))
    return judge(reference, torch.from_numpy(images).unsqueeze(1))
