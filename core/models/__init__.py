"""The family of models: networks, posteriors, likelihoods, priors, and the class of all."""

from core.models.autoencoder import Autoencoder, Pass, build, restore, unsquashed, weights_of
from core.models.posteriors import Gaussian, mean_squared_radius
from core.models.priors import Factorised, Prior

__all__ = [
    "Autoencoder",
    "Factorised",
    "Gaussian",
    "Pass",
    "Prior",
    "build",
    "mean_squared_radius",
    "restore",
    "unsquashed",
    "weights_of",
]
