"""The noise of the gradient that a run's encoder learns from, measured."""

from __future__ import annotations

from pathlib import Path

from core.experiments.kept import Numbers, short
from core.experiments.measuring.originals import originals
from core.experiments.priors import DRAWS, GRADIENT_IMAGES
from core.metrics.gradients import gradient_noise
from core.models import unsquashed
from core.runs import Run


def measure(run: Run, _: Path) -> Numbers:
    """Return how noisy the gradient is that a run's encoder learns from.

    Of a uniform prior it is measured of the codes before they are squashed, where it is the same
    (`unsquashed`).

    Returns: `gradient`, the variance of one draw by estimator, in nats², and `disagreement` of the
        estimators, of `gradient_images` with `draws` each.

    Raises:
        MissingData: the original images are not on this machine.
        ValueError: they are not those that the kept codes belong to.
    """
    images = originals(run, GRADIENT_IMAGES)
    found = gradient_noise(unsquashed(run.model), images, DRAWS)
    return {
        "gradient": {name: short(each.mean()) for name, each in found.variance.items()},
        "disagreement": {name: short(far) for name, far in found.disagreement.items()},
        "gradient_images": len(images),
        "draws": DRAWS,
    }
