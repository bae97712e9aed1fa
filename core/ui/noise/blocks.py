"""The blocks of the Noise page: curves over noise, over η and over training."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from core.config import RunConfig
from core.experiments.kept import by_seed
from core.experiments.noise import LEVELS, NOISE, USUAL, bits_per_latent, measured
from core.experiments.samples import SAMPLES
from core.experiments.trainings import Trainings
from core.explore.samplers import SAMPLERS
from core.figures import theme
from core.figures.noise import Line, spread_lines
from core.metrics.channel import bits, capacity_limit, noise_ratio_for
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.verdicts import noise as said

ERRORS = {
    "Squared error": ("mse", "squared error per pixel"),
    "nll": ("nll", "nll, nats per image"),
}
"""Word on the screen and in links -> field of the study, name of the axis."""
SAMPLER_COLORS = {
    "box": theme.label_color(7),
    "gaussian": theme.POSTERIOR,
    "mixture": theme.label_color(2),
    "prior": theme.PRIOR,
}
SCORES = ("Fréchet distance (smaller is better)", "coverage (larger is better)")

Floats = NDArray[np.floating]
Columns = tuple[RunConfig, ...]
"""The AE, the noisy AE with the usual η, the one that is chosen, the VAE."""


def columns(view: View) -> Columns:
    """Return the runs of the models that stand side by side.

    It is the picked run alone where the family has none of them.
    """
    stops, vae = view.stops("noise_ratio"), vae_of(view)
    ratios = {0.0, USUAL}
    if view.picked in stops.values():
        ratios.add(view.picked.model.eta)
    configs = [config for ratio, config in stops.items() if ratio in ratios]
    if vae:
        configs.append(vae)
    return tuple(configs) or (view.picked,)


def vae_of(view: View) -> RunConfig | None:
    """Return the VAE that the autoencoders are held against, if there is one.

    It has the same network, likelihood and training.
    """
    return view.peer(next(iter(view.stops("noise_ratio").values()), view.picked), "vae")


def errors(shown: Columns) -> None:
    """Draw the error of each model against test-time noise, and what it was measured on."""
    word = st.segmented_control(
        "Error",
        list(ERRORS),
        default=next(iter(ERRORS)),
        key="error",
        required=True,
        bind="query-params",
    )
    models = [known_of(config) for config in shown]
    if not any(model.rows("noise") for model in models):
        widgets.unmeasured(shown[0].data)
        return
    widgets.chart(errors_figure(shown, *ERRORS[word]), "errors")
    st.caption(said.errors_caption(models))


@cache.fresh(NOISE, max_entries=32)
def errors_figure(configs: tuple[RunConfig, ...], error: str, axis: str) -> go.Figure:
    """Return an error of some models against test-time noise, those that were measured.

    Args:
        configs: of the runs.
        error: a number of the study `NOISE` at each of `LEVELS`.
        axis: its name.
    """
    lines = []
    for config in configs:
        rows = by_seed(NOISE, config, cache.SHELF).values()
        if rows:
            values = list(zip(*(row[error] for row in rows), strict=True))
            lines.append(Line(config.model.label, x=LEVELS, values=values, **_look(config)))
    return spread_lines(
        lines, x_name="test-time noise, in units of the code scale", y_name=axis, height=400
    )


def _look(config: RunConfig) -> dict[str, str]:
    """Return colour, dash and marker of a model; noisy AEs share the colour alone."""
    color = theme.model_color(config.model.name)
    if config.model.noise_ratio in (None, USUAL):
        return {"color": color, "dash": "solid", "symbol": "circle"}
    return {"color": color, "dash": "dash", "symbol": "diamond"}


def scores(view: View) -> None:
    """Draw the quality of random samples against η, each sampler a line, beside the VAE's."""
    stops, ceiling = view.stops("noise_ratio"), cache.ceiling(view.picked.data)
    models = [known_of(config) for config in stops.values()]
    if ceiling is None or not any(model.rows("samples") for model in models):
        widgets.unmeasured(view.picked.data)
        return
    best_values = (ceiling["frechet"], ceiling["coverage"])
    vae = vae_of(view)
    for place, column in enumerate(st.columns(2)):
        figure = scores_figure(tuple(stops.values()), vae, place, best_values[place])
        with column:
            widgets.chart(figure, f"scores {place}")
    st.caption(said.scores_caption(models))


@cache.fresh(NOISE, SAMPLES, max_entries=32)
def scores_figure(
    configs: tuple[RunConfig, ...],
    vae: RunConfig | None,
    score: int,
    best_value: float,
) -> go.Figure:
    """Return a score of random samples against η.

    Args:
        configs: the AE and the noisy AEs, by η.
        vae: drawn as a level line with its prior.
        score: 0 Fréchet distance, 1 coverage.
        best_value: what real images reach.
    """
    ratios = [config.model.eta for config in configs]
    places, ends = range(len(configs)), (0, len(configs) - 1)
    lines = []
    for name, color in SAMPLER_COLORS.items():
        values = [_scores(config, name, score) for config in configs]
        lines.append(Line(SAMPLERS[name], color, places, values, symbol="circle"))
    if vae and (values := _scores(vae, "prior", score)):
        lines.append(Line("VAE, prior", theme.model_color("vae"), ends, [values] * 2, "dash"))
    lines.append(Line("real against real", theme.MUTED, ends, [[best_value]] * 2, "dot"))
    ticks = [f"{ratio:g}" for ratio in ratios]
    return spread_lines(
        lines, x_name="noise in training, η", y_name=SCORES[score], ticks=ticks, log_y=score == 0
    )


def _scores(config: RunConfig, sampler: str, score: int) -> list[float]:
    """Return a score of random samples, by seed."""
    return [scores[score] for scores in known_of(config).column("samples", sampler).values()]


SIZES = {"squared_radius": "√R", "code_scale": "code scale"}
"""Column of a run's history -> what is drawn of it."""


def size_over_training(shown: Columns) -> None:
    """Draw how large the codes are over epochs: √R and, below it, their own scale."""
    for column in SIZES:
        if any(column in cache.run(config).history for config in shown):
            widgets.chart(size_figure(shown, column), f"size {column}")
    st.caption(
        f"Of the test codes, one training (seed {shown[0].train.seed}). √R counts how far the"
        " codes lie from the origin in all latents together, the code scale how much a latent"
        " varies; only the second is what the noise has to be measured against."
    )


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=cache.BY_KEY)
def size_figure(configs: tuple[RunConfig, ...], column: str) -> go.Figure:
    """Return √R or the code scale of some runs over epochs.

    Args:
        configs: of the runs; one that was trained before the column was kept is left out.
        column: of the history, one of `SIZES`.
    """
    lines = []
    for config in configs:
        history = cache.run(config).history
        if column in history:
            sizes = history[column] if column == "code_scale" else np.sqrt(history[column])
            look = {**_look(config), "symbol": ""}
            epochs = range(1, len(sizes) + 1)
            lines.append(
                Line(config.model.label, x=epochs, values=sizes[:, None].tolist(), **look)
            )
    return spread_lines(
        lines, x_name="epoch", y_name=f"{SIZES[column]}, units of the code", log_y=True, height=250
    )


def rate(view: View) -> None:
    """Draw the bits that the noise leaves against η, with the VAE's KL."""
    stops = {ratio: config for ratio, config in view.stops("noise_ratio").items() if ratio}
    vae = vae_of(view)
    if not stops:
        st.info("No autoencoder was trained with noise on these images with this many latents.")
        return
    widgets.chart(rate_figure(tuple(stops.values()), vae), "rate")
    spent = bits(cache.run(vae).metrics["kl"]) if vae else 0.0
    if spent:
        latents = view.picked.model.latent_dim
        st.caption(said.rate_caption(spent, latents, noise_ratio_for(spent, latents)))


@cache.fresh(NOISE, SAMPLES, max_entries=32)
def rate_figure(configs: tuple[RunConfig, ...], vae: RunConfig | None) -> go.Figure:
    """Return bits per latent against η.

    Args:
        configs: the noisy AEs, by η.
        vae: drawn as a level line.
    """
    ratios = [config.model.eta for config in configs]
    ends = (min(ratios) / 4, max(ratios) * 2)
    fine = np.geomspace(*ends, num=60).tolist()
    limit = capacity_limit(fine, configs[0].model.latent_dim)[:, None].tolist()
    lines = [
        Line("most that η leaves", theme.MUTED, fine, limit, "dot"),
        Line(
            "Noisy AE, capacity",
            theme.model_color("noisy-ae"),
            ratios,
            [[*bits_per_latent(known_of(config)).values()] for config in configs],
            symbol="circle",
        ),
    ]
    if vae and (spent := [*bits_per_latent(known_of(vae)).values()]):
        lines.append(Line("VAE, KL", theme.model_color("vae"), ends, [spent] * 2, "dash"))
    return spread_lines(
        lines, x_name="noise in training, η", y_name="bits per latent, at most", log_x=True
    )


@cache.fresh(NOISE, SAMPLES, max_entries=64)
def known_of(config: RunConfig) -> Trainings:
    """Return the numbers of a run and its further seeds."""
    return measured(config, cache.SHELF)
