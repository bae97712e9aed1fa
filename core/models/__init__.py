"""The family of models: networks, posteriors, likelihoods, priors, and the one class that joins them."""

from core.models.autoencoder import Autoencoder, Pass, build, restore
from core.models.posteriors import Gaussian, mean_squared_radius

__all__ = ["Autoencoder", "Gaussian", "Pass", "build", "mean_squared_radius", "restore"]
