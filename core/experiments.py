"""Measurements that join runs, codes and metrics, kept in a file so that no page has to wait for them.

    checkpoints/sample-quality.json    made by `python -m core measure`

An entry names the run, its weights' and its classifier's SHA-256 and the settings, so that a stale number is not used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.checkpoints import SHELF, CheckpointError, read_document, survey
from core.config import DataConfig, RunConfig
from core.explore.decoding import decode
from core.explore.sampling import SAMPLERS, Sampler, aggregate_posterior, sampler
from core.metrics.reference import Reference, ceiling_of, folder_name, judge, load_classifier
from core.metrics.sample_quality import SampleQuality
from core.runs import Run, open_run

MEASURED = "sample-quality.json"
SEEDS = (0, 1, 2)
SCORES = ("frechet", "density", "coverage", "confidence")


@dataclass(frozen=True)
class Quality:
    """Sample quality of one model and sampler over seeds.

    Args:
        frechet, density, coverage, confidence: one number per seed, as in `core.metrics.sample_quality`.
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


def sampler_of(run: Run, name: str, half_width: float | None = None) -> Sampler:
    """Return a source of codes for a run, fitted to the aggregate posterior of its training images.

    Args:
        run: whose codes.
        name: one of `core.explore.sampling.SAMPLERS`.
        half_width: of the box; fitted when left out.
    """
    return sampler(name, aggregate_posterior(run.codes["train_mean"], run.codes["train_std"]), half_width)


def measure_samples(
    run: Run, reference: Reference, name: str, *, half_width: float | None = None, seeds: Iterable[int] = SEEDS
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
    columns: dict[str, Any] = {score: tuple(getattr(found, score) for found in scores) for score in SCORES}
    return Quality(n=count, seeds=seeds, **columns)


def measure_shelf(root: Path = SHELF, on_done: Callable[[int, int], None] | None = None) -> Path:
    """Measure every run of a folder with every sampler, keep the numbers and return the file.

    What was measured before with the same weights is not measured again. A run whose data set has no classifier there
    is passed over.

    Args:
        root: folder of checkpoints.
        on_done: told after each model and sampler how many are done, and how many there are.
    """
    found = [(key, config) for key, config in survey(root) if isinstance(config, RunConfig)]
    runs = [(key, config) for key, config in found if (Path(root) / folder_name(config.data)).is_dir()]
    old, new = _read_or_nothing(root), _nothing()
    for number, (key, config) in enumerate(runs):
        reference = load_classifier(root, config.data)
        new["ceilings"][folder_name(config.data)] = asdict(ceiling_of(reference))
        for place, name in enumerate(SAMPLERS):
            entry = f"{key} {name}"
            mark = _mark(root, key, config.data)
            if old["entries"].get(entry, {}).get("of") == mark:
                new["entries"][entry] = old["entries"][entry]
            else:
                new["entries"][entry] = asdict(measure_samples(open_run(key, root), reference, name)) | {"of": mark}
            if on_done:
                on_done(number * len(SAMPLERS) + place + 1, len(runs) * len(SAMPLERS))
    return _write(root, new)


def kept_quality(key: str, name: str, root: Path = SHELF) -> Quality | None:
    """Return what was measured of a run and a sampler, or None if it was not, or with other weights."""
    entry = _read(root)["entries"].get(f"{key} {name}")
    try:
        data = DataConfig(**read_document(Path(root) / key)["config"]["data"])
        if entry is None or entry["of"] != _mark(root, key, data):
            return None
    except CheckpointError:
        return None
    return Quality(**{f.name: _tuple(entry[f.name]) for f in fields(Quality)})


def kept_ceiling(data: DataConfig, root: Path = SHELF) -> SampleQuality | None:
    """Return what real images score against real images of a data set, or None if it was not measured."""
    entry = _read(root)["ceilings"].get(folder_name(data))
    return None if entry is None else SampleQuality(**entry)


def _judge_codes(run: Run, reference: Reference, source: Sampler, count: int, seed: int) -> SampleQuality:
    images = decode(run.model, source.sample(count, seed))
    return judge(reference, torch.from_numpy(images).unsqueeze(1))


def _mark(root: Path, key: str, data: DataConfig) -> list[str]:
    """Return what a measurement depends on: the digests of weights, codes and classifier, and the seeds."""
    run, classifier = (read_document(Path(root) / name)["files"] for name in (key, folder_name(data)))
    digests = run["weights.safetensors"], run["codes.npz"], classifier["weights.safetensors"]
    return [*(digest[:16] for digest in digests), f"seeds {SEEDS}"]


def _nothing() -> dict[str, Any]:
    return {"ceilings": {}, "entries": {}}


def _read(root: Path) -> dict[str, Any]:
    path = Path(root) / MEASURED
    if not path.is_file():
        return _nothing()
    now = path.stat()
    return _read_at(path, (now.st_mtime_ns, now.st_ino, now.st_size))


def _read_or_nothing(root: Path) -> dict[str, Any]:
    """Return what was measured before; a damaged file is measured afresh."""
    try:
        return _read(root)
    except CheckpointError:
        return _nothing()


@lru_cache(maxsize=4)
def _read_at(path: Path, version: tuple[int, ...]) -> dict[str, Any]:
    try:
        measured = json.loads(path.read_text())
        return {part: dict(measured[part]) for part in _nothing()}
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged; run `python -m core measure` again") from error


def _write(root: Path, measured: dict[str, Any]) -> Path:
    path = Path(root) / MEASURED
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        part.write_text(json.dumps(measured, indent=1) + "\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
