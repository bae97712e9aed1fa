"""How long does log p(x) of MNIST's 10,000 test images take, exactly and by importance weighting?

python -m tests.benchmarks.likelihood [--quick]

The VAE with two latents that ships is integrated by quadrature, with the refinement error that
this reaches. The VAE with ten latents takes importance weighting, and so does an untrained
784-400-10, against pythae's `get_nll` with as many samples of the same images. MNIST has to be on
this machine; --quick takes the digits instead, and noise for pythae.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.data import load
from core.devices import pick_precision
from core.metrics.likelihood import importance_weighted, quadrature
from core.models import Autoencoder, build
from core.recipes import recipe
from core.runs import open_run
from core.runtime import keep_freed_memory
from tests.benchmarks.measure import alternate, figure, machine, ratios, report
from tests.benchmarks.rivals import HERE, environment, installed
from tests.benchmarks.training import ask, images_of, working

GOAL = "at most 20 s on two cores"
ERROR_GOAL = "below 10 thousandths of a nat"
UNIT = "thousandths of a nat"
IMAGES = 10_000
WEIGHTED = 1000
SAMPLES = 500
RIVAL_GOAL = "at least 10 times pythae's"


def main() -> None:
    """Measure and print."""
    options = _options()
    keep_freed_memory()  # as `python -m core measure` does
    config = recipe("digits" if options.quick else "mnist", "vae")
    x = load(config.data).test.images(slice(100 if options.quick else IMAGES))
    model = open_run(config.key).model
    wide = open_run(recipe(config.data.name, "vae", 10).key).model
    few = 10 if options.quick else WEIGHTED
    precision = pick_precision(x.device, x[0].numel())
    contenders = {
        "exact": partial(_seconds, model, x),
        "bound": partial(_images_per_second, wide, x[:few], precision),
    }
    images, origin = images_of(few)
    plain = build(recipe("mnist", "vae", 10, hidden=(400,))).eval()
    precisions = {"ours": pick_precision(x.device, 28 * 28), "ours in float32": torch.float32}
    for name, precision in precisions.items():
        contenders[name] = partial(_images_per_second, plain, images.images(), precision)
    with _pythae(images.raw().numpy()) as rival:
        reached = alternate(
            contenders | ({"pythae 0.1.2": rival} if rival else {}), options.rounds
        )
    error = quadrature(model, x).error
    what = f"log p(x) of {len(x):,} images of {config.data.name}, two latents"
    largest, average = 1000 * float(error.max()), 1000 * float(np.mean(error))
    weighting = f"Importance weighting with k = {SAMPLES}, ten latents"
    figures = [
        figure(what, reached["exact"], "s", GOAL),
        figure(f"{what}: largest refinement error", [largest], UNIT, ERROR_GOAL),
        figure(f"{what}: average refinement error", [average], UNIT),
        figure(weighting, reached["bound"], "images/s"),
    ]
    figures += _against_pythae(reached) + _rounding(wide, x[:few])
    report(
        "likelihood",
        figures,
        images=f"{few} {origin}",
        device=machine(),
        threads=torch.get_num_threads(),
    )


def _against_pythae(reached: dict[str, list[float]]) -> list[dict]:
    where = f"Importance weighting with k = {SAMPLES}, 784-400-10"
    ours, rival = ("ours", "ours in float32"), "pythae 0.1.2"
    names = [name for name in (*ours, rival) if name in reached]
    figures = [figure(f"{where}: {name}", reached[name], "images/s") for name in names]
    if rival in reached:
        for name in ours:
            what = f"{where}: {name} over pythae's get_nll"
            figures.append(
                figure(what, ratios(reached[name], reached[rival]), "times", RIVAL_GOAL)
            )
    return figures


def _rounding(model: Autoencoder, x: Tensor) -> list[dict]:
    """Return how far a decoder in bfloat16 moves the bound: on average, and over images."""
    rounded, exact = (
        importance_weighted(model, x, k=(SAMPLES,), precision=precision).value[0]
        for precision in (torch.bfloat16, torch.float32)
    )
    moved = 1000 * (rounded - exact)
    what = f"bound with k = {SAMPLES} in bfloat16 less that in float32, ten latents"
    return [
        figure(f"{what}: average", [float(moved.mean())], UNIT),
        figure(f"{what}: standard deviation over images", [float(moved.std())], UNIT),
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run?")
    options = parser.parse_args()
    options.rounds = 2 if options.quick else options.rounds
    return options


@contextmanager
def _pythae(images: np.ndarray) -> Iterator[Callable[[], float] | None]:
    """Yield a function that bounds log p(x) with pythae, in a process that stays.

    It is None where pythae cannot be installed.
    """
    if not (python := installed("pythae")):
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        np.save(path := Path(folder) / "images.npy", images)
        log = environment("pythae") / "log.txt"
        with (
            log.open("w") as errors,
            working([str(python), str(HERE / "pythae_nll.py"), str(path)], errors) as worker,
        ):
            yield lambda: ask(worker, SAMPLES, log)


def _seconds(model: Autoencoder, x: Tensor) -> float:
    start = time.perf_counter()
    quadrature(model, x)
    return time.perf_counter() - start


def _images_per_second(model: Autoencoder, x: Tensor, precision: torch.dtype) -> float:
    start = time.perf_counter()
    importance_weighted(model, x, k=(SAMPLES,), precision=precision)
    return len(x) / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
