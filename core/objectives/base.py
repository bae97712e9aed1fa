"""The contract of an objective: what a training minimises, and how one step of it goes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from core.config import ModelConfig
from core.models import Autoencoder


class Moment(NamedTuple):
    """The place of one step in its training.

    Args:
        step: number of the step in its epoch, from 0.
        progress: share of the whole training that lies before the step, in [0, 1).
        beta: weight of the KL at this step, at least 0.
    """

    step: int
    progress: float
    beta: float


class Objective(ABC):
    """What a training minimises; chosen once, by `core.objectives.objective_of`.

    Training, runs and sweeps ask the objective, never which kind of model they train.

    Args:
        model: trained in place.
        config: of the model.
    """

    betas: ClassVar[tuple[float, float]] = (0.9, 0.999)
    """Decay rates of Adam's two moments."""
    measures: ClassVar[tuple[str, ...]] = ()
    """Names of the numbers that `measure` returns, columns of a run's history."""

    sums: tuple[str, ...]
    """Names of the numbers that `step` returns, of `nll` and `kl`; all have to stay finite."""

    def __init__(self, model: Autoencoder, config: ModelConfig) -> None:
        self.model, self.config = model, config

    @abstractmethod
    def step(
        self,
        x: Tensor,
        optimiser: torch.optim.Optimizer,
        noise: torch.Generator,
        moment: Moment,
        precision: torch.dtype = torch.float32,
    ) -> Tensor:
        """Take one step and return `sums` over the batch, in nats (len(sums),), on the device.

        Args:
            x: images (B, 1, H, W) in [0, 1].
            optimiser: of all weights of the model.
            noise: source of all that is random.
            moment: where in the training this is.
            precision: of the layers' products.
        """

    @abstractmethod
    def measure(self, *, seed: int = 0) -> dict[str, Any]:
        """Return name -> numbers of all `measures`, beside what the evaluation of a model says.

        The model is left in evaluation mode.

        Args:
            seed: of all that is random.
        """
