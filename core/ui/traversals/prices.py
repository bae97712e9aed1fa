"""What β buys and costs: rate against distortion, active latents, and the sentence that they decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from core.experiments.claims import DEPENDS, HOLDS, BySeed, compare
from core.experiments.traits import TRAITS
from core.figures import theme
from core.figures.tradeoff import Stop, counts, tradeoff
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.verdicts.phrases import with_spread


@dataclass(frozen=True)
class Price:
    """What training with one β reached, by seed.

    Args:
        beta: weight of the KL.
        rate: KL, nats per image.
        distortion: nll, nats per image.
        active: latents in use.
    """

    beta: float
    rate: BySeed
    distortion: BySeed
    active: BySeed

    @property
    def name(self) -> str:
        """As it is written in the figures."""
        return f"β = {self.beta:g}"


def prices(view: View) -> list[Price]:
    """Return what every stop of the β-sweep reached, over seeds; those that were measured."""
    found = {beta: cache.by_seed(TRAITS, config) for beta, config in view.stops("beta").items()}
    return [
        Price(
            beta,
            {seed: n["kl"] for seed, n in numbers.items()},
            {seed: n["nll"] for seed, n in numbers.items()},
            {seed: n["active"] for seed, n in numbers.items()},
        )
        for beta, numbers in found.items()
        if numbers
    ]


def price_figures(found: Sequence[Price], view: View) -> tuple[go.Figure, go.Figure]:
    """Return the rate-distortion curve and the active latents against β, the chosen β marked."""
    chosen = (
        f"β = {view.picked.model.beta:g}" if view.picked.model.posterior == "learned" else None
    )
    colors = {
        one.name: theme.MODEL_COLORS["vae" if one.beta == 1 else "beta-vae"] for one in found
    }
    curve = tradeoff(
        [
            Stop(one.name, [*one.rate.values()], [*one.distortion.values()], colors[one.name])
            for one in found
        ],
        x_name="rate (KL), nats per image",
        y_name="distortion (nll), nats per image",
        chosen=chosen,
    )
    bars = counts(
        # A logarithmic axis has no place for β = 0.
        [
            Stop(one.name, [one.beta] * len(one.active), [*one.active.values()], colors[one.name])
            for one in found
            if one.beta
        ],
        x_name="β",
        y_name="active latents",
        most=view.picked.model.latent_dim,
        chosen=chosen,
    )
    return curve, bars


def draw(view: View) -> None:
    """Draw what β buys and costs, and the sentence that the numbers decide."""
    found = prices(view)
    if not found:
        st.info("This sweep was not measured yet; run `python -m core measure`.")
        return
    st.markdown(
        price_sentence(
            found, view.picked.model.beta if view.picked.model.posterior == "learned" else None
        )
    )
    curve, bars = price_figures(found, view)
    left, right = st.columns(2)
    with left:
        widgets.chart(curve, "rate_distortion")
    with right:
        widgets.chart(bars, "active_latents")
    st.caption(
        f"Diamonds are means over seeds, small dots the seeds ({_seeds(found)}), the ring is the β"
        f" you chose; {cache.run(view.picked).metrics['test_images']:,} test images, the nll"
        " of one code for each."
    )


def price_sentence(found: Sequence[Price], beta: float | None) -> str:
    """Return what the numbers say about β = 1 and another β: the chosen one, or the largest; from small to large."""
    by_beta = {one.beta: one for one in found}
    first = by_beta.get(1.0)
    last = by_beta.get(beta or 1.0, found[-1])
    last = found[-1] if last is first else last
    if first is None or last is first:
        return "There is one β only: nothing to compare."
    first, last = sorted((first, last), key=lambda one: one.beta)
    return (
        f"From β = {first.beta:g} to **β = {last.beta:g}** the nll"
        f" {_moved(first.distortion, last.distortion, 'nats')}, the KL"
        f" {_moved(first.rate, last.rate, 'nats')} and the number of active latents"
        f" {_moved(first.active, last.active, '')}. {_verdict(first, last)}"
    )


def _verdict(first: Price, last: Price) -> str:
    cost = compare(last.distortion, first.distortion).difference().mean
    spent = compare(last.rate, first.rate)
    saved = -spent.difference().mean
    if spent.leaning != HOLDS:
        return "The larger price did not buy a lower rate with every seed."
    if cost <= 0:
        return (
            f"It saved {saved:.2f} nats of KL and cost no nll: a better deal than the elbo of β ="
            f" {first.beta:g}."
        )
    return (
        f"Each nat of KL saved cost {cost / saved:.1f} nats of nll, so the bound on log p(x),"
        f" −(nll + KL), {'falls' if cost > saved else 'rises'} by {abs(cost - saved):.2f} nats."
    )


def _moved(before: BySeed, after: BySeed, unit: str) -> str:
    """Return how far a number moved on average, and whether it did so with every seed."""
    pairs = compare(after, before)
    change = pairs.difference().mean
    amount = f"{abs(change):.1f} {unit}".strip()
    how = (
        "stays" if abs(change) < 0.05 else f"{'rises' if change > 0 else 'falls'} by **{amount}**"
    )
    doubt = ", not with every seed" if abs(change) >= 0.05 and pairs.leaning == DEPENDS else ""
    return f"{how}{doubt} ({with_spread(before.values(), 1)} → {with_spread(after.values(), 1)})"


def _seeds(found: Sequence[Price]) -> str:
    few, many = (pick(len(one.rate) for one in found) for pick in (min, max))
    if many == 1:
        return "one each, so no spread is known"
    return (
        f"{many} each, ± is their standard deviation" if few == many else f"{few} to {many} each"
    )
