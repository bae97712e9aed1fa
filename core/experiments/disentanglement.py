"""Does one latent follow one factor? Seven metrics of every run on sprites, and of baselines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.config import RunConfig
from core.experiments.kept import Study

SCORES = {
    "higgins": "Higgins score",
    "higgins_4": "Higgins score, without shape",
    "factor_vae": "FactorVAE score",
    "mig": "MIG",
    "mig_posteriors": "MIG of samples, without shape",
    "dci_d": "DCI disentanglement",
    "dci_c": "DCI completeness",
    "dci_i": "DCI informativeness",
    "sap": "SAP",
    "modularity": "Modularity",
    "explicitness": "Explicitness",
}
"""Score -> its name on the screen."""

CHANCE = {"higgins": 1 / 5, "higgins_4": 1 / 4, "factor_vae": 1 / 5, "explicitness": 0.5}
"""Score -> what a code scores that knows nothing, where that is not 0."""

SEEDS, BASELINE_SEEDS = range(5), range(2)
"""Seeds of trainings and starts; and of raw pixels, where only the points drawn differ."""

POINTS, UNSEEN = 10_000, 5_000
WITHOUT_SHAPE = (1, 2, 3, 4)

Floats, Indices = NDArray[np.floating], NDArray[np.int64]


def covers(config: RunConfig) -> bool:
    """Return whether a run is of sprites small enough for all of them to be encoded."""
    return config.data.name == "sprites" and config.data.size == 32


DISENTANGLEMENT = Study(
    "disentanglement",
    f"{POINTS} and {UNSEEN} points v1",
    "core.experiments.measuring.disentanglement:measure",
    "core.experiments.measuring.disentanglement:compare",
    covers,
)


MAP = Study(
    "map",
    DISENTANGLEMENT.settings,
    "core.experiments.measuring.disentanglement:measure_map",
    covers=covers,
    of_map=True,
)
