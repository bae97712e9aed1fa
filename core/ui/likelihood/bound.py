"""The bound: the KL of two Gaussians, and exact log p(x) of two-latent runs beside the ELBO."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.config import PRIORS, RunConfig
from core.experiments.gaps import GAPS, Tightness, boundable, integrable, tightness
from core.experiments.measuring import one_image as measuring
from core.experiments.measuring.one_image import Exact, OneImage
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
from core.metrics.gaussian_kl import divergence, log_normal
from core.ui.kit import cache, widgets
from core.ui.kit.cache import Floats
from core.ui.kit.picker import View
from core.verdicts import bound as verdicts

BOX_AXES = ("u<sub>1</sub>", "u<sub>2</sub>")
"""Names of the axes of codes before a uniform prior's box squashes them."""


def draw(view: View) -> None:
    """Draw the KL of two Gaussians, and how far the ELBO is below log p(x).

    Args:
        view: the visitor's choices.
    """
    st.subheader("Why is a KL divergence never negative?", anchor=False)
    _two_gaussians()
    st.subheader("How far below log p(x) is the ELBO of one image?", anchor=False)
    _one_image(view.picked)
    if integrable(view.picked) is None:  # otherwise a sentence above has said why not
        st.subheader("And over the test set?", anchor=False)
        _test_set(view)


@st.fragment
def _two_gaussians() -> None:
    with st.container(border=True):
        left, right = st.columns(2, gap="large")
        with left:
            mean, std = _gaussian("q", 1.0, 0.5)
        with right:
            prior_mean, prior_std = _gaussian("p", 0.0, 1.0)
    kl = divergence(mean, std, prior_mean, prior_std)
    st.markdown(verdicts.divergence_sentence(kl))
    widgets.chart(densities.divergence(kl.x, kl.q, kl.p, kl.integrand), "kl")


def _gaussian(name: str, mean: float, std: float) -> tuple[float, float]:
    """Draw the sliders of a Gaussian and return its mean and standard deviation."""
    key, label = f"{name}_mean", f"Mean of {name}"
    mean = st.slider(label, -3.0, 3.0, mean, 0.1, key=key, bind="query-params")
    key, label = f"{name}_std", f"Standard deviation of {name}"
    return mean, st.slider(label, 0.1, 3.0, std, 0.1, key=key, bind="query-params")


@st.cache_data(
    max_entries=64, show_spinner="Integrating over the codes ...", hash_funcs=cache.BY_KEY
)
def one_image(config: RunConfig, index: int) -> OneImage:
    """Return the numbers of a test image, which has to be here, under a run that has an ELBO."""
    images = cache.test_images(config.data, slice(index, index + 1))
    assert images is not None, "the caller has looked"
    return measuring.one_image(cache.run(config), images[0])


@st.fragment
def _one_image(config: RunConfig) -> None:
    if reason := boundable(config):
        st.info(reason, icon=":material/info:")
        return
    left, right = st.columns([1, 3], gap="large")
    with left:
        index = _choose_image(config)
    with right:
        image = one_image(config, index)
        _draw_bounds(config, image)
    if image.exact:
        _draw_posterior(config, image.exact, image.elbo)


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
            png = pictures.sheet_png(original, 1, scale)
            widgets.picture(png, caption, caption=caption, width=112)
        png = pictures.sheet_png(cache.reconstruction(config, index), 1, scale)
        alt = f"Reconstruction of test image {index}"
        widgets.picture(png, alt, caption="reconstruction", width=112)
    return index


def _draw_bounds(config: RunConfig, image: OneImage) -> None:
    if reason := integrable(config):
        sentence = f"{reason} The bounds below hold for any number of latents."
        st.info(sentence, icon=":material/info:")
    st.markdown(verdicts.bounds_sentence(image))
    rows = [Bound("ELBO", image.elbo, image.elbo_error or None)]
    bounds = image.bounds
    for k, value, deviation in zip(bounds.k, bounds.value[:, 0], bounds.spread[:, 0], strict=True):
        rows.append(Bound(f"k = {k:,}", float(value), float(deviation)))
    log_p = image.exact.log_p if image.exact else None
    widgets.chart(bounds_on_axis(rows, log_p), "bounds")
    st.caption(verdicts.bounds_caption(config.model.label))
    widgets.table(verdicts.bound_rows(image))


def _draw_posterior(config: RunConfig, exact: Exact, elbo: float) -> None:
    st.subheader("What does the encoder's Gaussian stand for?", anchor=False)
    left, right = st.columns([3, 2], gap="large")
    with left:
        draw_curves = _draw_map if config.model.latent_dim == 2 else _draw_densities
        draw_curves(config, exact)
    with right:
        st.markdown(verdicts.gap_sentence(exact.log_p - elbo, exact.posterior.kl))
        widgets.table(verdicts.gap_rows(exact, elbo))
        uniform = config.model.prior == "uniform"
        st.caption(verdicts.posterior_caption(uniform=uniform))


def _draw_map(config: RunConfig, exact: Exact) -> None:
    true = exact.posterior
    names = BOX_AXES if config.model.prior == "uniform" else AXES
    axes = true.axes[0], true.axes[1]
    figure = posterior_map(axes, true.density, true.mean, true.std, exact.best, names=names)
    widgets.chart(figure, "true posterior")


def _draw_densities(_: RunConfig, exact: Exact) -> None:
    true = exact.posterior
    (z,) = true.axes
    lines = [
        Curve("true posterior", true.density, EXACT),
        Curve("encoder's Gaussian", _density(z, true.mean, true.std), theme.POSTERIOR),
        Curve("fitted to this image", _density(z, *exact.best), theme.MUTED),
    ]
    figure = densities.curves(z, lines, x_name="z", y_name="density", filled=True)
    widgets.chart(figure, "true posterior")


def _density(z: Floats, mean: Floats, std: Floats) -> Floats:
    """Return the density of a Gaussian over one latent, (S,)."""
    return np.exp(log_normal(z, mean[0], std[0]))


def _test_set(view: View) -> None:
    measured = cache.by_seed(GAPS, view.picked)
    gaps = tightness(measured)
    if gaps is None:
        st.info(verdicts.UNMEASURED)
        return
    model = view.picked.model
    every = np.concatenate([numbers["gap"] for numbers in measured.values()])
    mean, median = float(every.mean()), float(np.median(every))
    st.markdown(verdicts.tightness_sentence(gaps, median, model.label))
    left, right = st.columns(2, gap="large")
    with left:
        marks = [Mark("mean", mean), Mark("median", median, dash="dot")]
        figure = gap_histogram(every, marks, color=theme.model_color(model.name))
        widgets.chart(figure, "gaps")
        st.caption(verdicts.histogram_caption(gaps))
    with right:
        widgets.chart(gap_parts(_parts_of_siblings(view)), "gap parts")
        st.caption(verdicts.parts_caption(gaps))


def _parts_of_siblings(view: View) -> list[Parts]:
    """Return the parts of the gaps that were measured, a row for each config of any seed."""
    order = sorted(view.siblings, key=_by_beta_and_prior)
    first_seeds = [c for c in order if integrable(c) is None and not c.train.seed]
    measured = {config: tightness(cache.by_seed(GAPS, config)) for config in first_seeds}
    return [_parts(config, gaps) for config, gaps in measured.items() if gaps]


def _by_beta_and_prior(config: RunConfig) -> tuple[float, int]:
    return config.model.beta, list(PRIORS).index(config.model.prior)


def _parts(config: RunConfig, gaps: Tightness) -> Parts:
    amortisation, approximation = (
        np.array(list(part.values())) for part in (gaps.amortisation, gaps.approximation)
    )
    return Parts(config.model.label, amortisation, approximation)
