"""Linear representations that need no network: principal and independent components."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.metrics.disentanglement.world import Floats

COMPONENTS = 10

Encoder = Callable[[NDArray[np.floating]], Floats]
"""Images (N, pixels) -> codes (N, L)."""


def pca(images: NDArray[np.floating], components: int = COMPONENTS) -> Encoder:
    """Return the encoder on to the principal components of images (N, pixels)."""
    from sklearn.decomposition import PCA

    return PCA(components, random_state=0).fit(images).transform


def ica(images: NDArray[np.floating], seed: int, components: int = COMPONENTS) -> Encoder:
    """Return the encoder on to independent components of images (N, pixels), which have variance
    1.

    FastICA after whitening; what it finds depends on where it starts, which the seed says.
    """
    from sklearn.decomposition import FastICA
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # what it has after 1,000 steps is what it is
        return (
            FastICA(components, whiten="unit-variance", max_iter=1000, random_state=seed)
            .fit(images)
            .transform
        )
