"""How many threads should a training have, alone and beside two others?

python -m tests.benchmarks.threads [--quick]

Images per second of three trainings, each with one thread and with as many as there are cores:
alone, and beside two other trainings of the same kind that have as many threads as it.
`core.devices.threads_for` follows these figures.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import subprocess
import sys
from collections.abc import Iterator

import torch

from core.config import RunConfig
from core.data import ImageSet, Split
from core.devices import pick_precision
from core.models import build
from core.recipes import recipe
from core.runtime import cores, keep_freed_memory
from core.training import Training
from tests.benchmarks.measure import ROOT, figure, machine, ratios, report

CONFIGS = {
    "digits VAE": recipe("digits", "vae"),
    "MNIST VAE": recipe("mnist", "vae"),
    "sprites VAE": recipe("sprites", "vae", 10),
}
IMAGES = {"digits VAE": 25_600, "MNIST VAE": 12_800, "sprites VAE": 2_560}
"""Images of an epoch, so that each takes about as long."""
OTHERS = 2


def main() -> None:
    """Measure and print, or train until ended."""
    options = _options()
    if options.beside:
        torch.set_num_threads(options.threads)
        _train_for_ever(options.beside)
    images = {name: count // (20 if options.quick else 1) for name, count in IMAGES.items()}
    figures = []
    for name, beside in itertools.product(options.only or CONFIGS, (0, OTHERS)):
        where = f"{name}, {_work(name) / 1e6:,.0f} million multiply-adds a step, beside {beside}"
        speeds = {
            count: _speeds(name, count, beside, options.rounds, images[name])
            for count in (1, cores())
        }
        for count, values in speeds.items():
            figures.append(figure(f"{where}: threads {count}", values, "images/s"))
            print(f"{where}: threads {count}: {values}", flush=True)
        figures.append(
            figure(
                f"{where}: one thread over {cores()}", ratios(speeds[1], speeds[cores()]), "times"
            )
        )
    report("threads", figures, device=machine())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run?")
    parser.add_argument("--only", choices=CONFIGS, nargs="+", help="of the trainings")
    parser.add_argument("--beside", choices=CONFIGS, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.rounds = 1
    return options


def _work(name: str) -> float:
    return _training(CONFIGS[name], 1).multiply_adds


def _speeds(name: str, threads: int, beside: int, rounds: int, images: int) -> list[float]:
    """Return images per second of each round, after one that warms up."""
    torch.set_num_threads(threads)
    epochs = _training(CONFIGS[name], images).epochs()
    with _others(name, threads, beside):
        return [record.images_per_second for record in itertools.islice(epochs, 1, rounds + 1)]


@contextlib.contextmanager
def _others(name: str, threads: int, count: int) -> Iterator[None]:
    """Train others beside, each in a process of its own and under way before the block begins."""
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.threads",
        "--beside",
        name,
        "--threads",
        str(threads),
    ]
    others = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    try:
        for other in others:
            assert other.stdout
            other.stdout.readline()
        yield
    finally:
        for other in others:
            other.kill()
            other.communicate()


def _train_for_ever(name: str) -> None:
    training = _training(CONFIGS[name], IMAGES[name])
    keep_freed_memory()
    next(training.epochs())
    print("under way", flush=True)
    for _ in training.epochs():
        pass


def _training(config: RunConfig, images: int) -> Training:
    """Return a training on noise, which costs the same as images."""
    shape = (images, 1, config.data.size, config.data.size)
    noise = ImageSet(
        pixels=torch.randint(0, 256, shape, dtype=torch.uint8), labels=torch.zeros(images).long()
    )
    data, cpu = Split(train=noise, test=noise.subset(slice(128))), torch.device("cpu")
    precision = pick_precision(cpu, pixels=config.data.size**2)
    return Training(build(config), data, config, device=cpu, precision=precision)


if __name__ == "__main__":
    main()
