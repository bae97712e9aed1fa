"""The images of the Interpolations page: the two ends, and each model's pictures between them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from core.config import DataConfig, RunConfig
from core.experiments.measuring.interpolation import fade
from core.explore.decoding import decode
from core.explore.interpolation import PATHS
from core.figures import images as pictures
from core.figures import theme
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.ui.kit.player import Strip, player
from core.verdicts.interpolations import BLENDING, PATH_WORDS, WITHOUT_ORIGINALS

SIDES = {"First": "first", "Second": "second"}
"""Word on the screen and in links -> key of the index."""
SHOWN, COLUMNS = 60, 10
"""Images of the gallery at most, and its columns."""

FILM_FRAMES = 60
"""Least steps of a film; the strip shows some of its frames."""

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class PathChoice:
    """The way from one image to another.

    Args:
        path: one of `core.explore.interpolation.PATHS`.
        frames: of the strip, both ends among them.
    """

    path: str
    frames: int


def choose(view: View) -> PathChoice:
    """Draw the row of choices."""
    labels = cache.run(view.picked).codes["label"]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        words, sides = list(PATH_WORDS), list(SIDES)
        word = st.segmented_control(
            "Path", words, default=words[0], key="path", required=True, bind="query-params"
        )
        st.segmented_control(
            "A click sets", sides, default=sides[0], key="sets", required=True, bind="query-params"
        )
        st.button("Two at random", icon=":material/casino:", on_click=lambda: _draw_pair(labels))
        frames = st.slider("Frames", 3, 21, 11, 2, key="frames", width=240, bind="query-params")
    return PathChoice(PATH_WORDS[word], frames)


def pair(view: View) -> tuple[int, int]:
    """Draw the two images as numbers and labels, and return their indices."""
    labels = cache.run(view.picked).codes["label"]
    for place, (side, key) in enumerate(SIDES.items()):
        with st.container(horizontal=True):
            st.number_input(
                f"{side} image", 0, len(labels) - 1, place, key=key, bind="query-params"
            )
            _label_box(view.picked.data, labels, side)
    first, second = (int(st.session_state[key]) for key in SIDES.values())
    return first, second


def _label_box(data: DataConfig, labels: NDArray[np.integer], side: str) -> None:
    """Draw the label of an image; choosing another one goes to the next test image that has it."""
    names, image = cache.label_names(data), SIDES[side]
    key = f"label {image}"
    st.session_state[key] = names[labels[st.session_state[image]]]

    def go_to_label() -> None:
        label = names.index(st.session_state[key])
        st.session_state[image] = next_of_label(labels, label, st.session_state[image])

    st.selectbox(f"{side} label", names, key=key, on_change=go_to_label)


def next_of_label(labels: NDArray[np.integer], label: int, index: int) -> int:
    """Return the next index after another whose label is `label`, from the start after the last.

    >>> labels = np.array([7, 3, 7, 3])
    >>> next_of_label(labels, 3, 1), next_of_label(labels, 3, 3)
    (3, 1)
    """
    places = np.flatnonzero(labels == label)
    return int(places[np.searchsorted(places, index, side="right") % len(places)])


def _draw_pair(labels: NDArray[np.integer]) -> None:
    """Set both images to random ones of different labels."""
    random = np.random.default_rng()
    first = random.integers(len(labels))
    second = random.choice(np.flatnonzero(labels != labels[first]))
    st.session_state["first"], st.session_state["second"] = int(first), int(second)


def missing(view: View) -> str | None:
    """Return what the page lacks without the original images; None where they are here."""
    sentence = cache.missing_images(view.picked.data)
    return f"{sentence} {WITHOUT_ORIGINALS}" if sentence else None


def gallery(view: View) -> None:
    """Draw test images to click, by class; each click sets one image, in turn."""
    stand_in = view.family.get("vae", view.picked)
    here = cache.missing_images(view.picked.data) is None
    figure = gallery_figure(stand_in, originals=here)
    index = gallery_index(stand_in)
    widgets.chart(figure, "gallery", on_select=lambda: _take_click(index), selection_mode="points")
    decoded = "" if here else f", as {stand_in.model.label} decodes them"
    st.caption(f"Test images by class{decoded}")


def _take_click(index: tuple[int, ...]) -> None:
    """Set one image to the clicked one; the next click sets the other."""
    points = st.session_state["gallery"].selection.points
    if points:
        place = points[0]["customdata"]
        side = st.session_state["sets"]
        (other,) = SIDES.keys() - {side}
        st.session_state[SIDES[side]] = index[int(place[0] if isinstance(place, list) else place)]
        st.session_state["sets"] = other


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=cache.BY_KEY)
def gallery_index(config: RunConfig) -> tuple[int, ...]:
    """Return the first test images of each class; in the gallery it is a column, or a few rows."""
    labels = cache.run(config).codes["label"]
    classes = np.unique(labels)
    each = SHOWN // len(classes)
    table = np.stack([np.flatnonzero(labels == label)[:each] for label in classes])
    return tuple((table.T if len(classes) == COLUMNS else table).ravel().tolist())


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=cache.BY_KEY)
def gallery_figure(config: RunConfig, originals: bool) -> go.Figure:
    """Return the gallery as a figure, of the original images or of those that a run decodes.

    It depends on nothing that a click changes: the click would be lost with the figure.
    """
    index, labels = gallery_index(config), cache.run(config).codes["label"]
    classes = cache.label_names(config.data)
    names = [f"{classes[labels[i]]}, test image {i}" for i in index]
    images = cache.test_images(config.data, np.array(index)) if originals else None
    if images is None:
        images = cache.decoded_codes(config, index)
    return pictures.image_figure(images, COLUMNS, height=240, names=names)


def strips(view: View, ends: tuple[int, int], choice: PathChoice) -> None:
    """Draw the pictures between the two images, a row for each model, and for blended pixels."""
    for name, (strip, _) in rows(view, ends, choice).items():
        with st.container(gap="xsmall"):
            st.markdown(f':color[▌]{{foreground="{_color(name)}"}} **{name}**')
            widgets.picture(
                strip, f"{name}: {choice.frames} frames from test image {ends[0]} to {ends[1]}"
            )


def films(view: View, ends: tuple[int, int], choice: PathChoice) -> None:
    """Draw all rows as films that move together under the visitor's finger."""
    count = film_frames(choice.frames)
    labels = [f"{place / (count - 1):.0%} of the way" for place in range(count)]
    pictured = rows(view, ends, choice).items()
    films = [Strip(name, film, _color(name)) for name, (_, film) in pictured]
    player(films, labels, "Place on the path", "passage", start=count // 2, columns=len(films))


def rows(view: View, ends: tuple[int, int], choice: PathChoice) -> dict[str, tuple[bytes, bytes]]:
    """Return strip and film of each row, by its name."""
    blended = blended_png(view.picked.data, *ends, choice.frames)
    models = {
        name: passage_png(config, *ends, choice.path, choice.frames)
        for name, config in view.by_label.items()
    }
    return models if blended is None else models | {BLENDING: blended}


def film_frames(frames: int) -> int:
    """Return the number of frames of a film; the strip is some of them at equal distances.

    >>> film_frames(11), film_frames(21)
    (61, 61)
    """
    return ceil(FILM_FRAMES / (frames - 1)) * (frames - 1) + 1


@st.cache_data(max_entries=256, show_spinner=False, hash_funcs=cache.BY_KEY)
def passage_png(
    config: RunConfig, first: int, second: int, path: str, frames: int
) -> tuple[bytes, bytes]:
    """Return a model's pictures between two test images, as a strip and as a film."""
    opened = cache.run(config)
    start, end = opened.codes["mean"][[first, second]]
    film = decode(opened.model, PATHS[path](start, end, film_frames(frames)))
    return _png(config.data, film, frames)


@st.cache_data(max_entries=64, show_spinner=False)
def _blended(data: DataConfig, first: int, second: int, frames: int) -> tuple[bytes, bytes]:
    images = cache.test_images(data, np.array([first, second]))
    assert images is not None
    return _png(data, fade(images[0], images[1], film_frames(frames)), frames)


def blended_png(
    data: DataConfig, first: int, second: int, frames: int
) -> tuple[bytes, bytes] | None:
    """Return the blends of two test images as a strip and a film; None where they are not here."""
    return None if cache.missing_images(data) else _blended(data, first, second, frames)


def _png(data: DataConfig, film: Floats, frames: int) -> tuple[bytes, bytes]:
    """Return the frames of a strip as one picture, and all frames of its film as another."""
    strip = film[:: (len(film) - 1) // (frames - 1)]
    sheet = pictures.sheet_png(strip, frames, cache.scale_of(data))
    return sheet, pictures.sheet_png(film, 1, scale=1, pad=0)


def _color(name: str) -> str:
    return theme.MUTED if name == BLENDING else theme.color_of(name)
