"""The pad: a drawing that goes through the encoder and the decoder of every model."""

from __future__ import annotations

from core.instruments.parts import Part

CENTRED = {"mnist": "mnist", "mnist-static": "mnist", "mnist-dynamic": "mnist", "digits": "digits"}
"""Data set -> whose images a drawing is centred as; others take no drawing."""


def part(data: str) -> Part:
    """Return what the pad shows besides the runs, whose encoders have to be in the bundle.

    Args:
        data: name of the data set, one of `CENTRED`.

    Raises:
        ValueError: another data set.
    """
    if data not in CENTRED:
        raise ValueError(f"data set should be one of {', '.join(CENTRED)}, got '{data}'")
    return Part("pad", {"centred": CENTRED[data]})
