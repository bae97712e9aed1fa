"""Widgets and blocks that several pages share."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from core.config import ALL_LABELS, DataConfig, RunConfig
from core.figures import theme
from core.ui.kit import cache
from core.verdicts import family as verdicts


def heading(question: str, answer: str) -> None:
    """Draw a page's title, a question, and one sentence of what is to be seen."""
    st.title(question, anchor=False)
    st.markdown(answer)


def chart(figure: Any, key: str, **options: Any) -> Any:
    """Draw a figure with the lab's toolbar; return the selection where `on_select` is given."""
    return st.plotly_chart(figure, key=key, config=theme.config(figure_kind()), **options)


def figure_kind() -> Literal["png", "svg"]:
    """Return the kind of file that figures are saved as."""
    # From the link where the choice is drawn further down and was not met yet.
    kind = st.session_state.get("figures") or st.query_params.get("figures")
    return "svg" if kind == "SVG" else "png"


def save_figures_as() -> None:
    """Draw the choice of the kind of file that the camera in a figure's toolbar saves."""
    st.segmented_control(
        "The camera on a figure saves",
        ("PNG", "SVG"),
        default="PNG",
        key="figures",
        required=True,
        bind="query-params",
    )


def take_over(old: str, key: str, options: Iterable[str]) -> None:
    """Take a choice from a link that was made when its widget had another key.

    Args:
        old: that key, which other pages may use in their links.
        key: of the widget, which is drawn next.
        options: of the widget; another word is of another page, and is left alone.
    """
    word = st.query_params.get(old)
    is_chosen = key in st.session_state or key in st.query_params
    if word is not None and word in options and not is_chosen:
        del st.query_params[old]
        st.query_params[key] = word
        st.session_state[key] = word


def how_to_read(text: str) -> None:
    """Draw the expander that every page ends in: how to read it, the formula, the source."""
    with st.expander("How to read this page", icon=":material/menu_book:"):
        st.markdown(text)


def unmeasured(data: DataConfig, what: str = "Not every number of this page was") -> None:
    """Say that numbers are missing and how to get them, or that binarised images have none."""
    there = "These numbers are of grey images; binarised ones are left out."
    st.info(there if data.binarised else f"{what} measured yet; run `python -m core measure`.")


def images_missing(sentence: str | None) -> None:
    """Say what cannot be shown without the original images, if anything."""
    if sentence:
        st.info(f"{sentence}.", icon=":material/image_not_supported:")


def picture(png: bytes, alt: str, **options: Any) -> None:
    """Draw a PNG inside the page: the browser saves a round trip, the server a copy."""
    st.image(
        "data:image/png;base64," + b64encode(png).decode(),
        alt=alt,
        **{"width": "stretch", **options},
    )


def image_row(caption: str, png: bytes | None) -> None:
    """Draw a sheet of images under what it shows, or nothing where the images are not here."""
    if png:
        st.caption(caption)
        picture(png, caption)


def model_name(config: RunConfig) -> None:
    """Draw the name of a model, and what tells it from its siblings."""
    st.subheader(ALL_LABELS[config.model.name], anchor=False)
    st.caption(verdicts.recipe_of(config.model))


def decoded_draws(config: RunConfig, count: int, columns: int) -> None:
    """Draw what random codes of a model's prior decode to, under where they come from."""
    png = cache.samples_png(config, "prior", None, 0, count, columns)
    image_row(verdicts.draws_of(config.model), png)


def collapse_note(config: RunConfig) -> None:
    """Say so where no latent of a model is in use."""
    if not cache.active_latents(config).any():
        st.caption(verdicts.collapsed(config.model.beta))


def table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Draw rows of a small table."""
    st.dataframe(rows, hide_index=True, column_config={})
