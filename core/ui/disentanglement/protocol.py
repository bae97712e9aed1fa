"""The Higgins score step by step on one model: a pair, the difference of codes, the classifier."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.config import RunConfig
from core.experiments.measuring.disentanglement import world_of
from core.figures import images as pictures
from core.figures import theme
from core.figures.protocol import classifier_plane, difference_bars
from core.metrics.disentanglement.higgins import Points, classifier, difference_points
from core.ui.kit import cache, widgets
from core.verdicts import disentanglement as verdicts

TRAIN, TEST, PARTS, CELLS = 300, 150, 9, 90
"""Points to learn from and to score on, parts they are made in, and cells along the plane."""

PAIRS = (1, 4, 16, 64)
"""Numbers of pairs for a point to choose from."""

Floats = NDArray[np.floating]
Indices = NDArray[np.int64]


class Pair(NamedTuple):
    """Two images that share one factor.

    Args:
        factors: indices of values of both (2, K).
        images: (2, H, W).
        codes: (2, L).
    """

    factors: Indices
    images: Floats
    codes: Floats


class Plane(NamedTuple):
    """The plane through the points in which a classifier's weights differ most.

    Args:
        points: places of the points on the plane, (N, 2).
        factors: factor of each point, (N,).
        regions: factor that the classifier names at each place, (R, R).
        extent: left, right, bottom and top of the regions.
        accuracy: share of unseen points that it names rightly, 0 to 1.
        origin: of the plane, (L,).
        directions: of the plane, (2, L).
    """

    points: Floats
    factors: Indices
    regions: Indices
    extent: tuple[float, float, float, float]
    accuracy: float
    origin: Floats
    directions: Floats


@st.fragment
def draw(config: RunConfig) -> None:
    """Draw the protocol on a run; only this part runs again when one of its choices changes."""
    names = cache.factor_names(config.data)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        word = st.selectbox("Shared factor", names, 3, **_field("shared", 150))
        seed = int(st.number_input("Seed of the pair", 0, 9999, **_field("pair", 150)))
        pairs = int(st.select_slider("Pairs for a point", PAIRS, 16, **_field("pairs", 220)))
    factor = names.index(word)
    first, second, third = st.columns([1, 1.2, 1.2], gap="large")
    pair, color = pair_of(config, factor, seed), theme.label_color(factor)
    alive = cache.active_latents(config)
    with first:
        _two_images(config, names, pair, factor)
    with second:
        st.markdown("**2. By how much do their codes differ?**")
        apart = np.abs(pair.codes[0] - pair.codes[1])
        widgets.chart(difference_bars(apart, alive, color=color, name="|z − z′|"), "one pair")
        st.caption(verdicts.ONE_PAIR)
    point = points_of(config, 1, pairs, seed, factor).x[0]
    with third:
        st.markdown(verdicts.point_title(pairs))
        figure = difference_bars(point, alive, color=color, name="mean |z − z′|")
        widgets.chart(figure, "one point")
        st.caption(verdicts.ONE_POINT)
    _classified(config, names, pairs, point)


def _field(key: str, width: int) -> dict[str, Any]:
    return {"key": key, "width": width, "bind": "query-params"}


def _two_images(config: RunConfig, names: tuple[str, ...], pair: Pair, factor: int) -> None:
    st.markdown(f"**1. Two images that share their {names[factor]}**")
    widgets.picture(
        pictures.sheet_png(pair.images, 2, 4),
        f"Two sprites with the same {names[factor]}",
        width=280,
    )
    rows = [
        {
            "Factor": name,
            "First": str(pair.factors[0, k] + 1),
            "Second": str(pair.factors[1, k] + 1),
        }
        for k, name in enumerate(names)
    ]
    rows[factor]["Factor"] += " (shared)"
    widgets.table(rows)


def _classified(config: RunConfig, names: tuple[str, ...], pairs: int, point: Floats) -> None:
    """Draw the classifier's plane with the point on it, and the classifier's accuracy."""
    _prepare(config, pairs)
    plane = plane_of(config, pairs)
    left, right = st.columns([1.6, 1], gap="large")
    with left:
        st.markdown("**4. A linear classifier names the shared factor of a point**")
        picked = (point - plane.origin) @ plane.directions.T
        figure = classifier_plane(
            plane.points,
            plane.factors,
            names,
            regions=plane.regions,
            extent=plane.extent,
            picked=picked,
        )
        widgets.chart(figure, "plane")
    with right:
        st.metric(verdicts.accuracy_title(pairs), f"{plane.accuracy:.1%}")
        st.markdown(verdicts.plane_text(TRAIN, TEST))


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=cache.BY_KEY)
def pair_of(config: RunConfig, factor: int, seed: int) -> Pair:
    """Return two random sprites that share a factor, and their codes by a run."""
    opened = cache.run(config)
    world, random = world_of(opened), np.random.default_rng(seed)
    factors = world.draw(2, random)
    factors[1, factor] = factors[0, factor]
    return Pair(factors, cache.sprites(config.data, factors), world.encode(factors))


@st.cache_data(max_entries=96, show_spinner=False, hash_funcs=cache.BY_KEY)
def points_of(
    config: RunConfig, count: int, pairs: int, seed: int, factor: int | None = None
) -> Points:
    """Return points of the classifier, all of one factor or of random ones."""
    factors = None if factor is None else (factor,)
    return difference_points(
        world_of(cache.run(config)),
        count,
        np.random.default_rng(seed),
        pairs=pairs,
        factors=factors,
    )


def _prepare(config: RunConfig, pairs: int) -> None:
    """Draw the points part by part, with progress; each part is kept."""
    bar = st.empty()
    for part in range(PARTS):
        _part(config, pairs, part)
        if pairs > PAIRS[1]:
            bar.progress(
                (part + 1) / PARTS,
                f"Encoding {(TRAIN + TEST) * pairs * 2:,} images, {(part + 1) / PARTS:.0%}",
            )
    bar.empty()


def _part(config: RunConfig, pairs: int, part: int) -> Points:
    return points_of(config, (TRAIN + TEST) // PARTS, pairs, 1000 + part)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=cache.BY_KEY)
def plane_of(config: RunConfig, pairs: int) -> Plane:
    """Return the classifier of a run's points, as a plane."""
    parts = [_part(config, pairs, part) for part in range(PARTS)]
    x, y = np.concatenate([part.x for part in parts]), np.concatenate([part.y for part in parts])
    model = classifier(Points(x[:TRAIN], y[:TRAIN]))
    origin = x[:TRAIN].mean(axis=0)
    weights = model.coef_ - model.coef_.mean(axis=0)
    directions = np.linalg.svd(weights)[2][:2]
    flat = (x - origin) @ directions.T
    margin = 0.05 * np.ptp(flat, axis=0)
    low, high = flat.min(axis=0) - margin, flat.max(axis=0) + margin
    across, up = (np.linspace(a, b, CELLS) for a, b in zip(low, high, strict=True))
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    regions = np.asarray(model.predict(origin + grid @ directions)).reshape(CELLS, CELLS)
    extent = (float(low[0]), float(high[0]), float(low[1]), float(high[1]))
    return Plane(
        flat[TRAIN:],
        y[TRAIN:],
        regions,
        extent,
        float(model.score(x[TRAIN:], y[TRAIN:])),
        origin,
        directions,
    )
