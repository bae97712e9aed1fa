"""Many visitors on one server: their pages take turns, and look at a training less often.

Python runs one thread at a time. Sixty that all draw a page starve the one that sends what is
drawn.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import streamlit as st

TURNS = 3
"""Pages that are drawn at the same time."""
PATIENCE = 2.0
"""Seconds after which a page is drawn out of turn: a long computation holds nobody back."""
AT_EASE = 16
"""Visitors who look at a training as often as one alone does."""
GONE = 30.0
"""Seconds after which somebody who did not look again has left."""

_turns = threading.Semaphore(TURNS)
_drawing = threading.local()
_looked: dict[str, float] = {}
_lock = threading.Lock()


@contextmanager
def turn() -> Iterator[None]:
    """Wait for a turn to draw, `PATIENCE` seconds at most; within a turn, do not wait."""
    if getattr(_drawing, "now", False):
        yield
        return
    mine = _turns.acquire(timeout=PATIENCE)
    _drawing.now = True
    try:
        yield
    finally:
        _drawing.now = False
        if mine:
            _turns.release()


def slowness() -> int:
    """Return how many times longer all wait between two looks: 1, or 2, 4, 8 ... where many do."""
    return slowness_of(st.session_state.setdefault("visitor", uuid4().hex), time.monotonic())


def slowness_of(visitor: str, now: float) -> int:
    """Return `slowness` for a visitor who looks now, in seconds of a clock."""
    with _lock:
        _looked[visitor] = now
        for other in [other for other, when in _looked.items() if now - when > GONE]:
            del _looked[other]
        count = len(_looked)
    return 1 << max(0, (count - 1) // AT_EASE).bit_length()
