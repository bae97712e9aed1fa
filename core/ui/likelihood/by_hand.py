"""Maximum likelihood by hand: products and sums of logs, and cross-entropy as a likelihood."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.config import DataConfig
from core.figures import images as pictures
from core.figures.densities import (
    DOUBLE,
    FITTED,
    LOGS,
    SINGLE,
    Curve,
    Mark,
    class_bars,
    curves,
    running_likelihood,
)
from core.metrics import by_hand, cross_entropy
from core.metrics.by_hand import Fit, Running
from core.metrics.cross_entropy import Loss
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.verdicts import by_hand as verdicts
from core.verdicts.by_hand import Draws

Floats = NDArray[np.float64]

MOST = 5000
"""Most observations."""

UPDATES = 200
"""Most updates of the classifier."""

DIGITS = DataConfig(name="digits")


def draw(_: View) -> None:
    """Draw maximum likelihood by hand; it looks at no run."""
    _observations()
    st.subheader("Is cross-entropy a likelihood?", anchor=False)
    _cross_entropy()


@st.fragment
def _observations() -> None:
    with st.container(border=True):
        draws = _choose()
    st.subheader("Why add logarithms, not multiply probabilities?", anchor=False)
    likelihood = running(draws)
    st.markdown(verdicts.product_sentence(likelihood))
    lines = [
        Curve("sum of logs, float32", likelihood.logs, LOGS),
        Curve("product, float64", likelihood.double, DOUBLE),
        Curve("product, float32", likelihood.single, SINGLE),
    ]
    widgets.chart(running_likelihood(lines), "running")
    st.subheader("Which parameter makes the observations most likely?", anchor=False)
    _draw_fit(draws)


def _choose() -> Draws:
    """Draw the choice of the distribution, its parameter and the number of observations."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Observations from a",
            ("Bernoulli", "Gaussian"),
            default="Bernoulli",
            key="distribution",
            required=True,
            bind="query-params",
        )
        seed = int(st.number_input("Seed", 0, 9999, key="seed", width=130, bind="query-params"))
        st.button("Draw again", on_click=_next_seed, icon=":material/casino:")
    kind = kind or "Bernoulli"
    left, right = st.columns(2, gap="large")
    with left:
        truth, std = _parameter(kind)
    with right:
        count = st.slider("Observations n", 10, MOST, 2000, 10, key="n", bind="query-params")
    return Draws(kind, truth, std, count, seed)


def _parameter(kind: str) -> tuple[float, float]:
    """Draw the slider of the true parameter; return it with a Gaussian's standard deviation."""
    if kind == "Bernoulli":
        label = "True probability p"
        return st.slider(label, 0.02, 0.98, 0.3, 0.01, key="p", bind="query-params"), 1.0
    truth = st.slider("True mean μ", -3.0, 3.0, 1.0, 0.1, key="mu", bind="query-params")
    label = "Standard deviation σ, known"
    return truth, st.slider(label, 0.1, 2.0, 1.0, 0.05, key="sigma", bind="query-params")


def _next_seed() -> None:
    st.session_state["seed"] = (st.session_state.get("seed", 0) + 1) % 10_000


@st.cache_data(max_entries=32, show_spinner=False)
def running(draws: Draws) -> Running:
    """Return the likelihood of the first n observations under their true parameter."""
    x = draws.family.sample(draws.truth, draws.count, draws.seed)
    return by_hand.running(draws.family, x, draws.truth)


@st.cache_data(max_entries=32, show_spinner=False)
def fitted(draws: Draws) -> Fit:
    """Return the likelihood of all observations over the parameter."""
    x = draws.family.sample(draws.truth, draws.count, draws.seed)
    return by_hand.fit(draws.family, x)


def _draw_fit(draws: Draws) -> None:
    fit = fitted(draws)
    st.markdown(verdicts.maximum_sentence(fit, draws))
    name = f"highest, {draws.symbol} = {fit.searched:.4g}"
    marks = [
        Mark(f"true {draws.symbol}", draws.truth),
        Mark(name, fit.searched, FITTED, "dot"),
    ]
    product = Curve("product, float64", fit.product, DOUBLE)
    logs = Curve("sum of logs", fit.logs, LOGS)
    look = {"x_name": draws.axis, "height": 300}
    left, right = st.columns(2)
    with left:
        figure = curves(fit.grid, [product], marks, y_name="product", **look)
        widgets.chart(figure, "product")
    with right:
        figure = curves(fit.grid, [logs], marks, y_name="sum of logs, nats", **look)
        widgets.chart(figure, "logs")
    widgets.table(verdicts.maximum_rows(fit, draws))


@st.fragment
def _cross_entropy() -> None:
    images, labels = digits("test")
    every = f"All {len(labels)} test digits"
    with st.container(border=True, horizontal=True, vertical_alignment="bottom"):
        digit = int(
            st.number_input(
                "Test digit", 0, len(labels) - 1, key="digit", width=140, bind="query-params"
            )
        )
        over = st.segmented_control(
            "Averaged over",
            ("This digit", every),
            default=every,
            key="over",
            required=True,
            bind="query-params",
        )
        updates = st.slider(
            "Updates of the classifier",
            0,
            UPDATES,
            50,
            5,
            key="updates",
            width=320,
            bind="query-params",
        )
    ways = losses(updates, None if over == every else digit)
    count = len(labels) if over == every else 1
    st.markdown(verdicts.cross_entropy_sentence(ways, count))
    left, right = st.columns([1, 2], gap="large")
    with left:
        caption = f"Test digit {digit}, labelled “{labels[digit]}”"
        png = pictures.sheet_png(images[digit][None], 1, 12)
        widgets.picture(png, caption, caption=caption, width=128)
    with right:
        label = int(labels[digit])
        p = cross_entropy.predicted(weights()[updates], images[digit].reshape(1, -1))[0]
        widgets.chart(class_bars(p, label, cache.label_names(DIGITS)), "classes")
        st.caption(verdicts.label_sentence(p[label], label, updates))
    widgets.table(verdicts.loss_rows(ways))


@st.cache_data(max_entries=2, show_spinner=False)
def digits(part: str) -> tuple[Floats, NDArray[np.integer]]:
    """Return images (N, H, W) and labels (N,) of `train` or `test`."""
    split = cache.split(DIGITS)
    assert split is not None, "digits come with scikit-learn"
    chosen = split.train if part == "train" else split.test
    return chosen.images().squeeze(1).double().numpy(), chosen.labels.numpy()


@st.cache_data(max_entries=1, show_spinner=False)
def weights() -> Floats:
    """Return the classifier's weights after each number of updates, (UPDATES + 1, 10, 65)."""
    images, labels = digits("train")
    return cross_entropy.descend(images.reshape(len(images), -1), labels, 10, UPDATES)


@st.cache_data(max_entries=64, show_spinner=False)
def losses(updates: int, digit: int | None) -> dict[str, Loss]:
    """Return the losses of the classifier after some updates, on one test digit or on all."""
    images, labels = digits("test")
    chosen = slice(None) if digit is None else slice(digit, digit + 1)
    flat = images.reshape(len(images), -1)
    return cross_entropy.cross_entropies(weights()[updates], flat[chosen], labels[chosen])
