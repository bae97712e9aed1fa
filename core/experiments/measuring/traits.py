"""What training of a run reached, measured."""

from __future__ import annotations

from pathlib import Path

from core.experiments.kept import Numbers
from core.metrics.latents import active, code_scale
from core.runs import Run

_FROM_THE_RUN = ("nll", "kl", "elbo", "mse", "squared_radius", "kl_per_latent", "test_images")


def measure(run: Run, _: Path) -> Numbers:
    """Return the metrics of a run, its active latents and the scale of its codes.

    Returns: `nll`, `kl`, `elbo` in nats per test image (None without a KL), `kl_per_latent`
        likewise, `mse` per pixel, `squared_radius` and `code_scale` in units of the code and their
        squares, `active` latents, `test_images`.
    """
    mean, std = run.codes["mean"], run.codes["std"]
    return {
        **{name: run.metrics[name] for name in _FROM_THE_RUN},
        "active": int(active(mean, std).sum()),
        "code_scale": code_scale(mean),
    }
