"""Recipes: the lab's standard config of each data set and model; they settle every default."""

from __future__ import annotations

from dataclasses import fields
from numbers import Integral
from typing import Any

from core.config import (
    ALL_LABELS,
    FIELDS,
    SIZES,
    DataConfig,
    ModelConfig,
    RunConfig,
    TrainConfig,
    changed,
    check_name,
)

_BINARY = {
    "network": "gated",
    "hidden": (300, 300),
    "epochs": 60,
    "batch_size": 100,
    "learning_rate": 5e-4,
}
"""Recipe of Tomczak and Welling 2018, section 6.1, who train up to 2,000 epochs.

Source: https://arxiv.org/abs/1705.07120
"""

_RECIPES: dict[str, dict[str, Any]] = {
    "digits": {"hidden": (256, 128), "epochs": 200, "batch_size": 64},
    "mnist": {"hidden": (400, 200), "epochs": 60, "batch_size": 128},
    **dict.fromkeys(("mnist-dynamic", "mnist-static"), _BINARY),
    "sprites": {"network": "conv", "hidden": (256, 256), "epochs": 20, "batch_size": 128},
}

_POSTERIOR_OF = {
    "ae": "point",
    "noisy-ae": "fixed",
    "vae": "learned",
    "beta-vae": "learned",
    "infogan": "recognised",
}

_CHANGED: dict[str, dict[str, Any]] = {
    "beta-vae": {"beta": 4.0},
    "infogan": {"batch_size": 64, "learning_rate": 1e-3},
}
"""What a model's recipe has other than the data set's."""

_CHANGED_FOR: dict[tuple[str, str], dict[str, Any]] = {("infogan", "sprites"): {"epochs": 5}}

_VAMP_OF_THE_PAPER = 500
"""Pseudo-inputs of the VampPrior on binarised MNIST (Tomczak and Welling 2018, section 6.1)."""


def recipe(data: str, model: str, latent_dim: int = 2, **changes: Any) -> RunConfig:
    """Return the lab's standard config for a data set and a member of the family.

    Args:
        data: name of a data set.
        model: `ae`, `noisy-ae`, `vae`, `beta-vae` (β = 4 unless `beta` is among the changes) or
            `infogan`.
        latent_dim: number of latents.
        changes: any fields of `DataConfig`, `ModelConfig` and `TrainConfig`, to depart from the
            recipe.

    Raises:
        ValueError: an unknown name, with the nearest right one, or a value out of range.

    >>> recipe("mnist", "noisy-ae").model.noise_ratio
    0.05
    """
    check_name("data set", data, SIZES)
    check_name("model", model, ALL_LABELS)
    values: dict[str, Any] = (
        _RECIPES[data] | _CHANGED.get(model, {}) | _CHANGED_FOR.get((model, data), {}) | changes
    )
    values = _of_prior(data, model, values) | values
    changeable = [name for name in FIELDS if name not in ("name", "posterior", "latent_dim")]
    for name in values:
        check_name("field", name, changeable)
    return RunConfig(
        data=DataConfig(name=data, **_fields_of(DataConfig, values)),
        model=ModelConfig(
            posterior=_POSTERIOR_OF[model],
            latent_dim=latent_dim,
            **_fields_of(ModelConfig, values),
        ),
        train=TrainConfig(**_fields_of(TrainConfig, values)),
    )


def _fields_of(part: type, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that are fields of a part of a config."""
    return {field.name: values[field.name] for field in fields(part) if field.name in values}


def _of_prior(data: str, model: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return the warm-up, and on large sets the components, that another prior takes."""
    prior, epochs = values.get("prior", "normal"), values["epochs"]
    if prior == "normal" or _POSTERIOR_OF[model] != "learned" or not isinstance(epochs, Integral):
        return {}
    large = DataConfig(name=data).binarised and prior == "vamp"
    return {
        "warm_up": warm_up_of(int(epochs)),
        **({"components": _VAMP_OF_THE_PAPER} if large else {}),
    }


def warm_up_of(epochs: int) -> int:
    """Return the warm-up with which priors are compared, in epochs: a tenth of the training.

    A prior that is learned needs it. Those that are held against it have it too, so that the prior
    alone differs.

    >>> warm_up_of(60)
    6
    """
    return epochs // 10


def beta_of(normalised: float, latent_dim: int, size: int) -> float:
    """Return β of a normalised β.

    normalised β = β · L / (size · size)

    The KL is a sum over latents and the nll one over pixels; divided by their numbers, a trade-off
    can be held against that of another number of latents or another size.

    Source: Higgins et al. 2017, figure 6, https://openreview.net/forum?id=Sy2fzU9gl

    Args:
        normalised: at least 0.
        latent_dim: L.
        size: of an image, in pixels.

    >>> beta_of(0.5, latent_dim=8, size=32)
    64.0
    """
    return normalised * size * size / latent_dim


def with_prior(data: str, latent_dim: int, prior: str) -> RunConfig:
    """Return the VAE with a prior that is compared with other priors: all have one schedule.

    With the standard normal it is no member of the family, whose VAE is trained without a warm-up.

    Args:
        data: name of a data set.
        latent_dim: number of latents.
        prior: one of `PRIORS`.

    >>> with_prior("mnist", 10, "normal").train.warm_up, recipe("mnist", "vae", 10).train.warm_up
    (6, 0)
    """
    config = recipe(data, "vae", latent_dim, prior=prior)
    return changed(config, warm_up=warm_up_of(config.train.epochs))
