"""The grids of the Sampling page: random codes of every model, decoded in the browser."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.config import RunConfig
from core.explore.samplers import SAMPLERS
from core.explore.sampling import codes_of
from core.instruments import grid
from core.ui.kit import cache, decoders, draws
from core.ui.kit.instrument import instrument
from core.ui.kit.picker import View
from core.verdicts.family import recipe_of

COLUMNS, COUNT = 6, 18


def draw(view: View) -> None:
    """Draw a sheet of each model from the box, and one from the density that is chosen."""
    configs = tuple(view.family.values())
    instrument("grid", bundle_of(configs, draws.first_seed()), "grid")


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs=cache.BY_KEY)
def bundle_of(configs: tuple[RunConfig, ...], first: int) -> bytes:
    """Return the decoders of some runs, and their random codes of some seeds.

    Args:
        configs: of one data set and number of latents.
        first: the first seed.
    """
    sources = {name: draws.source_of(configs, name, COUNT, first) for name in SAMPLERS}
    box = sources.pop("box")
    codes = [codes_of(cache.run(config), "train_") for config in configs]
    part = grid.part(
        box,
        {SAMPLERS[name]: source for name, source in sources.items()},
        np.stack([grid.reach_of(each) for each in codes]),
        columns=COLUMNS,
        notes=[recipe_of(config.model) for config in configs],
        seed=first,
    )
    return decoders.bundle_of(configs, part, box)
