"""How long do all disentanglement metrics of one model take, how long disent's; do they agree?

python -m tests.benchmarks.disentanglement [--rounds N]

Both look the codes of all sprites up in a table, those of the VAE that ships, so that only the
metrics are timed. disent 0.8.0 is an independent implementation; the first run installs it into
.bench/disent. It leaves out no latent for its small variance, and neither does ours here.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.data.shapes import factor_sizes
from core.experiments.disentanglement import POINTS, UNSEEN, WITHOUT_SHAPE
from core.experiments.measuring.disentanglement import encoded, scores
from core.metrics.disentanglement import (
    World,
    dci,
    factor_vae_score,
    mig,
    mig_of_posteriors,
    sap,
    tabulated,
)
from core.recipes import recipe
from core.runs import open_run
from tests.benchmarks.measure import figure, machine, report
from tests.benchmarks.rivals import HERE, installed

SHARED = {
    "mig": "MIG",
    "sap": "SAP",
    "factor_vae": "FactorVAE score",
    "dci_d": "DCI disentanglement",
}
"""Metrics that disent has too."""
TOLERANCE = {"mig": 0.02, "sap": 0.02, "factor_vae": 0.03, "dci_d": 0.05}
"""Largest difference of two implementations: each draws its points, and our trees split bins."""

Timed = dict[str, dict[str, float]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=1, help="disent takes minutes for each")
    parser.add_argument("--quick", action="store_true", help="without disent: does it run?")
    options = parser.parse_args()
    run = open_run(recipe("sprites", "vae", 10).key)
    mean, std = encoded(run.model, 32)
    sizes = factor_sizes(32)
    world = tabulated(mean, sizes)
    whole = []
    for seed in range(max(2, options.rounds)):
        start = time.perf_counter()
        scores(world, seed)
        mig_of_posteriors(mean, std, sizes, WITHOUT_SHAPE)
        whole.append(time.perf_counter() - start)
    what = f"All metrics of one model's codes, {POINTS:,} and {UNSEEN:,} points"
    figures = [figure(what, whole, "s", "at most 60 s on two cores")]
    ours = [_ours(world, seed) for seed in range(options.rounds)]
    theirs = [] if options.quick else _theirs(mean, sizes, options.rounds)
    figures += _compared(ours, theirs) if theirs else []
    report("disentanglement", figures, device=machine())


def _compared(ours: list[Timed], theirs: list[Timed]) -> list[dict]:
    figures = []
    for name, words in SHARED.items():
        our_scores, their_scores = (
            [timed[name]["score"] for timed in side] for side in (ours, theirs)
        )
        goal = f"ours ± {TOLERANCE[name]:g}"
        figures += [
            figure(f"{words}: ours", our_scores, ""),
            figure(f"{words}: disent's", their_scores, "", goal),
            figure(f"{words}: disent's time over ours", _ratios(theirs, ours, [name]), "times"),
        ]
    together = _ratios(theirs, ours, list(SHARED))
    what = "All four: disent's time over ours"
    return [*figures, figure(what, together, "times", "at least 5 times")]


def _ratios(above: list[Timed], below: list[Timed], names: list[str]) -> list[float]:
    def seconds(timed: Timed) -> float:
        return sum(timed[name]["seconds"] for name in names)

    return [seconds(a) / seconds(b) for a, b in zip(above, below, strict=True)]


def _ours(world: World, seed: int) -> Timed:
    def data() -> tuple[np.ndarray, ...]:
        random = np.random.default_rng(seed)
        return (*world.sample(POINTS, random), *world.sample(UNSEEN, random))

    metrics: dict[str, Callable[[], float]] = {
        "mig": lambda: mig(*data()[:2]),
        "sap": lambda: sap(*data()),
        "factor_vae": lambda: factor_vae_score(world, np.random.default_rng(seed), least_std=0),
        "dci_d": lambda: dci(*data()).disentanglement,
    }
    timed: Timed = {}
    for name, metric in metrics.items():
        start = time.perf_counter()
        score = metric()
        timed[name] = {"seconds": time.perf_counter() - start, "score": score}
    return timed


def _theirs(codes: np.ndarray, sizes: tuple[int, ...], rounds: int) -> list[Timed]:
    """Return seconds and scores of disent, or nothing where it cannot be installed."""
    if not (python := installed("disent")):
        return []
    with tempfile.TemporaryDirectory() as folder:
        np.save(path := Path(folder) / "codes.npy", codes)
        worker = HERE / "disent_worker.py"
        command = [str(python), str(worker), str(path), ",".join(map(str, sizes))]
        seeds = "".join(f"{seed}\n" for seed in range(rounds))
        done = subprocess.run(command, input=seeds, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


if __name__ == "__main__":
    main()
