from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import nn

from core.checkpoints import read_document
from core.config import RunConfig
from core.data import ImageSet, Split
from core.devices import (
    SMALL_STEP,
    describe,
    generator,
    lone_workers,
    pick_device,
    pick_precision,
    reduced_precision,
    shared_by,
    threads_for,
)
from core.models import build
from core.recipes import recipe
from core.runs import train_and_keep
from core.runtime import cores
from core.training import Training

CPU = torch.device("cpu")


def test_the_processor_can_always_be_asked_for():
    assert pick_device("cpu") == CPU


def test_the_best_device_is_picked_when_none_is_named():
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    assert pick_device().type == next(name for name in ("cuda", "mps", "cpu") if there[name])


@pytest.mark.parametrize("name", ["cdua", "", "xla"])
def test_a_device_that_is_not_here_is_refused_with_those_that_are(name: str):
    with pytest.raises(
        ValueError, match=f"device should be one of .*cpu on this machine, got '{name}'"
    ):
        pick_device(name)


def test_small_images_are_computed_in_full_precision():
    assert pick_precision(CPU, pixels=64) == torch.float32
    assert pick_precision(CPU, pixels=28 * 28) in (torch.float32, torch.bfloat16)
    assert pick_precision(torch.device("mps"), pixels=64 * 64) == torch.float32


def test_precision_is_reduced_inside_the_block_only():
    layer, x = nn.Linear(4, 4), torch.rand(2, 4)
    with reduced_precision(CPU, torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16
    with reduced_precision(CPU, torch.float32):
        assert layer(x).dtype == torch.float32
    assert layer(x).dtype == torch.float32


def test_a_generator_is_its_own():
    before = torch.random.get_rng_state()
    first, other = torch.rand(3, generator=generator(1)), torch.rand(3, generator=generator(2))
    assert torch.equal(first, torch.rand(3, generator=generator(1)))
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_environment_is_plain_strings_with_versions():
    found = describe(CPU, torch.float32)
    assert all(isinstance(value, str) for value in found.values())
    assert found["torch"] == torch.__version__
    assert (found["precision"], found["device"].split()[0]) == ("float32", "cpu")


def test_there_is_at_least_one_core():
    assert cores() >= 1


def test_a_lone_workers_operations_are_its_own_and_are_shared_again_afterwards():
    before = torch.get_num_threads()

    def work() -> None:
        with lone_workers() as pool:
            assert set(pool.map(lambda _: torch.get_num_threads(), range(8))) == {1}
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert torch.get_num_threads() == before


def noise(config: RunConfig, count: int = 8) -> Split:
    pixels = torch.zeros(count, 1, config.data.size, config.data.size, dtype=torch.uint8)
    images = ImageSet(pixels=pixels, labels=torch.zeros(count, dtype=torch.int64))
    return Split(train=images, test=images)


def multiply_adds(config: RunConfig) -> int:
    return Training(build(config), noise(config), config, device=CPU).multiply_adds


def test_the_work_of_a_step_is_that_of_its_layers_times_its_images():
    widths = [64, 256, 128, 4], [2, 128, 256, 64]
    layers = sum(a * b for row in widths for a, b in pairwise(row))
    assert multiply_adds(recipe("digits", "vae")) == 64 * layers
    # 16x16, 8x8 and 4x4 places of 4x4 weights, there and back.
    convolutions = 2 * (256 * 16 * 32 + 64 * 16 * 32 * 32 + 16 * 16 * 32 * 32)
    widths = [512, 256, 256, 20], [10, 256, 256, 512]
    layers = sum(a * b for row in widths for a, b in pairwise(row))
    assert multiply_adds(recipe("sprites", "vae", 10)) == 128 * (convolutions + layers)


def test_small_layers_have_one_thread_and_large_ones_all_that_there_are(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("torch.get_num_threads", lambda: 6)
    assert [threads_for(work) for work in (1, SMALL_STEP, SMALL_STEP + 1)] == [1, 1, 6]
    found = {}
    for config in (
        recipe("digits", "vae"),
        recipe("digits", "infogan"),
        recipe("sprites", "vae", 10),
    ):
        found[config] = Training(build(config), noise(config), config, device=CPU).threads
    assert [*found.values()] == [1, 1, 6]


def test_threads_are_shared_inside_the_block_only():
    before = torch.get_num_threads()

    def work() -> None:
        with shared_by(before + 1):
            assert torch.get_num_threads() == before + 1
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert torch.get_num_threads() == before


def test_a_training_of_small_layers_has_one_thread_wherever_it_runs(tmp_path: Path):
    config = recipe("digits", "vae", hidden=(8,), epochs=1)
    seen: list[int] = []
    with shared_by(2):
        for _ in train_and_keep(
            config,
            tmp_path,
            data=noise(config),
            device="cpu",
            on_step=lambda _: seen.append(torch.get_num_threads()),
        ):
            pass
        assert torch.get_num_threads() == 2
    assert set(seen) == {1}
    assert read_document(tmp_path / config.key)["environment"]["threads"] == "1"
