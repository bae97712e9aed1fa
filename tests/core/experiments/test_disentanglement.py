from pathlib import Path

import numpy as np
import pytest
import torch

from core.config import DataConfig
from core.data.sprites import draw
from core.experiments.disentanglement import CHANCE, DISENTANGLEMENT, SCORES
from core.experiments.measuring import disentanglement
from core.experiments.measuring.disentanglement import (
    compare,
    independent,
    measure,
    principal,
    scores,
    world_of,
)
from core.metrics.disentanglement import World
from core.metrics.disentanglement.oracles import oracle
from core.recipes import recipe
from core.runs import Run, open_run
from core.shelf import shipped, swept

pytestmark = pytest.mark.slow

SIZES = (3, 4, 6, 5, 2)
"""Of a small world: number of values of each factor."""


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take few points, so that a score is a matter of seconds."""
    monkeypatch.setattr(disentanglement, "POINTS", 600)
    monkeypatch.setattr(disentanglement, "UNSEEN", 300)


@pytest.fixture(scope="module")
def run() -> Run:
    return open_run(recipe("sprites", "vae", 10).key)


@pytest.mark.usefixtures("few")
def test_every_score_of_a_perfect_code_is_high_and_of_noise_near_chance():
    perfect, noise = (scores(oracle(name, SIZES)) for name in ("perfect", "random"))
    assert list(perfect) == [name for name in SCORES if name != "mig_posteriors"]
    assert (
        min(
            perfect[name]
            for name in ("higgins", "higgins_4", "factor_vae", "modularity", "explicitness")
        )
        > 0.9
    )
    for name, chance in CHANCE.items():
        assert noise[name] == pytest.approx(chance, abs=0.08)
    assert scores(oracle("perfect", SIZES)) == perfect


@pytest.mark.usefixtures("few")
def test_what_would_take_hours_with_a_latent_for_every_pixel_is_left_out():
    found = scores(oracle("perfect", SIZES), many_latents=True)
    assert list(found) == ["higgins", "higgins_4", "factor_vae", "mig", "modularity"]


def test_a_world_encodes_the_sprites_that_it_is_asked_for(run: Run):
    factors = np.array([[0, 5, 0, 8, 8], [2, 3, 20, 1, 15]])
    images = draw(torch.from_numpy(factors)).float() / 255
    with torch.inference_mode():
        expected = run.model.encode(images).mean.numpy()
    assert world_of(run).encode(factors) == pytest.approx(expected, abs=1e-5)


def test_codes_without_a_kl_are_put_on_unit_scale():
    codes = world_of(open_run(recipe("sprites", "ae", 10).key)).sample(
        3000, np.random.default_rng(0)
    )[0]
    assert codes.std(axis=0) == pytest.approx(np.ones(10), abs=0.1)


def test_a_run_is_measured_on_all_sprites(run: Run, monkeypatch: pytest.MonkeyPatch):
    worlds: list[World] = []
    monkeypatch.setattr(
        disentanglement, "factor_sizes", lambda _: (2, 2, 2, 3, 4)
    )  # the first 96 of them
    monkeypatch.setattr(
        disentanglement, "scores", lambda world: worlds.append(world) or {"higgins": 0.5}
    )
    found = measure(run, Path())
    assert found["higgins"] == 0.5
    assert 0 < found["mig_posteriors"] <= 1
    first = run.model.encode(
        draw(torch.zeros((1, 5), dtype=torch.int64)).float() / 255
    ).mean.numpy()
    assert worlds[0].encode(np.zeros((1, 5), np.int64)) == pytest.approx(first, abs=1e-4)
    measure(open_run(recipe("sprites", "ae", 10).key), Path())
    every = np.stack(
        np.meshgrid(*map(np.arange, (2, 2, 2, 3, 4)), indexing="ij"), axis=-1
    ).reshape(-1, 5)
    assert worlds[1].encode(every).std(axis=0) == pytest.approx(np.ones(10), abs=1e-4)


def test_what_is_not_trained_is_compared_over_seeds(monkeypatch: pytest.MonkeyPatch):
    seen: list[tuple[int, int]] = []

    def shape(world: World, seed: int = 0, *, many_latents: bool = False) -> dict[str, float]:
        codes, _ = world.sample(3, np.random.default_rng(0))
        seen.append((seed, codes.shape[1]))
        return {"higgins": float(codes[0, 0])}

    monkeypatch.setattr(disentanglement, "scores", shape)
    monkeypatch.setattr(disentanglement, "SEEDS", range(2))
    monkeypatch.setattr(disentanglement, "POINTS", 200)
    monkeypatch.setattr(disentanglement, "factor_sizes", lambda _: (2, 2, 2, 3, 4))
    found = compare(DataConfig(name="sprites"), Path())
    assert {name: len(by_seed) for name, by_seed in found["representations"].items()} == {
        "raw pixels": 2,
        "PCA": 2,
        "ICA": 2,
        "untrained VAE": 2,
    }
    assert [latents for _, latents in seen[:8]] == [1024] * 2 + [10] * 6
    untrained = found["representations"]["untrained VAE"]
    assert untrained[0] != untrained[1]


def test_each_seed_fits_its_components_to_other_images(monkeypatch: pytest.MonkeyPatch):
    fitted: dict[str, list[np.ndarray]] = {"pca": [], "ica": []}

    def kept(name: str):
        def fit(images: np.ndarray, *_: int):
            fitted[name].append(images)
            return lambda x: x[:, :2]

        return fit

    for name in fitted:
        monkeypatch.setattr(disentanglement, name, kept(name))
    monkeypatch.setattr(disentanglement, "POINTS", 200)
    monkeypatch.setattr(disentanglement, "factor_sizes", lambda _: (2, 2, 2, 3, 4))
    data = DataConfig(name="sprites")
    for seed in (0, 1, 0):
        principal(data, seed)
        independent(data, seed)
    for first, other, again in fitted.values():
        assert first.shape == (200, 1024)
        assert (first == again).all()
        assert not (first == other).all(axis=1).any()
        assert len(np.unique(first, axis=0)) > 150  # images, not one of them again and again


def test_sprites_of_the_usual_size_are_covered():
    assert all(
        DISENTANGLEMENT.covers(config) for config in (*swept(), recipe("sprites", "ae", 10))
    )
    assert not DISENTANGLEMENT.covers(recipe("sprites", "vae", 10, size=64))
    assert not any(
        DISENTANGLEMENT.covers(config) for config in shipped() if config.data.name != "sprites"
    )
