"""Many latents on a flat screen: two of them, their principal components, or t-SNE."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.float32]

TSNE_STAGES = 4
TSNE_POINTS = 1000
_STEPS = 250


def principal_components(codes: Codes) -> tuple[Codes, NDArray[np.float64]]:
    """Return the first two principal components (N, 2) of codes (N, L), and the share of variance of each (2,).

    A single latent is its own first component; the second is 0.

    >>> flat, share = principal_components(np.array([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]]))
    >>> share.tolist()
    [1.0, 0.0]
    """
    centred = codes.astype(np.float64) - codes.mean(0, dtype=np.float64)
    centred = np.pad(centred, ((0, 0), (0, max(0, 2 - codes.shape[1]))))
    _, scale, directions = np.linalg.svd(centred, full_matrices=False)
    variance = scale**2
    return (centred @ directions[:2].T).astype(np.float32), variance[:2] / max(variance.sum(), 1e-300)


def tsne(codes: Codes, seed: int = 0) -> Iterator[Codes]:
    """Yield a t-SNE map (N, 2) of codes (N, L) after each of four stages, better each time.

    Source: van der Maaten and Hinton 2008; scikit-learn's implementation.
    """
    found = None
    for _ in range(TSNE_STAGES):
        found = tsne_stage(codes, found, seed)
        yield found


def tsne_stage(codes: Codes, start: Codes | None = None, seed: int = 0) -> Codes:
    """Return a t-SNE map (N, 2) of codes (N, L) after 250 more steps.

    Scikit-learn reports no progress, so it is called in stages: the first with early exaggeration, as usual, the
    others without, each going on from the last map.

    Args:
        codes: (N, L).
        start: map to go on from (N, 2); principal components when left out.
        seed: of the method's own choices.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    model = TSNE(
        perplexity=min(30.0, (len(codes) - 1) / 3),
        init=cast(Any, "pca" if start is None else start),
        early_exaggeration=12.0 if start is None else 1.0,
        max_iter=_STEPS,
        random_state=seed,
        n_jobs=1,
    )
    with threadpool_limits(1):  # other visitors want the cores too
        return model.fit_transform(codes)
