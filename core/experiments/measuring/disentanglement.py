"""Measure every disentanglement score of runs on sprites, and of codes that were not trained."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.config import DataConfig
from core.data import load
from core.data.shapes import factor_sizes
from core.data.sprites import draw, factors_of
from core.devices import generator
from core.experiments.disentanglement import (
    BASELINE_SEEDS,
    POINTS,
    SCORES,
    SEEDS,
    UNSEEN,
    WITHOUT_SHAPE,
)
from core.experiments.kept import Numbers, short
from core.metrics.disentanglement import (
    World,
    dci,
    explicitness,
    factor_vae_score,
    higgins_score,
    mig,
    mig_of_posteriors,
    modularity,
    sap,
    tabulated,
    unit_scale,
)
from core.metrics.disentanglement.baselines import Encoder, ica, pca
from core.metrics.disentanglement.oracles import ORACLES, oracle
from core.metrics.latents import active
from core.models import Autoencoder, build
from core.recipes import recipe
from core.runs import Run

ENCODED = 256
"""Sprites that are encoded at a time, few enough to stay in the processor's cache."""

Floats, Indices = NDArray[np.floating], NDArray[np.int64]


def scores(world: World, seed: int = 0, *, many_latents: bool = False) -> Numbers:
    """Return every score of a world that needs no posteriors.

    Source: Locatello et al. 2019, Challenging Common Assumptions in the Unsupervised Learning of
        Disentangled Representations, https://arxiv.org/abs/1811.12359, whose protocol this is.

    Args:
        world: of sprites, as a representation sees them.
        seed: of all that is drawn.
        many_latents: leave out what would take hours with a latent for every pixel: DCI, SAP,
            explicitness.
    """
    random = np.random.default_rng(seed)
    found = {
        "higgins": higgins_score(world, random),
        "higgins_4": higgins_score(world, random, factors=WITHOUT_SHAPE),
        "factor_vae": factor_vae_score(world, random),
    }
    codes, factors = world.sample(POINTS, random)
    found |= {"mig": mig(codes, factors), "modularity": modularity(codes, factors)}
    if not many_latents:
        data = (codes, factors, *world.sample(UNSEEN, random))
        trees = dci(*data, seed=seed)
        found |= {
            "dci_d": trees.disentanglement,
            "dci_c": trees.completeness,
            "dci_i": trees.informativeness,
        }
        found |= {"sap": sap(*data), "explicitness": explicitness(*data)}
    return {name: short(found[name], 5) for name in SCORES if name in found}


def measure(run: Run, _: Path) -> Numbers:
    """Return every score of a run's posterior means.

    Where it learned its posteriors, their MIG is among them. The codes of a model that is charged
    no KL are put on unit scale first.
    """
    size = run.config.data.size
    mean, std = encoded(run.model, size)
    learned = run.config.model.posterior == "learned"
    found = scores(tabulated(mean if learned else unit_scale(mean), factor_sizes(size)))
    if learned:
        found["mig_posteriors"] = short(
            mig_of_posteriors(mean, std, factor_sizes(size), WITHOUT_SHAPE), 5
        )
    return found


def compare(data: DataConfig, _: Path) -> Numbers:
    """Return the scores of codes that no gradient descent made, and of oracles.

    Returns:
        `representations`: name -> scores, one entry for each seed; `oracles`: name -> scores.
    """
    sizes = factor_sizes(data.size)
    found = {
        "raw pixels": [
            scores(raw_pixels(data), seed, many_latents=True) for seed in BASELINE_SEEDS
        ],
        "PCA": [scores(principal(data, seed), seed) for seed in SEEDS],
        "ICA": [scores(independent(data, seed), seed) for seed in SEEDS],
        "untrained VAE": [scores(untrained(data, seed), seed) for seed in SEEDS],
    }
    return {
        "representations": found,
        "oracles": {name: scores(oracle(name, sizes)) for name in ORACLES},
    }


def raw_pixels(data: DataConfig) -> World:
    """Return the sprites as their pixels, a latent for each."""
    size = data.size
    return World(
        factor_sizes(size), lambda factors: _flat(_drawn(torch.from_numpy(factors), size))
    )


def principal(data: DataConfig, seed: int) -> World:
    """Return the sprites as the principal components of `POINTS` training images, on unit scale.

    The seed chooses the images. Which ones matters: the sprites look the same after a quarter
    turn, so that components come in pairs of equal variance, and chance decides which mixture of a
    pair is found.
    """
    size = data.size
    return tabulated(unit_scale(_table(pca(_images_of(data, seed)), size)), factor_sizes(size))


def independent(data: DataConfig, seed: int) -> World:
    """Return the sprites as independent components of `POINTS` training images, by seed."""
    size = data.size
    return tabulated(_table(ica(_images_of(data, seed), seed), size), factor_sizes(size))


def untrained(data: DataConfig, seed: int) -> World:
    """Return the sprites as the posterior means of a VAE that was not trained, on unit scale."""
    size = data.size
    model = build(recipe(data.name, "vae", 10, size=data.size, seed=seed)).eval()
    return tabulated(unit_scale(encoded(model, size)[0]), factor_sizes(size))


def measure_map(run: Run, root: Path) -> Numbers:
    """Return every score of a run of the map, and `active`, how many latents it uses."""
    return {**measure(run, root), "active": int(active(run.codes["mean"], run.codes["std"]).sum())}


def world_of(run: Run) -> World:
    """Return the sprites as a run sees them; codes on unit scale where no KL is charged."""
    size = run.config.data.size
    learned = run.config.model.posterior == "learned"
    std = np.ones(run.config.model.latent_dim) if learned else run.codes["mean"].std(axis=0)
    scale = np.where(std > 0, std, 1)

    @torch.inference_mode()
    def encode(factors: Indices) -> Floats:
        parts = torch.from_numpy(factors).split(ENCODED)
        return (
            torch.cat([run.model.encode(_drawn(part, size)).mean for part in parts]).numpy()
            / scale
        )

    return World(factor_sizes(size), encode)


def encoded(model: Autoencoder, size: int) -> tuple[Floats, Floats]:
    """Return mean and standard deviation (N, L) of the posterior of every sprite."""
    with torch.inference_mode():
        posteriors = [model.encode(x) for x in _every_sprite(size)]
    mean, std = torch.cat([q.mean for q in posteriors]), torch.cat([q.std for q in posteriors])
    return mean.numpy(), std.numpy()


def _table(encode: Encoder, size: int) -> Floats:
    """Return the code of every sprite (N, L)."""
    return np.concatenate([encode(_flat(x)) for x in _every_sprite(size)])


def _every_sprite(size: int) -> Iterator[Tensor]:
    for index in torch.arange(math.prod(factor_sizes(size))).split(ENCODED):
        yield _drawn(factors_of(index, size), size)


def _images_of(data: DataConfig, seed: int) -> Floats:
    """Return `POINTS` different training images (N, pixels), chosen by the seed."""
    train = load(data).train
    return _flat(train.images(torch.randperm(len(train), generator=generator(seed))[:POINTS]))


def _drawn(factors: Tensor, size: int) -> Tensor:
    """Return sprites (B, 1, H, W), in [0, 1], laid out as convolutions are fastest on a CPU."""
    return (draw(factors, size).float() / 255).contiguous(memory_format=torch.channels_last)


def _flat(images: Tensor) -> Floats:
    return images.flatten(1).numpy()
