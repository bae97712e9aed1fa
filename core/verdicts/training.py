"""A training in words: its estimate, its progress and its end, the queue's rows, a download."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.jobs import Job
    from core.jobs.fetching import Download

NO_PLANE = (
    "A plane can be seen whole, so films are kept of models with **2 latents**: choose that above."
)
NO_FILMS = "These runs were trained before films were kept; train one again to see it form."
NO_CHOICE = "Choose a model to see it form."
NO_RUNS = "None yet. Runs that ship cannot be deleted."

_ENDED = {
    "stopped": "It was stopped",
    "interrupted": "It was interrupted: the server went away",
}


def estimate(seconds: float, epochs: int) -> str:
    """Return how long a training takes on this machine.

    Args:
        seconds: of the whole training.
        epochs: of the training.

    >>> estimate(12.3, 20), estimate(180, 100)
    ('About **12 s** on this machine while nothing else runs (20 epochs).',
     'About **3 min** on this machine while nothing else runs (100 epochs).')
    """
    time = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
    return f"About **{time}** on this machine while nothing else runs ({epochs} epochs)."


def progress(job: Job, before: int) -> tuple[float, str]:
    """Return the share of a training that is done, 0 to 1, and its progress in words.

    Args:
        job: that waits or runs.
        before: trainings before it in the queue.
    """
    if job.state == "queued":
        return 0.0, f"Waiting; {before} before it"
    share = min(job.seen / job.total, 1.0) if job.total else 0.0
    if not job.seen:
        return share, "Starting: its process reads the images"
    text = f"Epoch {job.epoch} of {job.config.train.epochs}"
    if job.images_per_second:
        text += f", {job.images_per_second:,.0f} images/s"
    if job.seconds_left is not None:
        text += f", {job.seconds_left:,.0f} s left"
    return share, text


def ended(job: Job) -> str:
    """Return how a training ended before its last epoch, and whether it can go on."""
    if job.state == "failed":
        return f"It failed: {job.reason}. What it reached before is kept."
    return f"{_ENDED[job.state]}. What it reached is kept; *Continue* goes on from there."


def fetching(download: Download) -> tuple[float, str]:
    """Return the share of a download that has arrived, 0 to 1, and its progress in words."""
    if not download.total:
        return 0.0, "Starting: its process asks for the files"
    share = min(download.arrived / download.total, 1.0)
    text = f"{download.arrived / 1e6:.1f} of {download.total / 1e6:.1f} MB"
    if download.seconds_left is not None:
        text += f", {download.seconds_left:,.0f} s left"
    return share, text


def not_fetched(download: Download) -> str:
    """Return how a download ended before all was here."""
    if download.state == "failed":
        return f"The images could not be fetched: {download.reason}."
    return "Fetching the images was interrupted: its process is gone."


def queue_row(job: Job, before: int) -> dict[str, str]:
    """Return a training as a row of text; arguments as in `progress`."""
    model = job.config.model
    return {
        "Run": f"{job.config.data.name}, {model.label}, {model.latent_dim} latents",
        "State": job.state,
        "Done": f"{job.seen / job.total:.0%}" if job.total else "–",
        "Before it": str(before),
    }
