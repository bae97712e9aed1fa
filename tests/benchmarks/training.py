"""How fast is a β-VAE 784-400-10 trained, over pythae 0.1.2 on the same machine?

python -m tests.benchmarks.training [--device cuda] [--quick]

Both have the same net, images, batch size and optimiser, and a loop and a clock of their own,
without start-up. pythae is installed once, into .bench/pythae.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from core.config import DataConfig, RunConfig
from core.data import ImageSet, Split, load, missing
from core.devices import pick_device, pick_precision
from core.models import build
from core.recipes import recipe
from core.training import train
from tests.benchmarks.measure import alternate, figure, machine, ratios, report
from tests.benchmarks.rivals import HERE, environment, installed

GOAL = "at least 2 times pythae's"


def main() -> None:
    """Measure and print."""
    options = _options()
    device = pick_device(options.device)
    images, origin = images_of(options.images)
    config = recipe("mnist", "beta-vae", 10, hidden=(400,), batch_size=128, epochs=options.epochs)
    precisions = {
        "core.training": pick_precision(device, 784),
        "core.training in float32": torch.float32,
    }
    if precisions["core.training"] == torch.float32:
        del precisions["core.training in float32"]
    contenders = {
        name: _lab(images, config, device, precision) for name, precision in precisions.items()
    }
    with _pythae(images, device.type, options.epochs) as rival:
        reached = alternate(
            contenders | ({"pythae 0.1.2": rival} if rival else {}), options.rounds
        )
    where = f"784-400-10 β-VAE, {device.type}"
    figures = [figure(f"{where}: {name}", values, "images/s") for name, values in reached.items()]
    if rival:
        for name in contenders:
            share = ratios(reached[name], reached["pythae 0.1.2"])
            goal = GOAL if name == "core.training" and device.type == "cpu" else ""
            figures.append(figure(f"{where}: {name} over pythae", share, "times", goal))
    report(
        "training",
        figures,
        images=f"{len(images):,} {origin}",
        device=torch.cuda.get_device_name() if device.type == "cuda" else machine(),
        precision=str(precisions["core.training"]),
        threads=torch.get_num_threads(),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=1, help="per round")
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run?")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.images = 2, 2560
    return options


def images_of(count: int) -> tuple[ImageSet, str]:
    """Return MNIST where it is on this machine, else noise, which costs the same to train on."""
    config = DataConfig(name="mnist")
    if missing(config) is None:
        return load(config).train.subset(slice(count)), "MNIST images"
    pixels = torch.randint(0, 256, (count, 1, 28, 28), dtype=torch.uint8)
    return (
        ImageSet(pixels=pixels, labels=torch.zeros(count, dtype=torch.int64)),
        "synthetic images, for want of MNIST",
    )


def _lab(
    images: ImageSet, config: RunConfig, device: torch.device, precision: torch.dtype
) -> Callable[[], float]:
    data = Split(train=images, test=images.subset(slice(128)))

    def once() -> float:
        records = list(train(build(config), data, config, device=device, precision=precision))
        return float(np.median([record.images_per_second for record in records]))

    return once


@contextmanager
def _pythae(images: ImageSet, device: str, epochs: int) -> Iterator[Callable[[], float] | None]:
    """Yield a function that trains pythae for some epochs, in a process that stays.

    It is None where pythae cannot be installed.
    """
    if not (python := installed("pythae")):
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        np.save(path := Path(folder) / "images.npy", images.raw().numpy())
        command = [str(python), str(HERE / "pythae_worker.py"), str(path), device]
        log = environment("pythae") / "log.txt"
        with log.open("w") as errors, working(command, errors) as worker:
            yield lambda: ask(worker, epochs, log)


@contextmanager
def working(command: list[str], errors: object) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    pipes = {"stdin": pipe, "stdout": pipe, "stderr": errors}
    worker = subprocess.Popen(command, **pipes, text=True)  # pyright: ignore
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


def ask(worker: subprocess.Popen[str], epochs: int, log: Path) -> float:
    assert worker.stdin
    assert worker.stdout
    try:
        print(epochs, file=worker.stdin, flush=True)
        answer = worker.stdout.readline()
    except BrokenPipeError:
        answer = ""
    if not answer:
        sys.exit(f"pythae stopped; {log} says why")
    return float(answer)


if __name__ == "__main__":
    main()
