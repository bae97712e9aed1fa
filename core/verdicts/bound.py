"""Sentences and rows on the ELBO, log p(x), and the gap between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.experiments.claims import DEPENDS, FAILS, HOLDS, PROVEN, spread
from core.experiments.gaps import TIGHT, Tightness
from core.metrics.gaussian_kl import Divergence
from core.verdicts.phrases import number, rests_on, some_trainings, with_range

if TYPE_CHECKING:
    from core.experiments.measuring.one_image import Exact, OneImage

UNMEASURED = "The gaps of this run were not measured yet; run `python -m core measure`."

CROSS = 0.05
"""Nats up to which two ways of computing the gap count as the same."""

NEAR = 0.1
"""Nats up to which a bound is called near log p(x)."""

TINY = 0.01
"""Nats of a gap below which its parts drown in the error of the quadrature."""

BEFORE_THE_BOX = (
    " Codes are drawn as they are before the uniform prior's box squashes them, u: there q is a"
    " Gaussian."
)

TIGHT_WORDS = {
    HOLDS: "**tight**",
    FAILS: "**not tight**",
    DEPENDS: "tight **with some seeds only**",
}
LARGER_PART = {
    HOLDS: (
        "the larger part is **the encoder's**: it serves all images at once and misses the best"
        " Gaussian"
    ),
    FAILS: (
        "the larger part is **the Gaussian's**: the best one found for an image is hardly nearer"
    ),
    DEPENDS: "which part is larger **depends on the seed**",
}


def divergence_sentence(kl: Divergence) -> str:
    """Return the divergence both ways, in closed form and added up.

    Args:
        kl: divergence of two Gaussians.
    """
    if kl.exact == 0:
        return (
            "**KL(q‖p) = 0 nats**: q and p are equal, which is the only place where it is 0. Move"
            " any slider."
        )
    below = -float(np.trapezoid(np.minimum(kl.integrand, 0), kl.x))
    return (
        f"**KL(q‖p) = {kl.exact:.6f} nats** in closed form, {kl.integrated:.6f} by adding up the"
        f" lower curve. Where q is below p it takes away {below:.3f} nats, and never as much as is"
        f" added elsewhere. The other way round, KL(p‖q) = {kl.reverse:.6f} nats."
    )


def bounds_sentence(image: OneImage) -> str:
    """Return log p(x) where it is known, the ELBO, and how far the largest k reaches.

    Args:
        image: numbers of one test image.
    """
    most, best = image.bounds.k[-1], float(image.bounds.value[-1, 0])
    if image.exact is None:
        return (
            f"The ELBO of this image is {number(image.elbo, 2)} nats (standard error"
            f" {number(image.elbo_error, 2)}). With k = {most:,} samples the bound rises to"
            f" **{number(best, 2)} nats**: the ELBO is at least"
            f" {number(best - image.elbo, 2)} nats too low."
        )
    exact = image.exact
    left = exact.log_p - best
    reach = f"{number(left, 2)} nats below it"
    if abs(left) < NEAR:
        reach = f"within {NEAR} nats of it"
    return (
        f"**log p(x) = {number(exact.log_p, 3)} nats** by quadrature (refinement error"
        f" {exact.error:.1g}). The ELBO, {number(image.elbo, 3)} nats, is"
        f" **{number(exact.log_p - image.elbo, 3)} nats below**; with k = {most:,} samples the"
        f" bound is {reach}."
    )


def bounds_caption(label: str) -> str:
    """Return what a dot and a bar of the bounds are.

    Args:
        label: of the model.
    """
    return (
        f"{label}. A dot is the average over many bounds, a bar one standard deviation of a single"
        " one, which may lie above log p(x); its expectation cannot."
    )


def bound_rows(image: OneImage) -> list[dict[str, str]]:
    """Return a row for each bound, and for log p(x) itself.

    Args:
        image: numbers of one test image.
    """
    error = f"standard error {number(image.elbo_error, 3)}" if image.elbo_error else "–"
    rows = [_row("ELBO", image.elbo, error)]
    bounds = image.bounds
    for k, value, deviation, count in zip(
        bounds.k, bounds.value[:, 0], bounds.spread[:, 0], bounds.count, strict=True
    ):
        name = f"importance-weighted, k = {k:,}"
        rows.append(_row(name, value, number(deviation, 3), f"{count:,} bounds"))
    if image.exact:
        error = f"refinement error {image.exact.error:.1g}"
        rows.append(_row("log p(x), quadrature", image.exact.log_p, error))
    return rows


def _row(name: str, nats: float, deviation: str, averaged: str = "–") -> dict[str, str]:
    return {
        "Bound": name,
        "nats": number(nats, 3),
        "spread of one": deviation,
        "averaged": averaged,
    }


def gap_sentence(gap: float, kl: float) -> str:
    """Return whether log p(x) - ELBO is the divergence from the true posterior.

    Args:
        gap: log p(x) - ELBO, in nats.
        kl: KL(q || p(z given x)) on a grid, in nats.
    """
    apart = abs(gap - kl)
    word = "the same" if apart <= CROSS else "not quite the same"
    return (
        f"The ELBO falls short of log p(x) by **{number(gap, 4)} nats**. The encoder's Gaussian is"
        f" KL(q‖p(z|x)) = **{number(kl, 4)} nats** from the true posterior. The two are {word}:"
        f" {number(apart, 4)} nats apart, each added up in its own way."
    )


def gap_rows(exact: Exact, elbo: float) -> list[dict[str, str]]:
    """Return a row for the gap computed each way, and for its parts.

    Args:
        exact: log p(x) of the image and its posterior.
        elbo: the image's ELBO, in nats.
    """
    gap, kl = exact.log_p - elbo, exact.posterior.kl
    nats = {
        "log p(x) − ELBO": gap,
        "KL(q‖p(z|x)), on a grid": kl,
        "difference": gap - kl,
        "amortisation: won by a fitted Gaussian": exact.gaps.amortisation[0],
        "approximation: left with the fitted one": exact.gaps.approximation[0],
    }
    return [{"Of this image": name, "nats": number(value, 4)} for name, value in nats.items()]


def posterior_caption(*, uniform: bool) -> str:
    """Return what the curves of the true posterior's figure are.

    Args:
        uniform: whether the prior is a uniform box.
    """
    return (
        "The true posterior p(z|x), integrated over the plane. The encoder's Gaussian in violet;"
        " dotted, the Gaussian that was fitted to this one image by climbing its ELBO."
        + (BEFORE_THE_BOX if uniform else "")
    )


def tightness_sentence(tightness: Tightness, median: float, label: str) -> str:
    """Return whether the bound is tight, and which part of the gap is larger.

    Args:
        tightness: gaps of one model, by seed.
        median: gap of half of the images, in nats.
        label: of the model.
    """
    encoder = spread(tightness.amortisation.values()).mean
    gaussian = spread(tightness.approximation.values()).mean
    larger = LARGER_PART[tightness.encoder_lags.leaning]
    if max(tightness.gap.values()) < TINY:
        larger = "both parts are too small to be told apart from the error of the quadrature"
    first_look = f" {rests_on(tightness.seeds)}" if tightness.seeds < PROVEN else ""
    return (
        f"The bound of {label} is {TIGHT_WORDS[tightness.tight.leaning]}: on average"
        f" {with_range(tightness.gap.values(), 2)} nats below log p(x), half of the images less"
        f" than {median:.2g}. At least {encoder:.2g} nats are lost by amortisation and at most"
        f" {gaussian:.2g} by approximation; {larger}. (Tight: less than {TIGHT:g} nat, a factor e,"
        f" on average with every seed; {some_trainings(tightness.seeds)}.){first_look}"
    )


def histogram_caption(tightness: Tightness) -> str:
    """Return what the histogram of gaps is of."""
    trainings = some_trainings(tightness.seeds)
    return f"log p(x) − ELBO of {tightness.n} test images, {trainings}."


def parts_caption(tightness: Tightness) -> str:
    """Return what the bars of the gap's parts are of."""
    return (
        f"{tightness.split_n} test images, averages over the training seeds; to each a Gaussian"
        " was fitted."
    )
