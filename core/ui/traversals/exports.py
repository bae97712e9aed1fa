"""The files of the Traversals page to take away: the sheet, the film, the numbers."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

import numpy as np
import streamlit as st

from core.config import RunConfig
from core.figures import images as pictures
from core.ui.kit import cache
from core.ui.traversals.factors import shares
from core.ui.traversals.strips import (
    SECONDS,
    Choice,
    film,
    ranking,
    sheet_images,
    step_names,
)
from core.verdicts import traversals as verdicts

STARTS = ("A test image", "The origin")


@st.fragment
def draw(config: RunConfig) -> None:
    """Draw where the files start and which latent moves, and the buttons that save them.

    A file is made when its button is pressed.

    Args:
        config: of the run.
    """
    last, ranked = len(cache.run(config).codes["mean"]) - 1, ranking(config)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        start = st.selectbox("Start from", STARTS, key="file_start", width=150)
        image = st.number_input("Test image", 0, last, key="file_image", width=140)
        names = [f"z{latent + 1}" for latent in ranked.order]
        name = st.selectbox("Latent of the animation", names, key="file_latent", width=170)
    choice = Choice(int(image) if start == STARTS[0] else None)
    downloads(config, choice, ranked.order[names.index(name)])


def downloads(config: RunConfig, choice: Choice, latent: int) -> None:
    """Draw the buttons that save the sheet, the film of one latent and the numbers."""
    stem = f"{config.key}-{'origin' if choice.image is None else f'image{choice.image}'}"
    with st.container(horizontal=True):
        _download(
            "Film strip (PNG)",
            lambda: strip_export(config, choice),
            f"{stem}-sheet.png",
            "image/png",
        )
        _download(
            "Animation (GIF)",
            lambda: gif_export(config, choice, latent),
            f"{stem}-z{latent + 1}.gif",
            "image/gif",
        )
        _download(
            "Numbers (CSV)", lambda: numbers_csv(config), f"{config.key}-latents.csv", "text/csv"
        )


def _download(label: str, data: Any, name: str, mime: str) -> None:
    options: dict[str, Any] = {"mime": mime, "on_click": "ignore", "icon": ":material/download:"}
    st.download_button(label, data, name, key=f"save {mime}", **options)


def strip_export(config: RunConfig, choice: Choice) -> bytes:
    """Return the sheet with its names as a PNG for a slide."""
    ranked = ranking(config)
    title = verdicts.sheet_title(config.data.name, config.model.label, choice.image, ranked)
    images = sheet_images(config, choice.image, choice.reach, choice.count)
    rows = verdicts.row_names(ranked)
    return pictures.labelled_png(images, rows, step_names(choice), title=title)


def gif_export(config: RunConfig, choice: Choice, latent: int) -> bytes:
    """Return the film of one latent as a GIF, some 400 pixels wide."""
    frames = film(config, latent, choice.image, choice.reach)[::2]
    return pictures.gif(frames, SECONDS, max(1, 400 // frames.shape[-1]))


def numbers_csv(config: RunConfig) -> str:
    """Return a line for each latent: amount, whether it is active, share of each factor."""
    ranked, names = ranking(config), cache.factor_names(config.data)
    table = shares(config) if names else np.zeros((len(ranked.order), 0))
    std = cache.run(config).codes["mean"].std(axis=0)
    rows = verdicts.latent_rows(config.key, ranked, std, table, names)
    file = StringIO()
    lines = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    lines.writeheader()
    lines.writerows(rows)
    return file.getvalue()
