"""The blocks of the Traversals page: sheet, one latent moved by hand, what β buys and costs, factors, downloads."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from core.config import RunConfig
from core.experiments.factors import FACTORS
from core.experiments.kept import Numbers, Study, over_seeds
from core.experiments.traits import TRAITS
from core.explore.decoding import decode
from core.explore.traversal import Ruler, code_ruler, most_first, prior_ruler, steps, traverse, traverse_each
from core.figures import images as pictures
from core.figures import theme
from core.figures.factors import code_against_factor
from core.figures.heatmap import heatmap
from core.figures.tradeoff import Stop, counts, tradeoff
from core.metrics.information import normalised_information
from core.ui import cache, widgets
from core.ui.frame import View
from core.ui.player import Strip, player
from core.ui.sheet import Row, sheet

STARTS = ("A test image", "The origin")
FRAMES, SECONDS = 91, 2.4
"""Frames of a film and seconds from its first to its last: 38 a second."""
FOLLOWS = 0.1
"""Share of a factor that a latent has to tell before a sentence says that it follows it."""
_POINTS = 2500

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Choice:
    """Where the traversals start, how far and how finely they go.

    Args:
        image: index of a test image; the origin when None.
        reach: steps to either side, in standard deviations.
        count: pictures in a row.
    """

    image: int | None
    reach: float
    count: int


@dataclass(frozen=True, eq=False)
class Ranking:
    """The latents of a run in the order of what they carry.

    Args:
        order: latents, the one that carries most first.
        amounts: (L,) what each carries.
        active: (L,) whether it is in use.
        ruler: what a step of it is.
        priced: whether amounts are nats of KL and steps those of the prior; else they are of the code itself.
    """

    order: list[int]
    amounts: Floats
    active: NDArray[np.bool_]
    ruler: Ruler
    priced: bool

    @property
    def unit(self) -> str:
        """What the amounts are, in few words."""
        return "KL, nats" if self.priced else "variance"


@st.cache_data(max_entries=48, show_spinner=False)
def ranking(key: str) -> Ranking:
    """Return the latents of a run by KL, or by the variance of their codes where there is no KL."""
    opened = cache.run(key)
    mean, kl = opened.codes["mean"], opened.metrics["kl_per_latent"]
    priced = opened.config.model.posterior == "learned"
    amounts = np.array(kl) if priced else mean.astype(np.float64).var(axis=0)
    ruler = prior_ruler(mean.shape[1]) if priced else code_ruler(mean)
    return Ranking(most_first(amounts), amounts, cache.active_latents(key), ruler, priced)


def _start(key: str, image: int | None) -> Floats:
    mean = cache.run(key).codes["mean"]
    return np.zeros(mean.shape[1], np.float32) if image is None else mean[image]


def sheet_images(key: str, image: int | None, reach: float, count: int) -> Floats:
    """Return the decoded traversals (L*S, H, W), a row for each latent, the one that carries most first.

    Args:
        key: of the run.
        image: index of the test image to start from; the origin when None.
        reach: steps to either side, in standard deviations.
        count: pictures in a row.
    """
    ranked = ranking(key)
    codes = traverse_each(_start(key, image), ranked.order, ranked.ruler, steps(reach, count))
    return decode(cache.run(key).model, codes)


@st.cache_data(max_entries=64, show_spinner=False)
def sheet_png(key: str, image: int | None, reach: float, count: int) -> bytes:
    """Return the sheet as one picture, small, as the browser enlarges it; arguments as in `sheet_images`."""
    return pictures.sheet_png(sheet_images(key, image, reach, count), count, scale=2)


def film(key: str, latent: int, image: int | None, reach: float) -> Floats:
    """Return the frames (FRAMES, H, W) of one latent that moves from end to end."""
    values = ranking(key).ruler.at(latent, steps(reach, FRAMES))
    return decode(cache.run(key).model, traverse(_start(key, image), latent, values))


@st.cache_data(max_entries=64, show_spinner=False)
def film_png(key: str, latent: int, image: int | None, reach: float) -> bytes:
    """Return the frames of a film below each other."""
    return pictures.sheet_png(film(key, latent, image, reach), 1, scale=1, pad=0)


@st.cache_data(max_entries=64, show_spinner=False)
def still_png(key: str, image: int | None, scale: int = 1) -> bytes:
    """Return what a run decodes its start to."""
    return pictures.sheet_png(decode(cache.run(key).model, _start(key, image)[None]), 1, scale)


def step_names(choice: Choice) -> list[str]:
    """Return the steps as text.

    >>> step_names(Choice(None, 3, 5))
    ['-3', '-1.5', '0', '+1.5', '+3']
    """
    return [f"{step:+.2g}" if step else "0" for step in steps(choice.reach, choice.count)]


def against(view: View) -> RunConfig | None:
    """Draw the choice of another β to compare with, and return its run, or None."""
    stops = {f"{beta:g}": config for beta, config in view.stops("beta").items() if config != view.picked}
    options = ["none", *stops]
    usual = "1" if "1" in stops else options[-1]
    word = st.selectbox("Beside β", options, options.index(usual), key="against", width=130, bind="query-params")
    return stops.get(word)


def choose(view: View) -> Choice:
    """Draw the row of choices of where to start and how far to go."""
    last = len(cache.run(view.picked.key).codes["mean"]) - 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        start = st.segmented_control(
            "Start from", STARTS, default=STARTS[0], key="start", required=True, bind="query-params"
        )
        from_image = start == STARTS[0]
        image = st.number_input(
            "Test image", 0, last, key="image", width=140, disabled=not from_image, bind="query-params"
        )
        reach = st.slider("Range, ± σ", 1.0, 5.0, 3.0, 0.5, key="range", width=160, bind="query-params")
        count = st.slider("Steps", 3, 21, 11, 2, key="steps", width=160, bind="query-params")
    return Choice(int(image) if from_image else None, float(reach), int(count))


def draw_sheet(view: View, choice: Choice) -> None:
    """Draw the traversals of all latents."""
    config, ranked = view.picked, ranking(view.picked.key)
    most = max(float(ranked.amounts.max()), 1e-9)
    rows = [
        Row(
            name=f"z{u + 1}",
            amount=f"{ranked.amounts[u]:.2f}",
            share=float(ranked.amounts[u]) / most,
            muted=not ranked.active[u],
            note="" if ranked.active[u] else "collapsed",
        )
        for u in ranked.order
    ]
    sheet(
        sheet_png(config.key, choice.image, choice.reach, choice.count),
        rows,
        step_names(choice),
        f"Traversals of {config.model.label}: a row for each latent",
        "sheet",
        unit=ranked.unit,
        color=theme.color_of(config.model.label),
        picked=_row(config),
        on_pick=_pick_row,
    )


def _row(config: RunConfig) -> int:
    """Return the row that is scrubbed, from 0."""
    return min(int(st.session_state.get("row", 1)), config.model.latent_dim) - 1


def _pick_row(row: int) -> None:
    st.session_state["row"] = row + 1


def what_is_active(config: RunConfig) -> str:
    """Return how many latents of a run are in use, and which carries most."""
    ranked = ranking(config.key)
    first, alive = ranked.order[0], int(ranked.active.sum())
    if not alive:
        return f"**No latent** of {config.model.label} is active: every row shows the same pictures."
    share = ranked.amounts[first] / ranked.amounts.sum()
    carries = f"{ranked.amounts[first]:.2f} of {ranked.amounts.sum():.2f} nats" if ranked.priced else f"{share:.0%}"
    kind = "" if ranked.priced else " of the variance of the codes"
    return (
        f"**{alive} of {len(ranked.active)} latents are active** in {config.model.label};"
        f" z{first + 1} carries most, {carries}{kind}."
    )


def what_a_step_is(config: RunConfig) -> str:
    """Return what the steps are counted in, and what the grey rows are."""
    if ranking(config.key).priced:
        unit = "Steps are standard deviations of the prior: the latent takes the value above, all others stay."
    else:
        unit = (
            f"{config.model.label} has no prior to count in: steps are standard deviations of each latent's own codes"
            " around their mean, and rows are sorted by their variance."
        )
    return f"{unit} Greyed: collapsed latents. **Click a row** to move it below."


def beside_the_sheet(config: RunConfig, choice: Choice) -> None:
    """Draw what the sheet starts from and what there is to see in it."""
    start_pictures(config, choice)
    st.markdown(what_is_active(config))
    st.caption(what_a_step_is(config))


def start_pictures(config: RunConfig, choice: Choice) -> None:
    """Draw the image that the traversals start from, where it is here, and what the model makes of it."""
    original = _original(config, choice)
    with st.container(horizontal=True):
        if original is not None:
            name = cache.label_names(config.data)[cache.run(config.key).codes["label"][choice.image]]
            caption = f"Test image {choice.image}, “{name}”"
            widgets.picture(pictures.sheet_png(original, 1, 4), caption, caption=caption, width=128)
        caption = "The origin, decoded" if choice.image is None else "Its reconstruction"
        widgets.picture(still_png(config.key, choice.image, 4), caption, caption=caption, width=128)


def _original(config: RunConfig, choice: Choice) -> Floats | None:
    """Return the image (1, H, W) that the traversals start from, where there is one and it is on this machine."""
    return None if choice.image is None else cache.test_images(config.data, slice(choice.image, choice.image + 1))


def scrub(view: View, other: RunConfig | None, choice: Choice) -> None:
    """Draw one latent that can be moved and played in the browser, beside another β and what it starts from."""
    latent_dim = view.picked.model.latent_dim
    numbers = list(range(1, latent_dim + 1))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        row = st.selectbox("Row of the sheet", numbers, key="row", width=150, bind="query-params") - 1
        match = ["the same", *numbers]
        word = st.selectbox("Row beside", match, key="beside", width=150, disabled=other is None, bind="query-params")
    other_row = word - 1 if isinstance(word, int) else row
    films = [(view.picked, ranking(view.picked.key).order[row])]
    films += [(other, ranking(other.key).order[other_row])] if other else []
    player(
        [*_stills(view.picked, choice), *(_strip(config, latent, choice) for config, latent in films)],
        [f"{step:+.2f} σ" for step in steps(choice.reach, FRAMES)],
        f"Latent z{films[0][1] + 1}, in standard deviations",
        "player",
        start=_nearest_frame(*films[0], choice),
        columns=4,
        seconds=SECONDS,
    )
    st.caption(_who_moves(films))


def _stills(config: RunConfig, choice: Choice) -> list[Strip]:
    """Return what does not move: the original where it is here, and what the model makes of it."""
    name = "The origin, decoded" if choice.image is None else "Its reconstruction"
    strips = [Strip(name, still_png(config.key, choice.image), still=True)]
    original = _original(config, choice)
    if original is not None:
        strips.insert(0, Strip(f"Test image {choice.image}", pictures.sheet_png(original, 1, scale=1), still=True))
    return strips


def _strip(config: RunConfig, latent: int, choice: Choice) -> Strip:
    name = f"{config.model.label}: z{latent + 1}"
    return Strip(name, film_png(config.key, latent, choice.image, choice.reach), theme.color_of(config.model.label))


def _nearest_frame(config: RunConfig, latent: int, choice: Choice) -> int:
    """Return the frame that is nearest to the start itself."""
    values = ranking(config.key).ruler.at(latent, steps(choice.reach, FRAMES))
    return int(np.abs(values - _start(config.key, choice.image)[latent]).argmin())


def _who_moves(films: Sequence[tuple[RunConfig, int]]) -> str:
    """Return what each film's latent carries."""
    said = []
    for config, latent in films:
        ranked = ranking(config.key)
        place, state = ranked.order.index(latent) + 1, "" if ranked.active[latent] else ", collapsed"
        amount = f"{ranked.amounts[latent]:.2f} {'nats' if ranked.priced else 'of variance'}"
        said.append(f"{config.model.label}: z{latent + 1}, row {place} of its sheet ({amount}{state})")
    return "; ".join(said) + ". Sliding and playing run in the browser and ask the server for nothing."


def _over_seeds(study: Study, config: RunConfig) -> list[Numbers]:
    return _kept(study.name, config.key, cache.measured_stamp(study))


@st.cache_data(max_entries=128, show_spinner=False)
def _kept(study: str, key: str, stamp: int) -> list[Numbers]:
    known = {one.name: one for one in (TRAITS, FACTORS)}
    return over_seeds(known[study], cache.run(key).config, cache.SHELF)


@dataclass(frozen=True)
class Price:
    """What training with one β reached, a number for each seed.

    Args:
        beta: weight of the KL.
        rate: KL, nats per image.
        distortion: nll, nats per image.
        active: latents in use.
    """

    beta: float
    rate: list[float]
    distortion: list[float]
    active: list[float]

    @property
    def name(self) -> str:
        """As it is written in the figures."""
        return f"β = {self.beta:g}"


def prices(view: View) -> list[Price]:
    """Return what every stop of the β-sweep reached, over seeds; those that were measured."""
    found = {beta: _over_seeds(TRAITS, config) for beta, config in view.stops("beta").items()}
    return [
        Price(beta, [n["kl"] for n in numbers], [n["nll"] for n in numbers], [n["active"] for n in numbers])
        for beta, numbers in found.items()
        if numbers
    ]


def price_figures(found: Sequence[Price], view: View) -> tuple[go.Figure, go.Figure]:
    """Return the rate-distortion curve and the active latents against β, the chosen β marked."""
    chosen = f"β = {view.picked.model.beta:g}" if view.picked.model.posterior == "learned" else None
    colors = {one.name: theme.MODEL_COLORS["vae" if one.beta == 1 else "beta-vae"] for one in found}
    curve = tradeoff(
        [Stop(one.name, one.rate, one.distortion, colors[one.name]) for one in found],
        x_name="rate (KL), nats per image",
        y_name="distortion (nll), nats per image",
        chosen=chosen,
    )
    bars = counts(
        [Stop(one.name, [one.beta] * len(one.active), one.active, colors[one.name]) for one in found],
        x_name="β",
        y_name="active latents",
        most=view.picked.model.latent_dim,
        chosen=chosen,
    )
    return curve, bars


def draw_prices(view: View) -> None:
    """Draw what β buys and costs, and the sentence that the numbers decide."""
    found = prices(view)
    if not found:
        st.info("This sweep was not measured yet; run `python -m core measure`.")
        return
    st.markdown(price_sentence(found, view.picked.model.beta if view.picked.model.posterior == "learned" else None))
    curve, bars = price_figures(found, view)
    left, right = st.columns(2)
    with left:
        widgets.chart(curve, "rate_distortion")
    with right:
        widgets.chart(bars, "active_latents")
    st.caption(
        f"Diamonds are means over seeds, small dots the seeds ({_seeds(found)}), the ring is the β you chose;"
        f" {cache.run(view.picked.key).metrics['test_images']:,} test images."
    )


def price_sentence(found: Sequence[Price], beta: float | None) -> str:
    """Return what the numbers say about going from β = 1 to another β: the chosen one, or the largest."""
    by_beta = {one.beta: one for one in found}
    first = by_beta.get(1.0)
    last = by_beta.get(beta or 1.0, found[-1])
    last = found[-1] if last is first else last
    if first is None or last is first:
        return "There is one β only: nothing to compare."
    return (
        f"From β = 1 to **β = {last.beta:g}** the nll {_moved(first.distortion, last.distortion, 'nats')}, the KL"
        f" {_moved(first.rate, last.rate, 'nats')} and the number of active latents"
        f" {_moved(first.active, last.active, '')}. {_verdict(first, last)}"
    )


def _verdict(first: Price, last: Price) -> str:
    cost = np.mean(last.distortion) - np.mean(first.distortion)
    saved = np.mean(first.rate) - np.mean(last.rate)
    if saved <= 0:
        return "The larger price did not buy a lower rate here."
    if cost <= 0:
        return f"It saved {saved:.2f} nats of KL and cost no nll: a better deal than the elbo of β = 1 itself."
    return (
        f"Each nat of KL saved cost {cost / saved:.1f} nats of nll, so the bound on log p(x), −(nll + KL),"
        f" {'falls' if cost > saved else 'rises'} by {abs(cost - saved):.2f} nats."
    )


def _moved(before: Sequence[float], after: Sequence[float], unit: str) -> str:
    """Return how far a number moved, and whether it did so beyond what one more seed would change."""
    change, noise = float(np.mean(after) - np.mean(before)), np.hypot(_deviation(before), _deviation(after))
    amount = f"{abs(change):.1f} {unit}".strip()
    how = "stays" if abs(change) < 0.05 else f"{'rises' if change > 0 else 'falls'} by **{amount}**"
    doubt = ", no more than the seeds differ" if 0.05 <= abs(change) <= noise else ""
    return f"{how}{doubt} ({spread(before)} → {spread(after)})"


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Return the mean of one number for each seed and its standard deviation, where there are several.

    >>> spread([1.0, 2.0, 3.0]), spread([4.0])
    ('2.0 ± 1.0', '4.0')
    """
    mean = f"{np.mean(values):.{digits}f}"
    return f"{mean} ± {_deviation(values):.{digits}f}" if len(values) > 1 else mean


def _seeds(found: Sequence[Price]) -> str:
    few, many = (pick(len(one.rate) for one in found) for pick in (min, max))
    if many == 1:
        return "one each, so no spread is known"
    return f"{many} each, ± is their standard deviation" if few == many else f"{few} to {many} each"


@st.cache_data(max_entries=48, show_spinner=False)
def shares(key: str) -> Floats:
    """Return the share of each factor that each latent of a run tells (L, K)."""
    codes = cache.run(key).codes
    return normalised_information(codes["mean"], codes["factors"])


def draw_factors(config: RunConfig) -> None:
    """Draw which factor each latent follows, and the sentence that the numbers decide."""
    names = cache.factor_names(config.data)
    ranked, told = ranking(config.key), shares(config.key)
    st.markdown(factor_sentence(told, names, config.model.label) + " " + _over_seeds_sentence(config, names))
    left, right = st.columns(2)
    rows = [f"z{u + 1}" + ("" if ranked.active[u] else " (collapsed)") for u in ranked.order]
    with left:
        st.caption("Normalised mutual information: the share of a factor's entropy that a latent tells")
        widgets.chart(heatmap(told[ranked.order], rows, names, name="share"), "follows")
    with right:
        _code_and_factor(config, told, names)


def factor_sentence(told: Floats, names: Sequence[str], label: str) -> str:
    """Return which latent follows which factor most; a factor that no latent follows is said to have none.

    Args:
        told: share of each factor that each latent tells, (L, K).
        names: of the factors.
        label: of the model.
    """
    best, most = told.argmax(axis=0), told.max(axis=0)
    order = np.argsort(-most)
    followed = [f"**{names[k]}** is followed by z{best[k] + 1} ({most[k]:.2f})" for k in order if most[k] >= FOLLOWS]
    left = [f"{names[k]} ({most[k]:.2f})" for k in order if most[k] < FOLLOWS]
    none = f"no latent tells a tenth of {' or '.join(left)}" if left else ""
    return f"In {label}, " + "; ".join(filter(None, [", ".join(followed), none])) + "."


def _over_seeds_sentence(config: RunConfig, names: Sequence[str]) -> str:
    found = _over_seeds(FACTORS, config)
    if len(found) < 2:
        return "That is one seed; other seeds were not measured."
    most = np.array([np.max(numbers["shares"], axis=0) for numbers in found])
    said = ", ".join(f"{name} {spread(most[:, k].tolist(), 2)}" for k, name in enumerate(names))
    return f"Over {len(found)} seeds the latent that tells most of each factor tells {said}."


@st.fragment
def _code_and_factor(config: RunConfig, told: Floats, names: Sequence[str]) -> None:
    """Draw the code of one latent against one factor, the latent that tells most of it unless another is chosen."""
    with st.container(horizontal=True):
        factor = names.index(st.selectbox("Factor", names, 1, **_field("factor")))
        word = st.selectbox("Latent", ["most telling", *range(1, len(told) + 1)], **_field("latent"))
    latent = word - 1 if isinstance(word, int) else int(told[:, factor].argmax())
    codes = cache.run(config.key).codes
    figure = code_against_factor(
        codes["mean"][:_POINTS, latent],
        codes["factors"][:_POINTS, factor],
        code_name=f"z{latent + 1}",
        factor_name=names[factor],
        value_names=cache.label_names(config.data) if names[factor] == "shape" else (),
        height=360,
    )
    widgets.chart(figure, "code_and_factor")


def _field(key: str) -> dict[str, Any]:
    return {"key": key, "width": 150, "bind": "query-params"}


def downloads(config: RunConfig, choice: Choice) -> None:
    """Draw the buttons that save the sheet, the film and the numbers; each is made when it is asked for."""
    latent = ranking(config.key).order[_row(config)]
    stem = f"{config.key}-{'origin' if choice.image is None else f'image{choice.image}'}"
    with st.container(horizontal=True):
        _download("Film strip (PNG)", lambda: strip_export(config, choice), f"{stem}-sheet.png", "image/png")
        _download(
            "Animation (GIF)", lambda: gif_export(config, choice, latent), f"{stem}-z{latent + 1}.gif", "image/gif"
        )
        _download("Numbers (CSV)", lambda: numbers_csv(config), f"{config.key}-latents.csv", "text/csv")


def _download(label: str, data: Any, name: str, mime: str) -> None:
    options: dict[str, Any] = {"mime": mime, "on_click": "ignore", "icon": ":material/download:"}
    st.download_button(label, data, name, key=f"save {mime}", **options)


def strip_export(config: RunConfig, choice: Choice) -> bytes:
    """Return the sheet with its names as a PNG for a slide."""
    ranked = ranking(config.key)
    unit = "nats" if ranked.priced else "variance"
    rows = [
        f"z{u + 1}  {ranked.amounts[u]:.2f} {unit}{'' if ranked.active[u] else ', collapsed'}" for u in ranked.order
    ]
    model = config.model.label.replace("β", "beta").replace("η", "eta")
    start = "the origin" if choice.image is None else f"test image {choice.image}"
    of = "the prior" if ranked.priced else "the codes"
    title = f"{config.data.name}, {model}, from {start}; steps in standard deviations of {of}"
    images = sheet_images(config.key, choice.image, choice.reach, choice.count)
    return pictures.labelled_png(images, rows, step_names(choice), title=title)


def gif_export(config: RunConfig, choice: Choice, latent: int) -> bytes:
    """Return the film of one latent as a GIF, some 400 pixels wide."""
    frames = film(config.key, latent, choice.image, choice.reach)[::2]
    return pictures.gif(frames, SECONDS, max(1, 400 // frames.shape[-1]))


def numbers_csv(config: RunConfig) -> str:
    """Return a line for each latent: what it carries, whether it is active, and what it tells about each factor."""
    opened, ranked = cache.run(config.key), ranking(config.key)
    names = cache.factor_names(config.data)
    told = shares(config.key) if names else np.zeros((len(ranked.order), 0))
    std = opened.codes["mean"].std(axis=0)
    file = StringIO()
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(["run", "latent", "row", "kl_nats", "active", "code_std", *(f"nmi_{name}" for name in names)])
    for row, u in enumerate(ranked.order, 1):
        kl = f"{ranked.amounts[u]:.6f}" if ranked.priced else ""
        shown = [f"{share:.6f}" for share in told[u]]
        lines.writerow([config.key, u + 1, row, kl, int(ranked.active[u]), f"{std[u]:.6f}", *shown])
    return file.getvalue()
