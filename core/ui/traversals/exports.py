"""What can be taken away from the Traversals page: the sheet, the film, the numbers."""

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


def downloads(config: RunConfig, choice: Choice, row: int) -> None:
    """Draw the buttons that save the sheet, the film and the numbers; each is made when it is
    asked for.

    Args:
        config: of the run.
        choice: of start, range and steps.
        row: of the sheet whose latent moves in the film, from 0.
    """
    latent = ranking(config).order[row]
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
    unit = "nats" if ranked.priced else "variance"
    rows = [
        f"z{u + 1}  {ranked.amounts[u]:.2f} {unit}{'' if ranked.active[u] else ', collapsed'}"
        for u in ranked.order
    ]
    start = "the origin" if choice.image is None else f"test image {choice.image}"
    of = "the prior" if ranked.priced else "the codes"
    title = (
        f"{config.data.name}, {config.model.label}, from {start}; steps in standard deviations of"
        f" {of}"
    )
    images = sheet_images(config, choice.image, choice.reach, choice.count)
    return pictures.labelled_png(images, rows, step_names(choice), title=title)


def gif_export(config: RunConfig, choice: Choice, latent: int) -> bytes:
    """Return the film of one latent as a GIF, some 400 pixels wide."""
    frames = film(config, latent, choice.image, choice.reach)[::2]
    return pictures.gif(frames, SECONDS, max(1, 400 // frames.shape[-1]))


def numbers_csv(config: RunConfig) -> str:
    """Return a line for each latent: what it carries, whether it is active, and what it tells about each factor."""
    opened, ranked = cache.run(config), ranking(config)
    names = cache.factor_names(config.data)
    told = shares(config) if names else np.zeros((len(ranked.order), 0))
    std = opened.codes["mean"].std(axis=0)
    file = StringIO()
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(
        [
            "run",
            "latent",
            "row",
            "kl_nats",
            "active",
            "code_std",
            *(f"nmi_{name}" for name in names),
        ]
    )
    for row, u in enumerate(ranked.order, 1):
        kl = f"{ranked.amounts[u]:.6f}" if ranked.priced else ""
        shown = [f"{share:.6f}" for share in told[u]]
        lines.writerow(
            [config.key, u + 1, row, kl, int(ranked.active[u]), f"{std[u]:.6f}", *shown]
        )
    return file.getvalue()
