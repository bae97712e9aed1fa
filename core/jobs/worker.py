"""What the process of a job does: it trains the run, and writes its progress now and then."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from core.checkpoints import Arrays, CheckpointError, pack_arrays
from core.data import Split, load
from core.devices import generator, narrowed
from core.jobs.records import (
    SHOWN_CODES,
    SHOWN_IMAGES,
    Job,
    read_job,
    remove_job,
    started,
    write_bytes,
    write_end,
    write_job,
)
from core.models import Autoencoder
from core.runs import train_and_keep
from core.runtime import FAILURES, cores, keep_freed_memory, reason_of

TOLD_EVERY = 0.25
"""Seconds between two reports of a running job."""
SHOWN_EVERY = 0.5
"""Seconds between two epochs that a running job shows."""
NICENESS = 10
"""Niceness of a job, as in nice(1), so that pages come first."""


class _Stop(BaseException):
    """The job is asked to end."""


def work(root: Path, key: str, server: int) -> None:
    """Train the run of a job in this process; the job is removed when the run is on the shelf.

    Args:
        root: folder of checkpoints.
        key: key of the job.
        server: number of the process that this one does not outlive.
    """
    keep_freed_memory()
    job = read_job(root, key)
    if job is None:
        return
    reporter = _Reporter(root, started(job), server)
    signal.signal(signal.SIGTERM, reporter.ask_to_stop)
    try:
        write_job(root, reporter.job)
        _train(reporter)
        remove_job(root, key)
    except _Stop:
        write_end(root, reporter.job, "stopped", "")
    except FAILURES as error:
        write_end(root, reporter.job, "failed", reason_of(error))


def _train(reporter: _Reporter) -> None:
    config, root = reporter.job.config, reporter.root
    reporter.check()
    data = load(config.data)
    reporter.begin(data)
    for _ in train_and_keep(
        config, root, data=data, on_step=reporter.step, on_model=reporter.epoch
    ):
        pass


class _Reporter:
    """Writes the progress of a training now and then; a full disk does not stop the training."""

    def __init__(self, root: Path, job: Job, server: int) -> None:
        self.root, self.job, self.server, self.stopping = root, job, server, False
        self.data: Split | None = None
        self.told = self.shown = -math.inf
        self.first: tuple[float, int] | None = None

    def begin(self, data: Split) -> None:
        """Learn which images are trained on, and so how many there are in all."""
        self.data = data
        self.job = replace(self.job, total=self.job.config.train.epochs * len(data.train))

    def ask_to_stop(self, *_: object) -> None:
        self.stopping = True

    def check(self) -> None:
        """Stop if asked to, or if the server is gone."""
        if self.stopping or os.getppid() != self.server:
            raise _Stop

    def step(self, seen: int) -> None:
        self.check()
        now = time.monotonic()
        since, first = self.first = self.first or (now, seen)
        if now - self.told > TOLD_EVERY:
            speed = (seen - first) / (now - since) if seen > first else 0.0
            self.job, self.told = replace(self.job, seen=seen, images_per_second=speed), now
            with contextlib.suppress(CheckpointError):
                write_job(self.root, self.job)

    def epoch(self, model: Autoencoder, history: Arrays) -> None:
        assert self.data is not None
        self.job = replace(self.job, epoch=len(history["nll"]))
        if time.monotonic() - self.shown > SHOWN_EVERY:
            shown = pack_arrays(snapshot(model, self.data, history))
            with contextlib.suppress(CheckpointError):
                write_bytes(self.root, f"{self.job.config.key}.npz", shown)
            self.shown = time.monotonic()


@torch.inference_mode()
def snapshot(model: Autoencoder, data: Split, history: Arrays) -> Arrays:
    """Return the arrays that show an epoch.

    These are the columns of `history`, `mean` and `std` (N, L) of the first test images'
    posteriors and their `label` (N,), the reconstructions `images` (B, H, W) of the first of them,
    and `samples` (B, H, W): random codes from the prior, always the same seed, decoded.

    Args:
        model: the model as it is now; it is left in evaluation mode.
        data: the images, of which the first test images are encoded.
        history: columns (epochs, ...) so far.
    """
    model.eval()
    device = next(model.parameters()).device
    posterior = model.encode(data.test.images(slice(SHOWN_CODES)).to(device))
    mean = posterior.mean
    random = model.prior.sample(SHOWN_IMAGES, generator(0)).to(mean.device)
    images = model.decode(mean[:SHOWN_IMAGES]).clamp(0, 1).squeeze(1).cpu()
    samples = model.decode(random).clamp(0, 1).squeeze(1).cpu()
    return {
        **{f"history.{name}": column for name, column in history.items()},
        "mean": narrowed(mean.cpu()).numpy(),
        "std": narrowed(posterior.std.cpu()).numpy(),
        "label": data.test.labels[:SHOWN_CODES].to(torch.uint8).numpy(),
        "images": (images * 255).to(torch.uint8).numpy(),
        "samples": (samples * 255).to(torch.uint8).numpy(),
    }


def give_way() -> None:
    """Leave the pages one core, and a higher priority on the others.

    The training gains by that too: where its threads wait for a thread that a page keeps from its
    core, it took 10 to 50 times as long.
    """
    torch.set_num_threads(max(1, min(torch.get_num_threads(), cores() - 1)))
    if hasattr(os, "nice"):
        os.nice(NICENESS)


def main(arguments: Sequence[str]) -> None:
    """Do the job that a server asks for: `python -m core.jobs ROOT KEY SERVER`."""
    root, key, server = arguments
    give_way()
    work(Path(root), key, int(server))
