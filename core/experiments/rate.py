"""What the KL of every trained model pays for: telling images apart, and codes that lie where the
prior does not.

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
from collections.abc import Sequence

from core.experiments.kept import Numbers, Study

IMAGES = 10_000
"""Test images, at most, the first ones; the information that can be found is at most the log of their number."""

DRAWS = 8
"""Codes for each image, where the KL from the prior has no closed form."""

NEAR = 0.5
"""Nats below the log of the number of images from which the information may be cut off by it."""

CODES = 10_000
"""Codes that the misfit of all images is averaged over, each of another image."""


def limit(images: int) -> float:
    """Return the most information that a code can have about which of some images it is of, in
    nats.

    >>> round(limit(10_000), 2)
    9.21
    """
    return math.log(images)


def cut_off(found: Sequence[Numbers]) -> bool:
    """Return whether the information of any training is so near to the log of the images that
    there may be more.

    What is left of the rate says nothing then: with more images less of it would count as misfit.

    Args:
        found: numbers of the study `RATE`, an entry for each seed.
    """
    return any(one["information"] > limit(one["images"]) - NEAR for one in found)


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
