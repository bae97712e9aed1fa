"""The scale of a Gaussian likelihood: the slope from squared error to nats, β by another name."""

from __future__ import annotations

import math

from core.config import RunConfig
from core.experiments.kept import Study
from core.families import is_doubled

IMAGES, GRADIENT_IMAGES = 200, 100
"""Test images that are drawn as points, and that a gradient is of; the first ones."""

ERROR_IMAGES = 10_000


def affine(scale: float, pixels: int) -> tuple[float, float]:
    """Return slope and intercept of the map from squared error to Gaussian nll.

    nll = SSE / 2σ² + D/2 log 2πσ²

    Args:
        scale: σ, in units of intensity.
        pixels: D.

    Returns:
        Nats per unit of squared error summed over pixels, and nats per image.

    >>> affine(1.0, 2)
    (0.5, 1.8378770664093453)
    """
    return 0.5 / scale**2, 0.5 * pixels * math.log(2 * math.pi * scale**2)


def covers(config: RunConfig) -> bool:
    """Return whether a run is one of those that differ in their likelihood alone."""
    model = config.model
    alike = (model.name, model.prior, model.latent_dim, config.train.seed) == (
        "vae",
        "normal",
        2,
        0,
    )
    return alike and config.data.name in ("digits", "mnist") and not is_doubled(config)


SCALE = Study(
    "scale",
    f"{IMAGES} points, gradients of {GRADIENT_IMAGES} images, v1",
    "core.experiments.measuring.scale:measure",
    covers=covers,
)
