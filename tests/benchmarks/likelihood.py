"""How long does log p(x) of MNIST's 10,000 test images take, exactly and by importance weighting?

python -m tests.benchmarks.likelihood [--quick]

Quadrature of the VAE with two latents that ships, with the refinement error it reaches; importance weighting of the one
with ten. MNIST has to be on this machine; --quick takes the digits instead.
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import numpy as np
import torch
from torch import Tensor

from core.config import recipe
from core.data import load
from core.metrics.likelihood import importance_weighted, quadrature
from core.models import Autoencoder
from core.runs import open_run
from tests.benchmarks.measure import alternate, figure, machine, report

GOAL = "at most 20 s on two cores"
ERROR_GOAL = "below 10 thousandths of a nat"
IMAGES = 10_000
WEIGHTED = 200
SAMPLES = 500


def main() -> None:
    """Measure and print."""
    options = _options()
    config = recipe("digits" if options.quick else "mnist", "vae")
    x = load(config.data).test.images(slice(100 if options.quick else IMAGES))
    model = open_run(config.key).model
    wide = open_run(recipe(config.data.name, "vae", 10).key).model
    reached = alternate(
        {
            "exact": partial(_seconds, model, x),
            "bound": partial(_images_per_second, wide, x[: 10 if options.quick else WEIGHTED]),
        },
        options.rounds,
    )
    error = quadrature(model, x).error
    what = f"log p(x) of {len(x):,} images of {config.data.name}, two latents"
    figures = [
        figure(what, reached["exact"], "s", GOAL),
        figure(f"{what}: largest refinement error", [1000 * float(error.max())], "thousandths of a nat", ERROR_GOAL),
        figure(f"{what}: average refinement error", [1000 * float(np.mean(error))], "thousandths of a nat"),
        figure(f"Importance weighting with k = {SAMPLES}, ten latents", reached["bound"], "images/s"),
    ]
    report("likelihood", figures, device=machine(), threads=torch.get_num_threads())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run?")
    options = parser.parse_args()
    options.rounds = 2 if options.quick else options.rounds
    return options


def _seconds(model: Autoencoder, x: Tensor) -> float:
    start = time.perf_counter()
    quadrature(model, x)
    return time.perf_counter() - start


def _images_per_second(model: Autoencoder, x: Tensor) -> float:
    start = time.perf_counter()
    importance_weighted(model, x, k=(SAMPLES,))
    return len(x) / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
