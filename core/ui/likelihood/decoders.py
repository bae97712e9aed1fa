"""The likelihood of a decoder: squared error and nats, σ and β, means and draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.config import DataConfig, RunConfig
from core.experiments.kept import Numbers
from core.experiments.scale import SCALE, affine
from core.explore.drawing import means_and_draws
from core.figures import images as pictures
from core.figures import theme
from core.figures.planes import Place, error_to_nats, rate_distortion
from core.recipes import recipe
from core.shelf import gaussians
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.ui.likelihood import literature
from core.verdicts import decoders as verdicts
from core.verdicts.decoders import Price

DRAWN = 6
"""Codes that are decoded."""

GREY = ("digits", "mnist")
"""Data sets that models with a Gaussian likelihood may be trained on."""

_SYMBOLS = ("square", "circle", "diamond")


def draw(view: View) -> None:
    """Draw what the likelihoods of the view's data set have in common and how they differ.

    Args:
        view: the visitor's choices.
    """
    runs = likelihoods(view.picked.data)
    if any(config.model.likelihood == "gaussian" for config in runs):
        measured = scale_numbers(runs)
        _error_and_nats(measured)
        _scale_and_beta(measured)
        _means_and_draws(runs)
    else:
        elsewhere = [name for name in GREY if len(likelihoods(DataConfig(name=name))) > 1]
        st.info(verdicts.nothing_gaussian(elsewhere))
    literature.draw()


def likelihoods(data: DataConfig) -> list[RunConfig]:
    """Return the two-latent VAEs on the shelf that differ in their likelihood alone."""
    if data.name not in GREY:
        return []
    configs = (recipe(data.name, "vae"), *gaussians(data.name))
    return [config for config in configs if cache.is_there(config)]


def scale_numbers(runs: Sequence[RunConfig]) -> dict[RunConfig, Numbers]:
    """Return the numbers of the study `SCALE` of some runs, where they were measured."""
    rows = {config: cache.over_seeds(SCALE, config) for config in runs}
    return {config: by_seed[0] for config, by_seed in rows.items() if by_seed}


def _error_and_nats(measured: Mapping[RunConfig, Numbers]) -> None:
    st.subheader("When is a squared error a likelihood?", anchor=False)
    if not measured:
        st.info(verdicts.UNMEASURED)
        return
    st.markdown(verdicts.NORMAL_PIXELS)
    columns = st.columns(len(measured), gap="medium")
    for column, (config, numbers) in zip(columns, measured.items(), strict=True):
        with column:
            st.markdown(f"**{config.model.likelihood_label}**")
            widgets.chart(affine_figure(config), f"affine {config.key}")
            st.markdown(verdicts.affine_sentence(numbers))
    images = len(next(iter(measured.values()))["sse"])
    st.caption(verdicts.units_of(images))


@cache.fresh(SCALE, max_entries=16)
def affine_figure(config: RunConfig) -> go.Figure:
    """Return the test images of a run that was measured by squared error and nll."""
    numbers = cache.over_seeds(SCALE, config)[0]
    line = numbers["slope"], numbers["intercept"]
    exact = numbers["scale"] is not None
    if exact:
        line = affine(numbers["scale"], numbers["pixels"])
    return error_to_nats(np.array(numbers["sse"]), np.array(numbers["nll"]), *line, exact=exact)


def _scale_and_beta(measured: Mapping[RunConfig, Numbers]) -> None:
    st.subheader("What does σ do to the KL?", anchor=False)
    if not measured:
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        figure = price_figure(tuple(measured))
        widgets.chart(figure, "squared error and rate")
    with right:
        prices = [price(config, numbers) for config, numbers in measured.items()]
        st.markdown(verdicts.price_sentence(prices))
    st.caption(verdicts.PRICES)
    for config, numbers in measured.items():
        if numbers["knob"] and config.model.scale is None:
            st.markdown(verdicts.knob_sentence(numbers))


def price(config: RunConfig, numbers: Numbers) -> Price:
    """Return the price of a nat for a run, and the trade that it made at it."""
    active = cache.active_latents(config)
    return Price(
        label=config.model.likelihood_label,
        learned=config.model.scale is None,
        numbers=numbers,
        kl=cache.run(config).metrics["kl"],
        active=int(active.sum()),
        latents=len(active),
    )


@cache.fresh(SCALE, max_entries=16)
def price_figure(configs: tuple[RunConfig, ...]) -> go.Figure:
    """Return rate against squared error of runs that were measured."""
    places = [_place(config, symbol) for config, symbol in zip(configs, _SYMBOLS, strict=False)]
    x_name, y_name = "rate (KL), nats per image", "squared error, summed over pixels"
    return rate_distortion(places, x_name=x_name, y_name=y_name, height=340)


def _place(config: RunConfig, symbol: str) -> Place:
    numbers = cache.over_seeds(SCALE, config)[0]
    slope = None
    if numbers["scale"] is not None:
        slope = -2 * numbers["scale"] ** 2 * config.model.beta
    return Place(
        config.model.likelihood_label,
        [cache.run(config).metrics["kl"]],
        [verdicts.squared_error(numbers)],
        slope,
        color=theme.model_color(config.model.name),
        symbol=symbol,
    )


@st.fragment
def _means_and_draws(runs: Sequence[RunConfig]) -> None:
    """Draw means and draws of the same codes; another seed draws this part alone again."""
    st.subheader("What does each decoder say an image looks like?", anchor=False)
    st.markdown(verdicts.MEANS_AND_DRAWS)
    seed = int(st.number_input("Seed", 0, 9999, key="seed", width=130, bind="query-params"))
    columns = st.columns(len(runs), gap="medium")
    for column, config in zip(columns, runs, strict=True):
        with column:
            widgets.image_row(config.model.likelihood_label, draws_png(config, seed))
    st.caption(verdicts.SAME_CODES)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=cache.BY_KEY)
def draws_png(config: RunConfig, seed: int) -> bytes:
    """Return the means of some codes of a run above images drawn around them."""
    codes = np.random.default_rng(seed).normal(size=(DRAWN, config.model.latent_dim))
    rows = means_and_draws(cache.run(config).model, codes, seed)
    return pictures.rows_png(rows, cache.scale_of(config.data))
