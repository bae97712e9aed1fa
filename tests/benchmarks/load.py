"""Sixty people press Start on the same training, sixty others browse: does each get an answer?

python -m tests.benchmarks.load [--quick]

The visitors are sessions on a server's websocket, all at the same time and from this machine,
which has to serve them, play them and train on the same cores. The runs lie on a copy of the shelf
that ships.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from core.checkpoints import survey
from core.recipes import recipe
from tests.benchmarks.app import DATA, PAGES, Server, lab_of_its_own
from tests.benchmarks.measure import figure, machine, report
from tests.benchmarks.visitors import Broken, Visitor

PATIENCE = 300.0
"""Seconds after which an answer counts as missing."""
THINKS = (5.0, 15.0)
"""Seconds, least and most, that a visitor looks at a page before the next."""
FINISHED = "is trained and on the shelf"
SEED = 7


def main() -> None:
    """Measure and print."""
    options = _options()
    with lab_of_its_own() as (lab, shelf):
        day = Day(lab, shelf, options.visitors, options.epochs)
        asyncio.run(day.pass_by())
    for problem in day.problems[:10]:
        print(problem, file=sys.stderr)
    count = options.visitors
    report("load", _figures(day, count), device=machine(), problems=len(day.problems))
    if day.problems or len(day.jobs) != 1 or len(day.finished) != count:
        sys.exit("each visitor should get an answer and one training serve all, did not")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--visitors", type=int, default=60, help="who press Start, and as many who look around"
    )
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="3 visitors: does it run?")
    options = parser.parse_args()
    if options.quick:
        options.visitors, options.epochs = 3, 20
    return options


def _figures(day: Day, count: int) -> list[dict]:
    server, job = day.server_memory / 1e6, max(day.jobs.values(), default=0) / 1e6
    return [
        figure(f"Trainings when {count} press Start on the same", [len(day.jobs)], "", "1"),
        figure("Sessions of these that see it finish", [len(day.finished)], "", str(count)),
        figure("From Start to finished on the screen", day.finished or [0.0], "s"),
        figure(f"Pages opened by {count} others meanwhile", [len(day.answers)], "pages"),
        figure("Errors", [len(day.problems)], "", "0"),
        figure("A page under that load", day.answers or [0.0], "s"),
        figure("Memory of the server, at most", [server], "MB", "at most 1,000 MB with the job"),
        figure("Memory of the job, at most", [job], "MB"),
        figure("Memory of both, at most", [day.both_memory / 1e6], "MB", "at most 1,000 MB"),
    ]


@dataclass
class Day:
    """A day on which all visitors come.

    Args:
        lab: the server.
        shelf: its folder of runs.
        count: number of those who train, and of those who look around.
        epochs: number of epochs of the training.
    """

    lab: Server
    shelf: Path
    count: int
    epochs: int
    finished: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    jobs: dict[int, float] = field(default_factory=dict)
    """Process -> the most memory it had, in bytes."""
    server_memory: float = 0.0
    both_memory: float = 0.0

    async def pass_by(self) -> None:
        """Let all visitors come, and go once the training is over."""
        over, pressed = asyncio.Event(), asyncio.Barrier(self.count)
        watch = asyncio.create_task(self.weigh())
        around = [
            asyncio.create_task(self.look_around(number, over)) for number in range(self.count)
        ]
        await asyncio.gather(*(self.train(pressed) for _ in range(self.count)))
        over.set()
        await asyncio.gather(*around)
        watch.cancel()
        config = recipe("digits", "vae", seed=SEED, epochs=self.epochs)
        if dict(survey(self.shelf)).get(config.key) != config:
            self.problems.append("the run is not on the shelf")

    async def train(self, pressed: asyncio.Barrier) -> None:
        try:
            async with Visitor(self.lab.address, PATIENCE) as visitor:
                await visitor.open(
                    f"train?data=digits&train_seed={SEED}&digits_epochs={self.epochs}"
                )
                async with asyncio.timeout(PATIENCE):
                    await pressed.wait()
                start = time.monotonic()
                await visitor.press("Start")
                await visitor.watch(lambda: FINISHED in " ".join(visitor.said()))
                self.finished.append(time.monotonic() - start)
        except (Broken, OSError, TimeoutError, asyncio.BrokenBarrierError) as error:
            self.problems.append(f"training: {error!r}")

    async def look_around(self, number: int, over: asyncio.Event) -> None:
        chance = random.Random(number)
        try:
            async with Visitor(self.lab.address, PATIENCE) as visitor:
                while not over.is_set():
                    data = chance.choice(list(DATA))
                    place = f"{chance.choice(PAGES)}?data={data}&latents={DATA[data]}"
                    self.answers.append(await visitor.open(place))
                    await asyncio.sleep(chance.uniform(*THINKS))
        except (Broken, OSError, TimeoutError) as error:
            self.problems.append(f"looking around: {error!r}")

    async def weigh(self) -> None:
        """Note the memory of server and jobs all the time."""
        while True:
            server = self.lab.process.memory_info().rss
            children = self.lab.process.children(recursive=True)
            jobs = {child.pid: _memory(child) for child in children}
            for pid, memory in jobs.items():
                self.jobs[pid] = max(self.jobs.get(pid, 0.0), memory)
            self.server_memory = max(self.server_memory, server)
            self.both_memory = max(self.both_memory, server + sum(jobs.values()))
            await asyncio.sleep(0.1)


def _memory(process: psutil.Process) -> float:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0.0


if __name__ == "__main__":
    main()
