import pytest
import torch
from torch import nn

from core.runtime import cores, describe, generator, lone_workers, pick_device, pick_precision, reduced_precision

CPU = torch.device("cpu")


def test_the_processor_can_always_be_asked_for():
    assert pick_device("cpu") == CPU


def test_the_best_device_is_picked_when_none_is_named():
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    assert pick_device().type == next(name for name in ("cuda", "mps", "cpu") if there[name])


@pytest.mark.parametrize("name", ["cdua", "", "xla"])
def test_a_device_that_is_not_here_is_refused_with_those_that_are(name: str):
    with pytest.raises(ValueError, match=f"device should be one of .*cpu on this machine, got '{name}'"):
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
