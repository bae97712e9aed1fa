"""How latent spaces form: the films of two trainings, side by side and in step."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.checkpoints import Arrays, load_film
from core.config import ALL_LABELS, MODEL_LABELS, RunConfig
from core.figures import images as pictures
from core.figures import theme
from core.ui.kit import cache
from core.ui.kit.picker import View
from core.ui.kit.player import Dots, Strip, player

SECONDS = 6.0
"""From the first frame to the last."""


def draw_films(view: View) -> None:
    """Draw the films of two models that the visitor chooses, or say why there are none."""
    if view.picked.model.latent_dim != 2:
        st.info(
            "A plane can be seen whole, so films are kept of models with **2 latents**: choose"
            " that above."
        )
        return
    found = {ALL_LABELS[name]: config for name, config in view.family.items() if film_of(config)}
    if not found:
        st.info("These runs were trained before films were kept; train one again to see it form.")
        return
    chosen = st.pills(
        "Models",
        list(found),
        selection_mode="multi",
        default=_usual(list(found)),
        key="films",
        bind="query-params",
    )
    if not chosen:
        st.info("Choose a model to see it form.")
        return
    films = {found[label].model.label: (label, film_of(found[label])) for label in chosen}
    epochs = max(
        (film["epoch"] for _, film in films.values()), key=lambda column: (column[-1], len(column))
    )
    strips = [
        strip
        for title, (label, film) in films.items()
        for strip in _strips(title, found[label], frames_at(film, epochs))
    ]
    labels = [f"epoch {epoch}" if epoch else "untrained" for epoch in epochs.tolist()]
    player(
        strips,
        labels,
        "Epoch",
        "film player",
        columns=len(strips),
        start=len(labels) - 1,
        seconds=SECONDS,
        rebound=False,
    )


def _usual(labels: list[str]) -> list[str]:
    """Return the two that differ most, where they are there."""
    return [
        label for label in (MODEL_LABELS["ae"], MODEL_LABELS["vae"]) if label in labels
    ] or labels[:1]


@st.cache_resource(
    max_entries=8,
    show_spinner=False,
    hash_funcs={RunConfig: lambda config: (config.key, cache.version(config))},
)
def film_of(config: RunConfig) -> Arrays:
    """Return the film of a run, empty where there is none."""
    return load_film(cache.SHELF, config.key)


def frames_at(film: Arrays, epochs: np.ndarray) -> Arrays:
    """Return a film with the newest frame there was at each of some epochs, so that two run in step."""
    index = np.searchsorted(film["epoch"], epochs, side="right") - 1
    return {name: column[index] for name, column in film.items()}


def _strips(title: str, config: RunConfig, film: Arrays) -> list[Strip]:
    color, run = theme.color_of(title), cache.run(config)
    labels = run.codes["label"][: film["mean"].shape[1]]
    names, circles = cache.label_names(config.data), config.model.prior == "normal"
    dots = Dots(film["mean"].astype(np.float32), film["half_width"], labels, names, circles)
    plane = pictures.sheet_png(film["plane"] / np.float32(255), 1, scale=1, pad=0)
    return [
        Strip(f"{title}: codes", None, color, dots=dots),
        Strip(f"{title}: decoded plane", plane, color),
    ]
