"""Random samples beside their nearest training images, which the server looks for."""

from __future__ import annotations

import streamlit as st

from core.config import ALL_LABELS, RunConfig
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.ui.sampling.choice import SamplerChoice
from core.verdicts import family as verdicts

COUNT = 8


def draw(view: View, choice: SamplerChoice) -> None:
    """Draw each model's first samples above their nearest training images, where asked for."""
    asked = st.toggle(
        "Show the nearest training image under each", key="nearest", bind="query-params"
    )
    if not asked:
        return
    missing = cache.missing_images(view.picked.data)
    widgets.images_missing(missing)
    if missing:
        return
    columns = st.columns(len(view.family), gap="medium")
    for column, config in zip(columns, view.family.values(), strict=True):
        with column:
            _beside(config, choice)


def _beside(config: RunConfig, choice: SamplerChoice) -> None:
    st.markdown(f"**{ALL_LABELS[config.model.name]}**")
    half_width = choice.half_width_for(choice.name)
    png, distance = cache.samples_beside_nearest_png(
        config, choice.name, half_width, choice.seed, COUNT
    )
    widgets.picture(png, "Samples above their nearest training images")
    st.caption(f"Seed {choice.seed}. {verdicts.nearest(distance)}")
