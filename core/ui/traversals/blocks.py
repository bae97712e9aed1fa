"""The blocks of the Traversals page: the start, the sheet, one latent moved by hand."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.config import RunConfig
from core.explore.traversal import steps
from core.figures import images as pictures
from core.figures import theme
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.ui.kit.player import Strip, player
from core.ui.kit.sheet import Row, sheet
from core.ui.traversals import exports
from core.ui.traversals.strips import (
    FRAMES,
    SECONDS,
    Choice,
    film_png,
    ranking,
    sheet_png,
    start,
    step_names,
    still_png,
)
from core.verdicts import traversals as verdicts

STARTS = ("A test image", "The origin")

Floats = NDArray[np.floating]


def against(view: View) -> RunConfig | None:
    """Draw the choice of another β to compare with, and return its run, or None."""
    stops = {
        f"{beta:g}": config for beta, config in view.stops("beta").items() if config != view.picked
    }
    options = ["none", *stops]
    usual = "1" if "1" in stops else options[-1]
    word = st.selectbox(
        "Beside β", options, options.index(usual), key="against", width=130, bind="query-params"
    )
    return stops.get(word)


def choose(view: View) -> Choice:
    """Draw the row of choices of where to start and how far to go."""
    last = len(cache.run(view.picked).codes["mean"]) - 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        start = st.segmented_control(
            "Start from",
            STARTS,
            default=STARTS[0],
            key="start",
            required=True,
            bind="query-params",
        )
        from_image = start == STARTS[0]
        image = st.number_input(
            "Test image",
            0,
            last,
            key="image",
            width=140,
            disabled=not from_image,
            bind="query-params",
        )
        reach = st.slider(
            "Range, ± σ", 1.0, 5.0, 3.0, 0.5, key="range", width=160, bind="query-params"
        )
        count = st.slider("Steps", 3, 21, 11, 2, key="steps", width=160, bind="query-params")
    return Choice(int(image) if from_image else None, float(reach), int(count))


def draw_sheet(view: View, choice: Choice) -> None:
    """Draw the traversals of all latents."""
    config, ranked = view.picked, ranking(view.picked)
    most = max(float(ranked.amounts.max()), 1e-9)
    rows = [
        Row(
            name=f"z{u + 1}",
            amount=f"{ranked.amounts[u]:.2f}",
            share=float(ranked.amounts[u]) / most,
            muted=not ranked.active[u],
            note="" if ranked.active[u] else "collapsed",
        )
        for u in ranked.order
    ]
    sheet(
        sheet_png(config, choice.image, choice.reach, choice.count),
        rows,
        step_names(choice),
        f"Traversals of {config.model.label}: a row for each latent",
        "sheet",
        unit=ranked.unit,
        color=theme.color_of(config.model.name),
        picked=_row(config),
        on_pick=_pick_row,
    )


def _row(config: RunConfig) -> int:
    """Return the row that is scrubbed, from 0.

    The sheet is drawn before the widget that a link's `row` fills.
    """
    asked = str(st.session_state.get("row", st.query_params.get("row", "1")))
    row = int(asked) if asked.isdecimal() else 1
    return (row if 1 <= row <= config.model.latent_dim else 1) - 1


def _pick_row(row: int) -> None:
    st.session_state["row"] = row + 1


def beside_the_sheet(config: RunConfig, choice: Choice) -> None:
    """Draw the start of the sheet, and how to read the sheet."""
    start_pictures(config, choice)
    label, ranked = config.model.label, ranking(config)
    st.markdown(verdicts.activity(label, ranked))
    st.caption(verdicts.unit_of_steps(label, ranked))


def start_pictures(config: RunConfig, choice: Choice) -> None:
    """Draw the image that the traversals start from, where it is here, and its reconstruction."""
    original = _original(config, choice)
    with st.container(horizontal=True):
        if original is not None:
            name = cache.label_names(config.data)[cache.run(config).codes["label"][choice.image]]
            caption = f"Test image {choice.image}, “{name}”"
            widgets.picture(
                pictures.sheet_png(original, 1, 4), caption, caption=caption, width=128
            )
        caption = "The origin, decoded" if choice.image is None else "Its reconstruction"
        widgets.picture(still_png(config, choice.image, 4), caption, caption=caption, width=128)


def _original(config: RunConfig, choice: Choice) -> Floats | None:
    """Return the image (1, H, W) that the traversals start from; None where it is not here."""
    if choice.image is None:
        return None
    return cache.test_images(config.data, slice(choice.image, choice.image + 1))


def scrub(view: View, other: RunConfig | None, choice: Choice) -> None:
    """Draw one latent to move and play in the browser, beside another β and the start."""
    latent_dim = view.picked.model.latent_dim
    numbers = list(range(1, latent_dim + 1))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        row = (
            st.selectbox("Row of the sheet", numbers, key="row", width=150, bind="query-params")
            - 1
        )
        match = ["the same", *numbers]
        word = st.selectbox(
            "Row beside",
            match,
            key="beside",
            width=150,
            disabled=other is None,
            bind="query-params",
        )
    other_row = word - 1 if isinstance(word, int) else row
    films = [(view.picked, ranking(view.picked).order[row])]
    films += [(other, ranking(other).order[other_row])] if other else []
    player(
        [
            *_stills(view.picked, choice),
            *(_strip(config, latent, choice) for config, latent in films),
        ],
        [f"{step:+.2f} σ" for step in steps(choice.reach, FRAMES)],
        f"Latent z{films[0][1] + 1}, in standard deviations",
        "player",
        start=_nearest_frame(*films[0], choice),
        columns=4,
        seconds=SECONDS,
    )
    st.caption(
        verdicts.moving(
            [(config.model.label, ranking(config), latent) for config, latent in films]
        )
    )


def _stills(config: RunConfig, choice: Choice) -> list[Strip]:
    """Return the pictures that stand still: the original where it is here, its reconstruction."""
    name = "The origin, decoded" if choice.image is None else "Its reconstruction"
    strips = [Strip(name, still_png(config, choice.image), still=True)]
    original = _original(config, choice)
    if original is not None:
        sheet = pictures.sheet_png(original, 1, scale=1)
        strips.insert(0, Strip(f"Test image {choice.image}", sheet, still=True))
    return strips


def _strip(config: RunConfig, latent: int, choice: Choice) -> Strip:
    name = f"{config.model.label}: z{latent + 1}"
    return Strip(
        name,
        film_png(config, latent, choice.image, choice.reach),
        theme.color_of(config.model.name),
    )


def _nearest_frame(config: RunConfig, latent: int, choice: Choice) -> int:
    """Return the frame that is nearest to the start itself."""
    values = ranking(config).ruler.at(latent, steps(choice.reach, FRAMES))
    return int(np.abs(values - start(config, choice.image)[latent]).argmin())


def downloads(view: View, choice: Choice) -> None:
    """Draw the buttons that save the sheet, the film of the chosen row and the numbers."""
    exports.downloads(view.picked, choice, _row(view.picked))
