"""Opening a run that is kept: what was measured, its codes and its history, without torch.

Only its model is made of tensors, when it is first asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.checkpoints import SHELF, Arrays, CheckpointError, load
from core.config import RunConfig

if TYPE_CHECKING:
    from core.models import Autoencoder


@dataclass(frozen=True)
class Run:
    """A trained run, opened: its numbers are read, its model is made when it is first asked for.

    Args:
        config: of the run.
        weights: the model's state by name, as it is stored.
        metrics: `nll`, `kl`, `elbo` in nats per test image (None where there is no KL),
            `kl_per_latent`, `mse` per pixel, `squared_radius`, `test_images`, `seconds` of
            training, `images_per_second`, and what the objective measures (of an InfoGAN
            `code_error` and `fooled`, see `core.objectives.Game`).
        history: per epoch, `nll`, `kl`, `test_nll`, `test_kl`, `kl_per_latent`, `test_mse`,
            `squared_radius`, `code_scale` (older runs lack it), and what the objective measures
            (of an InfoGAN `code_error` (E, L) and `fooled`).
        codes: `mean` and `std` (N, L) of the test images' posteriors, `label` (N,), `factors` (N,
            K) for sprites, `train_mean` and `train_std` (M, L) of the first training images.
        environment: device, precision, threads, library versions.
        channels_last: whether the model's convolutions lie in memory as they are fastest on a CPU.
    """

    config: RunConfig
    weights: Arrays
    metrics: dict[str, Any]
    history: Arrays
    codes: Arrays
    environment: dict[str, str]
    channels_last: bool = False

    @cached_property
    def model(self) -> Autoencoder:
        """The model on the CPU, in float32, in evaluation mode; it must not be changed.

        Raises:
            CheckpointError: the weights do not fit the config.
        """
        import torch

        from core.models import restore

        try:
            model = restore(self.config, self.weights)
        except RuntimeError as error:
            raise CheckpointError(
                f"{self.config.key} has weights that do not fit its config; train it again"
            ) from error
        if self.channels_last:
            model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        return model


def open_run(key: str, root: Path = SHELF, *, channels_last: bool = False) -> Run:
    """Return the run kept under a key.

    Args:
        key: of the run.
        root: folder of checkpoints.
        channels_last: see `Run`.

    Raises:
        CheckpointError: there is none, or it is refused.
    """
    checkpoint = load(root, key)
    return Run(
        config=checkpoint.config,
        weights=checkpoint.weights,
        metrics=checkpoint.metrics,
        history=checkpoint.history,
        codes={name: _widened(array) for name, array in checkpoint.codes.items()},
        environment=checkpoint.environment,
        channels_last=channels_last,
    )


def _widened(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32 if np.issubdtype(array.dtype, np.floating) else np.int64)
