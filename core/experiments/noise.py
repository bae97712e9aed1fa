"""What noise on the codes does: the error under it, the rate it leaves, and what training with it is good for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.checkpoints import SHELF
from core.config import DataConfig, RunConfig, with_seed
from core.experiments.kept import Numbers, Study, numbers_of
from core.experiments.odds import Odds, by_chance, odds
from core.experiments.samples import kept_quality
from core.families import is_doubled, peer, stops
from core.shelf import SEEDS, seeds_of, shipped

LEVELS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0)
"""Standard deviations of the test-time noise, in units of each model's own code scale."""

JUDGED = (0.5, 1.0)
"""The levels at which models are compared."""

USUAL = 0.05
"""The η of the assignment that the lab's noisy AE comes from."""

SAMPLED = ("box", "gaussian", "mixture", "prior")
"""The samplers that are compared: all of `core.explore.sampling.SAMPLERS`."""

NOISE_SEED = 0
IMAGES = {"sprites": 500}
MOST_IMAGES = 2000

YES, NO, DEPENDS, UNKNOWN = "yes", "no", "it depends", "not measured"

Floats = NDArray[np.floating]


_SETTINGS = f"levels {LEVELS}, at most {MOST_IMAGES} images {IMAGES}, noise seed {NOISE_SEED}"
NOISE = Study(
    "noise",
    _SETTINGS,
    "core.experiments.measuring.noise:measure",
    covers=lambda config: (
        not config.data.binarised and config.model.in_family and not is_doubled(config)
    ),
)


@dataclass(frozen=True)
class Measured:
    """What is known of one model, by the seed of its training.

    Args:
        noise: seed -> numbers of the study `NOISE`.
        samples: seed -> sampler -> Fréchet distance and coverage, averaged over seeds of the
            codes.
    """

    noise: Mapping[int, Numbers]
    samples: Mapping[int, Mapping[str, tuple[float, float]]]

    def errors(self, levels: Sequence[float]) -> dict[int, tuple[float, ...]]:
        """Return by seed the squared error per pixel at some of the `LEVELS`."""
        return {
            seed: tuple(found["mse"][found["levels"].index(level)] for level in levels)
            for seed, found in self.noise.items()
        }

    def scores(self, sampler: str) -> dict[int, tuple[float, ...]]:
        """Return by seed Fréchet distance and coverage of a sampler."""
        return {seed: found[sampler] for seed, found in self.samples.items()}


NOTHING = Measured({}, {})


@dataclass(frozen=True)
class Claim:
    """That one model does better than another, and what was measured of both, paired by seed.

    Args:
        ours: scores (S, K), a row per seed.
        theirs: likewise, of the other model trained with the same seeds.
        larger: for each score, whether larger is better.
    """

    ours: tuple[tuple[float, ...], ...]
    theirs: tuple[tuple[float, ...], ...]
    larger: tuple[bool, ...]

    @property
    def seeds(self) -> int:
        """How many pairs it rests on."""
        return len(self.ours)

    @property
    def odds(self) -> Odds:
        """The chance of `YES` or `NO` if the two models did not differ; asked of a claim with seeds."""
        return odds(self.seeds, len(self.larger))

    @property
    def word(self) -> str:
        """`YES` if every score of every seed is better, `NO` if none is, else `DEPENDS`; `UNKNOWN` without seeds."""
        if not self.seeds:
            return UNKNOWN
        signs = np.where(self.larger, 1, -1)
        better = signs * np.array(self.ours) > signs * np.array(self.theirs)
        return YES if better.all() else DEPENDS if better.any() else NO

    def ratio(self, score: int = 0) -> tuple[float, float, float]:
        """Return ours over theirs of a score: mean, least and most over seeds; NaN without seeds."""
        if not self.seeds:
            return np.nan, np.nan, np.nan
        ratios = np.array(self.ours)[:, score] / np.array(self.theirs)[:, score]
        return float(ratios.mean()), float(ratios.min()), float(ratios.max())


def compare(
    ours: Mapping[int, Sequence[float]],
    theirs: Mapping[int, Sequence[float]],
    larger: Sequence[bool] = (False,),
) -> Claim:
    """Return the claim that a model does better, of the seeds that both were measured with.

    Args:
        ours: seed -> scores.
        theirs: seed -> scores.
        larger: for each score, whether larger is better; one for all may be given.

    >>> compare({0: [1.0], 1: [2.0]}, {0: [2.0], 1: [3.0], 2: [0.0]}).word
    'yes'
    """
    seeds = [seed for seed in ours if seed in theirs]
    count = len(ours[seeds[0]]) if seeds else len(larger)
    signs = tuple(larger) if len(larger) == count else tuple(larger) * count
    return Claim(
        tuple(tuple(ours[s]) for s in seeds), tuple(tuple(theirs[s]) for s in seeds), signs
    )


def words_by_chance(claims: Iterable[Claim]) -> Odds:
    """Return how many of the claims that were measured would be said `YES` or `NO` of if no two models differed."""
    return by_chance((claim.seeds, len(claim.larger)) for claim in claims if claim.seeds)


def together(claims: Iterable[Claim]) -> str:
    """Return what several claims say: `YES` or `NO` where all that were measured do, else `DEPENDS`."""
    words = {claim.word for claim in claims} - {UNKNOWN}
    return next(iter(words)) if len(words) == 1 else DEPENDS if words else UNKNOWN


@dataclass(frozen=True)
class Verdict:
    """What training with noise is good for, on one data set with one number of latents.

    Args:
        under_noise: η -> less squared error than the AE at all `JUDGED` levels of test-time noise.
        at_rest: η -> less squared error than the AE without test-time noise.
        samples: η and sampler -> smaller Fréchet distance and larger coverage than the AE with the
            same sampler.
        reaches: η and sampler -> smaller Fréchet distance and larger coverage than the VAE with
            its prior.
        without: sampler -> whether the AE without noise reaches as much, so that noise gets no
            credit for it.
        fitted: that the VAE itself does better with a mixture fitted to its codes than with its
            prior.
    """

    under_noise: dict[float, Claim]
    at_rest: dict[float, Claim]
    samples: dict[tuple[float, str], Claim]
    reaches: dict[tuple[float, str], Claim]
    without: dict[str, Claim]
    fitted: Claim

    @property
    def claims(self) -> list[Claim]:
        """All that its words are said of, one for each case: η under noise, η and sampler for the samples, twice."""
        return [*self.under_noise.values(), *self.samples.values(), *self.reaches.values()]

    @property
    def seeds(self) -> int:
        """The fewest seeds that any of it rests on; 0 where something was not measured."""
        return min((claim.seeds for claim in self.claims), default=0)

    @property
    def word(self) -> str:
        """Whether noise makes the AE a generator: samples better with every sampler, and all as good as the VAE's."""
        return together([*self.samples.values(), *self.reaches.values()])

    def of_interest(self) -> list[float]:
        """Return the usual η and the one with the least error under noise, where they were measured."""
        known = [ratio for ratio, claim in self.under_noise.items() if claim.seeds]
        return sorted({ratio for ratio in (USUAL, best(self.under_noise)) if ratio in known})

    def improves_samples(self, sampler: str) -> str:
        """Return whether noise improves samples of a sampler, at the usual η and at the best for it."""
        claims = {ratio: claim for (ratio, name), claim in self.samples.items() if name == sampler}
        return together(claims[ratio] for ratio in {USUAL, best(claims)} if ratio in claims)


def judge(ae: Measured, noisy: Mapping[float, Measured], vae: Measured) -> Verdict:
    """Return what the numbers decide; numbers in, verdict out.

    Args:
        ae: the autoencoder without noise.
        noisy: η -> the autoencoder trained with that noise.
        vae: the VAE, asked with codes from its prior.
    """
    both, target = (False, True), vae.scores("prior")
    pairs = [(ratio, name) for ratio in noisy for name in SAMPLED]
    return Verdict(
        under_noise={r: compare(m.errors(JUDGED), ae.errors(JUDGED)) for r, m in noisy.items()},
        at_rest={r: compare(m.errors([0.0]), ae.errors([0.0])) for r, m in noisy.items()},
        samples={(r, s): compare(noisy[r].scores(s), ae.scores(s), both) for r, s in pairs},
        reaches={(r, s): compare(noisy[r].scores(s), target, both) for r, s in pairs},
        without={name: compare(ae.scores(name), target, both) for name in SAMPLED},
        fitted=compare(vae.scores("mixture"), target, both),
    )


def best(claims: Mapping[Any, Claim]) -> Any:
    """Return the key of the claim with the least ratio of all its scores that should be small;
    None if none is known.

    It is chosen by the numbers that it is then judged by, so what it reaches is a little
    flattered.
    """
    known = {key: claim for key, claim in claims.items() if claim.seeds}
    return min(known, key=lambda key: _mean_ratio(known[key]), default=None)


def depends_on(words: Mapping[tuple[Any, ...], str], names: Sequence[str]) -> list[str]:
    """Return the names of what an answer depends on: what changes it while everything else stays.

    Args:
        words: (value of each circumstance) -> answer; what was not measured is left out.
        names: of the circumstances, in the order of the values.

    >>> depends_on({("mnist", 2): "yes", ("mnist", 10): "no", ("digits", 2): "yes"}, ["data set", "latents"])
    ['latents']
    """
    known = {case: word for case, word in words.items() if word != UNKNOWN}
    found: set[int] = set()
    for one, other in combinations(known, 2):
        apart = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        if len(apart) == 1 and known[one] != known[other]:
            found.add(apart[0])
    return [name for place, name in enumerate(names) if place in found]


def measured(config: RunConfig, root: Path = SHELF) -> Measured:
    """Return what is known of a run and its further seeds."""
    configs = {seed: with_seed(config, seed) for seed in seeds_of(config.data.name)}
    noise = {seed: numbers_of(NOISE, one, root) for seed, one in configs.items()}
    samples = {seed: _scores(one, root) for seed, one in configs.items()}
    return Measured(
        {seed: found for seed, found in noise.items() if found is not None},
        {seed: found for seed, found in samples.items() if found is not None},
    )


def families() -> dict[tuple[DataConfig, int], dict[float | None, RunConfig]]:
    """Return the runs that ship beside an AE by data set and latents, each by η: 0 for the AE, None for the VAE."""
    plain = [
        config
        for config in shipped()
        if config.model.plain and config.train.seed == SEEDS[0] and not is_doubled(config)
    ]
    found: dict[tuple[DataConfig, int], dict[float | None, RunConfig]] = {}
    for ae in plain:
        if ae.model.name == "ae":
            vae = peer(ae, "vae", plain)
            ratios = stops(ae, plain, "noise_ratio")
            found[ae.data, ae.model.latent_dim] = {**ratios, **({None: vae} if vae else {})}
    return found


def _scores(config: RunConfig, root: Path) -> dict[str, tuple[float, float]] | None:
    found = {name: kept_quality(config, name, root) for name in SAMPLED}
    scores = {
        name: (q.mean("frechet"), q.mean("coverage")) for name, q in found.items() if q is not None
    }
    return scores if len(scores) == len(SAMPLED) else None


def _mean_ratio(claim: Claim) -> float:
    small = [score for score, larger in enumerate(claim.larger) if not larger]
    return float(np.mean([claim.ratio(score)[0] for score in small]))
