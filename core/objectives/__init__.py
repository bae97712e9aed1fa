"""Objectives: what a training minimises. `objective_class` says which config takes which."""

from core.config import ModelConfig
from core.models import Autoencoder
from core.objectives.base import Moment, Objective
from core.objectives.game import Game
from core.objectives.variational import Terms, Variational, loss, terms

OBJECTIVES: dict[str, type[Objective]] = {
    "point": Variational,
    "fixed": Variational,
    "learned": Variational,
    "recognised": Game,
}
"""Posterior of a config -> what its training minimises."""


def objective_class(config: ModelConfig) -> type[Objective]:
    """Return the class of what the training of a config minimises."""
    return OBJECTIVES[config.posterior]


def objective_of(model: Autoencoder, config: ModelConfig) -> Objective:
    """Return what the training of a model minimises.

    Args:
        model: of this config; nothing is changed.
        config: of the model.
    """
    return objective_class(config)(model, config)


__all__ = [
    "OBJECTIVES",
    "Game",
    "Moment",
    "Objective",
    "Terms",
    "Variational",
    "loss",
    "objective_class",
    "objective_of",
    "terms",
]
