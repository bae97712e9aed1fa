"""The table of Higgins et al. 2017 beside ours: does its order hold, and what does a score of 1 stand for?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.checkpoints import SHELF
from core.config import MAP_BETAS, MAP_LATENTS, SWEPT_BETAS, DataConfig, RunConfig, mapped, recipe, with_seed
from core.experiments.disentanglement import DISENTANGLEMENT, MAP, SCORES, SEEDS
from core.experiments.kept import Numbers, compared, numbers_of
from core.experiments.noise import DEPENDS, NO, YES
from core.metrics.disentanglement.agreement import rank_agreement

SPRITES = DataConfig(name="sprites")
LATENTS = 10


@dataclass(frozen=True)
class Reported:
    """What the paper says of a representation.

    Args:
        accuracy: of its classifier, between 0 and 1.
        error: after the ±, where that could be checked in a source.
    """

    accuracy: float
    error: float | None = None


PAPER = {
    "β-VAE, β = 4": Reported(0.9923, 0.001),
    "PCA": Reported(0.849),
    "InfoGAN": Reported(0.735, 0.009),
    "VAE": Reported(0.6158, 0.005),
    "raw pixels": Reported(0.4575),
    "ICA": Reported(0.420),
}
"""Higgins et al. 2017, figure 6, 2D shapes, best first. Its scores of untrained VAEs could not be checked in a source.

Of the trained models the paper keeps the better half of the scores and averages those.
"""

Scores = dict[int, Numbers]
"""Seed -> scores of one representation."""


@dataclass(frozen=True)
class Order:
    """How the paper's order fares.

    Args:
        pairs: (above in the paper, below) -> `YES` where every seed agrees, `NO` where every seed says the opposite,
            `DEPENDS` where seeds overlap.
    """

    pairs: dict[tuple[str, str], str]

    def count(self, word: str) -> int:
        """Return how many pairs have a verdict."""
        return list(self.pairs.values()).count(word)


def trained() -> dict[str, RunConfig]:
    """Return the representations that are trained, with seed 0, by their label in the table."""
    configs = (recipe("sprites", name, LATENTS) for name in ("ae", "noisy-ae", "vae", "beta-vae", "infogan"))
    return {config.model.label: config for config in configs}


def of_run(config: RunConfig, root: Path = SHELF) -> Scores:
    """Return the scores of a config trained with each of `SEEDS`, those that are known."""
    found = {seed: numbers_of(DISENTANGLEMENT, with_seed(config, seed), root) for seed in SEEDS}
    return {seed: numbers for seed, numbers in found.items() if numbers is not None}


def representations(root: Path = SHELF) -> dict[str, Scores]:
    """Return the scores of every representation that was measured: those without training first."""
    kept = compared(DISENTANGLEMENT, SPRITES, root) or {"representations": {}}
    found = {name: dict(enumerate(scores)) for name, scores in kept["representations"].items()}
    found |= {label: of_run(config, root) for label, config in trained().items()}
    return {label: scores for label, scores in found.items() if scores}


def oracles(root: Path = SHELF) -> dict[str, Numbers]:
    """Return the scores of codes that are known, by name; none where they were not measured."""
    kept = compared(DISENTANGLEMENT, SPRITES, root)
    return kept["oracles"] if kept else {}


def sweep(root: Path = SHELF) -> dict[float, Scores]:
    """Return the scores of the sprites' VAEs by β, the plain VAE at 1."""
    configs = {beta: recipe("sprites", "beta-vae", LATENTS, beta=beta) for beta in SWEPT_BETAS}
    found = {beta: of_run(config, root) for beta, config in configs.items()}
    return {beta: scores for beta, scores in found.items() if scores}


def scores_on_map(name: str, root: Path = SHELF) -> NDArray[np.float64] | None:
    """Return a score, or `active` latents, on the map: normalised β by number of latents, (B, L).

    None as long as a run of the map was not measured.
    """
    found = [numbers_of(MAP, config, root) for config in mapped()]
    numbers = [one[name] for one in found if one is not None and name in one]
    if len(numbers) < len(found):
        return None
    return np.reshape(numbers, (len(MAP_BETAS), len(MAP_LATENTS))).astype(float)


def values(scores: Scores, name: str) -> list[float]:
    """Return one score by seed, of those that have it."""
    return [numbers[name] for numbers in scores.values() if name in numbers]


def better_half(found: Sequence[float]) -> float:
    """Return the mean of the better half, the paper's rule; of an odd number the middle one counts.

    >>> better_half([0.25, 0.75, 0.5, 0.0])
    0.625
    """
    return float(np.mean(sorted(found)[len(found) // 2 :]))


def order(table: Mapping[str, Scores], name: str = "higgins") -> Order:
    """Return how every pair of the paper's table that was measured here compares.

    Args:
        table: label -> scores.
        name: of the score.
    """
    known = [label for label in PAPER if label in table and values(table[label], name)]
    return Order({pair: ordered(*(values(table[label], name) for label in pair)) for pair in combinations(known, 2)})


def ordered(above: Sequence[float], below: Sequence[float]) -> str:
    """Return `YES` where every number of the first exceeds every one of the second, `NO` the other way round.

    >>> ordered([0.8, 0.9], [0.5, 0.7]), ordered([0.6], [0.5, 0.7])
    ('yes', 'it depends')
    """
    if min(above) > max(below):
        return YES
    return NO if max(above) < min(below) else DEPENDS


def agreement(root: Path = SHELF) -> tuple[list[str], NDArray[np.float64], int]:
    """Return the scores that every swept run has, their rank correlations (M, M), and the number of runs."""
    runs = [numbers for scores in sweep(root).values() for numbers in scores.values()]
    names = [name for name in SCORES if all(name in numbers for numbers in runs)]
    if len(runs) < 3:
        return [], np.zeros((0, 0)), len(runs)
    return names, rank_agreement([[numbers[name] for name in names] for numbers in runs]), len(runs)
