"""What a prior is worth: log p(x), the fit to the aggregate posterior, samples, and the noise of the gradient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.checkpoints import SHELF
from core.config import PRIORS, RunConfig, with_seed
from core.experiments.evidence import EVIDENCE
from core.experiments.kept import Numbers, Study, numbers_of
from core.experiments.noise import YES, Claim, compare, together
from core.experiments.rate import RATE, cut_off
from core.experiments.samples import kept_quality
from core.experiments.traits import TRAITS
from core.shelf import seeds_of

GRADIENT_IMAGES, DRAWS = 100, 500
"""First test images that gradients are drawn for, and how often for each."""

EXPOST = "expost"
"""The fifth beside `PRIORS`: a mixture fitted to the codes of the VAE with a standard normal after training."""


def covers(config: RunConfig) -> bool:
    """Return whether a run is held against other priors: a VAE of digits or mnist with a Bernoulli likelihood."""
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


@dataclass(frozen=True)
class Measured:
    """What is known of one prior, by the seed of its training.

    Args:
        fit: seed -> `nll`, `nll_error`, `elbo`, `k`, `bounded` images of the study `EVIDENCE`;
            `rate`, `information`, `kl_aggregate`, `kl_aggregate_error`, `images` of `RATE`; and
            the numbers of `GRADIENTS`.
        traits: seed -> numbers of the study of traits.
        samples: seed -> Fréchet distance and coverage, averaged over seeds of the codes.
    """

    fit: Mapping[int, Numbers]
    traits: Mapping[int, Numbers]
    samples: Mapping[int, tuple[float, ...]]

    @property
    def saturated(self) -> bool:
        """Whether the codes tell nearly all that can be told of so few images, and more would make the KL smaller."""
        return cut_off(list(self.fit.values()))

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
        claims: (criterion of `CRITERIA`, prior) -> that the prior does better than the standard
            normal.
        saturated: whether KL(aggregate || prior) is left out, since nearly every code tells its
            image.
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
        return [
            prior
            for (what, prior), claim in self.claims.items()
            if what == criterion and claim.word == word
        ]

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
            if (
                len(claims) == len(self.criteria)
                and together(claims) == YES
                and all(claim.seeds for claim in claims)
            ):
                found.append(prior)
        return found


def judge(known: Mapping[str, Measured]) -> Verdict:
    """Return what the numbers decide; numbers in, verdict out.

    Args:
        known: name of a prior, `normal` among them, or `EXPOST` -> what was measured.
    """
    normal, saturated = (
        known.get("normal", NOTHING),
        any(found.saturated for found in known.values()),
    )
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
    configs = {seed: with_seed(config, seed) for seed in seeds_of(config.data.name)}
    fit = {seed: _fit(one, root) for seed, one in configs.items()}
    traits = {seed: numbers_of(TRAITS, one, root) for seed, one in configs.items()}
    quality = {seed: kept_quality(one, sampler, root) for seed, one in configs.items()}
    return Measured(
        _known(fit),
        _known(traits),
        {seed: tuple(q.mean(score) for score in _SAMPLED) for seed, q in _known(quality).items()},
    )


def _fit(config: RunConfig, root: Path) -> Numbers | None:
    bound, rate, noise = (numbers_of(study, config, root) for study in (EVIDENCE, RATE, GRADIENTS))
    if bound is None or rate is None or noise is None:
        return None
    return {
        **{name: bound[name] for name in ("nll", "elbo", "k")},
        "nll_error": bound["error"],
        "bounded": bound["images"],
        **{name: rate[name] for name in ("rate", "information", "images")},
        "kl_aggregate": rate["marginal"],
        "kl_aggregate_error": rate["error"],
        **noise,
    }


def _known(found: Mapping[int, Any]) -> dict[int, Any]:
    return {seed: one for seed, one in found.items() if one is not None}
