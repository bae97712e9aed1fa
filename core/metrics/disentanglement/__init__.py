"""Disentanglement metrics: how far single latents follow single factors, by seven definitions.

Functions import scikit-learn's classifiers where they use them: a page that needs none would wait
a second for them.
"""

from core.metrics.disentanglement.dci import DCI, dci
from core.metrics.disentanglement.factor_vae import factor_vae_score
from core.metrics.disentanglement.gaps import mig, mig_of_posteriors, sap
from core.metrics.disentanglement.higgins import higgins_score
from core.metrics.disentanglement.modularity import explicitness, modularity
from core.metrics.disentanglement.world import World, tabulated, unit_scale

__all__ = [
    "DCI",
    "World",
    "dci",
    "explicitness",
    "factor_vae_score",
    "higgins_score",
    "mig",
    "mig_of_posteriors",
    "modularity",
    "sap",
    "tabulated",
    "unit_scale",
]
