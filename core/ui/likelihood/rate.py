"""The rate: how much distortion a nat of it saves, and the two parts that it pays for."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from core.config import MODEL_LABELS, PRIORS, RunConfig, with_seed
from core.experiments.kept import Numbers
from core.experiments.rate import RATE, cut_off, exchanges, limit
from core.experiments.traits import TRAITS
from core.families import is_doubled
from core.figures import theme
from core.figures.planes import (
    OTHER_SYMBOL,
    SYMBOLS,
    Place,
    Split,
    rate_bars,
    rate_distortion,
)
from core.recipes import with_prior
from core.ui.kit import cache, widgets
from core.ui.kit.misfit import of_all_images
from core.ui.kit.picker import View
from core.verdicts import rate as verdicts


def draw(view: View) -> None:
    """Draw the plane of all models of the data set, and the parts of their rates.

    Args:
        view: the visitor's choices.
    """
    model = view.picked.model
    if model.posterior != "learned":
        st.info(verdicts.uncharged_sentence(model.label), icon=":material/info:")
    st.subheader("What does a lower distortion cost?", anchor=False)
    _plane(view)
    st.subheader("What do the nats pay for?", anchor=False)
    _bars(view)


def _plane(view: View) -> None:
    configs = charged(view)
    if not configs:
        st.info(verdicts.NO_MODEL)
        return
    widgets.chart(plane_figure(configs, _chosen(view, configs)), "rate distortion")
    picked = view.picked
    st.caption(verdicts.plane_caption(picked.data.name, picked.model.likelihood))
    if sentence := verdicts.exchange_sentence(exchanges(beta_stops(view))):
        st.markdown(sentence)


def charged(view: View) -> tuple[RunConfig, ...]:
    """Return the runs of the view's data and likelihood that have a KL, one for each config.

    Seeds do not count. Of the two standard normals it takes the family's.
    """
    runs, _ = cache.shelf()
    configs = [config for config in runs if _is_charged(config, view.picked)]
    configs.sort(key=_place_in_order)
    first_seeds = {with_seed(config, 0): config for config in reversed(configs)}
    return tuple(first_seeds.values())[::-1]


def _is_charged(config: RunConfig, picked: RunConfig) -> bool:
    model = config.model
    alike = config.data == picked.data and model.likelihood == picked.model.likelihood
    return alike and model.posterior == "learned" and not is_doubled(config)


def _place_in_order(config: RunConfig) -> tuple[int, float, int, int, str]:
    model = config.model
    prior = list(PRIORS).index(model.prior)
    return model.latent_dim, model.beta, prior, config.train.seed, config.key


def _chosen(view: View, configs: Sequence[RunConfig]) -> int | None:
    """Return the place of the picked run among some runs, whatever its seed; None if elsewhere."""
    first_seeds = [with_seed(config, 0) for config in configs]
    picked = with_seed(view.picked, 0)
    return first_seeds.index(picked) if picked in first_seeds else None


@cache.fresh(TRAITS, max_entries=32)
def plane_figure(configs: tuple[RunConfig, ...], chosen: int | None) -> go.Figure:
    """Return rate against distortion.

    Args:
        configs: runs, as `charged` returns them.
        chosen: index of the run with a ring; None for no ring.
    """
    x_name, y_name = "rate (KL), nats per image", "distortion (nll), nats per image"
    places = [_place(config) for config in configs]
    return rate_distortion(places, x_name=x_name, y_name=y_name, chosen=chosen)


def _place(config: RunConfig) -> Place:
    model = config.model
    rows = traits(config).values()
    normal = model.prior == "normal"
    name = MODEL_LABELS[model.name] if normal else PRIORS[model.prior]
    if model.likelihood != "bernoulli":
        name += f", {model.likelihood_label}"
    return Place(
        name=name,
        x=[row["kl"] for row in rows],
        y=[row["nll"] for row in rows],
        slope=-model.beta,
        text=_text_beside(config),
        color=theme.model_color(model.name),
        symbol=SYMBOLS.get(model.prior, OTHER_SYMBOL),
        family=f"{model.latent_dim}" if normal else "",
    )


def _text_beside(config: RunConfig) -> str:
    if config.model.beta != 1:
        return f"β = {config.model.beta:g}"
    return f"{config.model.latent_dim} latents" if config.model.prior == "normal" else ""


def traits(config: RunConfig) -> dict[int, Numbers]:
    """Return nll and KL of a run by seed; of a visitor's own run, of its seed alone."""
    measured = cache.by_seed(TRAITS, config)
    return measured or {config.train.seed: cache.run(config).metrics}


def beta_stops(view: View) -> dict[float, dict[int, tuple[float, float]]]:
    """Return β -> seed -> (rate, distortion) of the family under a standard normal prior."""
    stops = {}
    for beta, config in view.stops("beta").items():
        if config.model.prior == "normal":
            rows = traits(config)
            stops[beta] = {seed: (row["kl"], row["nll"]) for seed, row in rows.items()}
    return stops


def _bars(view: View) -> None:
    configs = _of_as_many_latents(view)
    measured = measured_rates(configs)
    if not measured:
        st.info(verdicts.UNMEASURED)
        return
    widgets.chart(bars_figure(configs), "rate split")
    config = _like_the_picked(view.picked, list(measured))
    label = _label_of(config)
    marginals = _marginals_by_prior(view.picked)
    paid = verdicts.paid_sentence(label, measured[config])
    st.markdown(f"{paid} {verdicts.prior_sentence(marginals)}".strip())
    if sentence := of_all_images({label: config}):
        st.markdown(f"*More images?* {sentence}")
    latents = view.picked.model.latent_dim
    st.caption(verdicts.bars_caption(list(measured.values()), latents, marginals))


def _like_the_picked(picked: RunConfig, configs: Sequence[RunConfig]) -> RunConfig:
    """Return the run of the picked model, whatever its seed, or else the first one."""
    alike = (c for c in configs if c.model == picked.model and not is_doubled(c))
    return next(alike, configs[0])


def _of_as_many_latents(view: View) -> tuple[RunConfig, ...]:
    """Return the runs with as many latents as the picked one, the doubled VAE after the VAE."""
    model = view.picked.model
    family = [c for c in charged(view) if c.model.latent_dim == model.latent_dim]
    doubles = [c for c in view.doubles if c.model.likelihood == model.likelihood]
    return (*family[:1], *doubles[:1], *family[1:])


def measured_rates(configs: Sequence[RunConfig]) -> dict[RunConfig, list[Numbers]]:
    """Return the numbers of the study `RATE` over seeds, for the runs that were measured."""
    measured = {config: cache.over_seeds(RATE, config) for config in configs}
    return {config: rows for config, rows in measured.items() if rows}


@cache.fresh(RATE, max_entries=32)
def bars_figure(configs: tuple[RunConfig, ...]) -> go.Figure:
    """Return the parts of the rates of some runs; those that were not measured are left out."""
    measured = measured_rates(configs)
    images = next(iter(measured.values()))[0]["images"]
    splits = [_split(_label_of(config), rows) for config, rows in measured.items()]
    return rate_bars(splits, limit=limit(images), limit_name=f"log {images:,}")


def _split(label: str, rows: Sequence[Numbers]) -> Split:
    information = [row["information"] for row in rows]
    marginal = [row["marginal"] for row in rows]
    return Split(label, information, marginal, cut_off(rows))


def _label_of(config: RunConfig) -> str:
    """Return the name of a run among the bars, where a VAE may stand with two schedules."""
    return f"{config.model.label}, warmed up" if is_doubled(config) else config.model.label


def _marginals_by_prior(picked: RunConfig) -> dict[str, dict[int, float]]:
    """Return the misfit of each prior's VAE by seed, all on one schedule.

    A VAE is left out where the images do not suffice to tell its misfit from its information.
    """
    marginals = {}
    for prior in PRIORS:
        config = with_prior(picked.data.name, picked.model.latent_dim, prior)
        if (config.data, config.model.likelihood) != (picked.data, picked.model.likelihood):
            continue
        rows = cache.by_seed(RATE, config)
        if rows and not cut_off(list(rows.values())):
            marginals[prior] = {seed: row["marginal"] for seed, row in rows.items()}
    return marginals
