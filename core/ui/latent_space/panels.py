"""The blocks of the Latent space page: choices, scatter, decoded plane, and a picked point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from core.config import ALL_LABELS, DataConfig, RunConfig
from core.explore.neighbours import nearest_codes
from core.explore.projection import TSNE_STAGES
from core.figures import images as pictures
from core.figures.bars import kl_bars
from core.figures.latents import factor_scatter, latent_scatter, picked_point
from core.figures.plane import axis_names
from core.figures.theme import label_color, layout
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.verdicts import latent_space as verdicts

PROJECTIONS = {"PCA": "pca", "A pair": "pair", "t-SNE": "tsne"}
"""Word on the screen and in links -> projection."""
SHOWS = ("All four", "One large")
PANEL_POINTS = 2000
"""Points of a small panel; the large one shows all."""
NEIGHBOURS = 8

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class LatentChoice:
    """The choices of how to look at the codes.

    Args:
        side_by_side: all four models, or the picked one large.
        color: `label` or the name of a factor.
        projection: one of `PROJECTIONS`; `pair` for two latents.
        pair: the two latents that are shown, from 0.
    """

    side_by_side: bool
    color: str
    projection: str
    pair: tuple[int, int]


AS_THEY_ARE = LatentChoice(True, "label", "pair", (0, 1))
"""The choice where there are two latents and nothing to flatten."""


def draw(view: View) -> LatentChoice:
    """Draw the choices and the codes, and return what was chosen."""
    with st.container(border=True):
        choice = choose(view)
    legend(view.picked.data, choice)
    if choice.side_by_side:
        columns = st.columns(len(view.family))
        for column, config in zip(columns, view.family.values(), strict=True):
            column.markdown(f"**{config.model.label}**")
            with column:
                scatter(config, choice, quiet=True)
    else:
        left, right = st.columns(2)
        with left:
            scatter(view.picked, choice, quiet=False)
        with right:
            _bars(view.picked)
    return choice


def choose(view: View) -> LatentChoice:
    """Draw the row of choices."""
    latent_dim = view.picked.model.latent_dim
    with st.container(horizontal=True, vertical_alignment="bottom"):
        show = st.segmented_control(
            "Show", SHOWS, default=SHOWS[0], key="show", required=True, bind="query-params"
        )
        colors = ["label", *cache.factor_names(view.picked.data)]
        color = st.selectbox("Colour", colors, key="color", width=160, bind="query-params")
        projection, pair = "pair", (0, min(1, latent_dim - 1))
        if latent_dim > 2:
            projection = PROJECTIONS[
                st.selectbox("Flatten by", list(PROJECTIONS), **_options("flatten"))
            ]
        if latent_dim > 2 and projection == "pair":
            numbers = list(range(1, latent_dim + 1))
            across = st.selectbox("Across", numbers, 0, **_options("across"))
            pair = (across - 1, st.selectbox("Up", numbers, 1, **_options("up")) - 1)
    return LatentChoice(show == SHOWS[0], color, projection, pair)


def _options(key: str) -> dict[str, Any]:
    return {"key": key, "width": 130, "bind": "query-params"}


def scatter(config: RunConfig, choice: LatentChoice, *, quiet: bool) -> None:
    """Draw the codes of one model; a click picks a test image."""
    if choice.projection == "tsne":
        _wait_for_tsne(config)
    chart = f"codes {config.model.name}"
    shown = (choice.color, choice.projection, choice.pair)
    figure = scatter_figure(config, *shown, PANEL_POINTS if quiet else None, quiet)
    widgets.chart(figure, chart, on_select=lambda: _pick(chart), selection_mode="points")


@st.cache_data(max_entries=48, show_spinner=False, hash_funcs=cache.BY_KEY)
def scatter_figure(
    config: RunConfig,
    color: str,
    projection: str,
    pair: tuple[int, int],
    most: int | None,
    quiet: bool,
) -> go.Figure:
    """Return the codes of a run on a plane, coloured by label or factor.

    Args:
        config: of the run.
        color: `label` or the name of a factor.
        projection: one of `PROJECTIONS`.
        pair: the latents shown by `pair`.
        most: points; all when None.
        quiet: a small panel without legend and names.
    """
    opened = cache.run(config)
    flat, axes = flatten(config, projection, pair)
    flat = flat[:most]
    common: dict[str, Any] = {
        "axes": axes,
        "quiet": quiet,
        "prior_circles": projection == "pair" and config.model.prior == "normal",
    }
    common |= {"height": 280, "marker_size": 3} if quiet else {"height": 560, "marker_size": 4}
    if color == "label":
        names = cache.label_names(config.data)
        figure = latent_scatter(flat, opened.codes["label"][: len(flat)], names, **common)
    else:
        column = cache.factor_names(config.data).index(color)
        figure = factor_scatter(
            flat, opened.codes["factors"][: len(flat), column], color, **common
        )
    return _with_inner_ticks(figure) if quiet else figure


def _with_inner_ticks(figure: go.Figure) -> go.Figure:
    """Leave a small panel to its points, with a few numbers inside for its own scale."""
    axes = {
        "zeroline": True,
        "nticks": 7,
        "ticklabelposition": "inside",
        "tickfont": {"size": 10},
        "ticks": "",
    }
    figure.update_xaxes(**axes).update_yaxes(**axes)
    return figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0})


def flatten(
    config: RunConfig, projection: str, pair: tuple[int, int]
) -> tuple[Floats, tuple[str, str]]:
    """Return the test codes on a plane (N, 2), and the names of its axes."""
    mean = cache.run(config).codes["mean"]
    if projection == "pair":
        return mean[:, list(pair)], axis_names(pair)
    if projection == "pca":
        flat, share = cache.principal_components(config)
        return flat, verdicts.component_names(share)
    return cache.tsne(config), ("t-SNE 1", "t-SNE 2")


def _bars(config: RunConfig) -> None:
    opened = cache.run(config)
    alive = cache.active_latents(config)
    kl = opened.metrics["kl_per_latent"]
    st.markdown(verdicts.activity(alive, charged=bool(kl)))
    if kl:
        widgets.chart(kl_bars(np.array(kl), alive, height=520), "carried")
    else:
        widgets.table(verdicts.spread_rows(opened.codes["mean"].std(axis=0)))


def legend(data: DataConfig, choice: LatentChoice) -> None:
    """Draw the colours of the classes once, for the panels without a legend."""
    if choice.color == "label" and choice.side_by_side:
        widgets.chart(legend_figure(data), "legend")


def legend_figure(data: DataConfig) -> go.Figure:
    """Return a figure that is nothing but the legend of the classes."""
    figure = go.Figure(
        [
            go.Scatter(
                x=[None],
                y=[None],
                mode="markers",
                name=name,
                marker={"color": label_color(i), "size": 9},
            )
            for i, name in enumerate(cache.label_names(data))
        ]
    )
    figure.update_xaxes(visible=False).update_yaxes(visible=False)
    # Two rows on a phone; by default half the height, and a scroll bar.
    figure.update_layout(legend_maxheight=1)
    return layout(figure, 60)


def picked(view: View, choice: LatentChoice) -> None:
    """Draw the picked test image as each model sees it, and its surrounding in the picked one."""
    opened = cache.run(view.picked)
    last = len(opened.codes["mean"]) - 1
    index = int(
        st.number_input("Test image", 0, last, key="image", width=180, bind="query-params")
    )
    left, middle, right = st.columns([2, 1.4, 0.9], gap="medium")
    with left:
        _images_of(view, index)
        _neighbours_of(view.picked, index)
    with middle:
        _surrounding(view.picked, choice, index)
    with right:
        _code_of(view.picked, index)


def _images_of(view: View, index: int) -> None:
    """Draw the picked image beside its reconstruction by each model."""
    original = cache.test_images(view.picked.data, slice(index, index + 1))
    images = {}
    if original is not None:
        label = cache.run(view.picked).codes["label"][index]
        images[f"Image, “{cache.label_names(view.picked.data)[label]}”"] = original
    for name, config in view.family.items():
        images[ALL_LABELS[name]] = cache.reconstruction(config, index)
    with st.container(horizontal=True):
        for caption, image in images.items():
            widgets.picture(
                pictures.sheet_png(image, 1, 8),
                f"Test image {index}: {caption}",
                caption=caption,
                width=78,
            )


def _neighbours_of(config: RunConfig, index: int) -> None:
    """Draw the test images with the nearest codes, decoded where the images are not here."""
    near = neighbours_of(config, index)
    strip = cache.test_images(config.data, near)
    decoded = strip is None
    if strip is None:
        strip = cache.decoded_codes(config, tuple(near.tolist()))
    st.caption(verdicts.neighbours_text(config.model.label, NEIGHBOURS, decoded=decoded))
    widgets.picture(pictures.sheet_png(strip, NEIGHBOURS, 4), "Nearest neighbours in latent space")


def _surrounding(config: RunConfig, choice: LatentChoice, index: int) -> None:
    codes = cache.run(config).codes
    pair = list(choice.pair)
    if choice.projection != "pair":  # the two latents that vary most
        pair = sorted(codes["mean"].var(axis=0).argsort()[-2:].tolist())
    near = neighbours_of(config, index)
    std = codes["std"][index, pair]
    figure = picked_point(
        codes["mean"][index, pair],
        std=std if std.any() else None,
        neighbours=codes["mean"][near][:, pair],
        neighbour_labels=codes["label"][near],
        axes=axis_names(pair),
    )
    widgets.chart(figure, "surrounding")
    st.caption(verdicts.surrounding_text(config.model.label, std))


def _code_of(config: RunConfig, index: int) -> None:
    codes = cache.run(config).codes
    rows = verdicts.code_rows(codes["mean"][index], codes["std"][index])
    widgets.table(rows)


def neighbours_of(config: RunConfig, index: int) -> NDArray[np.int64]:
    """Return the test images (k,) whose codes lie nearest to that of another, in all latents."""
    mean = cache.run(config).codes["mean"]
    return nearest_codes(mean, mean[index], NEIGHBOURS + 1)[1:]


def _pick(chart: str) -> None:
    points = st.session_state[chart].selection.points
    if points:
        place = points[0]["customdata"]
        st.session_state["image"] = int(place[0] if isinstance(place, list) else place)


def _wait_for_tsne(config: RunConfig) -> None:
    bar = st.empty()
    for stage in range(1, TSNE_STAGES + 1):
        cache.tsne(config, stage)
        bar.progress(stage / TSNE_STAGES, f"t-SNE, {stage / TSNE_STAGES:.0%}")
    bar.empty()
