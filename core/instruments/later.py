"""Runs that come after the first picture: an instrument that waits for them shows them."""

from __future__ import annotations

from core.instruments.parts import Part


def part(token: str) -> Part:
    """Return the part of a bundle whose runs another instrument waits for.

    Args:
        token: that the other instrument's header names, another one for other runs.
    """
    return Part("later", {"token": token})
