"""Widgets and blocks that several pages share."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from core.config import PRIORS, DataConfig, ModelConfig, RunConfig
from core.figures import theme
from core.ui.kit import cache


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
        st.info(sentence, icon=":material/image_not_supported:")


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


def recipe_of(config: RunConfig) -> str:
    """Return in a few words what tells a model from its siblings."""
    model = config.model
    return {
        "ae": "The code is a point, no KL",
        "noisy-ae": f"Fixed noise, η = {model.eta:g}, no KL",
        "infogan": f"Codes recognised in images of a game, λ = {model.information}",
    }.get(model.name, f"Learned noise, KL weighed by β = {model.beta:g}{_prior_of(model)}")


def _prior_of(model: ModelConfig) -> str:
    return "" if model.prior == "normal" else f", from a {PRIORS[model.prior]}"


def draws_of(config: RunConfig) -> str:
    """Return in a few words where random codes of a model come from.

    >>> from core.recipes import recipe
    >>> draws_of(recipe("digits", "vae", prior="vamp"))
    'Random codes from its VampPrior, decoded'
    """
    prior = config.model.prior
    return (
        f"Random codes from {'N(0, I)' if prior == 'normal' else f'its {PRIORS[prior]}'}, decoded"
    )


def collapse_note(config: RunConfig) -> None:
    """Say so where no latent of a model is in use."""
    if not cache.active_latents(config).any():
        st.caption(
            f"**Collapsed:** no latent is active. At β = {config.model.beta:g} a nat of KL has to"
            f" save {config.model.beta:g} nats of nll, and on these images none did: the decoder"
            " ignores the code."
        )


def table(rows: Sequence[Mapping[str, Any]], **columns: str) -> None:
    """Draw rows of a small table; `columns` may give a number format by column name."""
    formats = {
        name: st.column_config.NumberColumn(format=style) for name, style in columns.items()
    }
    st.dataframe(rows, hide_index=True, column_config=formats)
