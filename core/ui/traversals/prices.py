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
    # A logarithmic axis has no place for β = 0.
    above_zero = [stop for stop in stops if stop.beta]
    points = [_point(stop) for stop in stops]
    bars = [_bar(stop) for stop in above_zero]
    curve = tradeoff(
        points,
        x_name="rate (KL), nats per image",
        y_name="distortion (nll), nats per image",
        chosen=_place_of(beta, stops),
    )
    most, chosen = view.picked.model.latent_dim, _place_of(beta, above_zero)
    return curve, counts(bars, x_name="β", y_name="active latents", most=most, chosen=chosen)


def _point(price: Price) -> Stop:
    """Return rate and distortion of each seed."""
    rate, distortion = list(price.rate.values()), list(price.distortion.values())
    return Stop(price.name, rate, distortion, _color(price))


def _bar(price: Price) -> Stop:
    """Return the active latents of each seed at the price's β."""
    active = list(price.active.values())
    return Stop(price.name, [price.beta] * len(active), active, _color(price))


def _color(price: Price) -> str:
    return theme.model_color("vae" if price.beta == 1 else "beta-vae")


def _place_of(beta: float | None, prices: Sequence[Price]) -> int | None:
    """Return the index of the price with a β, None where there is none."""
    betas = [price.beta for price in prices]
    return betas.index(beta) if beta in betas else None


def _chosen(view: View) -> float | None:
    """Return the β of the picked run, or None where it pays no KL."""
    model = view.picked.model
    return model.beta if model.posterior == "learned" else None
