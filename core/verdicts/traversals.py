"""Traversals in words: the latents that a run uses, the price of β, the factors latents follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.experiments.claims import DEPENDS, HOLDS, BySeed, compare
from core.explore.traversal import Ruler
from core.verdicts.phrases import with_spread

FOLLOWS = 0.1
"""Least share of a factor that a latent tells where a sentence says that it follows it."""

UNMEASURED = "This sweep was not measured yet; run `python -m core measure`."
SHARES = "Normalised mutual information: the share of a factor's entropy that a latent tells"

_STILL = 0.05
"""Change of a number, in its unit, that a sentence calls none."""

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Ranking:
    """The latents of a run, the one that carries most first.

    Args:
        order: latents in the order of their amounts, L of them, from 0.
        amounts: KL in nats, or the variance of the code in its squared unit, of each latent (L,).
        active: whether each latent is in use, (L,).
        ruler: the start and the length of a step along each latent.
        priced: whether amounts are nats of KL; else they are variances.
        drawn: whether steps are standard deviations of the prior that codes are drawn from; else
            they are those of the codes.
    """

    order: list[int]
    amounts: Floats
    active: NDArray[np.bool_]
    ruler: Ruler
    priced: bool
    drawn: bool

    @property
    def unit(self) -> str:
        """The unit of the amounts, in few words."""
        return "KL, nats" if self.priced else "variance"


def activity(label: str, ranking: Ranking) -> str:
    """Return how many latents of a model are active, and which carries most."""
    first, count = ranking.order[0], int(ranking.active.sum())
    if not count:
        return f"No latent of {label} is active: every slider leaves the picture as it is."
    amount, total = ranking.amounts[first], ranking.amounts.sum()
    if ranking.priced:
        most = f"{amount:.2f} of {total:.2f} nats"
    else:
        most = f"{amount / total:.0%} of the variance of the codes"
    return (
        f"{count} of {len(ranking.active)} latents are active in {label};"
        f" z{first + 1} carries most, {most}."
    )


def unit_of_steps(label: str, ranking: Ranking) -> str:
    """Return the unit of the steps, and what rows are sorted by where it is no KL."""
    if ranking.drawn:
        unit = (
            "σ is a standard deviation of the prior: the latent takes that value, all others stay."
        )
        return unit if ranking.priced else f"{unit} Rows are sorted by the variance of the codes."
    return (
        f"{label} has no prior to count in: σ is a standard deviation of each latent's own codes"
        " around their mean, and rows are sorted by their variance."
    )


def row_names(ranking: Ranking) -> list[str]:
    """Return the names of the rows of an exported sheet, each with its amount."""
    unit = "nats" if ranking.priced else "variance"
    state = {True: "", False: ", collapsed"}
    return [
        f"z{u + 1}  {ranking.amounts[u]:.2f} {unit}{state[bool(ranking.active[u])]}"
        for u in ranking.order
    ]


def sheet_title(data: str, label: str, image: int | None, ranking: Ranking) -> str:
    """Return the title of an exported sheet.

    Args:
        data: name of the data set.
        label: of the model.
        image: index of the test image that the traversals start from; the origin when None.
        ranking: of the model's latents.
    """
    start = "the origin" if image is None else f"test image {image}"
    source = "the prior" if ranking.priced else "the codes"
    return f"{data}, {label}, from {start}; steps in standard deviations of {source}"


def latent_rows(
    key: str, ranking: Ranking, std: Floats, shares: Floats, names: Sequence[str]
) -> list[dict[str, str]]:
    """Return a row of text for each latent, the one that carries most first.

    Args:
        key: of the run.
        ranking: of its L latents.
        std: standard deviation of the codes, (L,).
        shares: share of each factor that each latent tells, (L, K).
        names: of the K factors.
    """
    rows = []
    for place, u in enumerate(ranking.order, 1):
        row = {
            "run": key,
            "latent": str(u + 1),
            "row": str(place),
            "kl_nats": f"{ranking.amounts[u]:.6f}" if ranking.priced else "",
            "active": str(int(ranking.active[u])),
            "code_std": f"{std[u]:.6f}",
        }
        row |= {f"nmi_{name}": f"{shares[u, k]:.6f}" for k, name in enumerate(names)}
        rows.append(row)
    return rows


def followed(shares: Floats, names: Sequence[str], label: str) -> str:
    """Return which latent follows which factor most, and the factors that no latent follows.

    Args:
        shares: share of each factor that each latent tells, (L, K).
        names: of the K factors.
        label: of the model.
    """
    best, most = shares.argmax(axis=0), shares.max(axis=0)
    order = np.argsort(-most)
    follows = [
        f"**{names[k]}** is followed by z{best[k] + 1} ({most[k]:.2f})"
        for k in order
        if most[k] >= FOLLOWS
    ]
    left = [f"{names[k]} ({most[k]:.2f})" for k in order if most[k] < FOLLOWS]
    parts = [", ".join(follows)] if follows else []
    if left:
        parts.append(f"no latent tells a tenth of {' or '.join(left)}")
    return f"In {label}, {'; '.join(parts)}."


def followed_over_seeds(shares: Sequence[Floats], names: Sequence[str]) -> str:
    """Return how much the latent that tells most of each factor tells, over seeds.

    Args:
        shares: share of each factor that each latent tells, (L, K), for each seed.
        names: of the K factors.
    """
    if len(shares) < 2:
        return "That is one seed; other seeds were not measured."
    most = np.array([np.max(table, axis=0) for table in shares])
    spreads = ", ".join(f"{name} {with_spread(most[:, k], 2)}" for k, name in enumerate(names))
    return f"Over {len(shares)} seeds the latent that tells most of each factor tells {spreads}."


@dataclass(frozen=True)
class Price:
    """The numbers that trainings with one β reached, by seed.

    Args:
        beta: weight of the KL.
        rate: KL, nats per image.
        distortion: nll, nats per image.
        active: number of latents in use.
    """

    beta: float
    rate: BySeed
    distortion: BySeed
    active: BySeed

    @property
    def name(self) -> str:
        """The price as the figures write it."""
        return f"β = {self.beta:g}"


def price_sentence(prices: Sequence[Price], beta: float | None) -> str:
    """Return the change of the numbers between β = 1 and another β, from small to large.

    Args:
        prices: of all β, rising.
        beta: the other β; the largest when None or 1.
    """
    by_beta = {price.beta: price for price in prices}
    first = by_beta.get(1.0)
    last = by_beta.get(1.0 if beta is None else beta, prices[-1])
    if last is first:
        last = prices[-1]
    if first is None or last is first:
        return "There is one β only: nothing to compare."
    first, last = sorted((first, last), key=lambda price: price.beta)
    return (
        f"From β = {first.beta:g} to **β = {last.beta:g}** the nll"
        f" {_change(first.distortion, last.distortion, 'nats')}, the KL"
        f" {_change(first.rate, last.rate, 'nats')} and the number of active latents"
        f" {_change(first.active, last.active, '')}. {_deal(first, last)}"
    )


def price_caption(prices: Sequence[Price], test_images: int) -> str:
    """Return how to read the figures of the prices, and their numbers of trainings and images."""
    counts = [len(price.rate) for price in prices]
    few, many = min(counts), max(counts)
    if many == 1:
        seeds = "one each, so no spread is known"
    elif few == many:
        seeds = f"{many} each, ± is their standard deviation"
    else:
        seeds = f"{few} to {many} each"
    return (
        f"Diamonds are means over seeds, small dots the seeds ({seeds}), the ring is the β"
        f" you chose; {test_images:,} test images, the nll of one code for each."
    )


def _deal(first: Price, last: Price) -> str:
    """Return the nats of nll that a nat of KL costs between two β, the smaller first."""
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


def _change(before: BySeed, after: BySeed, unit: str) -> str:
    """Return how far a number moved on average, and whether it did so with every seed."""
    pairs = compare(after, before)
    change = pairs.difference().mean
    spreads = f"({with_spread(before.values(), 1)} → {with_spread(after.values(), 1)})"
    if abs(change) < _STILL:
        return f"stays {spreads}"
    amount = f"{abs(change):.1f} {unit}".strip()
    doubt = ", not with every seed" if pairs.leaning == DEPENDS else ""
    return f"{'rises' if change > 0 else 'falls'} by **{amount}**{doubt} {spreads}"
