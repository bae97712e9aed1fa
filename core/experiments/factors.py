"""Which latent follows which factor, over seeds: for data whose factors are known."""

from __future__ import annotations

from core.experiments.kept import Study

FACTORS = Study(
    "factors",
    "20 bins v1",
    "core.experiments.measuring.factors:measure",
    covers=lambda config: config.data.name == "sprites",
)
