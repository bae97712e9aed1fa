"""The blocks of the Priors page: densities under the codes, samples, what was learned, and the noise of gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch
from numpy.typing import NDArray

from core.config import PRIORS, RunConfig, changed, with_seed
from core.experiments.evidence import EVIDENCE
from core.experiments.kept import numbers_of
from core.experiments.measuring.samples import codes_of
from core.experiments.noise import Claim, compare
from core.experiments.priors import EXPOST, GRADIENTS, Measured, covers, measured
from core.experiments.rate import RATE, limit
from core.experiments.samples import SAMPLES
from core.experiments.traits import TRAITS
from core.explore import sampling
from core.explore.decoding import decode
from core.families import with_each_prior
from core.figures import images as pictures
from core.figures.plane import Extent, square_extent
from core.figures.priors import density_panel, grid, ratio_bars, seed_dots
from core.metrics.gradients import ESTIMATORS
from core.models.priors import Mixture, Vamp, marginal
from core.shelf import seeds_of
from core.ui.kit import cache, widgets
from core.ui.kit.misfit import of_all_images
from core.ui.kit.picker import View
from core.verdicts.phrases import listed, number

UNMEASURED = "These runs were not measured yet; run `python -m core measure`."
POINTS, CELLS, FINER = 700, 90, 3
SHEET_IMAGES, SHEET_COLUMNS = 36, 6
PSEUDO_INPUTS = 50
AFTERWARDS = "Mixture fitted afterwards"
SCORES = {
    "nll": "nll, nats per image",
    "kl_aggregate": "KL(aggregate‖prior), nats",
    "frechet": "Fréchet distance of samples",
}
"""Number that is drawn -> words on its axis; smaller is better in all."""

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Contender:
    """A prior and the run that has it.

    Args:
        name: of `PRIORS`, or `EXPOST`.
        config: of the run; with `EXPOST` that with the standard normal, whose codes the mixture
            was fitted to.
    """

    name: str
    config: RunConfig

    @property
    def label(self) -> str:
        """The name on the screen."""
        return called(self.name)

    @property
    def sampler(self) -> str:
        """Where its random codes come from, a name of `core.explore.sampling.SAMPLERS`."""
        return "mixture" if self.name == EXPOST else "prior"

    @property
    def recipe(self) -> str:
        """What is learned and how its KL is had, in a few words."""
        count = self.config.model.components
        learned = {
            "mixture": f"{count} Gaussians, learned; KL by sampling",
            "vamp": f"{count} pseudo-inputs, learned; KL by sampling",
            EXPOST: f"{sampling.COMPONENTS} Gaussians, after training with the standard normal",
        }
        return learned.get(self.name, "Nothing to learn, exact KL")


def contenders(view: View) -> list[Contender]:
    """Return the priors that the VAE of the view was trained with, and what was fitted to its
    codes afterwards.

    All have one schedule: the warm-up of the KL is the same, so that the prior alone differs.
    """
    base = view.picked if view.picked.model.name == "vae" else view.family.get("vae")
    if base is None:
        return []
    chosen = with_each_prior(base, (*view.siblings, *view.doubles), view.picked)
    shown = [Contender(name, config) for name, config in chosen.items()]
    return shown + [Contender(EXPOST, one.config) for one in shown if one.name == "normal"]


def called(prior: str) -> str:
    """Return the name on the screen of a prior, or of the mixture fitted afterwards."""
    return AFTERWARDS if prior == EXPOST else PRIORS[prior][0].upper() + PRIORS[prior][1:]


def missing(shown: Sequence[Contender]) -> None:
    """Say which priors the VAE was not trained with."""
    names = [PRIORS[name] for name in PRIORS if name not in {one.name for one in shown}]
    if shown and names:
        config = shown[0].config
        data, latents, warm_up = config.data.name, config.model.latent_dim, config.train.warm_up
        st.info(
            f"The VAE of {data} with {latents} latents and a warm-up over {warm_up} epochs was not"
            f" trained with: {listed(names)}. `python -m core train {data} vae --latents"
            f" {latents} --warm-up {warm_up} --prior ...` does it."
        )


def schedule(shown: Sequence[Contender]) -> str:
    """Return which schedule the runs have in common, and what it alone did to the standard normal's nll."""
    config = shown[0].config
    warm_up = config.train.warm_up
    if not warm_up:
        return "All were trained without a warm-up of the KL."
    common = (
        f"All were trained on one schedule: the weight of the KL rises over the first {warm_up} of"
        f" {config.train.epochs} epochs."
    )
    normal = next((one.config for one in shown if one.name == "normal"), None)
    return common if normal is None else f"{common}{_worth_of_warm_up(normal)}"


def _worth_of_warm_up(normal: RunConfig) -> str:
    """Return how the nll of a VAE with the standard normal differs from that of one trained without its warm-up."""
    plain = changed(normal, warm_up=0)
    seeds = seeds_of(normal.data.name)
    known = [
        {s: numbers_of(EVIDENCE, with_seed(one, s), cache.SHELF) for s in seeds}
        for one in (normal, plain)
    ]
    warm, cold = ({seed: (found["nll"],) for seed, found in one.items() if found} for one in known)
    claim = compare(warm, cold)
    if not claim.seeds:
        return ""
    return (
        f" With the standard normal that alone changes the nll by {difference(claim)} nats"
        f" ({claim.seeds} seeds, least to most): the VAE of the other pages is trained without it."
    )


@st.fragment
def panels(shown: Sequence[Contender]) -> None:
    """Draw each prior under the codes, and what random codes from it decode to; a new seed draws only this again."""
    seed = int(
        st.number_input(
            "Seed of the random codes", 0, 9999, key="seed", width=200, bind="query-params"
        )
    )
    for column, one in zip(st.columns(max(5, len(shown))), shown, strict=False):
        with column:
            st.markdown(f"**{one.label}**")
            widgets.chart(panel(one.config, one.name), f"density {one.name}")
            png = cache.samples_png(
                one.config, one.sampler, None, seed, SHEET_IMAGES, SHEET_COLUMNS
            )
            widgets.picture(png, f"{one.label}: random codes, decoded")
            st.caption(f"{one.recipe}{which_latents(one.config)}")


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=cache.BY_KEY)
def panel(config: RunConfig, name: str) -> go.Figure:
    """Return the density of a run's prior on its two latents of most variance, under codes of test
    images.

    Args:
        config: of the run.
        name: of `PRIORS`, or `EXPOST` for the mixture fitted to its codes.
    """
    pair = cache.widest_pair(config)
    drawn = cache.sampler(config, "mixture" if name == EXPOST else "prior").sample(2000, 0)
    codes, drawn = (_flat(table[:, pair]) for table in (codes_of(cache.run(config)), drawn))
    extent = _extent(codes, drawn)
    fine = _density(config, name, pair, grid(extent, CELLS * FINER)[:, : len(pair)])
    # The mean over a cell's parts: narrow Gaussians would slip between the middles of cells.
    density = fine.reshape(CELLS, FINER, CELLS, FINER).mean((1, 3))
    return density_panel(density, extent, codes[:POINTS])


def which_latents(config: RunConfig) -> str:
    """Return which latents a panel shows, where a run has more than it shows."""
    pair = cache.widest_pair(config)
    if config.model.latent_dim <= len(pair):
        return ""
    across, up = (index + 1 for index in pair)
    return f". Latents {across} (across) and {up} (up)"


def _flat(codes: Floats) -> Floats:
    """Return codes (N, 2) for the plane: of a single latent along its middle."""
    return np.pad(codes, [(0, 0), (0, 2 - codes.shape[1])])


def _extent(codes: Floats, drawn: Floats) -> Extent:
    """Return a square around nearly all codes of the posterior and of the prior."""
    edges = [np.quantile(table, (0.003, 0.997), axis=0) for table in (codes, drawn)]
    return square_extent(*edges, prior=False, margin=0.11)


def _density(
    config: RunConfig, name: str, pair: Sequence[int], codes: Floats
) -> NDArray[np.float64]:
    """Return the density (N,) of the latents of a pair alone at their codes: exact for every prior."""
    if name == EXPOST:
        fitted = cache.sampler(config, "mixture")
        assert isinstance(fitted, sampling.Mixture)
        return fitted.density(codes, pair)
    alone = marginal(cache.run(config).model.prior, pair)
    with torch.inference_mode():
        parts = torch.from_numpy(np.asarray(codes, np.float32)).split(2_000)
        return torch.cat([alone.log_prob(part).exp() for part in parts]).double().numpy()


def learned(shown: Sequence[Contender]) -> None:
    """Draw what the learned priors are made of: pseudo-inputs and what they decode to, and the means of mixtures."""
    made = [one for one in shown if one.name in ("vamp", "mixture", EXPOST)]
    widths = [2 if one.name == "vamp" else 1 for one in made]
    for column, one in zip(st.columns([*widths, *[1] * (4 - sum(widths))]), made, strict=False):
        with column:
            if one.name == "vamp":
                _pseudo_inputs(one.config)
            else:
                st.markdown(f"**{one.label}: its means, decoded**")
                png, words = means_png(one.config, one.name)
                widgets.picture(png, f"{one.label}: its means, decoded, the heaviest first")
                st.caption(words)


def _pseudo_inputs(config: RunConfig) -> None:
    count = config.model.components or 0
    which = (
        "its pseudo-inputs"
        if count <= PSEUDO_INPUTS
        else f"the first {PSEUDO_INPUTS} of its {count} pseudo-inputs"
    )
    st.markdown(f"**VampPrior: {which}, and what their codes decode to**")
    texts = (
        "Pseudo-inputs, images that were learned with the model",
        "What the means of their posteriors decode to",
    )
    for column, png, text in zip(st.columns(2), pseudo_inputs_png(config), texts, strict=True):
        with column:
            widgets.picture(png, text)


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=cache.BY_KEY)
def pseudo_inputs_png(config: RunConfig) -> tuple[bytes, bytes]:
    """Return the pseudo-inputs of a run, and below each other in the same order what their codes decode to."""
    opened = cache.run(config)
    prior, scale = opened.model.prior, cache.scale_of(config.data)
    assert isinstance(prior, Vamp)
    with torch.inference_mode():
        inputs, means = (
            prior.images()[:PSEUDO_INPUTS].numpy(),
            prior.parts()[1].mean[:PSEUDO_INPUTS].numpy(),
        )
    return tuple(
        pictures.sheet_png(some, 10, scale) for some in (inputs, decode(opened.model, means))
    )  # pyright: ignore[reportReturnType]


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=cache.BY_KEY)
def means_png(config: RunConfig, name: str) -> tuple[bytes, str]:
    """Return the decoded means of a run's mixture, the heaviest first, and a sentence of their
    weights.

    Args:
        config: of the run.
        name: `mixture`, or `EXPOST` for the one that was fitted to its codes.
    """
    opened = cache.run(config)
    weights, means = _fitted_parts(config) if name == EXPOST else _learned_parts(config)
    order = np.argsort(-weights)
    weights = weights[order]
    png = pictures.sheet_png(decode(opened.model, means[order]), 5, cache.scale_of(config.data))
    return png, f"Heaviest first: weights from {weights[0]:.2f} to {weights[-1]:.2g}."


def _fitted_parts(config: RunConfig) -> tuple[Floats, Floats]:
    """Return weights (K,) and means (K, L) of the mixture that was fitted to a run's codes."""
    fitted = cache.sampler(config, "mixture")
    assert isinstance(fitted, sampling.Mixture)
    return fitted.weights, np.stack([part.mean for part in fitted.parts])


def _learned_parts(config: RunConfig) -> tuple[Floats, Floats]:
    """Return weights (K,) and means (K, L) of the mixture that a run was trained with."""
    prior = cache.run(config).model.prior
    assert isinstance(prior, Mixture)
    with torch.inference_mode():
        weights, parts = prior.parts()
        return weights.exp().numpy(), parts.mean.numpy()


def known_of(shown: Sequence[Contender]) -> dict[str, Measured]:
    """Return what was measured of each prior over seeds."""
    return {one.name: _measured(one.config, one.sampler) for one in shown}


@cache.fresh(GRADIENTS, EVIDENCE, RATE, TRAITS, SAMPLES, max_entries=64)
def _measured(config: RunConfig, sampler: str) -> Measured:
    found = measured(config, sampler, cache.SHELF)
    # What was fitted afterwards belongs to a training with another prior, whose bound is not its
    # own.
    return replace(found, fit={}) if sampler == "mixture" else found


def unmeasured(shown: Sequence[Contender]) -> str:
    """Return a sentence of why there are no numbers."""
    if covers(shown[0].config):
        return UNMEASURED
    return (
        "Priors are measured for VAEs of digits and mnist with a Bernoulli likelihood, not for"
        " these runs."
    )


def scores(shown: Sequence[Contender], known: Mapping[str, Measured]) -> None:
    """Draw the three numbers that decide, each prior a row, each training a dot."""
    ceiling = cache.ceiling(shown[0].config.data)
    for column, (name, words) in zip(st.columns(len(SCORES)), SCORES.items(), strict=True):
        values = {one.label: known[one.name].values(name) for one in shown}
        values = {label: found for label, found in values.items() if found}
        best = ceiling["frechet"] if ceiling and name == "frechet" else None
        if values:
            with column:
                widgets.chart(seed_dots(values, name=words, best=best), f"score {name}")


COLUMNS = {
    "nll": ("nll", 2),
    "elbo": ("elbo", 2),
    "rate": ("Rate", 2),
    "kl_aggregate": ("KL(aggregate‖prior)", 3),
    "active": ("Active latents", 0),
    "frechet": ("Fréchet distance", None),
    "coverage": ("Coverage", 3),
}
"""Number -> its column and digits after the point; None for three digits that count."""


def rows(shown: Sequence[Contender], known: Mapping[str, Measured]) -> list[dict[str, str]]:
    """Return a row of text for each prior, the mean over trainings with their standard deviation."""
    return [
        {"Prior": one.label}
        | {
            words: cell(known[one.name].values(name), digits)
            for name, (words, digits) in COLUMNS.items()
        }
        | {"Trainings": str(max(len(known[one.name].fit), len(known[one.name].samples)))}
        for one in shown
    ]


def difference(claim: Claim) -> str:
    """Return ours less theirs: mean, and least to most over seeds.

    >>> difference(Claim(((1.0,), (1.5,)), ((2.0,), (2.0,)), (False,)))
    '−0.75 (−1.00 to −0.50)'
    """
    each = np.array(claim.ours)[:, 0] - np.array(claim.theirs)[:, 0]
    said = _signed(float(each.mean()))
    return (
        said
        if len(each) < 2
        else f"{said} ({_signed(float(each.min()))} to {_signed(float(each.max()))})"
    )


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def cell(values: Sequence[float], digits: int | None) -> str:
    """Return a mean with the standard deviation over trainings; said where there is one training,
    or none.

    >>> cell([1.0, 2.0, 3.0], 1), cell([2.5], 2), cell([], 2), cell([2.0, 2.0], 0)
    ('2.0 ± 1.0', '2.50 (one seed)', '–', '2')
    """
    if not values:
        return "–"
    mean = float(np.mean(values))
    said = number(mean) if digits is None else f"{mean:.{digits}f}".replace("-", "−")
    if len(values) == 1:
        return f"{said} (one seed)"
    spread = float(np.std(values, ddof=1))
    if digits == 0:
        return said if not spread else f"{mean:.1f} ± {spread:.1f}"
    return f"{said} ± {number(spread) if digits is None else f'{spread:.{digits}f}'}"


def _of_all(shown: Sequence[Contender]) -> str:
    """Return the misfit of each prior over all images, by its label; the one that was fitted afterwards has none."""
    return of_all_images({one.label: one.config for one in shown if one.name != EXPOST})


def measured_on(shown: Sequence[Contender], known: Mapping[str, Measured]) -> str:
    """Return what the numbers of the table were measured on, and how far they may be off."""
    fits = [numbers for found in known.values() for numbers in found.fit.values()]
    if not fits:
        return ""
    some = fits[0]
    seeds = [
        str(seed) for seed in sorted({seed for found in known.values() for seed in found.fit})
    ]
    error = max(numbers["kl_aggregate_error"] for numbers in fits)
    told = max(numbers["information"] for numbers in fits)
    full = (
        f" With {shown[0].config.model.latent_dim} latents nearly every code tells its image"
        f" ({told:.2f} of at most ln {some['images']:,} = {limit(some['images']):.2f} nats), so"
        " the KL also counts the gaps between the images."
        if any(found.saturated for found in known.values())
        else ""
    )
    return (
        f"± is the standard deviation over trainings with seeds {listed(seeds)}; nll, elbo, rate"
        f" and KL in nats per image. All are of {some['images']:,} test images; what the"
        f" importance-weighted bound, k = {some['k']}, adds to the elbo was measured on"
        f" {some['bounded']:,} of them, spread evenly. Standard error of the nll at most"
        f" {number(max(numbers['nll_error'] for numbers in fits))}, of the KL(aggregate‖prior)"
        f" {number(error)}. That KL is of these {some['images']:,} images alone."
        f" {_of_all(shown)}{full} Fréchet distance and coverage as on the page *Sampling*, mean of"
        " three seeds of the codes. The mixture fitted afterwards was not trained with, so that"
        " only its samples are its own."
    )


def gradient(shown: Sequence[Contender], known: Mapping[str, Measured]) -> None:
    """Draw how much noisier the score function's gradient is than the reparameterisation's."""
    measured_ones = {one.label: known[one.name] for one in shown if known[one.name].fit}
    if not measured_ones:
        st.info(unmeasured(shown))
        return
    label, first = next(iter(measured_ones.items()))
    numbers = next(iter(first.fit.values()))
    names = {name: words for name, words in ESTIMATORS.items() if name != "pathwise"}
    left, right = st.columns([1, 2])
    with left:
        st.metric(
            "Score function over reparameterised", f"{np.mean(first.ratios('score')):,.0f} ×"
        )
        st.metric(
            "The same with a baseline", f"{number(float(np.mean(first.ratios('baseline'))))} ×"
        )
        st.markdown(
            f"Measured with the {label.lower()}. With one code per image as in training, the score"
            f" function would need about {np.mean(first.ratios('score')):,.0f} codes for a"
            " gradient as good as the reparameterisation's from one."
        )
    with right:
        ratios = {
            name: {e: found.ratios(e) for e in names} for name, found in measured_ones.items()
        }
        widgets.chart(ratio_bars(ratios, names), "gradient")
    off = [
        far
        for found in measured_ones.values()
        for one in found.fit.values()
        for far in one["disagreement"].values()
    ]
    st.caption(
        "Variance of one draw of the gradient of the negative ELBO with respect to the encoder's"
        " outputs, mean (in units of the posterior's σ) and log-variance of every latent, summed"
        f" over them and averaged over {numbers['gradient_images']} test images,"
        f" {numbers['draws']} draws each; ratio of the variances, mean over trainings, bars one"
        " standard deviation. *Baseline*: the mean of the image's other draws is taken off first."
        f" All estimate the same gradient: their means lie {min(off):.2f} to"
        f" {max(off):.2f} standard errors apart (root mean square over all outputs; chance makes"
        " it about 1)."
    )
