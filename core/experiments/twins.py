"""How well does a model do on test images that are new to it, and on twins of training images?

Two thirds of the sprites' test images have a twin among the training images (`core.data.twins`).
What judges how a model generalises has to leave them out. Measured of the runs whose weights ship:
a first look.
"""

from __future__ import annotations

from core.data.twins import has_twins
from core.experiments.kept import Study

TWINS = Study(
    "twins",
    "all test images, as many to train on, one code each, v2",
    "core.experiments.measuring.twins:measure",
    "core.experiments.measuring.twins:compare",
    covers=lambda config: has_twins(config.data) and config.model.in_family,
)
