"""log p(x) of a trained model: exact for one or two latents, bounded from below for any number."""

from core.metrics.likelihood.bounds import SAMPLES, Bounds, elbo, importance_weighted
from core.metrics.likelihood.gaps import Gaps, gaps
from core.metrics.likelihood.joint import Estimate
from core.metrics.likelihood.posterior import TruePosterior, true_posterior
from core.metrics.likelihood.quadrature import TOLERANCE, quadrature

__all__ = [
    "SAMPLES",
    "TOLERANCE",
    "Bounds",
    "Estimate",
    "Gaps",
    "TruePosterior",
    "elbo",
    "gaps",
    "importance_weighted",
    "quadrature",
    "true_posterior",
]
