"""Do runs survive if their training is killed (-9) at any moment of training and saving?

python -m tests.benchmarks.kills [--quick]

Trainings of digits VAEs are begun on the command line, as a job, or as the job of a server that is
killed with it, and killed at a random moment: half of the time between their first step and some
seconds later, half of the time while files are written. The next process, picked at random too,
has to find every finished run as it was and go on with the one in training. In the end each run
has the weights of an undisturbed training.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.checkpoints import UNFINISHED, load, load_unfinished, survey
from core.config import RunConfig
from core.jobs import Jobs, Limits, read_job
from core.recipes import recipe
from tests.benchmarks.measure import ROOT, figure, machine, report

# Every process that is started here has one thread: sums in another order have other bits.
os.environ["OMP_NUM_THREADS"] = "1"
PATIENCE = 120.0
"""Seconds after which a training that did not begin or end counts as broken."""
LONGEST = 5.0
"""Seconds that a training is left alone at most."""
SERVER = """
import sys, time
from pathlib import Path
from core.recipes import recipe
from core.jobs import Jobs, Limits
queue = Jobs(Path(sys.argv[1]), Limits(epochs=10**6, runs=10**6))
queue.submit(recipe("digits", "vae", seed=int(sys.argv[2]), epochs=int(sys.argv[3])))
time.sleep(10**6)
"""


class Lost(AssertionError):
    """A run or a part of a training is lost."""


def main() -> None:
    """Kill trainings, check what is left, and print."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder) / "shelf", options.seed, options.epochs)
        try:
            while trial.kills < options.kills:
                trial.kill()
                print(f"{trial.kills}: {trial.said}", file=sys.stderr)
            equal = trial.finish(Path(folder) / "undisturbed")
        except Lost as loss:
            sys.exit(f"after {trial.kills} kills: {loss}")
    kills = f"Kills (-9) that lost nothing, of {options.kills}"
    weights = "Runs killed on the way, with the weights of undisturbed ones"
    figures = [
        figure(kills, [trial.kills], "kills", "all"),
        figure(weights, [equal], "runs", "all"),
    ]
    report("kills", figures, device=machine(), outcomes=dict(trial.outcomes))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=400, help="of each training")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--quick", action="store_true", help="5 kills: does it run?")
    options = parser.parse_args()
    if options.quick:
        options.kills, options.epochs = 5, 100
    return options


class Trial:
    """A shelf on which one training after another is killed until it is done.

    Args:
        root: the shelf.
        seed: of the moments and ways.
        epochs: of each training.
    """

    def __init__(self, root: Path, seed: int, epochs: int) -> None:
        self.root, self.random, self.epochs = root, random.Random(seed), epochs
        self.kills, self.outcomes, self.said = 0, Counter[str](), ""
        self.digests: dict[str, str] = {}
        self.seed, self.reached = 0, 0

    @property
    def config(self) -> RunConfig:
        """The run that is trained now."""
        return recipe("digits", "vae", seed=self.seed, epochs=self.epochs)

    def kill(self) -> None:
        """Begin or go on with the training in one of the ways, kill it, and check what is left."""
        way = self.random.choice([self.command, self.job, self.server])
        aimed = self.random.random() < 0.5
        killed = way(self.during_a_save if aimed else self.some_time)
        outcome = self.check() if killed else f"{self.check()} before the kill"
        self.kills += killed
        self.outcomes[outcome] += 1
        moment = "saving" if aimed else "any moment"
        self.said = f"{way.__name__}, {moment}: {outcome}, epoch {self.reached}"

    def finish(self, other: Path) -> int:
        """Let the last training end, and return how many runs there are.

        Args:
            other: folder for undisturbed trainings of the same runs.

        Raises:
            Lost: a run differs from the undisturbed one in a bit.
        """
        if self.config.key not in self.digests:
            self.train(self.root, self.seed)
            self.check()
        for seed in range(self.seed):
            self.train(other, seed)
            key = recipe("digits", "vae", seed=seed, epochs=self.epochs).key
            killed, undisturbed = load(self.root, key), load(other, key)
            same = all(
                np.array_equal(killed.weights[name], weight)
                for name, weight in undisturbed.weights.items()
            )
            histories = (killed.history["test_nll"], undisturbed.history["test_nll"])
            if not same or not np.array_equal(*histories):
                raise Lost(f"{key} should have weights and history of an undisturbed training")
        return self.seed

    def command(self, wait: Callable[[], None]) -> bool:
        process = subprocess.Popen(
            self.words(self.root, self.seed), cwd=ROOT, stderr=subprocess.PIPE
        )
        with process:
            assert process.stderr
            process.stderr.readline()  # the bar draws itself after the first step
            wait()
            return _kill(process.pid)

    def job(self, wait: Callable[[], None]) -> bool:
        queue = Jobs(self.root, Limits(epochs=10**6, runs=10**6))
        queue.submit(self.config)
        pid = self.training_of(os.getpid())
        wait()
        killed = _kill(pid)
        queue.close()
        return killed

    def server(self, wait: Callable[[], None]) -> bool:
        words = [sys.executable, "-c", SERVER, str(self.root), str(self.seed), str(self.epochs)]
        with subprocess.Popen(words, cwd=ROOT) as server:
            pid = self.training_of(server.pid)
            wait()
            there = _there(pid)
            _kill(server.pid)
            if self.random.random() < 0.5:
                _kill(pid)
        # The job of a server that is gone ends by itself.
        _until(lambda: not pid or not _there(pid))
        return there

    def training_of(self, server: int) -> int:
        """Return the process of the job once it trains, 0 where it has ended already."""

        def begun() -> bool:
            job = read_job(self.root, self.config.key)
            if job is None or job.state not in ("queued", "running"):
                return True
            return job.pid not in (0, server) and job.images_per_second > 0

        _until(lambda: self.exists() and begun())
        job = read_job(self.root, self.config.key)
        return job.pid if job and job.pid != server else 0

    def exists(self) -> bool:
        return (
            read_job(self.root, self.config.key) is not None
            or (self.root / self.config.key).exists()
        )

    def some_time(self) -> None:
        time.sleep(self.random.uniform(0, LONGEST))

    def during_a_save(self) -> None:
        """Wait until a folder is written, and then up to a hundredth of a second of that time."""
        end = time.monotonic() + 3 * LONGEST
        before = self.written()
        while time.monotonic() < end and not (self.root / self.config.key).exists():
            if self.written() - before:
                time.sleep(self.random.uniform(0, 0.01))
                return
            time.sleep(0.0005)

    def written(self) -> set[Path]:
        """Return the folders that are written now."""
        return {*self.root.glob(".new-*"), *(self.root / UNFINISHED).glob(".new-*")}

    def check(self) -> str:
        """Return what became of the training: `finished`, `continuable` or `absent`.

        Raises:
            Lost: a finished run is not as it was, or a training lost an epoch that was saved.
        """
        Jobs(self.root, Limits(at_once=0)).attend()  # what a server does first
        runs = dict(survey(self.root))
        for key, digest in self.digests.items():
            if key not in runs or digest != _digest(self.root / key):
                raise Lost(f"the finished run {key} should be as it was, is not")
        if broken := [str(run) for run in runs.values() if not isinstance(run, RunConfig)]:
            raise Lost(f"every run on the shelf should be whole, is not: {broken}")
        return self.check_end() if self.config.key in runs else self.check_middle()

    def check_end(self) -> str:
        self.digests[self.config.key] = _digest(self.root / self.config.key)
        if read_job(self.root, self.config.key) or load_unfinished(self.root, self.config):
            raise Lost(f"{self.config.key} should be finished, is still said to be in training")
        self.seed, self.reached = self.seed + 1, 0
        return "finished"

    def check_middle(self) -> str:
        left = load_unfinished(self.root, self.config)
        epoch = len(left.history["nll"]) if left else 0
        if epoch < self.reached:
            raise Lost(f"{self.config.key} should be at epoch {self.reached}, is back at {epoch}")
        self.reached = epoch
        return "continuable" if epoch else "absent"

    def words(self, root: Path, seed: int) -> list[str]:
        words = f"train digits vae --seed {seed} --epochs {self.epochs}".split()
        return [sys.executable, "-m", "core", "--root", str(root), *words]

    def train(self, root: Path, seed: int) -> None:
        subprocess.run(
            self.words(root, seed),
            cwd=ROOT,
            check=True,
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )


def _digest(folder: Path) -> str:
    """Return a digest of all files of a folder."""
    content = b"".join(path.name.encode() + path.read_bytes() for path in sorted(folder.iterdir()))
    return hashlib.sha256(content).hexdigest()


def _kill(pid: int) -> bool:
    """Kill a process, and return whether there was one."""
    there = bool(pid) and _there(pid)
    if there:
        os.kill(pid, signal.SIGKILL)
    return there


def _there(pid: int) -> bool:
    """Return whether a process is there and has not ended."""
    path = Path(f"/proc/{pid}/stat")
    try:
        return path.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _until(true: Callable[[], object]) -> None:
    """Wait until something is true.

    Raises:
        Lost: it does not become so in time.
    """
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise Lost(f"a training should begin or end within {PATIENCE:g} s, did not")
        time.sleep(0.005)


if __name__ == "__main__":
    main()
