from typing import Any

import pytest

from core.jobs import Job
from core.recipes import recipe
from core.verdicts.training import ended, estimate, progress, queue_row

CONFIG = recipe("digits", "vae", epochs=20)


def job(**changes: Any) -> Job:
    return Job(config=CONFIG, **{"state": "running", "total": 1000, **changes})


def test_a_training_that_waits_says_how_many_are_before_it():
    assert progress(job(state="queued"), 2) == (0.0, "Waiting; 2 before it")


@pytest.mark.parametrize(
    ("changes", "share", "text"),
    [
        ({}, 0.0, "Starting: its process reads the images"),
        ({"seen": 250, "epoch": 5}, 0.25, "Epoch 5 of 20"),
        (
            {"seen": 250, "epoch": 5, "images_per_second": 50.0},
            0.25,
            "Epoch 5 of 20, 50 images/s, 15 s left",
        ),
        ({"seen": 1001, "epoch": 20}, 1.0, "Epoch 20 of 20"),
        ({"total": 0}, 0.0, "Starting: its process reads the images"),
    ],
)
def test_a_training_that_runs_says_how_far_it_is(changes, share: float, text: str):
    assert progress(job(**changes), 0) == (share, text)


def test_a_training_that_ended_early_says_why_and_whether_it_can_go_on():
    assert ended(job(state="failed", reason="no memory")) == (
        "It failed: no memory. What it reached before is kept."
    )
    assert ended(job(state="stopped")) == (
        "It was stopped. What it reached is kept; *Continue* goes on from there."
    )
    assert "the server went away" in ended(job(state="interrupted"))


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (89.4, "89 s"), (90, "2 min")])
def test_long_trainings_are_estimated_in_minutes(seconds: float, text: str):
    assert estimate(seconds, 20).startswith(f"About **{text}** on this machine")


def test_a_training_in_the_queue_is_a_row():
    row = {"Run": "digits, VAE, 2 latents", "State": "queued", "Done": "–", "Before it": "1"}
    assert queue_row(job(state="queued", total=0), 1) == row
    assert queue_row(job(seen=500), 0)["Done"] == "50%"
