"""Widgets and blocks that several pages share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.config import RunConfig
from core.explore.sampling import SAMPLERS
from core.figures import theme
from core.ui import cache


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


def heading(question: str, answer: str) -> None:
    """Draw a page's title, a question, and one sentence of what is to be seen."""
    st.title(question, anchor=False)
    st.markdown(answer)


def chart(figure: Any, key: str, **options: Any) -> Any:
    """Draw a figure with the lab's toolbar; returns the selection where `on_select` is among the options."""
    return st.plotly_chart(figure, key=key, config=theme.CONFIG, **options)


def how_to_read(text: str) -> None:
    """Draw the expander that every page ends in: how to read it, the formula, the source."""
    with st.expander("How to read this page", icon=":material/menu_book:"):
        st.markdown(text)


def images_missing(sentence: str | None) -> None:
    """Say what cannot be shown without the original images, if anything."""
    if sentence:
        st.info(sentence, icon=":material/image_not_supported:")


def table(rows: list[Mapping[str, Any]], **columns: str) -> None:
    """Draw rows of a small table; `columns` may give a number format by column name."""
    formats = {name: st.column_config.NumberColumn(format=style) for name, style in columns.items()}
    st.dataframe(rows, hide_index=True, column_config=formats)


def sampler_choice() -> SamplerChoice:
    """Draw the choice of sampler, box and seed."""
    left, middle, right = st.columns([3, 3, 1.4], vertical_alignment="bottom")
    name = left.segmented_control(
        "Draw codes from",
        list(SAMPLERS),
        default="prior",
        format_func=SAMPLERS.get,
        key="sampler",
        required=True,
        bind="query-params",
        width="stretch",
    )
    with middle.container(horizontal=True, vertical_alignment="center"):
        fitted = st.toggle(
            "Fit the box to each model's codes", True, key="fit", disabled=name != "box", bind="query-params"
        )
        width = st.slider(
            "Half-width of the box",
            0.5,
            20.0,
            3.0,
            0.5,
            key="width",
            disabled=fitted or name != "box",
            bind="query-params",
        )
    with right.container(horizontal=True, vertical_alignment="bottom"):
        st.button("Draw again", on_click=_next_seed, icon=":material/casino:")
        seed = int(st.number_input("Seed", 0, 9999, 0, key="seed", width=110, bind="query-params"))
    return SamplerChoice(name or "prior", None if fitted or name != "box" else width, seed)


def _next_seed() -> None:
    st.session_state["seed"] = (st.session_state.get("seed", 0) + 1) % 10_000


def sample_sheet(config: RunConfig, choice: SamplerChoice, count: int, columns: int) -> None:
    """Draw decoded random codes of one model under its name."""
    st.subheader(config.model.label, anchor=False)
    half_width = choice.half_width_for(choice.name)
    picture = cache.samples_png(config.key, choice.name, half_width, count, choice.seed, columns, 4)
    st.image(picture, width="stretch", alt=f"{SAMPLERS[choice.name]}, decoded by {config.model.label}")
    if choice.name == "box":
        st.caption(f"Half-width {half_width or cache.fitted_half_width(config.key):.2f}")


def samples_beside_nearest(config: RunConfig, choice: SamplerChoice, count: int) -> None:
    """Draw some samples above the training images nearest to them, or say why that cannot be."""
    if sentence := cache.missing_images(config.data):
        images_missing(sentence)
        return
    half_width = choice.half_width_for(choice.name)
    picture, distance = cache.samples_beside_nearest_png(config.key, choice.name, half_width, count, choice.seed, 4)
    st.image(picture, width="stretch", alt="Samples above their nearest training images")
    st.caption(f"Below, the nearest training image; root mean squared difference {distance:.3f} per pixel (median)")
