"""How latent spaces form: the films of two trainings, side by side and in step."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.checkpoints import Arrays, load_film
from core.config import ALL_LABELS, RunConfig
from core.figures import images as pictures
from core.figures import theme
from core.ui.kit import cache
from core.ui.kit.picker import View
from core.ui.kit.player import Dots, Strip, player
from core.verdicts import training

SECONDS = 6.0
"""From the first frame to the last."""


def draw_films(view: View) -> None:
    """Draw the films of two models that the visitor chooses, or say why there are none."""
    if view.picked.model.latent_dim != 2:
        st.info(training.NO_PLANE)
        return
    runs = {name: config for name, config in view.family.items() if film_of(config)}
    if not runs:
        st.info(training.NO_FILMS)
        return
    # Links hold the labels, so these are the options of the widget.
    names = {ALL_LABELS[name]: name for name in runs}
    chosen = st.pills(
        "Models",
        list(names),
        selection_mode="multi",
        default=[ALL_LABELS[name] for name in _usual(list(runs))],
        key="films",
        bind="query-params",
    )
    if not chosen:
        st.info(training.NO_CHOICE)
        return
    _draw([runs[names[label]] for label in chosen])


def _draw(configs: list[RunConfig]) -> None:
    """Draw the films of runs in step: at each epoch of the longest and finest of them."""
    columns = [film_of(config)["epoch"] for config in configs]
    epochs = max(columns, key=lambda column: (column[-1], len(column)))
    strips = []
    for config in configs:
        strips += _strips(config, frames_at(film_of(config), epochs))
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


def _usual(names: list[str]) -> list[str]:
    """Return the two models that differ most, where they are among the names."""
    usual = [name for name in ("ae", "vae") if name in names]
    return usual or names[:1]


@st.cache_resource(
    max_entries=8,
    show_spinner=False,
    hash_funcs={RunConfig: lambda config: (config.key, cache.version(config))},
)
def film_of(config: RunConfig) -> Arrays:
    """Return the film of a run, empty where there is none."""
    return load_film(cache.SHELF, config.key)


def frames_at(film: Arrays, epochs: np.ndarray) -> Arrays:
    """Return a film with its newest frame at some epochs, so that two films run in step."""
    index = np.searchsorted(film["epoch"], epochs, side="right") - 1
    return {name: column[index] for name, column in film.items()}


def _strips(config: RunConfig, film: Arrays) -> list[Strip]:
    """Return the codes and the decoded plane of a film as two strips."""
    title = config.model.label
    color = theme.model_color(config.model.name)
    labels = cache.run(config).codes["label"][: film["mean"].shape[1]]
    names, circles = cache.label_names(config.data), config.model.prior == "normal"
    dots = Dots(film["mean"].astype(np.float32), film["half_width"], labels, names, circles)
    plane = pictures.sheet_png(film["plane"] / np.float32(255), 1, scale=1, pad=0)
    return [
        Strip(f"{title}: codes", None, color, dots=dots),
        Strip(f"{title}: decoded plane", plane, color),
    ]
