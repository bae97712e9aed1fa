"""The decoders of runs as they lie on the shelf, with what an instrument shows of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core import checkpoints, lessons
from core.config import RunConfig
from core.explore.layers import decode
from core.figures import images as pictures
from core.instruments import later
from core.instruments.parts import Part, bundle
from core.instruments.sheet import Source
from core.ui.kit import cache

_STILL = 8
"""Pictures of each run that a browser shows which cannot decode."""


def bundle_of(configs: Sequence[RunConfig], part: Part, source: Source) -> bytes:
    """Return what the browser draws an instrument of some runs from.

    Args:
        configs: of runs on the shelf, of one data set.
        part: what the instrument shows besides the runs.
        source: of the codes in the still picture, a row for each run.
    """
    runs = _loaded(configs)
    rows = []
    for place, run in enumerate(runs):
        codes = source.codes(place)[:_STILL]
        rows.append(decode(run.config, run.weights, codes))
    still = pictures.sheet_png(np.concatenate(rows), len(rows[0]), cache.scale_of(configs[0].data))
    return bundle(lessons.entries_of(runs), [part], still)


def later_bundle_of(configs: Sequence[RunConfig], token: str) -> bytes:
    """Return runs on the shelf that an instrument waits for, see `core.instruments.later`."""
    return bundle(lessons.entries_of(_loaded(configs)), [later.part(token)], b"")


def _loaded(configs: Sequence[RunConfig]) -> list[checkpoints.Checkpoint]:
    return [checkpoints.load(cache.SHELF, config.key) for config in configs]
