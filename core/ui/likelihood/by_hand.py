"""Maximum likelihood by hand: products and sums of logs, and cross-entropy as a likelihood."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.config import DataConfig
from core.explore import likelihood
from core.explore.likelihood import Bell, Coin, Family, Loss, Running, lost
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
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View

Floats = NDArray[np.float64]

MOST = 5000
GRID = 201
UPDATES = 200
DIGITS = DataConfig(name="digits")
WAYS = {
    "library": "torch's F.cross_entropy of the scores",
    "formula": "H(y, p) = −Σ yₖ ln pₖ, y one-hot",
    "likelihood": "−ln of the probability of the label",
}
"""How a loss was computed -> what it is called on the screen."""


@dataclass(frozen=True)
class Draws:
    """What the observations come from, and what their parameter is called.

    Args:
        kind: `Bernoulli` or `Gaussian`.
        truth: the true parameter.
        std: known standard deviation of a Gaussian.
        count: observations.
        seed: of them.
    """

    kind: str
    truth: float
    std: float
    count: int
    seed: int

    @property
    def family(self) -> Family:
        """The distribution, its parameter unknown."""
        return Coin() if self.kind == "Bernoulli" else Bell(self.std)

    @property
    def symbol(self) -> str:
        """The parameter."""
        return "p" if self.kind == "Bernoulli" else "μ"

    @property
    def closed_form(self) -> str:
        """What the closed form is called."""
        return "the share of ones" if self.kind == "Bernoulli" else "the mean of the observations"


@dataclass(frozen=True)
class Fitted:
    """The likelihood over the parameter, and where it is highest.

    Args:
        grid: parameters, (T,).
        product: of the probabilities under each, in double precision, (T,).
        logs: sum of their logarithms, nats, (T,).
        climbed: where the sum of logs is highest, found by searching.
        closed: where the closed form says it is.
    """

    grid: Floats
    product: Floats
    logs: Floats
    climbed: float
    closed: float

    @property
    def best(self) -> float:
        """Parameter of the grid with the largest sum of logs."""
        return float(self.grid[self.logs.argmax()])

    @property
    def best_product(self) -> float | None:
        """Parameter of the grid with the largest product; None where the products are all 0 or not all finite."""
        usable = self.product.max() > 0 and np.isfinite(self.product).all()
        return float(self.grid[self.product.argmax()]) if usable else None


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
    found = running(draws)
    st.markdown(what_is_left(found))
    names = ("product, float32", "product, float64", "sum of logs, float32")
    lines = zip(
        names, (found.single, found.double, found.logs), (SINGLE, DOUBLE, LOGS), strict=True
    )
    widgets.chart(running_likelihood([Curve(*line) for line in reversed(list(lines))]), "running")
    st.subheader("Which parameter makes the observations most likely?", anchor=False)
    _draw_fit(draws)


def _choose() -> Draws:
    """Draw the choice of what is observed, and how often."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kinds = ("Bernoulli", "Gaussian")
        kind = st.segmented_control(
            "Observations from a",
            kinds,
            default=kinds[0],
            key="distribution",
            required=True,
            bind="query-params",
        )
        seed = int(st.number_input("Seed", 0, 9999, key="seed", width=130, bind="query-params"))
        st.button("Draw again", on_click=_next_seed, icon=":material/casino:")
    left, right = st.columns(2, gap="large")
    with left:
        truth, std = _parameter(kind or kinds[0])
    with right:
        count = st.slider("Observations n", 10, MOST, 2000, 10, key="n", bind="query-params")
    return Draws(kind or kinds[0], truth, std, count, seed)


def _parameter(kind: str) -> tuple[float, float]:
    """Draw the slider of the true parameter, and return it with a Gaussian's standard deviation."""
    if kind == "Bernoulli":
        return (
            st.slider("True probability p", 0.02, 0.98, 0.3, 0.01, key="p", bind="query-params"),
            1.0,
        )
    truth = st.slider("True mean μ", -3.0, 3.0, 1.0, 0.1, key="mu", bind="query-params")
    return truth, st.slider(
        "Standard deviation σ, known", 0.1, 2.0, 1.0, 0.05, key="sigma", bind="query-params"
    )


def _next_seed() -> None:
    st.session_state["seed"] = (st.session_state.get("seed", 0) + 1) % 10_000


def running(draws: Draws) -> Running:
    """Return the likelihood of the first n observations under their true parameter."""
    return _running(*astuple(draws))


@st.cache_data(max_entries=32, show_spinner=False)
def _running(kind: str, truth: float, std: float, count: int, seed: int) -> Running:
    draws = Draws(kind, truth, std, count, seed)
    x = draws.family.sample(draws.truth, draws.count, draws.seed)
    return likelihood.running(draws.family, x, draws.truth)


def fitted(draws: Draws) -> Fitted:
    """Return the likelihood of all observations over the parameter."""
    return _fitted(*astuple(draws))


@st.cache_data(max_entries=32, show_spinner=False)
def _fitted(kind: str, truth: float, std: float, count: int, seed: int) -> Fitted:
    family = Draws(kind, truth, std, count, seed).family
    x = family.sample(truth, count, seed)
    grid = family.window(x, GRID)
    product, logs = likelihood.likelihood_curves(family, x, grid)
    return Fitted(grid, product, logs, likelihood.fitted(family, x), family.closed_form(x))


def what_is_left(found: Running) -> str:
    """Return from which n on a product is lost, and what the sum of logs still says."""
    count, total = len(found.logs), found.logs[-1]
    parts = [
        f"in {name} {_became(logs)}"
        for name, logs in (("float32", found.single), ("float64", found.double))
    ]
    return (
        f"The likelihood of all {count:,} observations is a product, and {' and '.join(parts)}."
        " The **sum of the"
        rf" logarithms** is {total:,.1f} nats, in float32 too: a likelihood of"
        rf" $10^{{{total / np.log(10):.0f}}}$."
    )


def _became(logs: Floats) -> str:
    first = lost(logs)
    if first is None:
        return "it is still a number"
    return f"it is **{'0' if logs[first - 1] < 0 else 'infinite'} from n = {first:,} on**"


def _draw_fit(draws: Draws) -> None:
    found = fitted(draws)
    st.markdown(where_is_the_top(found, draws))
    marks = [
        Mark(f"true {draws.symbol}", draws.truth),
        Mark(f"highest, {draws.symbol} = {found.climbed:.4g}", found.climbed, FITTED, "dot"),
    ]
    name = {"x_name": "probability p" if draws.symbol == "p" else "mean μ", "height": 300}
    left, right = st.columns(2)
    with left:
        product = curves(
            found.grid,
            [Curve("product, float64", found.product, DOUBLE)],
            marks,
            y_name="product",
            **name,
        )
        widgets.chart(product, "product")
    with right:
        total = curves(
            found.grid,
            [Curve("sum of logs", found.logs, LOGS)],
            marks,
            y_name="sum of logs, nats",
            **name,
        )
        widgets.chart(total, "logs")
    widgets.table(rows_of(found, draws))


def where_is_the_top(found: Fitted, draws: Draws) -> str:
    """Return whether product and sum of logs agree on the best parameter, and how near the closed form is."""
    symbol, apart = draws.symbol, abs(found.climbed - found.closed)
    fit = (
        f"Searching finds {symbol} = {found.climbed:.6f}, {draws.closed_form} is"
        f" {found.closed:.6f}: {apart:.1g} apart."
    )
    if found.best_product is None:
        what = "0" if not found.product.any() else "not finite"
        lost_top = (
            f"The product is {what} for every {symbol} and **has no highest place any more**"
        )
        top = f"{lost_top}; the sum of logs has. With fewer observations both do."
    elif found.best_product == found.best:
        top = (
            f"Product and sum of logs are highest **at the same {symbol}**, since the logarithm"
            " never falls."
        )
    else:
        top = (
            f"The product has lost so many digits that it is highest at **another {symbol}** than"
            " the sum of logs."
        )
    return f"{top} {fit}"


def rows_of(found: Fitted, draws: Draws) -> list[dict[str, str]]:
    """Return the ways to the best parameter, a row each."""
    step = found.grid[1] - found.grid[0]
    top = "none: 0 or infinite" if found.best_product is None else f"{found.best_product:.6f}"
    ways = {
        f"highest product on a grid of step {step:.1g}": top,
        "highest sum of logs on the grid": f"{found.best:.6f}",
        "searched for: Brent's method on the sum of logs": f"{found.climbed:.9f}",
        f"closed form: {draws.closed_form}": f"{found.closed:.9f}",
        "the truth": f"{draws.truth:g}",
    }
    return [{"Found by": way, draws.symbol: value} for way, value in ways.items()]


@st.fragment
def _cross_entropy() -> None:
    images, labels = _digits("test")
    with st.container(border=True, horizontal=True, vertical_alignment="bottom"):
        digit = int(
            st.number_input(
                "Test digit", 0, len(labels) - 1, key="digit", width=140, bind="query-params"
            )
        )
        every = f"All {len(labels)} test digits"
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
    chosen = slice(None) if over == every else slice(digit, digit + 1)
    ways = _losses(updates, None if over == every else digit)
    st.markdown(are_they_one(list(ways.values()), len(labels[chosen])))
    left, right = st.columns([1, 2], gap="large")
    with left:
        caption = f"Test digit {digit}, labelled “{labels[digit]}”"
        widgets.picture(
            pictures.sheet_png(images[digit][None], 1, 12), caption, caption=caption, width=128
        )
    with right:
        p = likelihood.predicted(_weights()[updates], images[digit].reshape(1, -1))[0]
        widgets.chart(class_bars(p, int(labels[digit]), cache.label_names(DIGITS)), "classes")
        right_one = p[labels[digit]]
        st.caption(
            f"What the classifier says of it after {updates} updates. The label,"
            f" “{labels[digit]}”, gets {right_one:.4f}, which costs −ln {right_one:.4f} ="
            f" {-np.log(right_one):.4f} nats."
        )
    widgets.table(loss_rows(ways))


@st.cache_data(max_entries=2, show_spinner=False)
def _digits(part: str) -> tuple[Floats, NDArray[np.integer]]:
    """Return images (N, H, W) and labels (N,) of `train` or `test`."""
    split = cache.split(DIGITS)
    assert split is not None, "digits come with scikit-learn"
    found = split.train if part == "train" else split.test
    return found.images().squeeze(1).double().numpy(), found.labels.numpy()


@st.cache_data(max_entries=1, show_spinner=False)
def _weights() -> Floats:
    images, labels = _digits("train")
    return likelihood.descend(images.reshape(len(images), -1), labels, 10, UPDATES)


@st.cache_data(max_entries=64, show_spinner=False)
def _losses(updates: int, digit: int | None) -> dict[str, Loss]:
    """Return the losses of the classifier after some updates, on one test digit or on all."""
    images, labels = _digits("test")
    chosen = slice(None) if digit is None else slice(digit, digit + 1)
    return likelihood.cross_entropies(
        _weights()[updates], images.reshape(len(images), -1)[chosen], labels[chosen]
    )


def are_they_one(ways: list[Loss], count: int) -> str:
    """Return whether cross-entropy and negative log-likelihood are the same number, decided by the digits."""
    value = max(abs(way.value - ways[0].value) for way in ways)
    gradient = max(float(abs(way.gradient - ways[0].gradient).max()) for way in ways)
    same = max(value, gradient) <= 8 * np.finfo(np.float64).eps * max(1.0, abs(ways[0].value))
    one = (
        "**one number with one gradient**, up to rounding in float64"
        if same
        else "**not the same**"
    )
    power = -ways[0].value * count / np.log(10)
    product = (
        rf" Multiplied, the {count} probabilities of the labels make $10^{{{power:.1f}}}$."
        if count > 1
        else ""
    )
    return (
        f"Cross-entropy and negative log-likelihood are {one}: the values are at most"
        f" {_tiny(value)} nats apart, the entries of the gradients {_tiny(gradient)}.{product}"
    )


def loss_rows(ways: dict[str, Loss]) -> list[dict[str, str]]:
    """Return value and gradient of each way, to the last digit."""
    first = next(iter(ways.values()))
    return [
        {
            "Computed as": WAYS[name],
            "nats per digit": f"{way.value:.17g}",
            "apart": _tiny(way.value - first.value),
            "Length of the gradient": f"{np.linalg.norm(way.gradient):.17g}",
            "gradient apart, at most": _tiny(float(abs(way.gradient - first.gradient).max())),
        }
        for name, way in ways.items()
    ]


def _tiny(value: float) -> str:
    return f"{value:.1e}" if value else "0"
