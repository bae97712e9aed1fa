"""Sentences on the likelihood of a decoder: squared error and nats, σ and β, means and draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.experiments.kept import Numbers
from core.experiments.scale import GRADIENT_IMAGES, affine
from core.verdicts.phrases import number, with_minus

UNMEASURED = "These models were not measured yet; run `python -m core measure`."

NORMAL_PIXELS = (
    "Say that every pixel is normal around the decoder's output with standard deviation σ. Then"
    " the nll is the squared error, stretched and shifted: nll = **SSE / 2σ²** + **D/2 · log"
    " 2πσ²**, D pixels. Each point is a test image under a trained model."
)

PRICES = (
    "One training of each, two latents, β = 1; errors of all test images, one code each. Squared"
    " error is the same thing under every likelihood, so here they share a plane. A line has slope"
    " −2σ²β, the price of a nat: along it SSE + 2σ²β · KL stays the same."
)

MEANS_AND_DRAWS = (
    "The picture that is usually shown is the **mean** of p(x | z). Below each, one image"
    " **drawn** from p(x | z), every pixel by itself."
)

SAME_CODES = (
    "Above the mean, below a draw; the same codes from N(0, I) for all. Grey values beyond 0 and 1"
    " are cut."
)


@dataclass(frozen=True)
class Price:
    """The price of a nat under one likelihood, and the trade that a model made at it.

    Args:
        label: name of the likelihood.
        learned: whether σ was learned.
        numbers: numbers of the study `SCALE`.
        kl: the model's KL, in nats per image.
        active: number of its active latents.
        latents: number of its latents.
    """

    label: str
    learned: bool
    numbers: Numbers
    kl: float
    active: int
    latents: int


def nothing_gaussian(elsewhere: Sequence[str]) -> str:
    """Return a sentence of where there are models with a Gaussian likelihood.

    Args:
        elsewhere: names of the data sets that have some.
    """
    there = f": pick {' or '.join(elsewhere)} to see some" if elsewhere else ""
    return f"No model with a Gaussian likelihood was trained on these images{there}."


def units_of(images: int) -> str:
    """Return a caption of the units of each likelihood's nats.

    Args:
        images: number of test images that are drawn.
    """
    return (
        f"{images} test images, one code of its posterior each. Nats of a Gaussian are of a"
        " *density* of grey values: they may be negative, and change with the unit of intensity."
        " Nats of a Bernoulli on grey values are a cross-entropy of pixels read as probabilities."
        " The heights of these plots can**not** be compared with each other."
    )


def affine_sentence(numbers: Numbers) -> str:
    """Return slope and intercept of the line that the likelihood says and that the points have.

    Args:
        numbers: numbers of the study `SCALE`; its scale is None without a Gaussian likelihood.
    """
    if numbers["scale"] is None:
        return (
            f"No line: the closest one misses an image by {numbers['residual']:.1f} nats. The"
            " cross-entropy is no function of the squared error."
        )
    slope, intercept = affine(numbers["scale"], numbers["pixels"])
    return (
        f"σ = {numbers['scale']:.4g}: slope 1/2σ² = **{slope:.4g}**, intercept"
        f" **{four_digits(intercept)}** nats. Least squares through the points:"
        f" {numbers['slope']:.4g} and {four_digits(numbers['intercept'])}; the farthest point is"
        f" {in_powers(numbers['residual'])} nats off."
    )


def four_digits(value: float) -> str:
    """Return a number with four digits that count and a minus that is as wide as a plus.

    >>> four_digits(-88.5512), four_digits(0.5)
    ('−88.55', '0.5')
    """
    return with_minus(f"{value:.4g}")


def in_powers(value: float) -> str:
    """Return a number of at least 0 with three digits that count, or as a power of ten.

    >>> in_powers(0.0), in_powers(0.25), in_powers(3.2e-14)
    ('0', '0.25', '3·10⁻¹⁴')
    """
    if value == 0 or value >= 0.001:
        return f"{value:.3g}"
    digits, power = f"{value:.0e}".split("e")
    return f"{digits}·10" + str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def squared_error(numbers: Numbers) -> float:
    """Return the mean squared error of an image, summed over pixels."""
    return numbers["rmse"] ** 2 * numbers["pixels"]


def price_sentence(prices: Sequence[Price]) -> str:
    """Return a line for what each Gaussian pays and gets, and one for the learned scale.

    Args:
        prices: of all likelihoods; those without a scale are left out.
    """
    lines = []
    for price in prices:
        if price.numbers["scale"] is not None:
            lines.append(_trade(price))
            if price.learned:
                lines.append(_learned(price.numbers))
    return "\n".join(lines)


def _trade(price: Price) -> str:
    cost, error = 2 * price.numbers["scale"] ** 2, squared_error(price.numbers)
    collapsed = "" if price.active else " It has **collapsed**: no code was worth the price."
    return (
        f"- **{price.label}**: a nat has to save {number(cost)} of squared error. KL"
        f" **{price.kl:.2f}** nats, {price.active} of {price.latents} latents active, squared"
        f" error {number(error)}.{collapsed}"
    )


def _learned(numbers: Numbers) -> str:
    return (
        f"- Learned σ came to **{numbers['scale']:.4f}**; the root mean squared error of test"
        f" pixels is {numbers['rmse']:.4f} ({numbers['images']:,} images). The best σ for given"
        " means is that error on the images trained on."
    )


def knob_sentence(numbers: Numbers) -> str:
    """Return in numbers that σ and β are one knob.

    Args:
        numbers: numbers of the study `SCALE`, its `knob` among them.
    """
    knob = numbers["knob"]
    return (
        "**σ and β are one knob.** Multiplied by 2σ², the objective SSE/2σ² + β · KL is SSE +"
        f" 2σ²β · KL: only σ²β matters. σ = {numbers['scale']:.4g} with β = 1 is σ ="
        f" {knob['scale']:g} with β = {number(knob['beta'])}. On this model's weights the two"
        f" gradients, each times its σ², differ by {in_powers(knob['difference'])} of their length"
        f" ({GRADIENT_IMAGES} test images, the same codes, double precision). With β = 1 for both"
        f" they point {knob['angle_without']:.0f}° apart."
    )
