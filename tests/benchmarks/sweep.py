"""Does a sweep keep every core busy?

python -m tests.benchmarks.sweep [--quick]

The processor time of the `local` engine's processes over the time that a sweep takes: digits, one
VAE with several seeds, more runs than cores, the start of the processes included."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import psutil

from core.config import with_seed
from core.recipes import recipe
from core.runtime import cores
from core.sweep.drive import missing
from core.sweep.local import Local
from tests.benchmarks.measure import figure, machine, report

RUNS_PER_CORE = 4


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few epochs: does it run?")
    epochs, rounds = (2, 1) if parser.parse_args().quick else (200, 3)
    busy = [_busy(epochs) for _ in range(rounds)]
    what = f"cores that a sweep of {RUNS_PER_CORE * cores()} runs keeps busy, {cores()} slots"
    report(
        "sweep",
        [figure(what, busy, f"of {cores()} cores", "all")],
        epochs=str(epochs),
        device=machine(),
    )


def _busy(epochs: int) -> float:
    """Return the processor time of all children over the time that passed."""
    model = recipe("digits", "vae", 2, epochs=epochs)
    configs = [with_seed(model, seed) for seed in range(RUNS_PER_CORE * cores())]
    with tempfile.TemporaryDirectory() as root:
        used, start = _children_seconds(), time.perf_counter()
        for outcome in Local(cores()).run(configs, Path(root), lambda config, seen: None):
            assert not outcome.reason, outcome.reason
        passed = time.perf_counter() - start
        assert not missing(configs, [Path(root)])
        return (_children_seconds() - used) / passed


def _children_seconds() -> float:
    """Return the processor time of all processes that this one started and that have ended."""
    times = psutil.Process().cpu_times()
    return times.children_user + times.children_system


if __name__ == "__main__":
    main()
