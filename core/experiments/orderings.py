"""The table of Higgins et al. 2017 beside ours: its order, and the meaning of a score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.checkpoints import SHELF
from core.config import DataConfig, RunConfig, with_seed
from core.experiments.claims import FAILS, HOLDS, Cases, Claim, Comparison, compare
from core.experiments.disentanglement import DISENTANGLEMENT, MAP, SCORES, SEEDS
from core.experiments.kept import Numbers, compared, numbers_of
from core.metrics.disentanglement.agreement import rank_agreement
from core.metrics.disentanglement.higgins import TEST
from core.recipes import recipe
from core.shelf import MAP_BETAS, MAP_LATENTS, SWEPT_BETAS, mapped

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
    "beta-vae": Reported(0.9923, 0.001),
    "PCA": Reported(0.849),
    "infogan": Reported(0.735, 0.009),
    "vae": Reported(0.6158, 0.005),
    "raw pixels": Reported(0.4575),
    "ICA": Reported(0.420),
}
"""Representation -> what Higgins et al. 2017, figure 6, say of it, best first, 2D shapes.

A representation goes by the name of its model, or by the name that its numbers are kept under
where nothing is trained. The numbers are as secondary sources quote them.
Its scores of untrained VAEs, which of the scores it averages, and whether its classifier names
four or five factors could not be checked in a source. """

PLATEAU = 3 / 5 + 2 / 5 * 1 / 2
"""Higgins score of a code that names scale, x and y always, shape and orientation by chance."""

Scores = dict[int, Numbers]
"""Seed -> scores of one representation."""


@dataclass(frozen=True)
class Order:
    """How the paper's order fares.

    Args:
        pairs: (above in the paper, below) -> the comparison of their scores: the first should be
            larger.
        narrow: the pairs that hold or fail by less than twice the standard error of scoring ->
            lead, error.
    """

    pairs: Cases[tuple[str, str]]
    narrow: dict[tuple[str, str], tuple[float, float]]

    def count(self, word: str) -> int:
        """Return how many pairs get a word."""
        return len(self.pairs.with_word(word))


def trained() -> dict[str, RunConfig]:
    """Return the representations that are trained, with seed 0, by the name of the model."""
    configs = (
        recipe("sprites", name, LATENTS)
        for name in ("ae", "noisy-ae", "vae", "beta-vae", "infogan")
    )
    return {config.model.name: config for config in configs}


def of_run(config: RunConfig, root: Path = SHELF) -> Scores:
    """Return the scores of a config trained with each of `SEEDS`, those that are known."""
    found = {seed: numbers_of(DISENTANGLEMENT, with_seed(config, seed), root) for seed in SEEDS}
    return {seed: numbers for seed, numbers in found.items() if numbers is not None}


def representations(root: Path = SHELF) -> dict[str, Scores]:
    """Return the scores of every measured representation by name, as in `PAPER`.

    Those without training come first.
    """
    kept = compared(DISENTANGLEMENT, SPRITES, root) or {"representations": {}}
    found = {name: dict(enumerate(scores)) for name, scores in kept["representations"].items()}
    found |= {name: of_run(config, root) for name, config in trained().items()}
    return {name: scores for name, scores in found.items() if scores}


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


def by_seed(scores: Scores, name: str) -> dict[int, float]:
    """Return one score by seed, where it was measured."""
    return {seed: numbers[name] for seed, numbers in scores.items() if name in numbers}


def order(table: Mapping[str, Scores], name: str = "higgins") -> Order:
    """Return how every pair of the paper's table that was measured here compares.

    Args:
        table: representation -> scores.
        name: of a score that is an accuracy on `TEST` points.
    """
    scores = {each: by_seed(table.get(each, {}), name) for each in PAPER}
    measured = [each for each in PAPER if scores[each]]
    pairs = Cases(
        {
            (above, below): compare(scores[above], scores[below], larger=True)
            for above, below in combinations(measured, 2)
        }
    )
    leads = {
        pair: lead(comparison)
        for pair, comparison in pairs.items()
        if comparison.word in (HOLDS, FAILS)
    }
    narrow = {pair: (by, error) for pair, (by, error) in leads.items() if by < 2 * error}
    return Order(pairs, narrow)


def beta_above_vae(table: Mapping[str, Scores]) -> Claim[str]:
    """Return the claim that the Higgins score puts the β-VAE above the VAE.

    Args:
        table: representation -> scores.
    """
    beta, plain = (by_seed(table.get(model, {}), "higgins") for model in ("beta-vae", "vae"))
    return Claim(
        statement="The Higgins score puts the β-VAE above the VAE.",
        source="Higgins et al. 2017, figure 6",
        protocol=f"sprites, {LATENTS} latents, β = 4 against β = 1, Higgins score of five factors",
        rule="a larger score with every seed",
        cases=Cases({"β = 4": compare(beta, plain, larger=True)}),
    )


def lead(comparison: Comparison) -> tuple[float, float]:
    """Return the smallest lead of a pair of accuracies, and the standard error of scoring it.

    The error is that of scoring both on `TEST` points. The error that comes from the points that
    the classifier learned from is not in it.

    >>> lead(compare({0: 0.9, 1: 0.8}, {0: 0.5, 1: 0.7}, larger=True))
    (0.1..., 0.008...)
    """
    pairs = [
        (one[0], other[0]) for one, other in zip(comparison.ours, comparison.theirs, strict=True)
    ]
    one, other = min(pairs, key=lambda pair: abs(pair[0] - pair[1]))
    return abs(one - other), math.hypot(scoring_error(one), scoring_error(other))


def scoring_error(accuracy: float) -> float:
    """Return the standard error of an accuracy on `TEST` points.

    >>> scoring_error(0.8)
    0.0056...
    """
    return math.sqrt(accuracy * (1 - accuracy) / TEST)


@dataclass(frozen=True)
class Shares:
    """Shares of a score's variance over a grid of β and seeds; the three add up to 1.

    Args:
        beta: with β, whatever the seed.
        seed: with the seed, whatever β.
        rest: with neither alone: what a seed does with one β and not with another, and the error
            of scoring.
        betas: number of β.
        seeds: number of seeds.
    """

    beta: float
    seed: float
    rest: float
    betas: int
    seeds: int

    def by_chance(self) -> tuple[float, float]:
        """Return what β and the seed explain on average of numbers that depend on neither.

        >>> Shares(0.3, 0.3, 0.4, betas=6, seeds=5).by_chance()
        (0.172..., 0.137...)
        """
        runs = self.betas * self.seeds
        return (self.betas - 1) / (runs - 1), (self.seeds - 1) / (runs - 1)


def variance_shares(scores: Mapping[float, Mapping[int, float]]) -> Shares | None:
    """Return the shares of a score's variance over the sweep (two-way layout).

    Args:
        scores: β -> seed -> score. Seeds that not every β has are left out.

    Returns:
        None with fewer than two β or two seeds, or where the score is always the same.

    >>> variance_shares({1: {0: 0.1, 1: 0.3}, 4: {0: 0.5, 1: 0.7}})
    Shares(beta=0.8, seed=0.2, rest=0.0, betas=2, seeds=2)
    """
    if len(scores) < 2:
        return None
    shared = sorted(set.intersection(*map(set, scores.values())))
    grid = np.array([list(map(by_seed.__getitem__, shared)) for by_seed in scores.values()])
    if len(shared) < 2 or np.ptp(grid) == 0:
        return None
    grid = grid - grid.mean()
    total = np.square(grid).mean()
    beta, seed = (float(np.square(grid.mean(axis=axis)).mean() / total) for axis in (1, 0))
    rest = max(0.0, 1 - beta - seed)
    return Shares(
        round(beta, 12), round(seed, 12), round(rest, 12), betas=len(scores), seeds=len(shared)
    )


def agreement(root: Path = SHELF) -> tuple[list[str], NDArray[np.float64], int]:
    """Return the scores of all swept runs, their rank correlations (M, M), and how many runs."""
    runs = list(chain.from_iterable(by_seed.values() for by_seed in sweep(root).values()))
    if len(runs) < 3:
        return [], np.zeros((0, 0)), len(runs)
    shared = set.intersection(*map(set, runs))
    names = [name for name in SCORES if name in shared]
    rows = [list(map(numbers.__getitem__, names)) for numbers in runs]
    return names, rank_agreement(rows), len(runs)
