"""The part "The decoder" of the Likelihood page: squared error and nats, σ and β, draws, and binary images."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from core.config import PRIORS, DataConfig, RunConfig
from core.data.binarised import binarise
from core.experiments.evidence import EVIDENCE
from core.experiments.kept import Numbers, numbers_of
from core.experiments.published import PUBLISHED, Published
from core.experiments.scale import GRADIENT_IMAGES, SCALE, affine
from core.explore.drawing import means_and_draws
from core.figures import images as pictures
from core.figures import theme
from core.figures.planes import Place, error_to_nats, rate_distortion
from core.recipes import recipe, with_prior
from core.shelf import gaussians
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.verdicts.phrases import number

UNMEASURED = "These models were not measured yet; run `python -m core measure`."
DRAWN = 6
"""Codes that are decoded, and digits that are binarised."""

GOAL = 1.5
"""Nats by which the VampPrior was hoped to beat the standard normal with the same networks and epochs."""

_GREY = ("digits", "mnist")
_LITERATURE = ("mnist-dynamic", "mnist-static")
_CHUNK = 4096
"""Images that `binarise` draws at once, so that these are the very ones of the data set."""


def draw_decoders(view: View) -> None:
    """Draw what the likelihoods of the view's data set have in common and what tells them apart."""
    shown = likelihoods(view.picked.data)
    if any(config.model.likelihood == "gaussian" for config in shown.values()):
        _error_and_nats(shown)
        _scale_and_beta(shown)
        _draws(shown)
    else:
        st.info(nothing_gaussian())
    _binary()


def likelihoods(data: DataConfig) -> dict[str, RunConfig]:
    """Return the two-latent VAEs of a data set that differ in their likelihood alone, those on the shelf, by label."""
    if data.name not in _GREY:
        return {}
    wanted = (recipe(data.name, "vae"), *gaussians(data.name))
    return {config.model.likelihood_label: config for config in wanted if cache.is_there(config)}


def nothing_gaussian() -> str:
    """Return a sentence that says where there are models with a Gaussian likelihood."""
    there = [name for name in _GREY if len(likelihoods(DataConfig(name=name))) > 1]
    return "No model with a Gaussian likelihood was trained on these images" + (
        f": pick {' or '.join(there)} to see some." if there else "."
    )


def scale_numbers(shown: Mapping[str, RunConfig]) -> dict[str, Numbers]:
    """Return what was measured of some runs, by label; those that are known."""
    found = {label: cache.over_seeds(SCALE, config) for label, config in shown.items()}
    return {label: many[0] for label, many in found.items() if many}


def _error_and_nats(shown: Mapping[str, RunConfig]) -> None:
    st.subheader("When is a squared error a likelihood?", anchor=False)
    known = scale_numbers(shown)
    if not known:
        st.info(UNMEASURED)
        return
    st.markdown(
        "Say that every pixel is normal around the decoder's output with standard deviation σ."
        " Then the nll is the squared error, stretched and shifted: nll = **SSE / 2σ²** + **D/2 ·"
        " log 2πσ²**, D pixels. Each point is a test image under a trained model."
    )
    for column, (label, numbers) in zip(
        st.columns(len(known), gap="medium"), known.items(), strict=True
    ):
        with column:
            st.markdown(f"**{label}**")
            widgets.chart(affine_figure(shown[label]), f"affine {label}")
            st.markdown(affine_sentence(numbers))
    st.caption(
        f"{len(next(iter(known.values()))['sse'])} test images, one code of its posterior each."
        " Nats of a Gaussian are of a *density* of grey values: they may be negative, and change"
        " with the unit of intensity. Nats of a Bernoulli on grey values are a cross-entropy of"
        " pixels read as probabilities. The heights of these plots can**not** be compared with"
        " each other."
    )


@cache.fresh(SCALE, max_entries=16)
def affine_figure(config: RunConfig) -> go.Figure:
    """Return the test images of a run by squared error and nll.

    Args:
        config: of the run.
    """
    (numbers,) = cache.over_seeds(SCALE, config)[:1]
    exact = numbers["scale"] is not None
    line = (
        affine(numbers["scale"], numbers["pixels"])
        if exact
        else (numbers["slope"], numbers["intercept"])
    )
    return error_to_nats(np.array(numbers["sse"]), np.array(numbers["nll"]), *line, exact=exact)


def affine_sentence(numbers: Numbers) -> str:
    """Return slope and intercept as the points have them and as σ has them."""
    if numbers["scale"] is None:
        return (
            f"No line: the closest one misses an image by {numbers['residual']:.1f} nats. The"
            " cross-entropy is no function of the squared error."
        )
    slope, intercept = affine(numbers["scale"], numbers["pixels"])
    return (
        f"σ = {numbers['scale']:.4g}: slope 1/2σ² = **{slope:.4g}**, intercept"
        f" **{_signed(intercept)}** nats. Least squares through the points:"
        f" {numbers['slope']:.4g} and {_signed(numbers['intercept'])}; the farthest point is"
        f" {_tiny(numbers['residual'])} nats off."
    )


def _signed(value: float) -> str:
    """Return a number with four digits that count and a minus that is as wide as a plus."""
    return f"{value:.4g}".replace("-", "−")


def _tiny(value: float) -> str:
    """Return a number with three digits that count, in powers of ten where it is small.

    >>> _tiny(0.0), _tiny(0.25), _tiny(3.2e-14)
    ('0', '0.25', '3·10⁻¹⁴')
    """
    if value == 0 or value >= 0.001:
        return f"{value:.3g}"
    digits, power = f"{value:.0e}".split("e")
    return f"{digits}·10" + str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _scale_and_beta(shown: Mapping[str, RunConfig]) -> None:
    st.subheader("What does σ do to the KL?", anchor=False)
    known = scale_numbers(shown)
    if not known:
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        widgets.chart(
            price_figure(tuple(shown[label] for label in known)), "squared error and rate"
        )
    with right:
        st.markdown(
            price_sentence({label: (shown[label], numbers) for label, numbers in known.items()})
        )
    st.caption(
        "One training of each, two latents, β = 1; errors of all test images, one code each."
        " Squared error is the same thing under every likelihood, so here they share a plane. A"
        " line has slope −2σ²β, the price of a nat: along it SSE + 2σ²β · KL stays the same."
    )
    for label, numbers in known.items():
        if numbers["knob"] and shown[label].model.scale is None:
            st.markdown(knob_sentence(numbers))


@cache.fresh(SCALE, max_entries=16)
def price_figure(configs: tuple[RunConfig, ...]) -> go.Figure:
    """Return rate against squared error.

    Args:
        configs: of runs that were measured.
    """
    symbols, places = ("square", "circle", "diamond"), []
    for config, symbol in zip(configs, symbols, strict=False):
        numbers = cache.over_seeds(SCALE, config)[0]
        slope = (
            None if numbers["scale"] is None else -2 * numbers["scale"] ** 2 * config.model.beta
        )
        places.append(
            Place(
                config.model.likelihood_label,
                [cache.run(config).metrics["kl"]],
                [squares(numbers)],
                slope,
                color=theme.color_of("VAE"),
                symbol=symbol,
            )
        )
    x_name, y_name = "rate (KL), nats per image", "squared error, summed over pixels"
    return rate_distortion(places, x_name=x_name, y_name=y_name, height=340)


def squares(numbers: Numbers) -> float:
    """Return the mean squared error of an image, summed over pixels."""
    return numbers["rmse"] ** 2 * numbers["pixels"]


def price_sentence(known: Mapping[str, tuple[RunConfig, Numbers]]) -> str:
    """Return what each scale pays and gets, and what the learned one came to.

    Args:
        known: label -> run and what was measured of it.
    """
    parts = []
    for label, (config, numbers) in known.items():
        if numbers["scale"] is None:
            continue
        kl, alive = cache.run(config).metrics["kl"], cache.active_latents(config)
        price = 2 * numbers["scale"] ** 2
        collapsed = (
            " It has **collapsed**: no code was worth the price." if not alive.any() else ""
        )
        parts.append(
            f"- **{label}**: a nat has to save {number(price)} of squared error. KL **{kl:.2f}**"
            f" nats, {alive.sum()} of {len(alive)} latents active, squared error"
            f" {number(squares(numbers))}.{collapsed}"
        )
        if config.model.scale is None:
            parts.append(
                f"- Learned σ came to **{numbers['scale']:.4f}**; the root mean squared error of"
                f" test pixels is {numbers['rmse']:.4f} ({numbers['images']:,} images). The best σ"
                " for given means is that error on the images trained on."
            )
    return "\n".join(parts)


def knob_sentence(numbers: Numbers) -> str:
    """Return in numbers that σ and β are one knob."""
    knob, scale = numbers["knob"], numbers["scale"]
    return (
        "**σ and β are one knob.** Multiplied by 2σ², the objective SSE/2σ² + β · KL is SSE +"
        f" 2σ²β · KL: only σ²β matters. σ = {scale:.4g} with β = 1 is σ = {knob['scale']:g} with β"
        f" = {number(knob['beta'])}. On this model's weights the two gradients, each times its σ²,"
        f" differ by {_tiny(knob['difference'])} of their length ({GRADIENT_IMAGES} test images,"
        " the same codes, double precision). With β = 1 for both they point"
        f" {knob['angle_without']:.0f}° apart."
    )


@st.fragment
def _draws(shown: Mapping[str, RunConfig]) -> None:
    """Draw means and draws of the same codes under each likelihood; only this part runs again with another seed."""
    st.subheader("What does each decoder say an image looks like?", anchor=False)
    st.markdown(
        "The picture that is usually shown is the **mean** of p(x | z). Below each, one image"
        " **drawn** from p(x | z), every pixel by itself."
    )
    seed = int(st.number_input("Seed", 0, 9999, key="seed", width=130, bind="query-params"))
    for column, (label, config) in zip(
        st.columns(len(shown), gap="medium"), shown.items(), strict=True
    ):
        with column:
            widgets.image_row(label, draws_png(config, seed))
    st.caption(
        "Above the mean, below a draw; the same codes from N(0, I) for all. Grey values beyond 0"
        " and 1 are cut."
    )


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=cache.BY_KEY)
def draws_png(config: RunConfig, seed: int) -> bytes:
    """Return the means of some codes of a run above images drawn around them."""
    opened = cache.run(config)
    codes = np.random.default_rng(seed).normal(size=(DRAWN, config.model.latent_dim))
    return pictures.rows_png(
        means_and_draws(opened.model, codes, seed), cache.scale_of(config.data)
    )


def _binary() -> None:
    st.subheader("When are nats those of the papers?", anchor=False)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(
            "When the images are **binary**. A grey value is read as the probability of white, and"
            " each pixel drawn: *dynamic* anew in every epoch, *static* once. Then a Bernoulli's"
            " nll is a negative log-probability, and can be held against the literature. These are"
            " data sets of their own, `mnist-dynamic` and `mnist-static`."
        )
        widgets.images_missing(cache.missing_images(DataConfig(name="mnist")))
    with right:
        widgets.image_row(
            "From above: grey, three dynamic draws, and the static one", binary_png()
        )
    ours = {
        (data, prior): evidence(data, prior)
        for data in _LITERATURE
        for prior in ("normal", "vamp")
    }
    st.dataframe(literature(ours), hide_index=True, height="content")
    st.markdown(literature_sentence(ours))
    st.caption(literature_note(ours))


@st.cache_data(max_entries=2, show_spinner=False)
def binary_png() -> bytes | None:
    """Return training digits in grey, as three epochs draw them and as they are drawn once, or None without them."""
    split = cache.split(DataConfig(name="mnist"))
    if split is None:
        return None
    grey = split.train.raw(slice(_CHUNK)).numpy()
    rows = [grey, *(binarise(grey, epoch) for epoch in (1, 2, 3)), binarise(grey, 0)]
    return pictures.rows_png(
        [_shown(row) for row in rows], cache.scale_of(DataConfig(name="mnist"))
    )


def _shown(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    return images[:DRAWN, 0] / 255


@cache.fresh(EVIDENCE, max_entries=16)
def evidence(data: str, prior: str) -> Numbers | None:
    """Return the bound on log p(x) of our model of binary images, or None if it was not measured."""
    return numbers_of(EVIDENCE, with_prior(data, 40, prior), cache.SHELF)


def literature(ours: Mapping[tuple[str, str], Numbers | None]) -> list[dict[str, str]]:
    """Return a row of text for each model: ours, and what is published, dynamic binarisation
    first.

    Args:
        ours: (data set, prior) -> what was measured, or None.
    """
    rows = []
    for data in _LITERATURE:
        rows += [
            _our_row(data, prior, found) for (name, prior), found in ours.items() if name == data
        ]
        rows += [_their_row(one) for one in PUBLISHED if one.data == data]
    return rows


def _our_row(data: str, prior: str, found: Numbers | None) -> dict[str, str]:
    train = with_prior(data, 40, prior).train
    return {
        "Binarised": data.removeprefix("mnist-"),
        "Prior": PRIORS[prior],
        "nll": f"{found['nll']:.2f} ± {found['error']:.2f}" if found else "–",
        "elbo": f"−{-found['elbo']:.2f}" if found else "–",
        "From": "Latent Lab",
        "Model": "VAE, 40 latents, gated 300-300",
        "Epochs": f"{train.epochs}",
        "k": f"{found['k']:,}" if found else "–",
    }


def _their_row(one: Published) -> dict[str, str]:
    return {
        "Binarised": one.data.removeprefix("mnist-"),
        "Prior": PRIORS[one.prior],
        "nll": "–" if one.nll is None else f"{one.nll:.2f}",
        "elbo": "–",
        "From": one.source,
        "Model": one.model,
        "Epochs": one.epochs or "–",
        "k": "–" if one.k is None else f"{one.k:,}",
    }


def literature_sentence(ours: Mapping[tuple[str, str], Numbers | None]) -> str:
    """Return what the numbers say of the VampPrior against the standard normal."""
    return "\n".join(f"- {_vamp_against_normal(data, ours)}" for data in _LITERATURE)


def _vamp_against_normal(data: str, ours: Mapping[tuple[str, str], Numbers | None]) -> str:
    normal, vamp = ours.get((data, "normal")), ours.get((data, "vamp"))
    if not normal or not vamp:
        return f"On `{data}` the VampPrior and the standard normal were not both measured yet."
    less, error = normal["nll"] - vamp["nll"], math.hypot(normal["error"], vamp["error"])
    where = f"On `{data}`, with the same networks and schedule and one training each,"
    measured = (
        f"{abs(less):.2f} nats (standard error of the test images {error:.2f}; of other seeds not"
        " measured)"
    )
    if abs(less) < 2 * error:
        return f"{where} the VampPrior and the standard normal cannot be told apart: {measured}."
    if less < 0:
        return f"{where} the VampPrior's nll is larger than the standard normal's by {measured}."
    reached = "at least" if less >= GOAL else "less than"
    return (
        f"{where} the VampPrior's nll is smaller than the standard normal's by {measured}:"
        f" {reached} the {GOAL} nats hoped for. One pair of trainings says that it was so, not"
        " that it is so with every seed."
    )


def literature_note(ours: Mapping[tuple[str, str], Numbers | None]) -> str:
    """Return what our numbers were measured on, and in what our training is not that of the papers."""
    found = [one for one in ours.values() if one]
    measured = (
        f"Ours: of all {found[0]['test_images']:,} test images, minus their ELBO, less what the"
        f" importance-weighted bound with k = {found[0]['k']:,} adds to it in"
        f" {found[0]['images']:,} of them, ± the standard error of that; other trainings would"
        " differ by more. "
        if found
        else "Ours were not measured yet. "
    )
    config = with_prior("mnist-dynamic", 40, "vamp")
    train = config.train
    return (
        f"{measured}One training each, of {train.epochs} epochs, where the papers take up to 2,000"
        f" and 3,280: gated layers of 300 and 300, batches of {train.batch_size}, learning rate"
        f" {train.learning_rate:g} falling along a cosine, the weight of the KL rising over the"
        f" first {train.warm_up} epochs; for the VampPrior"
        f" {config.model.components} pseudo-inputs; no bounds on the posterior's log-variance, as"
        " the VampPrior's authors set; and a static draw of our own. A dash: not measured, or no"
        " source at hand that says it."
    )
