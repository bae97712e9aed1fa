"""The frame of the Noise page: every η and the VAE, their clouds, noised images, random codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core import lessons
from core.config import RunConfig
from core.experiments.measuring.noise import noisy_codes
from core.experiments.noise import SAMPLED, USUAL
from core.explore import projection
from core.explore.samplers import SAMPLERS
from core.figures import theme
from core.instruments import scrub
from core.instruments.sheet import Slider, Source
from core.metrics.latents import code_scale
from core.ui.kit import cache, decoders, draws
from core.ui.kit.instrument import instrument
from core.ui.kit.picker import View
from core.ui.noise.blocks import vae_of
from core.verdicts import noise as said

IMAGES = 10
"""Test images whose codes get noise."""
POINTS = 1000
"""Codes of a cloud."""
COLUMNS, COUNT = 5, 25
"""Random codes of a sheet."""

NOISE = Slider("Noise on the codes", 0, 1, 0.01, 0.22, ((USUAL**0.5, f"{USUAL:g}·R"),))
"""Standard deviation in units of √R, marked where its variance is that of the usual η."""

Floats = NDArray[np.floating]


def draw(view: View) -> None:
    """Draw the frame: AE, autoencoder with the η of a slider, VAE."""
    instrument("scrub", bundle_of(*_runs_of(view), draws.first_seed()), "frame")


def send_rest(view: View) -> None:
    """Send the models that the first picture does not show; call it at the end of the page."""
    early, every = parted(*_runs_of(view))
    if len(every) > len(early):
        instrument("later", rest_of(tuple(every[len(early) :])), "later")


def _runs_of(view: View) -> tuple[tuple[RunConfig, ...], RunConfig | None, RunConfig | None]:
    """Return the AE and noisy AEs by η, what stands beside them, and the one that is picked."""
    stops, vae = tuple(view.stops("noise_ratio").values()), vae_of(view)
    beside = vae or (None if stops else view.picked)
    return stops, beside, view.picked if view.picked in stops else None


@st.cache_data(max_entries=3, show_spinner=False, hash_funcs=cache.BY_KEY)
def bundle_of(
    stops: tuple[RunConfig, ...], beside: RunConfig | None, chosen: RunConfig | None, first: int
) -> bytes:
    """Return the decoders of the first picture, and all that the frame shows.

    Args:
        stops: the AE and the noisy AEs, by η; there may be none.
        beside: the VAE that they are held against, or a run that is alone.
        chosen: where the slider stands at first; at the usual η when None.
        first: seed of the first random codes.
    """
    early, every = parted(stops, beside, chosen)
    random = {name: draws.source_of(every, name, COUNT, first) for name in SAMPLED}
    part = scrub.part(
        noised(every),
        {SAMPLERS[name]: source for name, source in random.items()},
        clouds(every),
        [[every.index(config) for config in panel] for panel in panels(stops, beside)],
        lessons.images_of(every[0].data, slice(IMAGES)),
        stops=slider(stops, chosen),
        noise=NOISE,
        notes=[size_of_noise(config) for config in every],
        columns=COLUMNS,
        seed=first,
        later=_token(every[len(early) :]),
    )
    return decoders.bundle_of(early, part, random["box"])


@st.cache_data(max_entries=3, show_spinner=False, hash_funcs=cache.BY_KEY)
def rest_of(configs: tuple[RunConfig, ...]) -> bytes:
    """Return the decoders of the stops that the first picture does not show."""
    return decoders.later_bundle_of(configs, _token(configs))


def _token(configs: Sequence[RunConfig]) -> str:
    return " ".join(config.key for config in configs)


def parted(
    stops: Sequence[RunConfig], beside: RunConfig | None, chosen: RunConfig | None
) -> tuple[list[RunConfig], list[RunConfig]]:
    """Return the runs of the first picture, and all runs: these first, then the other stops."""
    shown = [panel[0] for panel in panels(stops, beside)]
    if stops:
        shown.append(stops[int(slider(stops, chosen).value)])
    early = list(dict.fromkeys(shown))
    return early, [*early, *(config for config in stops if config not in early)]


def panels(stops: Sequence[RunConfig], beside: RunConfig | None) -> list[list[RunConfig]]:
    """Return the runs of each panel: the AE, all stops under the slider, and the VAE behind."""
    plain = [[stops[0]]] if len(stops) > 1 and stops[0].model.name == "ae" else []
    moved = [list(stops)] if stops else []
    return [*plain, *moved, *([[beside]] if beside else [])]


def slider(stops: Sequence[RunConfig], chosen: RunConfig | None) -> Slider:
    """Return the slider through the stops."""
    ratios = [config.model.eta for config in stops]
    start = chosen.model.eta if chosen else USUAL
    place = ratios.index(start) if start in ratios else 0
    marks = tuple((float(i), f"{ratio:g}") for i, ratio in enumerate(ratios))
    return Slider("Noise in training, η", 0, max(1, len(ratios) - 1), 1, place, marks)


def noised(configs: Sequence[RunConfig]) -> Source:
    """Return the codes of the first test images, and noise to put on them in units of √R."""
    means = np.stack([cache.run(config).codes["mean"][:IMAGES] for config in configs])
    noise = noisy_codes(np.zeros_like(means[0]), 1.0, 1.0)
    scale = [_radius(config) for config in configs]
    return Source("noised", means[None], noise[None, None], scale)


def clouds(configs: Sequence[RunConfig]) -> scrub.Clouds:
    """Return the codes of the first test images of each run on its plane."""
    bases = np.stack([plane_of(config) for config in configs])
    codes = np.stack([cache.run(config).codes["mean"][:POINTS] for config in configs])
    flat = codes @ bases
    radii = np.array([_radius(config) for config in configs])
    noise = [_noise_on(config, basis) for config, basis in zip(configs, bases, strict=True)]
    classes = cache.label_names(configs[0].data)
    return scrub.Clouds(
        codes=flat,
        basis=bases,
        half_widths=(_reach(flat, radii) * radii).tolist(),
        radii=radii.tolist(),
        noise=np.stack(noise),
        normal=[_is_normal(config) for config in configs],
        labels=cache.run(configs[0]).codes["label"][:POINTS],
        classes=classes,
        colors=[theme.label_color(i) for i in range(len(classes))],
        prior=theme.PRIOR,
        disc=theme.POSTERIOR,
    )


def _is_normal(config: RunConfig) -> bool:
    return config.model.posterior == "learned" and config.model.prior == "normal"


def plane_of(config: RunConfig) -> Floats:
    """Return two directions (L, 2) of a run's codes: its latents, or their principal plane."""
    return projection.plane(cache.run(config).codes["mean"])


def _noise_on(config: RunConfig, basis: Floats) -> Floats:
    """Return the square root (2, 2) of the training noise's covariance on a plane."""
    variance = np.square(cache.run(config).codes["std"].mean(axis=0, dtype=np.float64))
    values, vectors = np.linalg.eigh(basis.T @ (variance[:, None] * basis))
    return vectors * np.sqrt(values.clip(0))


def _reach(flat: Floats, radii: Floats) -> float:
    """Return how far the planes reach in units of √R, which is equally large in all.

    Three quarters of the runs show 99 % of their codes or more.
    """
    widest = np.quantile(np.abs(flat), 0.99, axis=(1, 2)) / radii
    return float(np.quantile(widest, 0.75).clip(1.15, 2.2))


def size_of_noise(config: RunConfig) -> str:
    """Return R, the noise and the scale of the codes as a caption."""
    opened = cache.run(config)
    return said.size_of_noise(
        opened.metrics["squared_radius"],
        radius=_radius(config),
        std=float(opened.codes["std"].mean()),
        scale=code_scale(opened.codes["mean"]),
        posterior=config.model.posterior,
    )


def _radius(config: RunConfig) -> float:
    """Return √R, or 1 where a model has put all codes on the origin."""
    return float(np.sqrt(cache.run(config).metrics["squared_radius"])) or 1.0
