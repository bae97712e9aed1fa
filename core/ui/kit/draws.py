"""Random codes of several runs for an instrument, as centers and spreads."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.config import RunConfig
from core.explore.sampling import Box
from core.instruments.sheet import Source
from core.ui.kit import cache

DRAWS = 6
"""Seeds that an instrument holds, so that *draw again* asks the server for nothing."""

MOST = 9_999
"""The largest seed of a link."""


def seed_of_link() -> int:
    """Return the seed that the link asks for, from 0 to `MOST`; 0 where it asks for none."""
    asked = st.query_params.get("seed", "")
    return min(int(asked), MOST) if asked.isdecimal() else 0


def first_seed() -> int:
    """Return the first of the seeds that an instrument should hold, that of the link among them.

    An instrument writes the seed into the link. The first one stays the same then, so that the
    instrument is not sent again.
    """
    seed = seed_of_link()
    return seed - seed % DRAWS


def half_width_of_link() -> float | None:
    """Return the half-width of the box that the link asks for; None for each model's own."""
    if st.query_params.get("fit") != "false":
        return None
    try:
        width = float(st.query_params.get("width", 3.0))
    except ValueError:
        return None
    return width if 0 < width < math.inf else None


def source_of(configs: Sequence[RunConfig], name: str, count: int, first: int) -> Source:
    """Return random codes of some runs, (DRAWS, R, count, L), from one kind of sampler.

    Args:
        configs: of R runs of as many latents.
        name: one of `core.explore.samplers.SAMPLERS`. A box has its half-width as a run's scale.
        count: codes of each draw.
        first: seed of the first draw; each further one has the next.
    """
    if name == "box":
        return _box(configs, count, first)
    seeds = range(first, first + DRAWS)
    samplers = [cache.sampler(config, name) for config in configs]
    codes = np.stack([[source.sample(count, seed) for source in samplers] for seed in seeds])
    centers = np.stack([[source.centers(count, seed) for source in samplers] for seed in seeds])
    return Source(name, _once(centers), _once(codes - centers), [1.0] * len(configs))


def _box(configs: Sequence[RunConfig], count: int, first: int) -> Source:
    latents = configs[0].model.latent_dim
    unit = Box(1, latents)
    spread = np.stack([unit.sample(count, seed) for seed in range(first, first + DRAWS)])
    widths = [cache.fitted_half_width(config) for config in configs]
    return Source("box", np.zeros((1, 1, 1, latents)), spread[:, None], widths)


def _once(codes: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return codes (S, R, N, L) with 1 for S, R or N where all have the same."""
    for axis in range(3):
        first = codes.take([0], axis)
        if np.array_equal(np.broadcast_to(first, codes.shape), codes):
            codes = first
    return codes
