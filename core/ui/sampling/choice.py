"""The choices of the Sampling page that its numbers and its nearest images follow."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.explore.samplers import SAMPLERS
from core.ui.kit import draws


@dataclass(frozen=True)
class SamplerChoice:
    """Where random codes come from.

    Args:
        name: of the sampler.
        half_width: of the box, the same for all models; fitted to each model's codes when None.
        seed: of the codes.
    """

    name: str
    half_width: float | None
    seed: int

    def half_width_for(self, name: str) -> float | None:
        """Return the half-width if a sampler is the box and it is not fitted."""
        return self.half_width if name == "box" else None


def sampler_choice() -> SamplerChoice:
    """Draw the choice of sampler; the seed and the box are those of the grid, in the link."""
    label = st.segmented_control(
        "Codes from",
        list(SAMPLERS.values()),
        default=SAMPLERS["prior"],
        key="sampler",
        required=True,
        wrap=True,
        bind="query-params",
    )
    name = next(name for name, known in SAMPLERS.items() if known == label)
    half_width = draws.half_width_of_link() if name == "box" else None
    if half_width is not None:
        st.caption(f"Half-width of the box: {half_width:g} for all models, as in the link.")
    return SamplerChoice(name, half_width, draws.seed_of_link())
