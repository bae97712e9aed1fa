"""The limits of a deployment: whether runs may be trained, how many and how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LEAST = {"at_once": 1, "waiting": 1, "epochs": 1, "runs": 0}
"""Limit -> the least that may be set; with no job at once, every training would wait forever."""
SWITCHED_OFF = (
    "training is switched off on this deployment; run the lab on your own machine to train"
)


class TooMany(RuntimeError):
    """A limit of this deployment is reached; the message says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of a deployment; the defaults suit two cores that many people share.

    Args:
        training: whether runs may be trained at all.
        reason: why they may not, in one sentence.
        at_once: number of jobs that run at the same time.
        waiting: number of jobs in the queue, those that run included.
        epochs: number of epochs of one training.
        runs: number of runs on the shelf besides those that ship; with 0 nothing is trained or
            uploaded.
    """

    training: bool = True
    reason: str = SWITCHED_OFF
    at_once: int = 1
    waiting: int = 8
    epochs: int = 500
    runs: int = 40


def limits_of(environment: Mapping[str, str]) -> Limits:
    """Return the limits that a deployment sets in its environment.

    The variables are LATENT_LAB_TRAINING=off and LATENT_LAB_MAX_<NAME>=<number>.

    Args:
        environment: names of variables and their values.

    Raises:
        ValueError: a value is neither; the message says what it should be.

    >>> limits_of({"LATENT_LAB_TRAINING": "off", "LATENT_LAB_MAX_WAITING": "3"}).waiting
    3
    """
    training = environment.get("LATENT_LAB_TRAINING", "on").strip().lower()
    if training not in ("on", "off"):
        raise ValueError(f"LATENT_LAB_TRAINING should be on or off, got '{training}'")
    numbers: dict[str, Any] = {}
    for limit, least in LEAST.items():
        name = f"LATENT_LAB_MAX_{limit.upper()}"
        if name in environment:
            numbers[limit] = _limit(name, environment[name], least)
    return Limits(training=training == "on", **numbers)


def _limit(name: str, text: str, least: int) -> int:
    if not text.strip().isdecimal():
        raise ValueError(f"{name} should be a whole number, got '{text}'")
    if int(text) < least:
        raise ValueError(
            f"{name} should be at least {least}, got {text.strip()}; LATENT_LAB_TRAINING=off"
            " allows none"
        )
    return int(text)
