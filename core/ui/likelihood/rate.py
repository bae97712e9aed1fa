"""The part "The rate" of the Likelihood page: what a lower distortion costs, and what the cost pays for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.config import MODEL_LABELS, PRIORS, RunConfig
from core.experiments.claims import DEPENDS, FAILS, HOLDS, UNKNOWN, BySeed, Cases, compare
from core.experiments.kept import Numbers
from core.experiments.rate import RATE, cut_off, limit
from core.experiments.traits import TRAITS
from core.families import SEED, alike, groups, is_doubled
from core.figures import theme
from core.figures.planes import (
    OTHER_SYMBOL,
    SYMBOLS,
    Place,
    Split,
    rate_bars,
    rate_distortion,
)
from core.ui.kit import cache, widgets
from core.ui.kit.misfit import of_all_images
from core.ui.kit.picker import View
from core.verdicts.phrases import answer, chance

UNMEASURED = "The rate of these models was not measured yet; run `python -m core measure`."


def draw_rate(view: View) -> None:
    """Draw the plane of all models of the data set, and what their rate is made of."""
    if view.picked.model.posterior != "learned":
        st.info(
            f"{view.picked.model.label} is charged no rate: its objective has no KL. Shown are the"
            " models that are.",
            icon=":material/info:",
        )
    st.subheader("What does a lower distortion cost?", anchor=False)
    _plane(view)
    st.subheader("What do the nats pay for?", anchor=False)
    _bars(view)


def _plane(view: View) -> None:
    configs = charged(view)
    if not configs:
        st.info("No model with a KL was trained on these images with this likelihood.")
        return
    widgets.chart(plane_figure(configs, _chosen(view, configs)), "rate distortion")
    likelihood = "Bernoulli" if view.picked.model.likelihood == "bernoulli" else "Gaussian"
    st.caption(
        f"Test images of {view.picked.data.name}, the nll of one code for each; small marks: each"
        " training; grey: the same number of latents, a standard normal prior. Through each model"
        " runs its line of slope −β, along which its objective, nll + β · KL, stays the same. All"
        f" are of a **{likelihood}** likelihood: distortions of different ones are of different"
        " things, so they never share a plane."
    )
    if sentence := exchange_sentence(exchanges(beta_stops(view))):
        st.markdown(sentence)


def charged(view: View) -> tuple[RunConfig, ...]:
    """Return the runs of the view's data set and likelihood that have a KL, one for each config
    whatever its seed.

    Of the two standard normals it takes the family's.
    """
    place = (view.picked.data, view.picked.model.likelihood)
    runs = [
        config
        for config in cache.shelf()[0]
        if (config.data, config.model.likelihood) == place
        and config.model.posterior == "learned"
        and not is_doubled(config)
    ]
    runs.sort(
        key=lambda c: (
            c.model.latent_dim,
            c.model.beta,
            list(PRIORS).index(c.model.prior),
            c.train.seed,
            c.key,
        )
    )
    return tuple(group[0] for group in groups(runs))


def _chosen(view: View, configs: Sequence[RunConfig]) -> int | None:
    """Return which of some runs was picked, by whatever seed."""
    is_picked = [alike(config, view.picked, but_for=SEED) for config in configs]
    return is_picked.index(True) if any(is_picked) else None


@cache.fresh(TRAITS, RATE, max_entries=32)
def plane_figure(configs: tuple[RunConfig, ...], chosen: int | None) -> go.Figure:
    """Return rate against distortion.

    Args:
        configs: of the runs, as `charged` returns them.
        chosen: index of the one with a ring, if any.
    """
    x_name, y_name = "rate (KL), nats per image", "distortion (nll), nats per image"
    return rate_distortion(
        [_place(config) for config in configs], x_name=x_name, y_name=y_name, chosen=chosen
    )


def _place(config: RunConfig) -> Place:
    model, reached = config.model, traits(config)
    normal = model.prior == "normal"
    text = (
        f"β = {model.beta:g}"
        if model.beta != 1
        else f"{model.latent_dim} latents"
        if normal
        else ""
    )
    return Place(
        name=(MODEL_LABELS[model.name] if normal else PRIORS[model.prior])
        + ("" if model.likelihood == "bernoulli" else f", {model.likelihood_label}"),
        x=[one["kl"] for one in reached],
        y=[one["nll"] for one in reached],
        slope=-model.beta,
        text=text,
        color=theme.color_of(MODEL_LABELS[model.name]),
        symbol=SYMBOLS.get(model.prior, OTHER_SYMBOL),
        family=f"{model.latent_dim}" if normal else "",
    )


def traits(config: RunConfig) -> list[Numbers]:
    """Return nll and KL of a run and its further seeds; of a run of the visitor's own, its own alone."""
    found = cache.over_seeds(TRAITS, config)
    return found or [cache.run(config).metrics]


def beta_stops(view: View) -> dict[float, list[tuple[float, float]]]:
    """Return rate and distortion for each seed, by β, of the family that is looked at."""
    runs = {
        beta: config
        for beta, config in view.stops("beta").items()
        if config.model.prior == "normal"
    }
    return {
        beta: [(one["kl"], one["nll"]) for one in traits(config)] for beta, config in runs.items()
    }


@dataclass(frozen=True)
class Exchange:
    """What a nat of rate bought between two neighbouring β.

    Args:
        low: the smaller β.
        high: the larger β.
        spent: nats of rate more with the smaller, for each seed; above 0.
        saved: nats of distortion less, for each seed.
    """

    low: float
    high: float
    spent: tuple[float, ...]
    saved: tuple[float, ...]

    @property
    def bought(self) -> float:
        """Nats of distortion for a nat of rate, of all seeds together."""
        return sum(self.saved) / sum(self.spent)

    @property
    def within(self) -> bool:
        """Whether it lies between the two β with every seed, as it must between two optima."""
        each = (saved / spent for saved, spent in zip(self.saved, self.spent, strict=True))
        return all(self.low <= rate <= self.high for rate in each)


def exchanges(stops: Mapping[float, Sequence[tuple[float, float]]]) -> list[Exchange]:
    """Return what a nat of rate bought from each β to the next.

    Neither model would rather be the other: nll + β KL is least for each with its own β, so that
    the exchange rate lies between the two. Stops whose rates do not fall are left out.

    Args:
        stops: β -> (rate, distortion) for each seed, the least β first.

    >>> exchanges({1.0: [(7.0, 100.0)], 4.0: [(5.0, 104.0)]})
    [Exchange(low=1.0, high=4.0, spent=(2.0,), saved=(4.0,))]
    """
    found = []
    for (low, ours), (high, theirs) in pairwise(stops.items()):
        pairs = list(zip(ours, theirs, strict=False))
        if pairs and all(one[0] > other[0] for one, other in pairs):
            spent, saved = (
                tuple(sign * (a[i] - b[i]) for a, b in pairs) for i, sign in ((0, 1), (1, -1))
            )
            found.append(Exchange(low, high, spent, saved))
    return found


def exchange_sentence(found: Sequence[Exchange]) -> str:
    """Return what the exchange rates say, or nothing without any."""
    if not found:
        return ""
    parts = [
        f"{one.bought:.2f} from β = {one.high:g} to {one.low:g}".replace("-", "−") for one in found
    ]
    wrong = [f"β = {one.high:g} to {one.low:g}" for one in found if not one.within]
    held = (
        "Between two optima it has to lie between the two β, and it does with every seed."
        if not wrong
        else (
            "Between two optima it has to lie between the two β; it does not, with every seed,"
            " from "
        )
        + " and ".join(wrong)
        + ": those trainings did not end in optima of their objectives on the test images."
    )
    return f"**A nat of rate buys nats of distortion:** {', '.join(parts)}. {held}"


def _bars(view: View) -> None:
    family = [c for c in charged(view) if c.model.latent_dim == view.picked.model.latent_dim]
    doubles = [
        config
        for config in view.doubles
        if config.model.likelihood == view.picked.model.likelihood
    ]
    configs = (*family[:1], *doubles[:1], *family[1:])
    known = {_row_of(c): found for c in configs if (found := cache.over_seeds(RATE, c))}
    if not known:
        st.info(UNMEASURED)
        return
    widgets.chart(bars_figure(configs), "rate split")
    label = view.picked.model.label if view.picked.model.label in known else next(iter(known))
    st.markdown(
        f"{paid_sentence(label, known[label])} {prior_sentence(_by_prior(configs))}".strip()
    )
    picked = next(c for c in configs if _row_of(c) == label)
    if said := of_all_images({label: picked}):
        st.markdown(f"*More images?* {said}")
    images = next(iter(known.values()))[0]["images"]
    st.caption(
        f"Posteriors of {images:,} test images with {view.picked.model.latent_dim} latents,"
        f" averaged over {_trainings(known.values())}. No code can tell more about which of"
        f" {images:,} images it is of than log {images:,} = {limit(images):.2f} nats: close to"
        " that line the split says nothing about more images, and the rest of the bar is left"
        " open. Below it, too, fewer images tell less and leave more to the KL(aggregate"
        f" posterior ‖ prior). {_by_chance(_by_prior(configs))}".rstrip()
    )


@cache.fresh(RATE, max_entries=32)
def bars_figure(configs: tuple[RunConfig, ...]) -> go.Figure:
    """Return what the rates of some runs are made of.

    Args:
        configs: of the runs; those that were not measured are left out.
    """
    known = {_row_of(c): found for c in configs if (found := cache.over_seeds(RATE, c))}
    images = next(iter(known.values()))[0]["images"]
    splits = [
        Split(
            label,
            [one["information"] for one in found],
            [one["marginal"] for one in found],
            cut_off(found),
        )
        for label, found in known.items()
    ]
    return rate_bars(splits, limit=limit(images), limit_name=f"log {images:,}")


def _row_of(config: RunConfig) -> str:
    """Return the name of a run among the bars: a VAE may stand there with the schedule of the other priors too."""
    return f"{config.model.label}, warmed up" if is_doubled(config) else config.model.label


def paid_sentence(label: str, found: Sequence[Numbers]) -> str:
    """Return what the rate of one model pays for.

    Args:
        label: of the model.
        found: what was measured of it, for each seed.
    """
    rate, told, rest = (
        float(np.mean([one[part] for one in found]))
        for part in ("rate", "information", "marginal")
    )
    if rate < 0.01:
        return f"**{label}** spends no rate: its codes say nothing about the image."
    if cut_off(found):
        return (
            f"**{label}** spends {rate:.2f} nats per image. Its codes tell almost every test image"
            f" from all others ({told:.2f} nats); whether the other {rest:.2f} tell more, or are"
            " for lying where the prior is not, takes more images to say."
        )
    return (
        f"**{label}** spends {rate:.2f} nats per image: {told:.2f} tell the image, and"
        f" {rest:.2f} ({rest / rate:.0%}) are for codes that do not lie as the prior does, all"
        f" together, of {found[0]['images']:,} images."
    )


def prior_sentence(marginals: Mapping[str, BySeed]) -> str:
    """Return how the learned or bounded priors compare with the standard normal, or nothing where
    none is known.

    Args:
        marginals: label of the prior -> seed -> KL(aggregate posterior || prior); a single split
            that is cut off is not among them.
    """
    normal = marginals.get(PRIORS["normal"])
    others = {label: values for label, values in marginals.items() if label != PRIORS["normal"]}
    if not normal or not others:
        return ""
    parts = [
        f"{label} {_mean(values):.2f} ({answer(compare(values, normal), _AGAINST)})"
        for label, values in others.items()
    ]
    return (
        "By prior, trained on one schedule, that misfit is: standard normal"
        f" {_mean(normal):.2f}, {', '.join(parts)}."
    )


_AGAINST = {
    HOLDS: "less with every seed",
    FAILS: "more with every seed",
    DEPENDS: "seeds disagree",
    UNKNOWN: "no seed in common",
}


def _mean(values: BySeed) -> float:
    return float(np.mean(list(values.values())))


def _by_chance(marginals: Mapping[str, BySeed]) -> str:
    """Return how often chance alone sets a prior apart; arguments as in `prior_sentence`."""
    normal = marginals.get(PRIORS["normal"], {})
    others = {label: values for label, values in marginals.items() if values is not normal}
    cases = Cases({label: compare(values, normal) for label, values in others.items()})
    return chance(cases.pairs, words="*less* or *more*") if cases.pairs else ""


def _by_prior(configs: Sequence[RunConfig]) -> dict[str, dict[int, float]]:
    """Return the misfit of each prior's VAE by seed, where the images suffice to tell, all on one schedule."""
    vaes = [config for config in configs if config.model.name == "vae"]
    schedule = next(
        (config.train.warm_up for config in vaes if config.model.prior != "normal"), None
    )
    alike = [config for config in vaes if config.train.warm_up == schedule]
    found = {PRIORS[config.model.prior]: cache.by_seed(RATE, config) for config in reversed(alike)}
    ordered = {label: found[label] for label in PRIORS.values() if found.get(label)}
    return {
        label: {seed: one["marginal"] for seed, one in many.items()}
        for label, many in ordered.items()
        if not cut_off(list(many.values()))
    }


def _trainings(known: Iterable[Sequence[Numbers]]) -> str:
    counts = sorted({len(found) for found in known})
    if counts[-1] == 1:
        return "one training of each"
    return (
        f"{counts[0]} trainings of each"
        if len(counts) == 1
        else f"{counts[0]} to {counts[-1]} trainings of each"
    )
