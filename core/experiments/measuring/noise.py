"""The error of a run under noise on its codes, and the rate that it leaves, measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.experiments.kept import Numbers, short
from core.experiments.measuring.originals import originals
from core.experiments.noise import IMAGES, LEVELS, MOST_IMAGES, NOISE_SEED
from core.metrics.channel import bits, gaussian_capacity
from core.metrics.latents import code_scale
from core.models.posteriors import Fixed
from core.runs import Run

Floats = NDArray[np.floating]


def noisy_codes(mean: Floats, level: float, scale: float, seed: int = NOISE_SEED) -> Floats:
    """Return codes (N, L) with noise: mean + level · scale · ε, ε from N(0, I).

    The same seed gives the same ε for the same image, whatever the model and the level.

    Args:
        mean: (N, L).
        level: at least 0, in units of the scale.
        scale: of the model's codes, `core.metrics.latents.code_scale`.
        seed: of ε.
    """
    noise = np.random.default_rng(seed).normal(size=mean.shape)
    return (mean + level * scale * noise).astype(np.float32)


@torch.inference_mode()
def error_under_noise(run: Run, images: Tensor, level: float) -> tuple[float, float]:
    """Return squared error per pixel and nll of reconstructions from noisy codes.

    The nll is in nats per image.

    Args:
        run: whose kept codes are disturbed and decoded.
        images: the first test images (N, 1, H, W), in [0, 1].
        level: of the noise, in units of the scale of all kept codes.
    """
    codes = noisy_codes(run.codes["mean"][: len(images)], level, code_scale(run.codes["mean"]))
    output = run.model.decoder(torch.from_numpy(codes)).float()
    squared = (run.model.likelihood.mean(output) - images).square().mean()
    return float(squared), float(run.model.likelihood.nll(output, images).mean())


def rate_bits(run: Run) -> list[float] | None:
    """Return the rate of each latent in bits; None without noise.

    It is an upper bound on what the latent tells about an image. With fixed noise, the capacity of
    its Gaussian channel; with a learned posterior, the KL.
    """
    if run.metrics["kl_per_latent"]:
        return [bits(kl) for kl in run.metrics["kl_per_latent"]]
    posterior = run.model.posterior
    if not isinstance(posterior, Fixed) or not run.config.model.noise_ratio:
        return None
    noise = run.config.model.noise_ratio * float(posterior.squared_radius)
    return gaussian_capacity(run.codes["mean"].var(axis=0, dtype=np.float64), noise).tolist()


def measure(run: Run, _: Path) -> Numbers:
    """Return what noise does to a run.

    Returns: `levels`; `mse` per pixel and `nll` in nats per image at each; `code_scale`;
        `rate_bits` of each latent or None; `n` test images.

    Raises:
        MissingData: the original images are not on this machine.
        ValueError: they are not those that the kept codes belong to.
    """
    count = min(IMAGES.get(run.config.data.name, MOST_IMAGES), len(run.codes["mean"]))
    images = originals(run, count)
    errors = [error_under_noise(run, images, level) for level in LEVELS]
    rate = rate_bits(run)
    return {
        "levels": list(LEVELS),
        "mse": [short(mse) for mse, _ in errors],
        "nll": [short(nll) for _, nll in errors],
        "code_scale": short(code_scale(run.codes["mean"])),
        "rate_bits": None if rate is None else [short(latent) for latent in rate],
        "n": count,
    }
