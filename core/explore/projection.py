"""Many latents on a flat screen: two of them, their principal components, or t-SNE."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.float32]

TSNE_STAGES = 4
TSNE_POINTS = 1000
TSNE_LEAST = 5
"""Codes below which a map by neighbourhoods means nothing."""
_STEPS = 250
_START = 1e-4
"""Standard deviation of a first map, as in van der Maaten and Hinton 2008, section 3.4."""
_LARGEST = float(np.finfo(np.float32).max)


def principal_components(codes: Codes) -> tuple[Codes, NDArray[np.float64]]:
    """Return the first two principal components of codes (N, L), and their shares of variance.

    A single latent is its own first component; the second is 0, and its share too.

    Returns:
        Components (N, 2), and shares (2,), in [0, 1].

    Raises:
        ValueError: no codes, or codes that are not finite.

    >>> flat, share = principal_components(np.array([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]]))
    >>> share.tolist()
    [1.0, 0.0]
    """
    centred, unit = _centred(codes)
    centred = np.pad(centred, ((0, max(0, 2 - len(codes))), (0, max(0, 2 - codes.shape[1]))))
    _, scale, directions = np.linalg.svd(centred, full_matrices=False)
    variance = scale**2
    flat = (centred @ directions[:2].T)[: len(codes)] * unit
    shares = variance[:2] / max(variance.sum(), 1e-300)
    return flat.clip(-_LARGEST, _LARGEST).astype(np.float32), shares


def plane(codes: Codes) -> NDArray[np.float64]:
    """Return two directions (L, 2) that codes (N, L) are drawn on: codes @ plane is flat.

    Two latents are the plane themselves. More have their principal plane, turned so that the
    larger part of each direction is positive; the origin stays where it is. A single latent lies
    along the first direction, and the second is 0.

    >>> plane(np.array([[0.0, 1.0], [2.0, 5.0]])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    latents = codes.shape[1]
    if latents <= 2:
        return np.eye(latents, 2)
    centred, _ = _centred(codes)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    flat = np.pad(directions[:2], ((0, max(0, 2 - len(directions))), (0, 0))).T
    largest = np.take_along_axis(flat, np.abs(flat).argmax(axis=0)[None], axis=0)
    return flat * np.where(largest < 0, -1.0, 1.0)


def tsne_stage(codes: Codes, start: Codes | None = None, seed: int = 0) -> Codes:
    """Return a t-SNE map (N, 2) of codes (N, L) after 250 more steps.

    Scikit-learn reports no progress, so it is called in stages: the first with early exaggeration,
    as usual, the others without, each going on from the last map. Codes that are all the same are
    one spot, and fewer than `TSNE_LEAST` are their principal components: neither has
    neighbourhoods to keep.

    Source: van der Maaten and Hinton 2008, Visualizing Data using t-SNE,
        https://jmlr.org/papers/v9/vandermaaten08a.html; scikit-learn's implementation.

    Args:
        codes: (N, L).
        start: map to go on from (N, 2); principal components when left out.
        seed: of the method's own choices.

    Raises:
        ValueError: no codes, or codes or a start that are not finite.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    centred, unit = _centred(codes)
    if start is not None:
        _check_start(start, len(codes))
    if unit == 0:
        return np.zeros((len(codes), 2), np.float32)
    if len(codes) < TSNE_LEAST:
        return principal_components(codes)[0]
    if start is None:
        # Scikit-learn's own start divides by a spread that may be 0, and a number that is not
        # finite ends the process there.
        flat, _ = principal_components(centred.astype(np.float32))
        init, exaggeration = _START * flat / max(float(flat[:, 0].std()), _START), 12.0
    else:
        init, exaggeration = start, 1.0
    model = TSNE(
        perplexity=min(30.0, (len(codes) - 1) / 3),
        init=cast(Any, init),
        early_exaggeration=exaggeration,
        max_iter=_STEPS,
        random_state=seed,
        n_jobs=1,
    )
    with threadpool_limits(1):  # other visitors want the cores too
        return model.fit_transform(centred.astype(np.float32))


def _centred(codes: Codes) -> tuple[NDArray[np.float64], float]:
    """Return codes (N, L) around their mean, in units of the largest, and that unit.

    Their squares are then numbers that single precision holds, however large or small the codes
    are. The unit is 0 where all codes are the same.

    Raises:
        ValueError: no codes, or codes that are not finite.
    """
    if codes.ndim != 2 or not codes.size:
        raise ValueError(f"codes should be at least one, (N, L), got shape {codes.shape}")
    if not np.isfinite(codes).all():
        raise ValueError(
            "codes should be finite numbers, got some that are not; train again with a lower"
            " learning rate"
        )
    wide = codes.astype(np.float64)
    most = float(np.abs(wide).max()) or 1.0
    centred = wide / most - (wide / most).mean(0)
    # The mean's rounding leaves something of latents that never change.
    centred[:, (wide == wide[0]).all(0)] = 0.0
    unit = float(np.abs(centred).max())
    return centred / (unit or 1.0), unit * most


def _check_start(start: Codes, count: int) -> None:
    if start.shape != (count, 2) or not np.isfinite(start).all():
        raise ValueError(
            f"start should be a map of finite numbers, ({count}, 2), got shape {start.shape}"
        )
