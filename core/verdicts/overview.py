"""The answer of the front page: what random codes of an AE and of a VAE decode to, in numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.experiments.claims import DEPENDS, FAILS, HOLDS, UNKNOWN, Comparison, compare
from core.verdicts.phrases import answer as word_of
from core.verdicts.phrases import number, trainings, with_range

Scores = Mapping[int, tuple[float, float]]
"""Seed of the training -> Fréchet distance and coverage (0 to 1) of random samples."""

INCOMPLETE = "The answer takes an AE and a VAE of one data set, and not both are on the shelf."
UNMEASURED = "The answer was not measured for these models yet; run `python -m core measure`."

_PRIOR_AGAINST_BOX = {
    HOLDS: "the VAE's random codes decode to better images than the AE's",
    FAILS: "the VAE's random codes decode to worse images than the AE's",
    DEPENDS: "it depends on score or seed whether the VAE's random codes decode to better images"
    " than the AE's",
    UNKNOWN: "not all that this rests on was measured yet",
}
_MIXTURE_AGAINST_PRIOR = {
    HOLDS: "with a mixture fitted to its codes, the AE is better than the VAE",
    FAILS: "with a mixture fitted to its codes, the AE is worse than the VAE",
    DEPENDS: "with a mixture fitted to its codes, the AE is better or worse by score or seed",
    UNKNOWN: "a mixture fitted to the AE's codes was not measured",
}


def answer(asked: str, box: Scores, prior: Scores, mixture: Scores, images: int) -> str:
    """Return whether a random code decodes to an image, in one sentence and its numbers.

    Args:
        asked: the data set and the number of latents.
        box: of the AE, codes from a uniform box that holds 99 % of its codes.
        prior: of the VAE, codes from its prior.
        mixture: of the AE, codes from a mixture of ten Gaussians fitted to its codes.
        images: drawn for each score and seed.

    >>> low, high, best = {0: (9.0, 0.1)}, {0: (3.0, 0.6)}, {0: (1.0, 0.9)}
    >>> print(answer("digits with 2 latents", low, high, best, 500)[:72])
    **On digits with 2 latents, first look: the VAE's random codes decode to
    """
    ours = _compare(prior, box)
    fitted = _compare(mixture, prior)
    head = word_of(ours, _PRIOR_AGAINST_BOX)
    numbers = (
        f"Random codes from the AE's uniform box cover {_coverage(box)} of the real images, from"
        f" the VAE's prior {_coverage(prior)}, from the mixture {_coverage(mixture)}"
    )
    seeds = trainings([tuple(box), tuple(prior), tuple(mixture)])
    return (
        f"**On {asked}, {head}; {_MIXTURE_AGAINST_PRIOR[fitted.leaning]}.** {numbers}, each with"
        f" {number(images, 0)} codes; {seeds}, least to most in brackets."
    )


def _compare(ours: Scores, theirs: Scores) -> Comparison:
    """Return the comparison of two samplers by Fréchet distance and coverage."""
    return compare(ours, theirs, (False, True))


def _coverage(scores: Scores) -> str:
    return with_range(_column(scores.values()), 0, percent=True)


def _column(rows: Iterable[tuple[float, float]]) -> list[float]:
    return [coverage for _, coverage in rows]
