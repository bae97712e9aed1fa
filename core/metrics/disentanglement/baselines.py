"""Linear representations without a network: principal and independent components."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.metrics.disentanglement.world import Floats

COMPONENTS = 10
"""Components of either representation, as many as the models have latents."""

Encoder = Callable[[NDArray[np.floating]], Floats]
"""Images (N, pixels) -> codes (N, L)."""


def pca(images: NDArray[np.floating], components: int = COMPONENTS) -> Encoder:
    """Return the encoder on to the principal components of images.

    Args:
        images: to fit them on, (N, pixels).
        components: their number, L, at most N and the number of pixels.
    """
    from sklearn.decomposition import PCA

    return PCA(components, random_state=0).fit(images).transform


def ica(images: NDArray[np.floating], seed: int, components: int = COMPONENTS) -> Encoder:
    """Return the encoder on to independent components of images, each of variance 1.

    FastICA runs after whitening, at most 1,000 steps. The components depend on where it starts.

    Source: Hyvärinen 1999, Fast and Robust Fixed-Point Algorithms for Independent Component
        Analysis, https://doi.org/10.1109/72.761722

    Args:
        images: to fit them on, (N, pixels).
        seed: of the start.
        components: their number, L, at most N and the number of pixels.
    """
    from sklearn.decomposition import FastICA
    from sklearn.exceptions import ConvergenceWarning

    model = FastICA(components, whiten="unit-variance", max_iter=1000, random_state=seed)
    with warnings.catch_warnings():
        # Components that have not settled after 1,000 steps are used as they are.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(images).transform
