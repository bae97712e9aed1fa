"""The blocks of the Noise page: codes and their noise, films, curves over noise, and what the numbers decide."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from core.config import DataConfig, RunConfig
from core.experiments.measuring.noise import noisy_codes
from core.experiments.noise import LEVELS, NOISE, SAMPLED, USUAL, Measured, measured
from core.experiments.samples import CODE_SEEDS, SAMPLES
from core.explore.decoding import decode
from core.explore.sampling import SAMPLERS
from core.figures import images as pictures
from core.figures import theme
from core.figures.noise import Line, noise_among_codes, spread_lines
from core.figures.plane import axis_names
from core.metrics.channel import bits, capacity_limit, noise_ratio_for
from core.metrics.latents import code_scale
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.ui.kit.player import Strip, player
from core.verdicts.phrases import number, trainings

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
    """Return the models that stand side by side, by label; the picked one where there is none of them."""
    stops, vae = view.stops("noise_ratio"), vae_of(view)
    wanted = [
        stops.get(0.0),
        stops.get(USUAL),
        view.picked if view.picked in stops.values() else None,
    ]
    known = sorted((c for c in wanted if c), key=lambda config: config.model.eta)
    shown = [*known, vae] if vae else known or [view.picked]
    return {config.model.label: config for config in shown}


def vae_of(view: View) -> RunConfig | None:
    """Return the VAE that the autoencoders are held against: of the same network, likelihood and training, if any."""
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
    """Return how far the panels of some runs reach, in units of each one's √R, so that √R is equally large in all."""
    reaches = [
        float(np.quantile(np.abs(cache.run(config).codes["mean"]), 0.998)) / _radius(config)
        for config in configs
    ]
    return min(max(1.15, *reaches), 2.2)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=cache.BY_KEY)
def panel(config: RunConfig, reach: float) -> go.Figure:
    """Return the codes of a run on its two latents of most variance, with √R and the noise of the first test image."""
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
    """Return rows (..., 2) for the plane: of a single latent along its middle."""
    return np.pad(rows, [(0, 0)] * (rows.ndim - 1) + [(0, 2 - rows.shape[-1])])


def size_of_noise(config: RunConfig) -> str:
    """Return R, the noise and the scale of the codes as a caption."""
    opened = cache.run(config)
    std, kind = float(_posterior_std(config).mean()), config.model.posterior
    noise = {
        "point": "no noise",
        "fixed": f"noise √(η·R) = {number(std)}",
        "learned": f"noise {number(std)} (its posterior's σ, mean over images and latents)",
        "recognised": (
            f"noise {number(std)} (σ of the recognised codes, mean over images and latents)"
        ),
    }[kind]
    scale = code_scale(opened.codes["mean"])
    return (
        f"R = {number(opened.metrics['squared_radius'])}, √R = {number(_radius(config))}; {noise}; code"
        f" scale {number(scale)}"
    )


def _radius(config: RunConfig) -> float:
    """Return √R; of a model that has put all codes on the origin, 1."""
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
    """Return the first test images as a run decodes them from their codes at each of `FILM_LEVELS`, one frame each."""
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
    known = {label: known_of(config) for label, config in shown.items()}
    if not any(found.noise for found in known.values()):
        widgets.unmeasured(next(iter(shown.values())).data)
        return
    field, axis = ERRORS[word]
    widgets.chart(errors_figure(tuple(shown.values()), field, axis), "errors")
    some = next(numbers for found in known.values() for numbers in found.noise.values())
    st.caption(
        f"{some['n']:,} test images, one draw of noise each, the same for all models;"
        f" {trainings([found.noise for found in known.values()])}. The noise's standard deviation"
        " is in units of each model's own code scale, so stretching the codes wins nothing."
    )


@cache.fresh(NOISE, SAMPLES, max_entries=32)
def errors_figure(configs: tuple[RunConfig, ...], field: str, axis: str) -> go.Figure:
    """Return an error of some models against test-time noise."""
    lines = [
        Line(config.model.label, x=LEVELS, values=[*zip(*rows, strict=True)], **_look(config))
        for config in configs
        if (rows := [numbers[field] for numbers in known_of(config).noise.values()])
    ]
    return spread_lines(
        lines, x_name="test-time noise, in units of the code scale", y_name=axis, height=400
    )


def _look(config: RunConfig) -> dict[str, str]:
    """Return colour, dash and marker of a model; noisy AEs share the colour and differ in the rest."""
    usual = config.model.noise_ratio in (None, USUAL)
    look = (
        {"dash": "solid", "symbol": "circle"} if usual else {"dash": "dash", "symbol": "diamond"}
    )
    return {"color": theme.color_of(config.model.name), **look}


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
    """Draw the quality of random samples against η, each sampler a line, the VAE with its prior beside it."""
    stops, ceiling = view.stops("noise_ratio"), cache.ceiling(view.picked.data)
    if ceiling is None or not any(known_of(config).samples for config in stops.values()):
        widgets.unmeasured(view.picked.data)
        return
    best_values = (ceiling["frechet"], ceiling["coverage"])
    vae = vae_of(view)
    for place, column in enumerate(st.columns(2)):
        figure = scores_figure(tuple(stops.values()), vae, place, best_values[place])
        with column:
            widgets.chart(figure, f"scores {place}")
    st.caption(
        f"Points: means over {trainings([known_of(c).samples for c in stops.values()])}, each the"
        f" mean of {len(CODE_SEEDS)} seeds of the codes, as on the page *Sampling*. Bands: least"
        " to most over trainings. *Real against real* is what held-out images score."
    )


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
    lines = [
        Line(
            SAMPLERS[name],
            SAMPLER_COLORS[name],
            places,
            [_scores(c, name, score) for c in configs],
            symbol="circle",
        )
        for name in SAMPLED
    ]
    if vae and (values := _scores(vae, "prior", score)):
        lines.append(Line("VAE, prior", theme.color_of("vae"), ends, [values] * 2, "dash"))
    lines.append(Line("real against real", theme.MUTED, ends, [[best_value]] * 2, "dot"))
    ticks = [f"{ratio:g}" for ratio in ratios]
    return spread_lines(
        lines, x_name="noise in training, η", y_name=SCORES[score], ticks=ticks, log_y=score == 0
    )


def _scores(config: RunConfig, sampler: str, score: int) -> list[float]:
    """Return a score of random samples, by seed."""
    return [found[sampler][score] for found in known_of(config).samples.values()]


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
    histories = {config: cache.run(config).history for config in configs}
    sizes = {
        c: h[column] if column == "code_scale" else np.sqrt(h[column])
        for c, h in histories.items()
        if column in h
    }
    lines = [
        Line(
            c.model.label,
            x=range(1, len(h) + 1),
            values=h[:, None].tolist(),
            **(_look(c) | {"symbol": ""}),
        )
        for c, h in sizes.items()
    ]
    return spread_lines(
        lines, x_name="epoch", y_name=f"{SIZES[column]}, units of the code", log_y=True, height=250
    )


def rate(view: View) -> None:
    """Draw the bits that the noise leaves against η, with the VAE's KL, and say which η would leave as many."""
    stops = {ratio: config for ratio, config in view.stops("noise_ratio").items() if ratio}
    vae = vae_of(view)
    if not stops:
        st.info("No autoencoder was trained with noise on these images with this many latents.")
        return
    widgets.chart(rate_figure(tuple(stops.values()), vae), "rate")
    spent = cache.run(vae).metrics["kl"] if vae else None
    if spent:
        latents, kl = view.picked.model.latent_dim, bits(spent)
        st.caption(
            f"The VAE spends {kl:.1f} bits per image ({kl / latents:.2f} per latent) at most; a"
            f" noisy AE of {latents} latents is left as many at most with η ="
            f" {number(noise_ratio_for(kl, latents))}."
        )


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
            [*map(_bits_per_latent, configs)],
            symbol="circle",
        ),
    ]
    if vae and (spent := _bits_per_latent(vae)):
        lines.append(Line("VAE, KL", theme.color_of("vae"), ends, [spent] * 2, "dash"))
    return spread_lines(
        lines, x_name="noise in training, η", y_name="bits per latent, at most", log_x=True
    )


def _bits_per_latent(config: RunConfig) -> list[float]:
    """Return the rate averaged over latents, by seed."""
    return [
        float(np.mean(numbers["rate_bits"]))
        for numbers in known_of(config).noise.values()
        if numbers["rate_bits"]
    ]


@cache.fresh(NOISE, SAMPLES, max_entries=64)
def known_of(config: RunConfig) -> Measured:
    """Return what was measured of a run and its further seeds."""
    return measured(config, cache.SHELF)
