"""What a prior is worth: the fit to the aggregate posterior and the noise of the gradient, beside log p(x)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.checkpoints import SHELF
from core.config import PRIORS, SEEDS, RunConfig, with_seed
from core.data import load
from core.experiments.evidence import EVIDENCE
from core.experiments.kept import Numbers, Study, numbers_of
from core.experiments.noise import YES, Claim, compare, together
from core.experiments.samples import kept_quality
from core.experiments.traits import TRAITS
from core.metrics.gradients import gradient_noise
from core.metrics.prior_fit import aggregate_kl, kl_from_prior
from core.models import Gaussian, unsquashed
from core.runs import Run

_BATCH = 1000

CODES = 20_000
"""Codes that KL(aggregate || prior) is averaged over, at least two for each image."""

SATURATED = 0.9
"""Share of log N that the mutual information of N images and their codes may reach for its estimate to be trusted."""

GRADIENT_IMAGES, DRAWS = 100, 500
"""First test images that gradients are drawn for, and how often for each."""

EXPOST = "expost"
"""The fifth beside `PRIORS`: a mixture fitted to the codes of the VAE with a standard normal after training."""


def measure(run: Run, _: Path) -> Numbers:
    """Return what the prior of a run is worth on test images.

    Of a uniform prior all is measured of the codes before they are squashed, where it is the same (`unsquashed`).

    Returns:
        `rate` and `kl_aggregate` with `rate_error` and `kl_aggregate_error`, in nats per image, of all `images`;
        `gradient`, the variance of one draw by estimator, in nats², and `disagreement` of the estimators, of
        `gradient_images` with `draws` each. Errors are standard errors over sampled codes.

    Raises:
        MissingData: the original images are not on this machine.
        ValueError: they are not those that the kept codes belong to.
    """
    test = load(run.config.data).test
    if not np.array_equal(test.labels.numpy(), run.codes["label"]):
        raise ValueError(f"the test images should be those {run.config.key} was tested on; their labels differ")
    model, few = unsquashed(run.model), test.images(slice(GRADIENT_IMAGES))
    with torch.inference_mode():
        posteriors = [model.encode(test.images(slice(at, at + _BATCH))) for at in range(0, len(test), _BATCH)]
    posterior = Gaussian(*(torch.cat([getattr(p, name) for p in posteriors]) for name in ("mean", "log_var")))
    rate = kl_from_prior(model.prior, posterior)
    aggregate = aggregate_kl(model.prior, posterior, max(2, CODES // len(test)))
    gradient = gradient_noise(model, few, DRAWS)
    numbers: Numbers = {
        "rate": rate.value.mean(),
        "rate_error": _error_of_mean(rate.error),
        "kl_aggregate": aggregate.value,
        "kl_aggregate_error": aggregate.error,
    }
    return {
        **{name: _short(value) for name, value in numbers.items()},
        "gradient": {name: _short(each.mean()) for name, each in gradient.variance.items()},
        "disagreement": {name: _short(far) for name, far in gradient.disagreement.items()},
        "images": len(test),
        "gradient_images": len(few),
        "draws": DRAWS,
    }


def covers(config: RunConfig) -> bool:
    """Return whether a run is held against other priors: a VAE of digits or mnist with a Bernoulli likelihood."""
    model = config.model
    return model.name == "vae" and model.likelihood == "bernoulli" and config.data.name in ("digits", "mnist")


PRIORS_STUDY = Study(
    "priors",
    f"{CODES} codes, {DRAWS} draws of {GRADIENT_IMAGES} images, v2",
    measure,
    covers=covers,
)


@dataclass(frozen=True)
class Measured:
    """What is known of one prior, by the seed of its training.

    Args:
        fit: seed -> numbers of `PRIORS_STUDY`, and of `EVIDENCE` `nll`, `elbo`, `error`, `k` and images `bounded`.
        traits: seed -> numbers of the study of traits.
        samples: seed -> Fréchet distance and coverage, averaged over seeds of the codes.
    """

    fit: Mapping[int, Numbers]
    traits: Mapping[int, Numbers]
    samples: Mapping[int, tuple[float, ...]]

    @property
    def saturated(self) -> bool:
        """Whether the codes tell nearly all that can be told of so few images, and more would make the KL smaller."""
        return any(
            fit["rate"] - fit["kl_aggregate"] > SATURATED * math.log(fit["images"])
            for fit in self.fit.values()
            if "rate" in fit
        )

    def of(self, name: str) -> dict[int, tuple[float, ...]]:
        """Return a number of `fit` by seed, as scores to compare."""
        return {seed: (numbers[name],) for seed, numbers in self.fit.items()}

    def values(self, name: str) -> list[float]:
        """Return a number by seed: of `fit`, `active` latents, `frechet` distance, or `coverage`."""
        if name in _SAMPLED:
            return [scores[_SAMPLED.index(name)] for scores in self.samples.values()]
        kept = self.traits if name in ("active", "code_scale") else self.fit
        return [float(numbers[name]) for numbers in kept.values()]

    def ratios(self, estimator: str) -> list[float]:
        """Return the variance of an estimator's gradient over that of the reparameterisation's, by seed."""
        found = [numbers["gradient"] for numbers in self.fit.values()]
        return [gradient[estimator] / gradient["pathwise"] for gradient in found]


_SAMPLED = ("frechet", "coverage")
NOTHING = Measured({}, {}, {})

CRITERIA = ("nll", "kl", "samples")
"""What priors are judged by: nll, KL(aggregate || prior), and both scores of their samples."""


@dataclass(frozen=True)
class Verdict:
    """What the standard normal is worth, beside other priors of the same model.

    Args:
        claims: (criterion of `CRITERIA`, prior) -> that the prior does better than the standard normal.
        saturated: whether KL(aggregate || prior) is left out, since nearly every code tells its image.
    """

    claims: dict[tuple[str, str], Claim]
    saturated: bool = False

    @property
    def criteria(self) -> list[str]:
        """What is judged by."""
        return [name for name in CRITERIA if name != "kl" or not self.saturated]

    @property
    def seeds(self) -> int:
        """The fewest seeds that a claim rests on, of those that were measured; 0 without any."""
        return min((claim.seeds for claim in self.claims.values() if claim.seeds), default=0)

    def better(self, criterion: str, word: str = YES) -> list[str]:
        """Return the priors that are said `word` of: better with every seed, or with none."""
        return [prior for (what, prior), claim in self.claims.items() if what == criterion and claim.word == word]

    @property
    def beaten(self) -> list[str]:
        """In what the standard normal is beaten, with every seed, by at least one prior that was trained."""
        trained = [prior for prior in PRIORS if prior != "normal"]
        return [criterion for criterion in CRITERIA if set(self.better(criterion)) & set(trained)]

    @property
    def champions(self) -> list[str]:
        """Priors that beat the standard normal in everything that was measured, with every seed."""
        found = []
        for prior in (name for name in PRIORS if name != "normal"):
            claims = [claim for (_, name), claim in self.claims.items() if name == prior]
            if len(claims) == len(self.criteria) and together(claims) == YES and all(claim.seeds for claim in claims):
                found.append(prior)
        return found


def judge(known: Mapping[str, Measured]) -> Verdict:
    """Return what the numbers decide; numbers in, verdict out.

    Args:
        known: name of a prior, `normal` among them, or `EXPOST` -> what was measured.
    """
    normal, saturated = known.get("normal", NOTHING), any(found.saturated for found in known.values())
    claims: dict[tuple[str, str], Claim] = {}
    for prior, found in known.items():
        if prior == "normal":
            continue
        if prior != EXPOST:
            claims["nll", prior] = compare(found.of("nll"), normal.of("nll"))
            if not saturated:
                claims["kl", prior] = compare(found.of("kl_aggregate"), normal.of("kl_aggregate"))
        claims["samples", prior] = compare(found.samples, normal.samples, (False, True))
    return Verdict(claims, saturated)


def measured(config: RunConfig, sampler: str = "prior", root: Path = SHELF) -> Measured:
    """Return what is known of a run and its further seeds.

    Args:
        config: of the run.
        sampler: that its samples come from: its prior, or what was fitted to its codes.
        root: folder of the kept numbers.
    """
    configs = {seed: with_seed(config, seed) for seed in SEEDS}
    fit = {seed: _fit(one, root) for seed, one in configs.items()}
    traits = {seed: numbers_of(TRAITS, one, root) for seed, one in configs.items()}
    quality = {seed: kept_quality(one, sampler, root) for seed, one in configs.items()}
    return Measured(
        _known(fit),
        _known(traits),
        {seed: tuple(q.mean(score) for score in _SAMPLED) for seed, q in _known(quality).items()},
    )


def _fit(config: RunConfig, root: Path) -> Numbers | None:
    fit, bound = numbers_of(PRIORS_STUDY, config, root), numbers_of(EVIDENCE, config, root)
    if fit is None or bound is None:
        return None
    return fit | {name: bound[name] for name in ("nll", "elbo", "error", "k")} | {"bounded": bound["images"]}


def _known(found: Mapping[int, Any]) -> dict[int, Any]:
    return {seed: one for seed, one in found.items() if one is not None}


def _error_of_mean(errors: np.ndarray) -> float:
    """Return the standard error of a mean over images, of each one's (N,)."""
    return float(np.sqrt(np.square(errors).sum()) / len(errors))


def _short(value: float) -> float:
    return float(f"{value:.6g}")
