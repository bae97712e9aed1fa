"""The blocks of the Priors page: densities, samples, learned parts, numbers and gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch
from numpy.typing import NDArray

from core.config import PRIORS, RunConfig, changed
from core.experiments.evidence import EVIDENCE
from core.experiments.priors import (
    EXPOST,
    GRADIENTS,
    covers,
    measured,
    values,
    variance_ratios,
    warm_up_gain,
)
from core.experiments.rate import RATE
from core.experiments.samples import SAMPLES
from core.experiments.trainings import Trainings
from core.experiments.traits import TRAITS
from core.explore import sampling
from core.explore.decoding import decode
from core.families import with_each_prior
from core.figures import images as pictures
from core.figures import theme
from core.figures.plane import Extent, square_extent
from core.figures.priors import Scored, density_panel, grid, ratio_bars, seed_dots
from core.metrics.gradients import ESTIMATORS
from core.models.priors import Mixture, Vamp, marginal
from core.ui.kit import cache, widgets
from core.ui.kit.misfit import of_all_images
from core.ui.kit.picker import View
from core.verdicts import priors as said
from core.verdicts.phrases import listed

POINTS, CELLS, FINER = 700, 90, 3
SHEET_IMAGES, SHEET_COLUMNS = 36, 6
PSEUDO_INPUTS = 50
SCORES = {
    "nll": "nll, nats per image",
    "kl_aggregate": "KL(aggregate‖prior), nats",
    "frechet": "Fréchet distance of samples",
}
"""Number that is drawn -> words on its axis; smaller is better in all."""

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Contender:
    """A prior and the run that has it.

    Args:
        name: of `PRIORS`, or `EXPOST`.
        config: of the run; with `EXPOST` that with the standard normal, whose codes the mixture
            was fitted to.
    """

    name: str
    config: RunConfig

    @property
    def label(self) -> str:
        """The name on the screen."""
        return said.called(self.name)

    @property
    def sampler(self) -> str:
        """Where its random codes come from, a name of `core.explore.samplers.SAMPLERS`."""
        return "mixture" if self.name == EXPOST else "prior"

    @property
    def recipe(self) -> str:
        """What is learned and how its KL is had, in a few words."""
        return said.recipe_of(self.name, self.config.model.components)


def contenders(view: View) -> list[Contender]:
    """Return the priors of the view's VAE, and what was fitted to its codes afterwards.

    All have one schedule: the warm-up of the KL is the same, so that the prior alone differs.
    """
    base = view.picked if view.picked.model.name == "vae" else view.family.get("vae")
    if base is None:
        return []
    chosen = with_each_prior(base, (*view.siblings, *view.doubles), view.picked)
    shown = [Contender(name, config) for name, config in chosen.items()]
    return shown + [Contender(EXPOST, one.config) for one in shown if one.name == "normal"]


def missing(shown: Sequence[Contender]) -> None:
    """Say which priors the VAE was not trained with."""
    names = [PRIORS[name] for name in PRIORS if name not in {one.name for one in shown}]
    if shown and names:
        config = shown[0].config
        data, latents, warm_up = config.data.name, config.model.latent_dim, config.train.warm_up
        st.info(
            f"The VAE of {data} with {latents} latents and a warm-up over {warm_up} epochs was not"
            f" trained with: {listed(names)}. `python -m core train {data} vae --latents"
            f" {latents} --warm-up {warm_up} --prior ...` does it."
        )


def schedule(shown: Sequence[Contender]) -> str:
    """Return which schedule the runs have in common, and what it alone does to the nll."""
    train = shown[0].config.train
    normal = next((one.config for one in shown if one.name == "normal"), None)
    gain = None
    if normal and train.warm_up:
        gain = warm_up_gain(normal, changed(normal, warm_up=0), cache.SHELF)
    return said.schedule(train.warm_up, train.epochs, gain)


@st.fragment
def panels(shown: Sequence[Contender]) -> None:
    """Draw each prior under the codes, and decoded random codes; a new seed reruns only this."""
    seed = int(
        st.number_input(
            "Seed of the random codes", 0, 9999, key="seed", width=200, bind="query-params"
        )
    )
    for column, one in zip(st.columns(max(5, len(shown))), shown, strict=False):
        with column:
            st.markdown(f"**{one.label}**")
            widgets.chart(panel(one.config, one.name), f"density {one.name}")
            png = cache.samples_png(
                one.config, one.sampler, None, seed, SHEET_IMAGES, SHEET_COLUMNS
            )
            widgets.picture(png, f"{one.label}: random codes, decoded")
            st.caption(f"{one.recipe}{which_latents(one.config)}")


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=cache.BY_KEY)
def panel(config: RunConfig, name: str) -> go.Figure:
    """Return the density of a run's prior on its two widest latents, under test codes.

    Args:
        config: of the run.
        name: of `PRIORS`, or `EXPOST` for the mixture fitted to its codes.
    """
    pair = cache.widest_pair(config)
    drawn = cache.sampler(config, "mixture" if name == EXPOST else "prior").sample(2000, 0)
    codes = sampling.codes_of(cache.run(config))
    codes, drawn = (_flat(table[:, pair]) for table in (codes, drawn))
    extent = _extent(codes, drawn)
    fine = _density(config, name, pair, grid(extent, CELLS * FINER)[:, : len(pair)])
    # The mean over a cell's parts: narrow Gaussians would slip between the middles of cells.
    density = fine.reshape(CELLS, FINER, CELLS, FINER).mean((1, 3))
    return density_panel(density, extent, codes[:POINTS])


def which_latents(config: RunConfig) -> str:
    """Return which latents a panel shows, where a run has more than it shows."""
    pair = cache.widest_pair(config)
    if config.model.latent_dim <= len(pair):
        return ""
    across, up = (index + 1 for index in pair)
    return f". Latents {across} (across) and {up} (up)"


def _flat(codes: Floats) -> Floats:
    """Return codes (N, 2) for the plane: of a single latent along its middle."""
    return np.pad(codes, [(0, 0), (0, 2 - codes.shape[1])])


def _extent(codes: Floats, drawn: Floats) -> Extent:
    """Return a square around nearly all codes of the posterior and of the prior."""
    edges = [np.quantile(table, (0.003, 0.997), axis=0) for table in (codes, drawn)]
    return square_extent(*edges, prior=False, margin=0.11)


def _density(
    config: RunConfig, name: str, pair: Sequence[int], codes: Floats
) -> NDArray[np.float64]:
    """Return the marginal density (N,) of a pair of latents at their codes, exactly."""
    if name == EXPOST:
        fitted = cache.sampler(config, "mixture")
        assert isinstance(fitted, sampling.Mixture)
        return fitted.density(codes, pair)
    alone = marginal(cache.run(config).model.prior, pair)
    with torch.inference_mode():
        parts = torch.from_numpy(np.asarray(codes, np.float32)).split(2_000)
        return torch.cat([alone.log_prob(part).exp() for part in parts]).double().numpy()


def learned(shown: Sequence[Contender]) -> None:
    """Draw the parts of the learned priors: pseudo-inputs, decoded, and means of mixtures."""
    made = [one for one in shown if one.name in ("vamp", "mixture", EXPOST)]
    widths = [2 if one.name == "vamp" else 1 for one in made]
    for column, one in zip(st.columns([*widths, *[1] * (4 - sum(widths))]), made, strict=False):
        with column:
            if one.name == "vamp":
                _pseudo_inputs(one.config)
            else:
                st.markdown(f"**{one.label}: its means, decoded**")
                png, words = means_png(one.config, one.name)
                widgets.picture(png, f"{one.label}: its means, decoded, the heaviest first")
                st.caption(words)


def _pseudo_inputs(config: RunConfig) -> None:
    count = config.model.components
    assert count is not None, "a VampPrior is made of components"
    which = (
        "its pseudo-inputs"
        if count <= PSEUDO_INPUTS
        else f"the first {PSEUDO_INPUTS} of its {count} pseudo-inputs"
    )
    st.markdown(f"**VampPrior: {which}, and what their codes decode to**")
    texts = (
        "Pseudo-inputs, images that were learned with the model",
        "What the means of their posteriors decode to",
    )
    for column, png, text in zip(st.columns(2), pseudo_inputs_png(config), texts, strict=True):
        with column:
            widgets.picture(png, text)


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=cache.BY_KEY)
def pseudo_inputs_png(config: RunConfig) -> tuple[bytes, bytes]:
    """Return the pseudo-inputs of a run, and their decoded codes in the same order."""
    opened = cache.run(config)
    prior, scale = opened.model.prior, cache.scale_of(config.data)
    assert isinstance(prior, Vamp)
    with torch.inference_mode():
        inputs, means = (
            prior.images()[:PSEUDO_INPUTS].numpy(),
            prior.parts()[1].mean[:PSEUDO_INPUTS].numpy(),
        )
    return tuple(
        pictures.sheet_png(some, 10, scale) for some in (inputs, decode(opened.model, means))
    )  # pyright: ignore[reportReturnType]


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=cache.BY_KEY)
def means_png(config: RunConfig, name: str) -> tuple[bytes, str]:
    """Return the decoded means of a run's mixture, heaviest first, and a sentence on weights.

    Args:
        config: of the run.
        name: `mixture`, or `EXPOST` for the one that was fitted to its codes.
    """
    opened = cache.run(config)
    weights, means = _fitted_parts(config) if name == EXPOST else _learned_parts(config)
    order = np.argsort(-weights)
    weights = weights[order]
    png = pictures.sheet_png(decode(opened.model, means[order]), 5, cache.scale_of(config.data))
    return png, f"Heaviest first: weights from {weights[0]:.2f} to {weights[-1]:.2g}."


def _fitted_parts(config: RunConfig) -> tuple[Floats, Floats]:
    """Return weights (K,) and means (K, L) of the mixture that was fitted to a run's codes."""
    fitted = cache.sampler(config, "mixture")
    assert isinstance(fitted, sampling.Mixture)
    return fitted.weights, np.stack([part.mean for part in fitted.parts])


def _learned_parts(config: RunConfig) -> tuple[Floats, Floats]:
    """Return weights (K,) and means (K, L) of the mixture that a run was trained with."""
    prior = cache.run(config).model.prior
    assert isinstance(prior, Mixture)
    with torch.inference_mode():
        weights, parts = prior.parts()
        return weights.exp().numpy(), parts.mean.numpy()


def known_of(shown: Sequence[Contender]) -> dict[str, Trainings]:
    """Return the numbers of each prior over seeds."""
    return {one.name: _measured(one.config, one.name) for one in shown}


@cache.fresh(GRADIENTS, EVIDENCE, RATE, TRAITS, SAMPLES, max_entries=64)
def _measured(config: RunConfig, name: str) -> Trainings:
    return measured(config, name, cache.SHELF)


def unmeasured(shown: Sequence[Contender]) -> str:
    """Return a sentence of why there are no numbers."""
    return said.UNMEASURED if covers(shown[0].config) else said.NOT_COVERED


def scores(shown: Sequence[Contender], models: Mapping[str, Trainings]) -> None:
    """Draw the three numbers that decide, each prior a row, each training a dot."""
    ceiling = cache.ceiling(shown[0].config.data)
    for column, (name, words) in zip(st.columns(len(SCORES)), SCORES.items(), strict=True):
        numbers = [(one.label, values(models[one.name], name)) for one in shown]
        rows = [Scored(theme.Look(label, theme.PRIOR), each) for label, each in numbers if each]
        best = ceiling["frechet"] if ceiling and name == "frechet" else None
        if rows:
            with column:
                widgets.chart(seed_dots(rows, name=words, best=best), f"score {name}")


def table(shown: Sequence[Contender], models: Mapping[str, Trainings]) -> None:
    """Draw all numbers, a row for each prior, and what they were measured on."""
    widgets.table(said.rows({one.name: models[one.name] for one in shown}))
    trained = {one.label: one.config for one in shown if one.name != EXPOST}
    latents = shown[0].config.model.latent_dim
    st.caption(said.measured_on(models, latents, of_all_images(trained)))


def gradient(shown: Sequence[Contender], models: Mapping[str, Trainings]) -> None:
    """Draw how much noisier the score function's gradient is than the reparameterisation's."""
    measured = {one.name: models[one.name] for one in shown if models[one.name].rows("fit")}
    if not measured:
        st.info(unmeasured(shown))
        return
    prior, first = next(iter(measured.items()))
    names = {name: words for name, words in ESTIMATORS.items() if name != "pathwise"}
    left, right = st.columns([1, 2])
    with left:
        for words, ratio in said.estimator_ratios(first).items():
            st.metric(words, ratio)
        st.markdown(said.estimator_text(prior, first))
    with right:
        ratios = {
            said.called(name): {each: variance_ratios(model, each) for each in names}
            for name, model in measured.items()
        }
        widgets.chart(ratio_bars(ratios, names), "gradient")
    st.caption(said.estimator_caption(measured.values()))
