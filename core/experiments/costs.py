"""nll, KL and ELBO of test images, averaged over several codes an image, with standard errors."""

from __future__ import annotations

from core.experiments.evidence import DRAWS
from core.experiments.kept import Study
from core.experiments.rate import DRAWS as KL_DRAWS
from core.families import is_doubled

_SETTINGS = f"{DRAWS} codes, {KL_DRAWS} where the KL is sampled, v1"
COSTS = Study(
    "costs",
    _SETTINGS,
    "core.experiments.measuring.costs:measure",
    covers=lambda config: config.model.in_family and not is_doubled(config),
)
