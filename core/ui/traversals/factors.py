"""Which factor each latent follows: a table, one latent against one factor, and the sentence that they decide."""

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
from core.verdicts.phrases import with_spread

FOLLOWS = 0.1
"""Share of a factor that a latent has to tell before a sentence says that it follows it."""
_POINTS = 2500

Floats = NDArray[np.floating]


@st.cache_data(max_entries=48, show_spinner=False, hash_funcs=cache.BY_KEY)
def shares(config: RunConfig) -> Floats:
    """Return the share of each factor that each latent of a run tells (L, K)."""
    codes = cache.run(config).codes
    return normalised_information(codes["mean"], codes["factors"])


def draw(config: RunConfig) -> None:
    """Draw which factor each latent follows, and the sentence that the numbers decide."""
    names = cache.factor_names(config.data)
    ranked, told = ranking(config), shares(config)
    st.markdown(
        factor_sentence(told, names, config.model.label)
        + " "
        + _over_seeds_sentence(config, names)
    )
    left, right = st.columns(2)
    rows = [f"z{u + 1}" + ("" if ranked.active[u] else " (collapsed)") for u in ranked.order]
    with left:
        st.caption(
            "Normalised mutual information: the share of a factor's entropy that a latent tells"
        )
        widgets.chart(heatmap(told[ranked.order], rows, names, name="share"), "follows")
    with right:
        _code_and_factor(config, told, names)


def factor_sentence(told: Floats, names: Sequence[str], label: str) -> str:
    """Return which latent follows which factor most; a factor that no latent follows is said to
    have none.

    Args:
        told: share of each factor that each latent tells, (L, K).
        names: of the factors.
        label: of the model.
    """
    best, most = told.argmax(axis=0), told.max(axis=0)
    order = np.argsort(-most)
    followed = [
        f"**{names[k]}** is followed by z{best[k] + 1} ({most[k]:.2f})"
        for k in order
        if most[k] >= FOLLOWS
    ]
    left = [f"{names[k]} ({most[k]:.2f})" for k in order if most[k] < FOLLOWS]
    none = f"no latent tells a tenth of {' or '.join(left)}" if left else ""
    return f"In {label}, " + "; ".join(filter(None, [", ".join(followed), none])) + "."


def _over_seeds_sentence(config: RunConfig, names: Sequence[str]) -> str:
    found = cache.over_seeds(FACTORS, config)
    if len(found) < 2:
        return "That is one seed; other seeds were not measured."
    most = np.array([np.max(numbers["shares"], axis=0) for numbers in found])
    said = ", ".join(f"{name} {with_spread(most[:, k], 2)}" for k, name in enumerate(names))
    return f"Over {len(found)} seeds the latent that tells most of each factor tells {said}."


@st.fragment
def _code_and_factor(config: RunConfig, told: Floats, names: Sequence[str]) -> None:
    """Draw the code of one latent against one factor, the latent that tells most of it unless another is chosen."""
    with st.container(horizontal=True):
        factor = names.index(st.selectbox("Factor", names, 1, **_field("factor")))
        word = st.selectbox(
            "Latent", ["most telling", *range(1, len(told) + 1)], **_field("latent")
        )
    latent = word - 1 if isinstance(word, int) else int(told[:, factor].argmax())
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
