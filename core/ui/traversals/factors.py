"""The factor that each latent follows: a table, and one latent against one factor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.config import RunConfig
from core.experiments.factors import FACTORS
from core.figures.factors import code_against_factor
from core.figures.heatmap import heatmap
from core.metrics.information import normalised_information
from core.ui.kit import cache, widgets
from core.ui.traversals.strips import ranking
from core.verdicts import traversals as verdicts

_POINTS = 2500
"""Codes that are drawn against a factor."""

Floats = NDArray[np.floating]


@st.cache_data(max_entries=48, show_spinner=False, hash_funcs=cache.BY_KEY)
def shares(config: RunConfig) -> Floats:
    """Return the share of each factor that each latent of a run tells (L, K)."""
    codes = cache.run(config).codes
    return normalised_information(codes["mean"], codes["factors"])


def draw(config: RunConfig) -> None:
    """Draw which factor each latent follows, and the sentence that the numbers decide."""
    names, label = cache.factor_names(config.data), config.model.label
    ranked, table = ranking(config), shares(config)
    over_seeds = [numbers["shares"] for numbers in cache.by_seed(FACTORS, config).values()]
    st.markdown(
        f"{verdicts.followed(table, names, label)}"
        f" {verdicts.followed_over_seeds(over_seeds, names)}"
    )
    left, right = st.columns(2)
    rows = [f"z{u + 1}" + ("" if ranked.active[u] else " (collapsed)") for u in ranked.order]
    with left:
        st.caption(verdicts.SHARES)
        widgets.chart(heatmap(table[ranked.order], rows, names, name="share"), "follows")
    with right:
        _code_and_factor(config, table, names)


@st.fragment
def _code_and_factor(config: RunConfig, table: Floats, names: Sequence[str]) -> None:
    """Draw the code of one latent against one factor: the chosen latent, or the most telling."""
    with st.container(horizontal=True):
        factor = names.index(st.selectbox("Factor", names, 1, **_field("factor")))
        options = ["most telling", *range(1, len(table) + 1)]
        word = st.selectbox("Latent", options, **_field("latent"))
    latent = word - 1 if isinstance(word, int) else int(table[:, factor].argmax())
    codes = cache.run(config).codes
    figure = code_against_factor(
        codes["mean"][:_POINTS, latent],
        codes["factors"][:_POINTS, factor],
        code_name=f"z{latent + 1}",
        factor_name=names[factor],
        value_names=cache.label_names(config.data) if names[factor] == "shape" else (),
        height=360,
    )
    widgets.chart(figure, "code_and_factor")


def _field(key: str) -> dict[str, Any]:
    return {"key": key, "width": 150, "bind": "query-params"}
