"""The worth of a prior: log p(x), the fit to the codes, samples, and the gradient's noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.checkpoints import SHELF
from core.config import PRIORS, RunConfig
from core.experiments.claims import HOLDS, BySeed, Cases, Comparison, compare
from core.experiments.evidence import EVIDENCE
from core.experiments.kept import Numbers, Study, by_seed
from core.experiments.rate import RATE, cut_off
from core.experiments.samples import scores_by_seed
from core.experiments.trainings import NOTHING, Trainings
from core.experiments.traits import TRAITS

GRADIENT_IMAGES, DRAWS = 100, 500
"""First test images that gradients are drawn for, and how often for each."""

EXPOST = "expost"
"""The fifth beside `PRIORS`: a mixture fitted to the VAE's codes after training.

The VAE is the one with a standard normal prior.
"""


def covers(config: RunConfig) -> bool:
    """Return whether a run is held against other priors.

    It is where it is a VAE of digits or mnist with a Bernoulli likelihood.
    """
    model = config.model
    return (
        model.name == "vae"
        and model.likelihood == "bernoulli"
        and config.data.name in ("digits", "mnist")
    )


GRADIENTS = Study(
    "gradients",
    f"{DRAWS} draws of {GRADIENT_IMAGES} images",
    "core.experiments.measuring.priors:measure",
    covers=covers,
)


CRITERIA = ("nll", "kl", "samples")
"""The criteria that priors are judged by: nll, KL(aggregate || prior), and samples.

Samples are judged by Fréchet distance and coverage together.
"""

TRAINED = tuple(prior for prior in PRIORS if prior != "normal")
"""The priors that the standard normal is held against, trained as it was."""


def values(model: Trainings, name: str) -> list[float]:
    """Return a number of each training, in order of seeds.

    Args:
        model: as `measured` returns it.
        name: a number of the part `fit`, `active`, `code_scale`, `frechet` or `coverage`.
    """
    parts = {"active": "traits", "code_scale": "traits", "frechet": "samples"}
    parts["coverage"] = "samples"
    return [float(value) for value in model.column(parts.get(name, "fit"), name).values()]


def saturated(model: Trainings) -> bool:
    """Return whether the codes tell nearly all that can be told of so few images.

    With more images the KL(aggregate || prior) would be smaller.
    """
    return cut_off(list(model.rows("fit").values()))


def gradient_noise(model: Trainings) -> dict[int, float]:
    """Return by seed the variance of one draw of the reparameterised gradient, in nats²."""
    rows = model.column("fit", "gradient")
    return {seed: row["pathwise"] for seed, row in rows.items()}


def variance_ratios(model: Trainings, estimator: str) -> list[float]:
    """Return the variance of an estimator's gradient over the reparameterised one's, by seed."""
    rows = model.column("fit", "gradient").values()
    return [row[estimator] / row["pathwise"] for row in rows]


@dataclass(frozen=True)
class PriorVerdict:
    """The worth of the standard normal beside other priors of the same model.

    Args:
        cases: (criterion of `CRITERIA`, prior) -> the prior's scores against the standard
            normal's.
        saturated: whether KL(aggregate || prior) is left out, since nearly every code tells its
            image.
    """

    cases: Cases[tuple[str, str]]
    saturated: bool = False

    @property
    def criteria(self) -> list[str]:
        """The criteria that are asked."""
        return [name for name in CRITERIA if name != "kl" or not self.saturated]

    def of_criterion(self, criterion: str) -> Cases[str]:
        """Return the comparisons in one criterion, by prior."""
        return Cases(
            {prior: each for (name, prior), each in self.cases.items() if name == criterion}
        )

    def of_prior(self, prior: str) -> Cases[str]:
        """Return the comparisons of one prior, by criterion."""
        return Cases({name: each for (name, which), each in self.cases.items() if which == prior})

    def better(self, criterion: str) -> list[str]:
        """Return the priors that are better with every seed, however few there are."""
        return self.of_criterion(criterion).leaning_to(HOLDS)

    @property
    def beaten(self) -> list[str]:
        """The criteria in which a trained prior is better than the standard normal."""
        return [name for name in CRITERIA if set(self.better(name)) & set(TRAINED)]

    @property
    def champions(self) -> list[str]:
        """The trained priors that are better than the standard normal in every criterion."""
        return [prior for prior in TRAINED if self._beats_everywhere(prior)]

    def _beats_everywhere(self, prior: str) -> bool:
        cases = self.of_prior(prior)
        return len(cases.leaning_to(HOLDS)) == len(self.criteria)


def judge(models: Mapping[str, Trainings]) -> PriorVerdict:
    """Return what the numbers decide.

    Args:
        models: prior, `normal` among them, or `EXPOST` -> its numbers.
    """
    normal = models.get("normal", NOTHING)
    left_out = any(saturated(model) for model in models.values())
    cases = Cases[tuple[str, str]]()
    for prior, model in models.items():
        if prior == "normal":
            continue
        if prior != EXPOST:
            cases["nll", prior] = compare(model.column("fit", "nll"), normal.column("fit", "nll"))
            if not left_out:
                ours, theirs = (one.column("fit", "kl_aggregate") for one in (model, normal))
                cases["kl", prior] = compare(ours, theirs)
        cases["samples", prior] = compare(_samples(model), _samples(normal), (False, True))
    return PriorVerdict(cases, left_out)


def _samples(model: Trainings) -> dict[int, tuple[float, float]]:
    rows = model.rows("samples")
    return {seed: (row["frechet"], row["coverage"]) for seed, row in rows.items()}


def measured(config: RunConfig, name: str = "", root: Path = SHELF) -> Trainings:
    """Return the numbers of a run and its further seeds.

    Args:
        config: of any seed.
        name: `EXPOST` for the mixture that was fitted to its codes; otherwise the numbers are of
            the prior that it was trained with.
        root: folder of the numbers.

    Returns:
        `fit`: `nll`, `nll_error`, `elbo`, `k`, `bounded` images of the study `EVIDENCE`; `rate`,
        `information`, `kl_aggregate`, `kl_aggregate_error`, `images` of `RATE`; and the numbers of
        `GRADIENTS`, for the seeds that have all three, and empty with `EXPOST`, whose bound is
        that of a training with another prior. `traits`: the numbers of `TRAITS`.
        `samples`: `frechet` and `coverage`, averaged over the seeds of the codes.
    """
    sampler = "mixture" if name == EXPOST else "prior"
    samples: dict[int, Numbers] = {}
    for seed, scores in scores_by_seed(config, root).items():
        distance, coverage = scores[sampler]
        samples[seed] = {"frechet": distance, "coverage": coverage}
    fits = {} if name == EXPOST else _fits(config, root)
    return Trainings({"fit": fits, "traits": by_seed(TRAITS, config, root), "samples": samples})


def warm_up_gain(normal: RunConfig, plain: RunConfig, root: Path = SHELF) -> Comparison:
    """Return the comparison of the nll of one VAE with that of another, by seed.

    Args:
        normal: trained with a warm-up of the KL.
        plain: the same trained without.
        root: folder of the numbers.
    """
    warm, cold = (_column(by_seed(EVIDENCE, config, root), "nll") for config in (normal, plain))
    return compare(warm, cold)


def _fits(config: RunConfig, root: Path) -> dict[int, Numbers]:
    bounds, rates, noises = (by_seed(study, config, root) for study in (EVIDENCE, RATE, GRADIENTS))
    seeds = [seed for seed in bounds if seed in rates and seed in noises]
    return {seed: _fit(bounds[seed], rates[seed], noises[seed]) for seed in seeds}


def _fit(bound: Numbers, rate: Numbers, noise: Numbers) -> Numbers:
    return {
        **{name: bound[name] for name in ("nll", "elbo", "k")},
        "nll_error": bound["error"],
        "bounded": bound["images"],
        **{name: rate[name] for name in ("rate", "information", "images")},
        "kl_aggregate": rate["marginal"],
        "kl_aggregate_error": rate["error"],
        **noise,
    }


def _column(rows: Mapping[int, Numbers], name: str) -> BySeed:
    return {seed: row[name] for seed, row in rows.items()}
