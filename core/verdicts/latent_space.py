"""The latent space in words: the latents that a model uses, a point's code and its surrounding."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.verdicts.phrases import number

Floats = NDArray[np.floating]


def activity(active: NDArray[np.bool_], *, charged: bool) -> str:
    """Return the question that the bars answer, and how many latents are active.

    Args:
        active: whether each latent is in use, (L,).
        charged: whether the model pays a KL.
    """
    count = f"{active.sum()} of {len(active)} are active"
    if charged:
        return f"**What does each latent carry?** {count}."
    return f"**How far does each latent spread?** {count}; no KL is charged."


def spread_rows(std: Floats) -> list[dict[str, int | float]]:
    """Return a row for each latent: its number and the standard deviation of the codes, (L,)."""
    return [
        {"Latent": place, "Standard deviation of the codes": float(value)}
        for place, value in enumerate(std, 1)
    ]


def code_rows(mean: Floats, std: Floats) -> list[dict[str, str]]:
    """Return a row for each latent of one image's posterior: mean and σ, (L,) each."""
    pairs = zip(mean, std, strict=True)
    return [
        {"Latent": f"z{place}", "mean": number(m, 3), "σ": number(s, 3)}
        for place, (m, s) in enumerate(pairs, 1)
    ]


def neighbours_text(label: str, count: int, *, decoded: bool) -> str:
    """Return the caption of the test images with the nearest codes."""
    images = "test images (decoded)" if decoded else "test images"
    return f"The {images} with the {count} nearest codes in {label}"


def surrounding_text(label: str, std: Floats) -> str:
    """Return the caption of a code among its neighbours.

    Args:
        label: of the model.
        std: of the code's posterior in the latents that are drawn; all 0 where it is a point.
    """
    noise = (
        "1 and 2 σ of its posterior" if std.any() else "without noise, its posterior is a point"
    )
    return f"The code in {label}, {noise}, and the codes nearest to it."


def component_names(shares: ArrayLike) -> tuple[str, str]:
    """Return the axes of the first two principal components, with their shares of the variance.

    >>> component_names([0.5, 0.25])
    ('component 1 (50% of variance)', 'component 2 (25% of variance)')
    """
    first, second = np.ravel(shares)[:2]
    return f"component 1 ({first:.0%} of variance)", f"component 2 ({second:.0%} of variance)"
