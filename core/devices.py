"""Where and how precisely tensors are computed: device, precision, threads, seeds, versions."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version

import torch


def pick_device(name: str | None = None) -> torch.device:
    """Return the device asked for, or the best there is: CUDA, then MPS, then the CPU.

    Args:
        name: `cuda`, `mps` or `cpu`; the best when left out.

    Raises:
        ValueError: that device is not there.
    """
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name is None:
        return torch.device(next(device for device, present in there.items() if present))
    if not there.get(name, False):
        present = ", ".join(device for device, ok in there.items() if ok)
        raise ValueError(f"device should be one of {present} on this machine, got '{name}'")
    return torch.device(name)


def pick_precision(device: torch.device, pixels: int) -> torch.dtype:
    """Return bfloat16 where that is faster, else float32.

    It is where the device multiplies it in hardware and images are large enough.

    Weights, optimiser state, noise, the likelihood and the KL stay in float32 either way; only the
    layers' products are rounded.

    Args:
        device: where layers are computed.
        pixels: of one image; below 20x20 the rounding costs more than the products save.
    """
    if pixels < 400:
        return torch.float32
    if device.type == "cuda":
        return (
            torch.bfloat16
            if torch.cuda.is_bf16_supported(including_emulation=False)
            else torch.float32
        )
    # The second question can only be asked of a torch built with oneDNN, which every one for such
    # a processor is.
    if (
        device.type == "cpu"
        and torch.cpu._is_avx512_bf16_supported()
        and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    ):
        return torch.bfloat16
    return torch.float32


def narrowed(values: torch.Tensor, *, widths: bool = False) -> torch.Tensor:
    """Return numbers in half precision where it holds them, else as they are.

    Half precision ends at 65,504, and below 6e-8 it has nothing but 0.

    Args:
        values: of any shape.
        widths: whether they are standard deviations, of which none above 0 may become 0: that
            would be a point.

    >>> narrowed(torch.tensor([1.0, 70000.0])).dtype, narrowed(torch.tensor([1.0, 1e-9])).dtype
    (torch.float32, torch.float16)
    """
    half = values.half()
    overflows = bool(half.isinf().any())
    vanishes = widths and bool(((half == 0) & (values != 0)).any())
    return values if overflows or vanishes else half


@contextlib.contextmanager
def reduced_precision(device: torch.device, precision: torch.dtype) -> Iterator[None]:
    """Compute layers in `precision` inside the block, where that is less than float32."""
    with torch.autocast(device.type, dtype=precision, enabled=precision != torch.float32):
        yield


def generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a random source of its own, so that no two users of randomness disturb each other.

    >>> torch.rand(1, generator=generator(0)) == torch.rand(1, generator=generator(0))
    tensor([True])
    """
    return torch.Generator(device=device).manual_seed(seed)


SMALL_STEP = 150_000_000
"""Multiply-adds of a step forwards up to which one thread is enough; see `threads_for`."""


def threads_for(multiply_adds: float) -> int:
    """Return how many threads should share the operations of a training, one or all.

    All are those that share them now.

    An operation of a hundredth of a millisecond gains little by two threads, and where other
    processes want the cores too, one thread waits for the other after each. Measured by `python -m
    tests.benchmarks.threads` on two cores, one thread over two: alone 0.85 (a VAE of digits) and
    0.83 (of MNIST, 101 million), beside two others 7.0 and 5.6. The sprites' convolutions, 420
    million, have 0.88 and 6.1 there; they keep all threads for machines of more cores.

    Args:
        multiply_adds: of a step forwards.
    """
    return 1 if multiply_adds <= SMALL_STEP else torch.get_num_threads()


@contextlib.contextmanager
def shared_by(threads: int) -> Iterator[None]:
    """Let so many threads share each operation inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def lone_workers() -> Iterator[ThreadPoolExecutor]:
    """Give threads that compute without waiting for each other.

    There is one for each that an operation would be shared by. They serve work in many equal
    parts: operations of tenths of a millisecond that are shared wait for
    the slower core after each. Inside the block no operation is shared, in the other threads of
    the process neither.
    """
    shared_by = torch.get_num_threads()
    with ThreadPoolExecutor(shared_by, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            yield pool
        finally:
            torch.set_num_threads(shared_by)


def describe(device: torch.device, precision: torch.dtype) -> dict[str, str]:
    """Return where a run was computed and with which library versions, as plain strings."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "device": f"{device.type} ({name})",
        "precision": str(precision).removeprefix("torch."),
        "threads": str(torch.get_num_threads()),
        "python": platform.python_version(),
        **{
            package: _version(package)
            for package in ("torch", "numpy", "scikit-learn", "safetensors")
        },
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
