"""The share of each factor that each latent of a run tells, measured."""

from __future__ import annotations

from pathlib import Path

from core.experiments.kept import Numbers
from core.metrics.information import normalised_information
from core.runs import Run


def measure(run: Run, _: Path) -> Numbers:
    """Return the share of each factor that each latent tells.

    Returns: `shares` (L, K) between 0 and 1, normalised mutual information of the test images'
        posterior means and factors; `test_images`.
    """
    shares = normalised_information(run.codes["mean"], run.codes["factors"])
    return {
        "shares": [[round(share, 6) for share in row] for row in shares.tolist()],
        "test_images": len(run.codes["mean"]),
    }
