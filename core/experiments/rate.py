"""The KL of every trained model: its part that tells images apart, and its misfit to the prior.

The two parts depend on how many images there are: the aggregate posterior is an average of their
posteriors, and with fewer images more of the rate counts as misfit. So there are two studies.

`RATE` takes the test images that are kept with a run. It needs no more than its codes, and it was
made of every seed. Its numbers are of N images, and only numbers of the same N may be compared.

`AGGREGATE` takes all images of the data set, and says between which two numbers the misfit of the
data lies: see `core.metrics.rate.aggregate_kl`. It encodes images, so that it can be made only of
runs whose weights are there; the numbers that `RATE` keeps of further seeds stay as they are. The
sprites are all there are, which leaves nothing open. With two latents the misfit is integrated
over a grid. That takes the noise of the codes away, not the dependence on N.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.experiments.claims import HOLDS, BySeed, Cases, compare
from core.experiments.kept import Numbers, Study

IMAGES = 10_000
"""The most test images, the first ones; their log bounds the information that is found."""

DRAWS = 8
"""Codes for each image, where the KL from the prior has no closed form."""

NEAR = 0.5
"""Nats below the log of the number of images from which the information may be cut off by it."""

CODES = 10_000
"""Codes that the misfit of all images is averaged over, each of another image."""


def limit(images: int) -> float:
    """Return the most information, in nats, that a code can have about which image it is of.

    Args:
        images: number of images.

    >>> round(limit(10_000), 2)
    9.21
    """
    return math.log(images)


def cut_off(rows: Sequence[Numbers]) -> bool:
    """Return whether the information of any training may be cut off by the number of images.

    The rest of the rate says nothing then: with more images less of it would count as misfit.

    Args:
        rows: numbers of the study `RATE`, an entry for each seed.
    """
    return any(row["information"] > limit(row["images"]) - NEAR for row in rows)


@dataclass(frozen=True)
class Exchange:
    """The nats of distortion that a nat of rate buys between two neighbouring β.

    Args:
        low: the smaller β.
        high: the larger β.
        spent: seed -> nats of rate more with the smaller β, above 0.
        saved: seed -> nats of distortion less with it.
    """

    low: float
    high: float
    spent: BySeed
    saved: BySeed

    @property
    def bought(self) -> dict[int, float]:
        """Seed -> nats of distortion saved for a nat of rate spent."""
        return {seed: saved / self.spent[seed] for seed, saved in self.saved.items()}

    @property
    def pooled(self) -> float:
        """Nats of distortion for a nat of rate, of all seeds together."""
        return sum(self.saved.values()) / sum(self.spent.values())

    @property
    def within(self) -> Cases[str]:
        """The comparisons that hold if the exchange lies between the two β with every seed.

        It does between two optima: neither model would rather be the other, since nll + β KL is
        least for each with its own β.
        """
        above, below = compare(self.bought, self.low, larger=True), compare(self.bought, self.high)
        return Cases({"above": above, "below": below})


def exchanges(stops: Mapping[float, Mapping[int, tuple[float, float]]]) -> list[Exchange]:
    """Return the nats of distortion that a nat of rate buys from each β to the next.

    Stops between which the rate does not fall with every seed are left out.

    Source: Alemi et al. 2018, Fixing a Broken ELBO, https://arxiv.org/abs/1711.00464.

    Args:
        stops: β -> seed -> (rate, distortion) in nats, the least β first.

    >>> exchanges({1.0: {0: (7.0, 100.0)}, 4.0: {0: (5.0, 104.0)}})
    [Exchange(low=1.0, high=4.0, spent={0: 2.0}, saved={0: 4.0})]
    """
    pairs = []
    for (low, ours), (high, theirs) in pairwise(stops.items()):
        seeds = [seed for seed in ours if seed in theirs]
        spent = {seed: ours[seed][0] - theirs[seed][0] for seed in seeds}
        saved = {seed: theirs[seed][1] - ours[seed][1] for seed in seeds}
        if compare(spent, 0.0, larger=True).leaning == HOLDS:
            pairs.append(Exchange(low, high, spent, saved))
    return pairs


RATE = Study(
    "rate",
    f"first {IMAGES} test images, {DRAWS} draws, v1",
    "core.experiments.measuring.rate:measure",
    covers=lambda config: config.model.posterior == "learned",
)


AGGREGATE = Study(
    "aggregate",
    f"all images, {CODES} codes, v1",
    "core.experiments.measuring.rate:measure_aggregate",
    covers=lambda config: config.model.posterior == "learned" and not config.data.binarised,
)
