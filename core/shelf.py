"""The shelf: its folder, the runs that ship in it, and those that are measured beside them."""

from __future__ import annotations

import os
from functools import cache
from itertools import chain
from pathlib import Path

from core.config import RunConfig, with_seed
from core.recipes import beta_of, recipe, with_prior

_NAMED = os.environ.get("LATENT_LAB_SHELF") or str(Path(__file__).parents[1] / "checkpoints")

# `Path.expanduser` would raise where there is no home.
SHELF = Path(os.path.expanduser(_NAMED)).absolute()  # noqa: PTH111
"""The folder of the runs: the one that LATENT_LAB_SHELF names, else that of the project."""

SEEDS = (0, 1, 2)
"""Every number that a sentence rests on comes from trainings with each of these, at least."""

_SEEDS_OF_SECONDS = (0, 1, 2, 3, 4)
"""Seeds of the data set that trains in seconds."""


def seeds_of(data: str) -> tuple[int, ...]:
    """Return the seeds that runs on a data set are trained with, more where that takes seconds.

    >>> seeds_of("digits"), seeds_of("mnist")
    ((0, 1, 2, 3, 4), (0, 1, 2))
    """
    return _SEEDS_OF_SECONDS if data == "digits" else SEEDS


MORE_SEEDS = ".seeds"
"""The folder beside the shelf for runs that are measured but do not ship."""

NOISE_RATIOS = (0.01, 0.05, 0.2, 0.5, 1.0)
"""η of the noisy AEs that ship for digits and mnist; 0 is the AE."""

_SWEPT_SEEDS = (1,)
"""Further seeds of the sprites' β-sweep that ship with their weights."""

SWEPT_BETAS = (1.0, 2.0, 4.0, 6.0, 8.0, 16.0)
"""β of the sweep that disentanglement is measured on, those of Locatello et al. 2019."""

MAP_LATENTS, MAP_BETAS = (2, 5, 10, 20), (0.0025, 0.01, 0.04, 0.16, 0.64)
"""Numbers of latents and normalised β of the map of disentanglement, each with each."""

_MAP_EPOCHS = 4
"""A fifth of the recipe's."""

_BETAS = {("mnist", 10): (2.0, 4.0, 8.0), ("sprites", 10): (2.0, 4.0, 8.0, 16.0)}
"""β of the β-VAEs that ship where there is more than one; 1 is the VAE."""

_HELD_AGAINST = ("normal", "uniform", "mixture", "vamp")
"""Priors of the VAEs that ship; a new one in `core.config.PRIORS` is not trained by that alone."""


@cache
def shipped() -> tuple[RunConfig, ...]:
    """Return the configs of the runs that ship: seed 0, and of the sprites' β-sweep a second seed.

    >>> len(shipped())
    70
    """
    places = [("digits", 2), ("digits", 10), ("mnist", 2), ("mnist", 10), ("sprites", 10)]
    first = list(chain.from_iterable(_families(data, latents) for data, latents in places))
    sprites = [config for config in first if config.data.name == "sprites"]
    swept = [config for config in sprites if config.model.posterior == "learned"]
    seconds = [with_seed(config, seed) for config in swept for seed in _SWEPT_SEEDS]
    return (
        *first,
        *seconds,
        *held_against_priors(),
        *gaussians("digits"),
        *gaussians("mnist"),
    )


@cache
def more_seeds() -> tuple[RunConfig, ...]:
    """Return the configs that are measured but do not ship, mostly further seeds of those that do.

    >>> len(more_seeds())
    213
    """
    ships = set(shipped())
    several = [config for config in shipped() if config.model.likelihood == "bernoulli"]
    every = (with_seed(config, seed) for config in several for seed in seeds_of(config.data.name))
    measured = dict.fromkeys((*every, *binary(), *swept(), *without_kl(), *mapped()))
    return tuple(config for config in measured if config not in ships)


@cache
def swept() -> tuple[RunConfig, ...]:
    """Return the sprites' β-sweep that disentanglement is measured on, over five seeds.

    >>> len(swept())
    30
    """
    models = [recipe("sprites", "beta-vae", 10, beta=beta) for beta in SWEPT_BETAS]
    return tuple(with_seed(config, seed) for seed in range(5) for config in models)


def without_kl() -> tuple[RunConfig, ...]:
    """Return the sprites' models without a KL that disentanglement is measured on, five seeds."""
    models = [recipe("sprites", name, 10) for name in ("ae", "noisy-ae", "infogan")]
    return tuple(with_seed(config, seed) for config in models for seed in range(5))


@cache
def mapped() -> tuple[RunConfig, ...]:
    """Return the VAEs of the map of latents against normalised β; latents change fastest.

    >>> len(mapped()), mapped()[0].model.beta
    (20, 1.28)
    """
    return tuple(
        recipe(
            "sprites",
            "beta-vae",
            latents,
            beta=beta_of(normalised, latents, 32),
            epochs=_MAP_EPOCHS,
        )
        for normalised in MAP_BETAS
        for latents in MAP_LATENTS
    )


def binary() -> tuple[RunConfig, ...]:
    """Return the VAEs of binarised MNIST that are held against the literature: one seed each."""
    sets = ("mnist-dynamic", "mnist-static")
    return tuple(with_prior(data, 40, prior) for data in sets for prior in ("normal", "vamp"))


@cache
def held_against_priors() -> tuple[RunConfig, ...]:
    """Return the VAEs that ship to compare priors: one network and schedule, every prior."""
    places = {"digits": (2, 10), "mnist": (2, 10, 40)}
    return tuple(
        with_prior(data, dim, prior)
        for data, dims in places.items()
        for dim in dims
        for prior in _HELD_AGAINST
    )


def gaussians(data: str) -> tuple[RunConfig, RunConfig]:
    """Return the VAEs of the shelf with a Gaussian likelihood: σ = 1, and a learned σ."""
    fixed = recipe(data, "vae", 2, likelihood="gaussian", scale=1.0)
    learned = recipe(data, "vae", 2, likelihood="gaussian")
    return fixed, learned


def _families(data: str, latent_dim: int) -> list[RunConfig]:
    ratios = (0.05,) if data == "sprites" else NOISE_RATIOS
    return [
        recipe(data, "ae", latent_dim),
        *(recipe(data, "noisy-ae", latent_dim, noise_ratio=ratio) for ratio in ratios),
        recipe(data, "vae", latent_dim),
        *(
            recipe(data, "beta-vae", latent_dim, beta=beta)
            for beta in _BETAS.get((data, latent_dim), (4.0,))
        ),
    ]
