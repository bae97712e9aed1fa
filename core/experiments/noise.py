"""The worth of noise on the codes: the error under it, the rate it leaves, and the samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.checkpoints import SHELF
from core.config import DataConfig, RunConfig
from core.experiments.claims import BySeed, Cases, Claim, Comparison, compare
from core.experiments.kept import Study, by_seed
from core.experiments.samples import scores_by_seed
from core.experiments.trainings import NOTHING, Trainings
from core.families import is_doubled, peer, stops
from core.shelf import SEEDS, shipped

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

_SETTINGS = f"levels {LEVELS}, at most {MOST_IMAGES} images {IMAGES}, noise seed {NOISE_SEED}"
NOISE = Study(
    "noise",
    _SETTINGS,
    "core.experiments.measuring.noise:measure",
    covers=lambda config: (
        not config.data.binarised and config.model.in_family and not is_doubled(config)
    ),
)

ASSIGNMENT = "the assignment that this lab grew from"


def measured(config: RunConfig, root: Path = SHELF) -> Trainings:
    """Return the numbers of a run and its further seeds.

    Args:
        config: of any seed.
        root: folder of the numbers.

    Returns:
        `noise`: the numbers of the study `NOISE`; `samples`: Fréchet distance and coverage by
        sampler, averaged over the seeds of the codes.
    """
    return Trainings(
        {"noise": by_seed(NOISE, config, root), "samples": scores_by_seed(config, root)}
    )


def errors(model: Trainings, levels: Sequence[float]) -> dict[int, tuple[float, ...]]:
    """Return by seed the squared error per pixel at some of the `LEVELS`."""
    places = {
        seed: [row["levels"].index(level) for level in levels]
        for seed, row in model.rows("noise").items()
    }
    rows = model.column("noise", "mse")
    return {seed: tuple(rows[seed][place] for place in at) for seed, at in places.items()}


def bits_per_latent(model: Trainings) -> BySeed:
    """Return by seed the rate averaged over latents, in bits; none of a model without noise."""
    rates = model.column("noise", "rate_bits")
    return {seed: sum(rate) / len(rate) for seed, rate in rates.items() if rate}


@dataclass(frozen=True)
class NoiseVerdict:
    """The worth of training with noise, on one data set with one number of latents.

    Args:
        under_noise: η -> the squared error against the AE's, at all `JUDGED` levels of test-time
            noise.
        at_rest: η -> the squared error against the AE's, without test-time noise.
        samples: η and sampler -> Fréchet distance and coverage against the AE's with the same
            sampler.
        reaches: η and sampler -> Fréchet distance and coverage against the VAE's with its prior.
        without: sampler -> the same scores of the AE against the VAE's with its prior: where the
            AE reaches as much, noise gets no credit for it.
        fitted: scores of the VAE with a mixture fitted to its codes against those with its prior.
    """

    under_noise: Cases[float]
    at_rest: Cases[float]
    samples: Cases[tuple[float, str]]
    reaches: Cases[tuple[float, str]]
    without: Cases[str]
    fitted: Comparison

    @property
    def comparisons(self) -> Cases[tuple[str, float | tuple[float, str]]]:
        """All that the words rest on: η under noise, and twice η and sampler for the samples."""
        parts = {"noise": self.under_noise, "samples": self.samples, "vae": self.reaches}
        return Cases(
            {(part, case): each for part, cases in parts.items() for case, each in cases.items()}
        )

    @property
    def generates(self) -> Cases[tuple[str, tuple[float, str]]]:
        """The comparisons that decide whether noise makes the AE a generator."""
        better = {("samples", case): each for case, each in self.samples.items()}
        return Cases({**better, **{("vae", case): each for case, each in self.reaches.items()}})

    @property
    def of_interest(self) -> list[float]:
        """The usual η and the one with the least error under noise, where they were measured."""
        return sorted({USUAL, self.under_noise.best} & self.under_noise.measured.keys())

    def robust(self) -> Claim[float]:
        """Return the claim that noise in training makes a decoder robust to noise."""
        cases = {ratio: self.under_noise[ratio] for ratio in self.of_interest}
        return Claim(
            statement="Noise on the codes makes the decoder more robust to noise on the codes.",
            source=ASSIGNMENT,
            protocol=f"AE and noisy AE under noise of {_levels()} times the code scale",
            rule="a smaller squared error with every seed, at every level",
            cases=Cases(cases),
        )

    def better_samples(self, *samplers: str) -> Claim[tuple[float, str]]:
        """Return the claim that noise improves random samples, at the usual η and at the best.

        Args:
            samplers: of the codes, some of `SAMPLED`.
        """
        chosen: dict[tuple[float, str], Comparison] = {}
        for sampler in samplers:
            cases = self.of_sampler(sampler)
            chosen |= {(ratio, sampler): cases[ratio] for ratio in {USUAL, cases.best} & {*cases}}
        return Claim(
            statement="Noise on the codes makes random samples better.",
            source=ASSIGNMENT,
            protocol="AE and noisy AE, random codes from the same sampler",
            rule="a smaller Fréchet distance and a larger coverage with every seed",
            cases=Cases(chosen),
        )

    def reaches_vae(self) -> Claim[tuple[float, str]]:
        """Return the claim that a noisy AE with some sampler is as good as the VAE's prior."""
        return Claim(
            statement="With noise on the codes, an AE samples as well as the VAE.",
            source=ASSIGNMENT,
            protocol="noisy AE with any sampler, VAE with its prior",
            rule="a smaller Fréchet distance and a larger coverage with every seed",
            cases=self.reaches,
        )

    def of_sampler(self, sampler: str) -> Cases[float]:
        """Return the comparisons of samples with one sampler, by η."""
        return Cases(
            {ratio: each for (ratio, name), each in self.samples.items() if name == sampler}
        )


def _levels() -> str:
    return " and ".join(f"{level:g}" for level in JUDGED)


def judge(ae: Trainings, noisy: Mapping[float, Trainings], vae: Trainings) -> NoiseVerdict:
    """Return what the numbers decide.

    Args:
        ae: the autoencoder without noise.
        noisy: η -> the autoencoder trained with that noise.
        vae: the VAE.
    """
    better = (False, True)  # a smaller Fréchet distance, a larger coverage
    target = vae.column("samples", "prior")
    bare = {name: ae.column("samples", name) for name in SAMPLED}
    samples, reaches = {}, {}
    for ratio, model in noisy.items():
        for name in SAMPLED:
            ours = model.column("samples", name)
            samples[ratio, name] = compare(ours, bare[name], better)
            reaches[ratio, name] = compare(ours, target, better)
    return NoiseVerdict(
        under_noise=_less_error(noisy, ae, JUDGED),
        at_rest=_less_error(noisy, ae, [0.0]),
        samples=Cases(samples),
        reaches=Cases(reaches),
        without=Cases({name: compare(bare[name], target, better) for name in SAMPLED}),
        fitted=compare(vae.column("samples", "mixture"), target, better),
    )


def _less_error(
    noisy: Mapping[float, Trainings], ae: Trainings, levels: Sequence[float]
) -> Cases[float]:
    theirs = errors(ae, levels)
    return Cases({ratio: compare(errors(model, levels), theirs) for ratio, model in noisy.items()})


def judge_family(family: Mapping[float | None, RunConfig], root: Path = SHELF) -> NoiseVerdict:
    """Return what the numbers of some runs decide.

    Args:
        family: η -> run, 0 for the AE and None for the VAE; either may be missing.
        root: folder of the numbers.
    """
    known = {ratio: measured(config, root) for ratio, config in family.items()}
    noisy = {ratio: model for ratio, model in known.items() if ratio}
    return judge(known.get(0.0, NOTHING), noisy, known.get(None, NOTHING))


def families() -> dict[tuple[DataConfig, int], dict[float | None, RunConfig]]:
    """Return the runs that ship beside an AE, by data set and number of latents.

    Returns:
        (data set, latents) -> η -> run, 0 for the AE and None for the VAE.
    """
    plain = [
        config
        for config in shipped()
        if config.model.plain and config.train.seed == SEEDS[0] and not is_doubled(config)
    ]
    by_place: dict[tuple[DataConfig, int], dict[float | None, RunConfig]] = {}
    for ae in plain:
        if ae.model.name == "ae":
            family: dict[float | None, RunConfig] = {**stops(ae, plain, "noise_ratio")}
            if vae := peer(ae, "vae", plain):
                family[None] = vae
            by_place[ae.data, ae.model.latent_dim] = family
    return by_place
