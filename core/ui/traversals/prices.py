"""The price of β: rate against distortion, and active latents."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from core.experiments.traits import TRAITS
from core.figures import theme
from core.figures.tradeoff import Stop, counts, tradeoff
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.verdicts import traversals as verdicts
from core.verdicts.traversals import Price


def prices(view: View) -> list[Price]:
    """Return the numbers of every stop of the β-sweep that was measured, by seed."""
    stops = {beta: cache.by_seed(TRAITS, config) for beta, config in view.stops("beta").items()}
    return [
        Price(
            beta,
            rate={seed: numbers["kl"] for seed, numbers in trainings.items()},
            distortion={seed: numbers["nll"] for seed, numbers in trainings.items()},
            active={seed: numbers["active"] for seed, numbers in trainings.items()},
        )
        for beta, trainings in stops.items()
        if trainings
    ]


def draw(view: View) -> None:
    """Draw what β buys and costs, and the sentence that the numbers decide."""
    stops = prices(view)
    if not stops:
        st.info(verdicts.UNMEASURED)
        return
    st.markdown(verdicts.price_sentence(stops, _chosen(view)))
    curve, bars = price_figures(stops, view)
    left, right = st.columns(2)
    with left:
        widgets.chart(curve, "rate_distortion")
    with right:
        widgets.chart(bars, "active_latents")
    st.caption(verdicts.price_caption(stops, cache.run(view.picked).metrics["test_images"]))


def price_figures(stops: Sequence[Price], view: View) -> tuple[go.Figure, go.Figure]:
    """Return the rate-distortion curve and the active latents against β, the chosen β marked."""
    beta = _chosen(view)
    chosen = None if beta is None else f"β = {beta:g}"
    points, bars = [], []
    for stop in stops:
        color = theme.MODEL_COLORS["vae" if stop.beta == 1 else "beta-vae"]
        points.append(Stop(stop.name, [*stop.rate.values()], [*stop.distortion.values()], color))
        if stop.beta:  # a logarithmic axis has no place for β = 0
            active = [*stop.active.values()]
            bars.append(Stop(stop.name, [stop.beta] * len(active), active, color))
    curve = tradeoff(
        points,
        x_name="rate (KL), nats per image",
        y_name="distortion (nll), nats per image",
        chosen=chosen,
    )
    most = view.picked.model.latent_dim
    return curve, counts(bars, x_name="β", y_name="active latents", most=most, chosen=chosen)


def _chosen(view: View) -> float | None:
    """Return the β of the picked run, or None where it pays no KL."""
    model = view.picked.model
    return model.beta if model.posterior == "learned" else None
