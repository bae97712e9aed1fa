"""The bound: the KL of two Gaussians, and exact log p(x) of two-latent runs beside the ELBO."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch

from core.config import PRIORS, RunConfig
from core.experiments.claims import DEPENDS, FAILS, HOLDS, spread
from core.experiments.gaps import (
    GAPS,
    TIGHT,
    Tightness,
    boundable,
    integrable,
    tightness,
)
from core.experiments.measuring.gaps import likeliest
from core.figures import densities, theme
from core.figures import images as pictures
from core.figures.bounds import (
    EXACT,
    Bound,
    Parts,
    bounds_on_axis,
    gap_histogram,
    gap_parts,
    posterior_map,
)
from core.figures.densities import Curve, Mark
from core.figures.plane import AXES
from core.metrics import likelihood
from core.metrics.gaussian_kl import Divergence, divergence
from core.metrics.likelihood import SAMPLES, Bounds, Gaps, TruePosterior
from core.models import unsquashed
from core.ui.kit import cache, widgets
from core.ui.kit.cache import Floats
from core.ui.kit.picker import View
from core.verdicts.phrases import with_range

REPETITIONS = 5
"""Independent bounds of the largest k; a smaller k has more of them."""

CONV_SAMPLES = SAMPLES[:-1]
"""k of a convolutional decoder, which takes seconds for the largest."""

BEFORE_THE_BOX = (
    " Codes are drawn as they are before the uniform prior's box squashes them, u: there q is a"
    " Gaussian."
)

CROSS = 0.05
"""Nats that the two ways to the gap may lie apart before a sentence calls them different."""


def draw(view: View) -> None:
    """Draw what the ELBO leaves out of log p(x).

    Args:
        view: what the visitor looks at.
    """
    st.subheader("Why is a KL divergence never negative?", anchor=False)
    _two_gaussians()
    st.subheader("How far below log p(x) is the ELBO of one image?", anchor=False)
    _one_image(view.picked)
    if integrable(view.picked) is None:  # else the sentence above has said why
        st.subheader("And over the test set?", anchor=False)
        _test_set(view)


@st.fragment
def _two_gaussians() -> None:
    with st.container(border=True):
        left, right = st.columns(2, gap="large")
        with left:
            mean = st.slider("Mean of q", -3.0, 3.0, 1.0, 0.1, key="q_mean", bind="query-params")
            std = st.slider(
                "Standard deviation of q", 0.1, 3.0, 0.5, 0.1, key="q_std", bind="query-params"
            )
        with right:
            prior_mean = st.slider(
                "Mean of p", -3.0, 3.0, 0.0, 0.1, key="p_mean", bind="query-params"
            )
            prior_std = st.slider(
                "Standard deviation of p", 0.1, 3.0, 1.0, 0.1, key="p_std", bind="query-params"
            )
    found = divergence(mean, std, prior_mean, prior_std)
    st.markdown(what_it_adds_up_to(found))
    widgets.chart(densities.divergence(found.x, found.q, found.p, found.integrand), "kl")


def what_it_adds_up_to(found: Divergence) -> str:
    """Return the divergence both ways, and whether it is 0."""
    if found.exact == 0:
        return (
            "**KL(q‖p) = 0 nats**: q and p are equal, which is the only place where it is 0. Move"
            " any slider."
        )
    below = -float(np.trapezoid(np.minimum(found.integrand, 0), found.x))
    return (
        f"**KL(q‖p) = {found.exact:.6f} nats** in closed form, {found.integrated:.6f} by adding up"
        f" the lower curve. Where q is below p it takes away {below:.3f} nats, and never as much"
        f" as is added elsewhere. The other way round, KL(p‖q) = {found.reverse:.6f} nats."
    )


@dataclass(frozen=True)
class OneImage:
    """What is known of log p(x) of one image.

    Args:
        bounds: importance-weighted.
        elbo: nats, and its standard error.
        exact: log p(x) in nats and its refinement error; None with too many latents.
        true: the posterior; None likewise.
        gap: log p(x) - ELBO in nats and its parts; None likewise.
        best: mean and standard deviation of the Gaussian fitted to the image; None likewise.
    """

    bounds: Bounds
    elbo: tuple[float, float]
    exact: tuple[float, float] | None = None
    true: TruePosterior | None = None
    gap: Gaps | None = None
    best: tuple[Floats, Floats] | None = None


@st.cache_data(
    max_entries=64, show_spinner="Integrating over the codes ...", hash_funcs=cache.BY_KEY
)
def one_image(config: RunConfig, index: int) -> OneImage:
    """Return what is known of a test image, which has to be on this machine, under a run that has an ELBO."""
    opened = cache.run(config)
    images = cache.test_images(config.data, slice(index, index + 1))
    assert images is not None, "the caller has looked"
    x = torch.from_numpy(images)[:, None]
    k = CONV_SAMPLES if config.model.network == "conv" else SAMPLES
    model = unsquashed(opened.model)
    bounds = likelihood.importance_weighted(model, x, k, repetitions=REPETITIONS)
    if integrable(config):
        estimate = likelihood.elbo(model, x, samples=1000)
        return OneImage(bounds, (float(estimate.value[0]), float(estimate.error[0])))
    exact = likelihood.quadrature(model, x)
    gap, best = likelihood.gaps(model, x, exact.value, start=likeliest(opened, x))
    return OneImage(
        bounds=bounds,
        elbo=(float(gap.elbo[0]), 0.0),
        exact=(float(exact.value[0]), float(exact.error[0])),
        true=likelihood.true_posterior(model, x),
        gap=gap,
        best=(best.mean[0].numpy(), best.std[0].numpy()),
    )


@st.fragment
def _one_image(config: RunConfig) -> None:
    if reason := boundable(config):
        st.info(reason, icon=":material/info:")
        return
    left, right = st.columns([1, 3], gap="large")
    with left:
        index = _choose_image(config)
    missing = cache.missing_images(config.data)
    with right:
        widgets.images_missing(missing and f"The log p(x) of an image needs the image. {missing}")
        if not missing:
            _draw_bounds(config, one_image(config, index))
    if not missing:
        _draw_posterior(config, one_image(config, index))


def _choose_image(config: RunConfig) -> int:
    """Draw the choice of a test image, the image where it is here, and its reconstruction."""
    labels = cache.run(config).codes["label"]
    index = int(
        st.number_input(
            "Test image", 0, len(labels) - 1, key="image", width=180, bind="query-params"
        )
    )
    original = cache.test_images(config.data, slice(index, index + 1))
    scale = max(1, 112 // config.data.size)
    with st.container(horizontal=True):
        if original is not None:
            caption = f"“{cache.label_names(config.data)[labels[index]]}”"
            widgets.picture(
                pictures.sheet_png(original, 1, scale), caption, caption=caption, width=112
            )
        png = pictures.sheet_png(cache.reconstruction(config, index), 1, scale)
        widgets.picture(
            png, f"Reconstruction of test image {index}", caption="reconstruction", width=112
        )
    return index


def _draw_bounds(config: RunConfig, found: OneImage) -> None:
    if reason := integrable(config):
        st.info(
            f"{reason} The bounds below hold for any number of latents.", icon=":material/info:"
        )
    st.markdown(where_they_lie(found))
    rows = [Bound("ELBO", found.elbo[0], found.elbo[1] or None)]
    numbers = zip(found.bounds.k, found.bounds.value[:, 0], found.bounds.spread[:, 0], strict=True)
    rows += [Bound(f"k = {k:,}", float(value), float(spread)) for k, value, spread in numbers]
    widgets.chart(bounds_on_axis(rows, found.exact and found.exact[0]), "bounds")
    st.caption(
        f"{config.model.label}. A dot is the average over many bounds, a bar one standard"
        " deviation of a single one, which may lie above log p(x); its expectation cannot."
    )
    widgets.table(bound_rows(found))


def where_they_lie(found: OneImage) -> str:
    """Return log p(x), how far the ELBO is below it, and how far the largest k reaches."""
    most, value = found.bounds.k[-1], float(found.bounds.value[-1, 0])
    if found.exact is None:
        return (
            f"The ELBO of this image is {found.elbo[0]:.2f} ± {found.elbo[1]:.2f} nats (standard"
            f" error). With k = {most:,} samples the bound rises to **{value:.2f} nats**: the ELBO"
            f" is at least {value - found.elbo[0]:.2f} nats too low."
        )
    exact, error = found.exact
    reach = (
        "within 0.1 nats of it"
        if abs(exact - value) < 0.1
        else f"{exact - value:.2f} nats below it"
    )
    return (
        f"**log p(x) = {exact:.3f} nats** by quadrature (refinement error {error:.1g}). The ELBO,"
        f" {found.elbo[0]:.3f} nats, is **{exact - found.elbo[0]:.3f} nats below**; with k ="
        f" {most:,} samples the bound is {reach}."
    )


def bound_rows(found: OneImage) -> list[dict[str, str]]:
    """Return each bound as text, and log p(x) itself."""
    error = f"± {found.elbo[1]:.3f} (standard error)" if found.elbo[1] else "–"
    rows = [
        {"Bound": "ELBO", "nats": f"{found.elbo[0]:.3f}", "spread of one": error, "averaged": "–"}
    ]
    for place, k in enumerate(found.bounds.k):
        rows.append(
            {
                "Bound": f"importance-weighted, k = {k:,}",
                "nats": f"{found.bounds.value[place, 0]:.3f}",
                "spread of one": f"± {found.bounds.spread[place, 0]:.3f}",
                "averaged": f"{found.bounds.count[place]:,} bounds",
            }
        )
    if found.exact:
        exact = {"Bound": "log p(x), quadrature", "nats": f"{found.exact[0]:.3f}"}
        rows.append(
            {**exact, "spread of one": f"refinement error {found.exact[1]:.1g}", "averaged": "–"}
        )
    return rows


def _draw_posterior(config: RunConfig, found: OneImage) -> None:
    if found.true is None or found.gap is None or found.best is None or found.exact is None:
        return
    st.subheader("What does the encoder's Gaussian stand for?", anchor=False)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _draw_map(config, found.true, found.best)
    with right:
        st.markdown(the_gap_twice(found.exact[0] - found.elbo[0], found.true.kl))
        widgets.table(gap_rows(found))
        st.caption(
            "The true posterior p(z|x), integrated over the plane. The encoder's Gaussian in"
            " violet; dotted, the Gaussian that was fitted to this one image by climbing its ELBO."
            + (BEFORE_THE_BOX if config.model.prior == "uniform" else "")
        )


def _draw_map(config: RunConfig, true: TruePosterior, best: tuple[Floats, Floats]) -> None:
    if config.model.latent_dim == 2:
        axes = true.axes[0], true.axes[1]
        names = ("u<sub>1</sub>", "u<sub>2</sub>") if config.model.prior == "uniform" else AXES
        widgets.chart(
            posterior_map(axes, true.density, true.mean, true.std, best, names=names),
            "true posterior",
        )
        return
    (z,) = true.axes
    gaussians = {
        "encoder's Gaussian": (true.mean, true.std, theme.POSTERIOR),
        "fitted to this image": (*best, theme.MUTED),
    }
    lines = [Curve("true posterior", true.density, EXACT)]
    for name, (mean, std, color) in gaussians.items():
        density = np.exp(-0.5 * ((z - mean[0]) / std[0]) ** 2) / (std[0] * np.sqrt(2 * np.pi))
        lines.append(Curve(name, density, color))
    widgets.chart(
        densities.curves(z, lines, x_name="z", y_name="density", filled=True), "true posterior"
    )


def the_gap_twice(gap: float, kl: float) -> str:
    """Return whether log p(x) - ELBO is the divergence from the true posterior, decided by the two numbers."""
    apart = abs(gap - kl)
    word = "the same" if apart <= CROSS else "not quite the same"
    return (
        f"The ELBO falls short of log p(x) by **{gap:.4f} nats**. The encoder's Gaussian is"
        f" KL(q‖p(z|x)) = **{kl:.4f} nats** from the true posterior. The two are {word}:"
        f" {apart:.4f} nats apart, each added up in its own way."
    )


def gap_rows(found: OneImage) -> list[dict[str, str]]:
    """Return the gap computed both ways, and its parts."""
    assert found.true is not None
    assert found.gap is not None
    assert found.exact is not None
    gap = found.exact[0] - found.elbo[0]
    return [
        {"Of this image": "log p(x) − ELBO", "nats": f"{gap:.4f}"},
        {"Of this image": "KL(q‖p(z|x)), on a grid", "nats": f"{found.true.kl:.4f}"},
        {"Of this image": "difference", "nats": f"{gap - found.true.kl:.4f}"},
        {
            "Of this image": "amortisation: won by a fitted Gaussian",
            "nats": f"{found.gap.amortisation[0]:.4f}",
        },
        {
            "Of this image": "approximation: left with the fitted one",
            "nats": f"{found.gap.approximation[0]:.4f}",
        },
    ]


def _test_set(view: View) -> None:
    numbers = cache.by_seed(GAPS, view.picked)
    found = tightness(numbers)
    if found is None:
        st.info("The gaps of this run were not measured yet; run `python -m core measure`.")
        return
    every = np.concatenate([one["gap"] for one in numbers.values()])
    st.markdown(how_tight(found, float(np.median(every)), view.picked.model.label))
    left, right = st.columns(2, gap="large")
    with left:
        marks = [
            Mark("mean", float(every.mean())),
            Mark("median", float(np.median(every)), dash="dot"),
        ]
        color = theme.color_of(view.picked.model.label)
        widgets.chart(gap_histogram(every, marks, color=color), "gaps")
        st.caption(f"log p(x) − ELBO of {found.n} test images, {_trainings(found.seeds)}.")
    with right:
        order = sorted(
            view.siblings,
            key=lambda config: (config.model.beta, list(PRIORS).index(config.model.prior)),
        )
        rows = [row for config in order if (row := _parts(config))]
        widgets.chart(gap_parts(rows), "gap parts")
        st.caption(
            f"{found.split_n} test images, averages over the training seeds; to each a Gaussian"
            " was fitted."
        )


def _parts(config: RunConfig) -> Parts | None:
    """Return the parts of a run's gap, where they were measured; a run of a further seed is part of the first's."""
    found = (
        tightness(cache.by_seed(GAPS, config))
        if integrable(config) is None and not config.train.seed
        else None
    )
    return found and Parts(
        config.model.label,
        np.array([*found.amortisation.values()]),
        np.array([*found.approximation.values()]),
    )


def how_tight(found: Tightness, median: float, label: str) -> str:
    """Return whether the bound is tight and which part of the gap is larger, decided by the numbers."""
    words = {HOLDS: "**tight**", FAILS: "**not tight**", DEPENDS: "tight **with some seeds only**"}
    tight = words[found.tight.leaning]
    encoder, gaussian = (
        spread(part.values()).mean for part in (found.amortisation, found.approximation)
    )
    larger = {
        HOLDS: (
            "the larger part is **the encoder's**: it serves all images at once and misses the"
            " best Gaussian"
        ),
        FAILS: (
            "the larger part is **the Gaussian's**: the best one found for an image is hardly"
            " nearer"
        ),
        DEPENDS: "which part is larger **depends on the seed**",
    }[found.encoder_lags.leaning]
    if max(found.gap.values()) < 0.01:
        larger = "both parts are too small to be told apart from the error of the quadrature"
    return (
        f"The bound of {label} is {tight}: on average {with_range(found.gap.values(), 2)} nats below log p(x),"
        f" half of the images less than {median:.2g}. At least {encoder:.2g} nats are lost by"
        f" amortisation and at most {gaussian:.2g} by approximation; {larger}. (Tight: less than"
        f" {TIGHT:g} nat, a factor e, on average with every seed; {_trainings(found.seeds)}.)"
    )


def _trainings(seeds: int) -> str:
    return "one training" if seeds == 1 else f"{seeds} trainings"
