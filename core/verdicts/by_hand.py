"""Sentences and rows on maximum likelihood by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.metrics.by_hand import Bell, Coin, Family, Fit, Running, lost
from core.verdicts.phrases import number, with_minus

if TYPE_CHECKING:
    from core.metrics.cross_entropy import Loss

Floats = NDArray[np.floating]

WAYS = {
    "library": "torch's F.cross_entropy of the scores",
    "formula": "H(y, p) = −Σ yₖ ln pₖ, y one-hot",
    "likelihood": "−ln of the probability of the label",
}
"""Way of computing a loss -> its name on the screen."""

ROUNDING = 8 * np.finfo(np.float64).eps
"""Relative difference up to which two losses count as one number."""


@dataclass(frozen=True)
class Draws:
    """A sample of observations, and the words for its parameter.

    Args:
        kind: `Bernoulli` or `Gaussian`.
        truth: the true parameter.
        std: known standard deviation of a Gaussian.
        count: number of observations.
        seed: seed of the observations.
    """

    kind: str
    truth: float
    std: float
    count: int
    seed: int

    @property
    def family(self) -> Family:
        """The distribution, its parameter unknown."""
        return Coin() if self.kind == "Bernoulli" else Bell(self.std)

    @property
    def symbol(self) -> str:
        """Symbol of the parameter."""
        return "p" if self.kind == "Bernoulli" else "μ"

    @property
    def axis(self) -> str:
        """Name of the parameter's axis."""
        return "probability p" if self.kind == "Bernoulli" else "mean μ"

    @property
    def closed_form(self) -> str:
        """Name of the closed form."""
        return "the share of ones" if self.kind == "Bernoulli" else "the mean of the observations"


def product_sentence(likelihood: Running) -> str:
    """Return from which n on each product is lost, and the sum of logs of all observations.

    Args:
        likelihood: likelihood of the first n observations, for n = 1 to N.
    """
    count, total = len(likelihood.logs), likelihood.logs[-1]
    single, double = _became(likelihood.single), _became(likelihood.double)
    return (
        f"The likelihood of all {count:,} observations is a product, and in float32 {single} and"
        f" in float64 {double}. The **sum of the logarithms** is {number(total, 1)} nats, in"
        rf" float32 too: a likelihood of $10^{{{total / np.log(10):.0f}}}$."
    )


def _became(logs: Floats) -> str:
    first = lost(logs)
    if first is None:
        return "it is still a number"
    end = "0" if logs[first - 1] < 0 else "infinite"
    return f"it is **{end} from n = {first:,} on**"


def maximum_sentence(fit: Fit, draws: Draws) -> str:
    """Return whether product and sum of logs agree on the best parameter, and the closed form.

    Args:
        fit: likelihood over the parameter.
        draws: observations that it is of.
    """
    apart = with_minus(f"{abs(fit.searched - fit.closed):.1g}")
    return (
        f"{_highest(fit, draws.symbol)} Searching finds {draws.symbol} ="
        f" {number(fit.searched, 6)}, {draws.closed_form} is {number(fit.closed, 6)}: {apart}"
        " apart."
    )


def _highest(fit: Fit, symbol: str) -> str:
    if fit.best_product is None:
        value = "not finite" if fit.product.any() else "0"
        return (
            f"The product is {value} for every {symbol} and **has no highest place any more**; the"
            " sum of logs has. With fewer observations both do."
        )
    if fit.best_product == fit.best:
        return (
            f"Product and sum of logs are highest **at the same {symbol}**, since the logarithm"
            " never falls."
        )
    return (
        f"The product has lost so many digits that it is highest at **another {symbol}** than the"
        " sum of logs."
    )


def maximum_rows(fit: Fit, draws: Draws) -> list[dict[str, str]]:
    """Return a row for each way to the best parameter.

    Args:
        fit: likelihood over the parameter.
        draws: observations that it is of.
    """
    step = fit.grid[1] - fit.grid[0]
    product = "none: 0 or infinite"
    if fit.best_product is not None:
        product = number(fit.best_product, 6)
    ways = {
        f"highest product on a grid of step {step:.1g}": product,
        "highest sum of logs on the grid": number(fit.best, 6),
        "searched for: Brent's method on the sum of logs": number(fit.searched, 9),
        f"closed form: {draws.closed_form}": number(fit.closed, 9),
        "the truth": number(draws.truth),
    }
    return [{"Found by": way, draws.symbol: value} for way, value in ways.items()]


def label_sentence(probability: float, label: int, updates: int) -> str:
    """Return the probability of a digit's label under the classifier, and its loss.

    Args:
        probability: of the label, above 0.
        label: the digit's label.
        updates: updates of the classifier.
    """
    return (
        f"What the classifier says of it after {updates} updates. The label, “{label}”, gets"
        f" {probability:.4f}, which costs −ln {probability:.4f} = {-np.log(probability):.4f} nats."
    )


def cross_entropy_sentence(losses: Mapping[str, Loss], count: int) -> str:
    """Return whether cross-entropy and negative log-likelihood are the same number.

    Args:
        losses: way of computing -> loss, averaged over some images.
        count: number of the images.
    """
    first = next(iter(losses.values()))
    values = max(abs(loss.value - first.value) for loss in losses.values())
    gradients = max(_gradient_apart(loss, first) for loss in losses.values())
    same = max(values, gradients) <= ROUNDING * max(1.0, abs(first.value))
    verdict = "**not the same**"
    if same:
        verdict = "**one number with one gradient**, up to rounding in float64"
    product = ""
    if count > 1:
        power = -first.value * count / np.log(10)
        product = (
            f" Multiplied, the {count} probabilities of the labels make"
            rf" $10^{{{power:.1f}}}$."
        )
    return (
        f"Cross-entropy and negative log-likelihood are {verdict}: the values are at most"
        f" {_tiny(values)} nats apart, the entries of the gradients {_tiny(gradients)}.{product}"
    )


def loss_rows(losses: Mapping[str, Loss]) -> list[dict[str, str]]:
    """Return a row of value and gradient of each way, to the last digit.

    Args:
        losses: way of computing -> loss.
    """
    first = next(iter(losses.values()))
    return [
        {
            "Computed as": WAYS[way],
            "nats per digit": f"{loss.value:.17g}",
            "apart": _tiny(loss.value - first.value),
            "Length of the gradient": f"{np.linalg.norm(loss.gradient):.17g}",
            "gradient apart, at most": _tiny(_gradient_apart(loss, first)),
        }
        for way, loss in losses.items()
    ]


def _gradient_apart(loss: Loss, other: Loss) -> float:
    return float(abs(loss.gradient - other.gradient).max())


def _tiny(value: float) -> str:
    return with_minus(f"{value:.1e}") if value else "0"
