"""The blocks of the Noise page: codes and their noise, films, samples and curves over noise."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from core.config import DataConfig, RunConfig
from core.experiments.kept import by_seed
from core.experiments.measuring.noise import noisy_codes
from core.experiments.noise import LEVELS, NOISE, SAMPLED, USUAL, bits_per_latent, measured
from core.experiments.samples import SAMPLES
from core.experiments.trainings import Trainings
from core.explore.decoding import decode
from core.explore.samplers import SAMPLERS
from core.figures import images as pictures
from core.figures import theme
from core.figures.noise import Line, noise_among_codes, spread_lines
from core.figures.plane import axis_names
from core.metrics.channel import bits, capacity_limit, noise_ratio_for
from core.metrics.latents import code_scale
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.ui.kit.player import Strip, player
from core.verdicts import noise as said

PANEL_POINTS = 1000
FILM_IMAGES, FILM_COLUMNS = 8, 4
FILM_LEVELS = tuple(round(0.05 * step, 2) for step in range(41))
FILM_START = 10
SHEET_IMAGES, SHEET_COLUMNS = 16, 8
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
Columns = dict[str, RunConfig]
"""Label -> run: the AE, the noisy AE with the usual η, the one that is chosen, the VAE."""


def columns(view: View) -> Columns:
    """Return the models that stand side by side, by label.

    It is the picked run alone where the family has none of them.
    """
    stops, vae = view.stops("noise_ratio"), vae_of(view)
    ratios = {0.0, USUAL}
    if view.picked in stops.values():
        ratios.add(view.picked.model.eta)
    configs = [config for ratio, config in stops.items() if ratio in ratios]
    if vae:
        configs.append(vae)
    return {config.model.label: config for config in configs or [view.picked]}


def vae_of(view: View) -> RunConfig | None:
    """Return the VAE that the autoencoders are held against, if there is one.

    It has the same network, likelihood and training.
    """
    return view.peer(next(iter(view.stops("noise_ratio").values()), view.picked), "vae")


def scatters(shown: Columns) -> None:
    """Draw the codes of each model with √R and the noise to scale."""
    configs = tuple(shown.values())
    for column, (label, config) in zip(st.columns(len(shown)), shown.items(), strict=True):
        with column:
            st.markdown(f"**{label}**")
            widgets.chart(panel(config, panel_reach(configs)), f"codes {label}")
            st.caption(size_of_noise(config))


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=cache.BY_KEY)
def panel_reach(configs: tuple[RunConfig, ...]) -> float:
    """Return how far the panels of some runs reach, in units of each one's √R.

    √R is equally large in all.
    """
    reaches = [
        float(np.quantile(np.abs(cache.run(config).codes["mean"]), 0.998)) / _radius(config)
        for config in configs
    ]
    return min(max(1.15, *reaches), 2.2)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=cache.BY_KEY)
def panel(config: RunConfig, reach: float) -> go.Figure:
    """Return the codes of a run on its two latents of most variance, with √R and the noise.

    The noise is that of the first test image.
    """
    opened = cache.run(config)
    pair = cache.widest_pair(config)
    codes = _flat(opened.codes["mean"][:PANEL_POINTS, pair])
    return noise_among_codes(
        codes,
        opened.codes["label"][:PANEL_POINTS],
        cache.label_names(config.data),
        radius=_radius(config),
        center=codes[0],
        std=_flat(_posterior_std(config)[pair]),
        half_width=reach * _radius(config),
        prior=config.model.posterior == "learned" and config.model.prior == "normal",
        axes=axis_names(pair) if len(pair) > 1 else ("z<sub>1</sub>", ""),
    )


def _flat(rows: Floats) -> Floats:
    """Return rows (..., 2) for the plane; a single latent lies along its middle."""
    return np.pad(rows, [(0, 0)] * (rows.ndim - 1) + [(0, 2 - rows.shape[-1])])


def size_of_noise(config: RunConfig) -> str:
    """Return R, the noise and the scale of the codes as a caption."""
    opened = cache.run(config)
    return said.size_of_noise(
        opened.metrics["squared_radius"],
        radius=_radius(config),
        std=float(_posterior_std(config).mean()),
        scale=code_scale(opened.codes["mean"]),
        posterior=config.model.posterior,
    )


def _radius(config: RunConfig) -> float:
    """Return √R, or 1 where a model has put all codes on the origin."""
    return float(np.sqrt(cache.run(config).metrics["squared_radius"])) or 1.0


def _posterior_std(config: RunConfig) -> Floats:
    """Return the mean standard deviation of the posterior in each latent (L,)."""
    return cache.run(config).codes["std"].mean(axis=0)


def film(shown: Columns) -> None:
    """Draw reconstructions under a slider of test-time noise that asks the server for nothing."""
    data = next(iter(shown.values())).data
    original = originals_png(data)
    strips = [] if original is None else [Strip("Test images", original, still=True)]
    strips += [
        Strip(label, noise_film(config), theme.color_of(config.model.name))
        for label, config in shown.items()
    ]
    labels = [f"noise {level:.2f} × scale" for level in FILM_LEVELS]
    player(
        strips, labels, "Test-time noise", "film", start=FILM_START, columns=len(strips), seconds=4
    )
    widgets.images_missing(cache.missing_images(data))


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=cache.BY_KEY)
def noise_film(config: RunConfig) -> bytes:
    """Return the first test images, decoded at each of `FILM_LEVELS`, as frames."""
    opened = cache.run(config)
    mean, scale = opened.codes["mean"][:FILM_IMAGES], code_scale(opened.codes["mean"])
    frames = [decode(opened.model, noisy_codes(mean, level, scale)) for level in FILM_LEVELS]
    return _frames_png(np.concatenate(frames))


@st.cache_data(max_entries=8, show_spinner=False)
def originals_png(data: DataConfig) -> bytes | None:
    """Return the first test images as one frame, or None where they are not on this machine."""
    images = cache.test_images(data, slice(FILM_IMAGES))
    return None if images is None else _frames_png(images)


def _frames_png(images: Floats) -> bytes:
    # The gap is part of each image, so that all frames are equally high.
    padded = np.pad(images, ((0, 0), (0, 1), (0, 1)))
    return pictures.sheet_png(padded, FILM_COLUMNS, scale=1, pad=0)


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
    configs = tuple(shown.values())
    models = [known_of(config) for config in configs]
    if not any(model.rows("noise") for model in models):
        widgets.unmeasured(configs[0].data)
        return
    widgets.chart(errors_figure(configs, *ERRORS[word]), "errors")
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
    color = theme.color_of(config.model.name)
    if config.model.noise_ratio in (None, USUAL):
        return {"color": color, "dash": "solid", "symbol": "circle"}
    return {"color": color, "dash": "dash", "symbol": "diamond"}


@st.fragment
def draws(shown: Columns) -> None:
    """Draw random codes from each source as each model decodes them."""
    seed = int(st.number_input("Seed", 0, 9999, key="seed", width=130, bind="query-params"))
    for name in SAMPLED:
        st.markdown(f"**{SAMPLERS[name]}**")
        for column, (label, config) in zip(st.columns(len(shown)), shown.items(), strict=True):
            png = cache.samples_png(config, name, None, seed, SHEET_IMAGES, SHEET_COLUMNS)
            with column:
                widgets.image_row(label, png)


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
        lines.append(Line("VAE, prior", theme.color_of("vae"), ends, [values] * 2, "dash"))
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
    configs = tuple(shown.values())
    for column in SIZES:
        if any(column in cache.run(config).history for config in configs):
            widgets.chart(size_figure(configs, column), f"size {column}")
    st.caption(
        f"Of the test codes, one training (seed {configs[0].train.seed}). √R counts how far the"
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
            theme.color_of("noisy-ae"),
            ratios,
            [[*bits_per_latent(known_of(config)).values()] for config in configs],
            symbol="circle",
        ),
    ]
    if vae and (spent := [*bits_per_latent(known_of(vae)).values()]):
        lines.append(Line("VAE, KL", theme.color_of("vae"), ends, [spent] * 2, "dash"))
    return spread_lines(
        lines, x_name="noise in training, η", y_name="bits per latent, at most", log_x=True
    )


@cache.fresh(NOISE, SAMPLES, max_entries=64)
def known_of(config: RunConfig) -> Trainings:
    """Return the numbers of a run and its further seeds."""
    return measured(config, cache.SHELF)
