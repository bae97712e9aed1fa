"""How much faster are eight β's trained at once, with batched weights, than one after another?

python -m tests.benchmarks.batched [--device cuda] [--quick]

The recipes of sprites (convolutions) and of mnist (fully connected), eight values of β, the same
images; each side's own loop and clock, an epoch's evaluation included, without start-up."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import torch

from core.config import RunConfig
from core.data import Split, load
from core.devices import pick_device, pick_precision
from core.models import build
from core.recipes import recipe
from core.sweep.batched import run_epoch
from core.training import Training
from tests.benchmarks.measure import alternate, figure, machine, ratios, report
from tests.benchmarks.training import images_of

BETAS = (0.5, 1, 2, 4, 6, 8, 12, 16)
GOAL = "at least 4 times on a GPU"


def main() -> None:
    """Measure and print."""
    options = _options()
    device, figures = pick_device(options.device), []
    for name in ("sprites", "mnist"):
        configs = [recipe(name, "beta-vae", 10, beta=beta) for beta in BETAS]
        data = _images(name, options.images)
        sides = {
            "at once": _at_once(configs, data, device),
            "one after another": _in_turn(configs, data, device),
        }
        reached = alternate(sides, options.rounds)
        where = f"{len(BETAS)} β's of {name}, {device.type}"
        figures += [
            figure(f"{where}: {side}", values, "images/s") for side, values in reached.items()
        ]
        share = ratios(reached["at once"], reached["one after another"])
        figures.append(figure(f"{where}: at once over one after another", share, "times", GOAL))
    report(
        "batched",
        figures,
        images=f"{options.images:,}",
        device=torch.cuda.get_device_name() if device.type == "cuda" else machine(),
        precision=str(pick_precision(device, 784)),
        threads=torch.get_num_threads(),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, help="per round (default: 51,200; on a CPU 5,120)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run?")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.images = 2, 512
    options.images = options.images or (5_120 if options.device == "cpu" else 51_200)
    return options


def _images(name: str, count: int) -> Split:
    if name == "mnist":
        images, _ = images_of(count)
        return Split(train=images, test=images.subset(slice(500)))
    whole = load(recipe(name, "vae").data)
    return Split(train=whole.train.subset(slice(count)), test=whole.test.subset(slice(500)))


def _trainings(configs: Sequence[RunConfig], data: Split, device: torch.device) -> list[Training]:
    precision = pick_precision(device, configs[0].data.size ** 2)
    return [
        Training(build(config), data, config, device=device, precision=precision)
        for config in configs
    ]


def _at_once(
    configs: Sequence[RunConfig], data: Split, device: torch.device
) -> Callable[[], float]:
    trainings = _trainings(configs, data, device)
    return _timed(
        lambda: run_epoch(trainings, lambda config, seen: None), len(configs) * len(data.train)
    )


def _in_turn(
    configs: Sequence[RunConfig], data: Split, device: torch.device
) -> Callable[[], float]:
    loops = [training.epochs() for training in _trainings(configs, data, device)]
    return _timed(lambda: [next(loop) for loop in loops], len(configs) * len(data.train))


def _timed(epoch: Callable[[], object], images: int) -> Callable[[], float]:
    def round_() -> float:
        start = time.perf_counter()
        epoch()  # ends with numbers on the CPU, so all is computed
        return images / (time.perf_counter() - start)

    return round_


if __name__ == "__main__":
    main()
