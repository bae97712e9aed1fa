"""The blocks of the Train page: choose a run, start it, watch it form, keep it or not."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core import jobs
from core.checkpoints import (
    Arrays,
    CheckpointError,
    delete,
    pack_run,
    run_names,
    unfinished_keys,
    unpack_run,
)
from core.config import LIKELIHOODS, MODEL_LABELS, PRIORS, RunConfig, changed, with_epochs
from core.figures import images as pictures
from core.figures import theme
from core.figures.bars import kl_bars
from core.figures.curves import Trained, training_curves
from core.figures.latents import latent_scatter
from core.metrics.latents import active
from core.pace import seconds_per_epoch
from core.recipes import recipe
from core.shelf import shipped
from core.ui.kit import cache, crowd, widgets
from core.ui.kit.picker import pick
from core.verdicts import training

WIDTHS = {"Half": 0.5, "Usual": 1.0, "Double": 2.0}
"""Word on the screen and in links -> factor of every fully connected layer's width."""
IMAGES = {"Grey": "mnist", "Binarised anew": "mnist-dynamic", "Binarised once": "mnist-static"}
"""Word on the screen and in links -> data set of MNIST's digits."""
LATENTS = {"sprites": 10, "mnist-dynamic": 40, "mnist-static": 40}
"""Data set -> latents that are offered first; 2 for the others."""
WIDTH = 150
"""Of a choice, in pixels: room for *standard normal* and *Gaussian mixture* beside the arrow."""
REFRESH, AT_FIRST = 1.0, 0.2
"""Seconds between two looks at a job, and before there is anything to see."""
OTHERS = 5.0
"""Seconds between two looks at the jobs of others."""


@st.cache_resource(max_entries=1, show_spinner=False)
def queue() -> jobs.Jobs:
    """Return the queue of this server, shared by all visitors; wrong limits allow nothing."""
    try:
        limits = jobs.limits_of(os.environ)
    except ValueError as error:
        limits = jobs.Limits(training=False, reason=f"training is not available: {error}")
    shared = jobs.Jobs(cache.SHELF, limits)
    shared.attend()
    return shared


def choose(data: str) -> RunConfig | None:
    """Draw the choices and return their run; where none is possible, say why and return None.

    Args:
        data: name of the data set.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if data == "mnist":
            data = IMAGES[st.selectbox("Images", list(IMAGES), **_field("train_images"))]
        usual = recipe(data, "vae")
        label = st.selectbox("Model", list(MODEL_LABELS.values()), 2, **_field("train_model"))
        name = next(name for name, words in MODEL_LABELS.items() if words == label)
        changes = _number_of(name)
        latents = st.number_input(
            "Latents", 1, 100, LATENTS.get(data, 2), **_field(f"{data}_latents")
        )
        changes["epochs"] = st.number_input(
            "Epochs", 1, 10_000, usual.train.epochs, **_field(f"{data}_epochs")
        )
        changes |= _prior_of(name)
        changes["likelihood"] = st.selectbox(
            "Likelihood", LIKELIHOODS, **_field("train_likelihood")
        )
        width = st.selectbox("Network", list(WIDTHS), 1, **_field("train_width"))
        rate = _field(f"{data}_rate" if usual.data.binarised else "train_rate")
        changes["learning_rate"] = st.number_input(
            "Learning rate", 1e-5, 1.0, usual.train.learning_rate, 1e-4, format="%g", **rate
        )
        changes["seed"] = st.number_input("Seed", 0, 9999, **_field("train_seed"))
    changes["hidden"] = tuple(max(1, round(w * WIDTHS[width])) for w in usual.model.hidden)
    try:
        return recipe(data, name, int(latents), **changes)
    except ValueError as error:
        st.error(f"{error}.")
        return None


def _field(key: str) -> dict[str, Any]:
    return {"key": key, "width": WIDTH, "bind": "query-params"}


def _number_of(name: str) -> dict[str, Any]:
    """Draw the choice of β or η where there is one."""
    if name == "beta-vae":
        field = _field("train_beta")
        return {"beta": st.number_input("β", 0.0, 1000.0, 4.0, 0.5, format="%g", **field)}
    if name == "noisy-ae":
        field = _field("train_eta")
        ratio = st.number_input("Noise η", 0.0, 100.0, 0.05, 0.05, format="%g", **field)
        return {"noise_ratio": ratio}
    return {}


def _prior_of(name: str) -> dict[str, Any]:
    """Draw the choice of a prior where the model pays a KL to it."""
    if name not in ("vae", "beta-vae"):
        return {}
    chosen = st.selectbox("Prior", list(PRIORS.values()), **_field("train_prior"))
    return {"prior": next(name for name, words in PRIORS.items() if words == chosen)}


def job_of(config: RunConfig) -> jobs.Job | None:
    """Return the training of a run; None where there is none, or its run is on the shelf."""
    return None if cache.is_there(config) else jobs.read_job(cache.SHELF, config.key)


def offer(config: RunConfig, job: jobs.Job | None, picked: RunConfig) -> None:
    """Draw the buttons of a run: start, stop or continue its training, or pick the finished run.

    Args:
        config: of the run.
        job: its training.
        picked: the run that the picker stands on.
    """
    if problem := st.session_state.pop("refused", None):
        st.error(f"{problem}.")
    if cache.is_there(config):
        st.success(f"**{config.model.label}** is trained and on the shelf.")
        if config != picked:
            st.button(
                "Pick it for every page", on_click=pick, args=(config,), icon=":material/done_all:"
            )
        return
    if not queue().limits.training:
        reason = queue().limits.reason
        st.info(f"{reason[:1].upper()}{reason[1:]}.")
        return
    if cache.missing_images(config.data):
        return
    if job and job.state in ("queued", "running"):
        st.button("Stop", on_click=_ask, args=(queue().stop, config.key), icon=":material/stop:")
        return
    _offer_training(config, job is not None or config.key in unfinished_keys(cache.SHELF))


def _offer_training(config: RunConfig, begun: bool) -> None:
    """Draw the buttons that start a training, or that continue or discard a begun one."""
    forget = (queue().forget, config.key)
    with st.container(horizontal=True, vertical_alignment="center"):
        word, icon = ("Start", ":material/play_arrow:")
        if begun:
            word, icon = ("Continue", ":material/resume:")
        st.button(word, type="primary", on_click=_ask, args=(queue().submit, config), icon=icon)
        if begun:
            st.button("Discard", on_click=_ask, args=forget, icon=":material/delete:")
        st.markdown(estimate(config))


def _ask(action: Callable[[Any], None], run: RunConfig | str) -> None:
    """Ask the queue for something; a refusal is drawn the next time."""
    try:
        action(run)
    except (jobs.TooMany, CheckpointError) as error:
        st.session_state["refused"] = str(error)


def estimate(config: RunConfig) -> str:
    """Return how long a training takes here, timed on a few steps of it."""
    # Neither the seed nor the learning rate changes the time of a step.
    alike = changed(with_epochs(config, 1), seed=0, learning_rate=1e-3)
    return training.estimate(_pace(alike) * config.train.epochs, config.train.epochs)


@st.cache_data(max_entries=64, show_spinner="Timing a few steps ...", hash_funcs=cache.BY_KEY)
def _pace(config: RunConfig) -> float:
    split = cache.split(config.data)
    assert split is not None, "the images should be here before a training is offered"
    return seconds_per_epoch(config, len(split.train), len(split.test))


def watch(config: RunConfig, job: jobs.Job | None) -> None:
    """Draw the progress of a training, again and again while it runs.

    Args:
        config: of the run.
        job: its training, as `offer` has drawn it; where that has changed, all is drawn anew.
    """
    interval = _interval(job)
    st.fragment(_watch, run_every=interval)(config, interval)


def _interval(job: jobs.Job | None) -> float | None:
    """Return the seconds until the next look at a job, more where many look; None for none."""
    if job is None or job.state not in ("queued", "running"):
        return None
    alone = AT_FIRST if job.state == "running" and not job.images_per_second else REFRESH
    return alone * crowd.slowness()


@crowd.turn()
def _watch(config: RunConfig, interval: float | None) -> None:
    kept = cache.is_there(config)
    job = None if kept else jobs.read_job(cache.SHELF, config.key)
    if _interval(job) != interval:
        st.rerun()  # the button and the picker change, or the training has begun
    if job is not None:
        _progress(job)
    shown = _newest(config, kept)
    if shown is not None:
        draw_epoch(shown)


class Epoch(NamedTuple):
    """The figures and images of an epoch.

    Args:
        charts: figures by key.
        sheets: images by caption, as PNG.
    """

    charts: dict[str, go.Figure]
    sheets: dict[str, bytes]


@st.cache_resource(
    max_entries=16,
    show_spinner=False,
    hash_funcs={RunConfig: lambda config: (config.key, jobs.shown_at(cache.SHELF, config.key))},
)
def _newest(config: RunConfig, kept: bool) -> Epoch | None:
    """Return the newest epoch of a run, drawn once for all who watch."""
    shown = finished(config) if kept else jobs.newest(cache.SHELF, config.key)
    return None if shown is None else epoch_of(config, shown)


def finished(config: RunConfig) -> Arrays:
    """Return the last epoch of a run on the shelf, in the form of `core.jobs.worker.snapshot`."""
    run = cache.run(config)
    decoded = cache.decoded_codes(config, tuple(range(jobs.SHOWN_IMAGES)))
    return {
        **{f"history.{name}": column for name, column in run.history.items()},
        "mean": run.codes["mean"][: jobs.SHOWN_CODES],
        "std": run.codes["std"][: jobs.SHOWN_CODES],
        "label": run.codes["label"][: jobs.SHOWN_CODES],
        "images": (decoded * 255).astype(np.uint8),
        "samples": (
            (cache.samples(config, "prior", None, 0, jobs.SHOWN_IMAGES)[1] * 255).astype(np.uint8)
        ),
    }


def _progress(job: jobs.Job) -> None:
    if job.state in ("queued", "running"):
        st.progress(*training.progress(job, queue().place(job.config.key)))
    elif job.state == "failed":
        st.error(training.ended(job))
    else:
        st.warning(training.ended(job))


def draw_epoch(epoch: Epoch) -> None:
    """Draw the newest epoch of a training: curves, codes, KL of each latent, reconstructions."""
    widgets.chart(epoch.charts["live_curves"], "live_curves")
    left, middle, right = st.columns([1.1, 0.9, 1.2], gap="medium")
    with left:
        st.caption("Codes of the first 1,000 test images")
        widgets.chart(epoch.charts["live_codes"], "live_codes")
    with middle:
        if "live_kl" in epoch.charts:
            st.caption("What each latent carries")
            widgets.chart(epoch.charts["live_kl"], "live_kl")
    with right:
        for caption, sheet in epoch.sheets.items():
            widgets.image_row(caption, sheet)


def epoch_of(config: RunConfig, shown: Arrays) -> Epoch:
    """Return an epoch's figures and images.

    Args:
        config: of the training.
        shown: see `core.jobs.worker.snapshot`.
    """
    history = {
        name.removeprefix("history."): column
        for name, column in shown.items()
        if name.startswith("history.")
    }
    look = theme.Look(config.model.label, theme.model_color(config.model.name))
    charts = {
        "live_curves": training_curves([Trained(look, history)], height=280),
        "live_codes": codes_figure(config, shown),
    }
    if history["kl_per_latent"].size:
        # An epoch that an earlier version wrote has no widths.
        alive = active(shown["mean"], shown.get("std", np.zeros_like(shown["mean"])))
        charts["live_kl"] = kl_bars(history["kl_per_latent"][-1], alive, height=360)
    scale = cache.scale_of(config.data)
    sheets = {
        caption: pictures.sheet_png(images / 255, len(images), scale)
        for caption, images in _pictures(config, shown).items()
    }
    return Epoch(charts, sheets)


def _pictures(config: RunConfig, shown: Arrays) -> dict[str, np.ndarray]:
    """Return images (N, H, W) by caption: originals, reconstructions and samples, 0 to 255."""
    originals = cache.test_images(config.data, slice(jobs.SHOWN_IMAGES))
    images = {} if originals is None else {"Test images": originals * 255}
    images["Their reconstructions"] = shown["images"]
    images["Random codes from the prior, decoded"] = shown["samples"]
    return images


def codes_figure(config: RunConfig, shown: Arrays) -> go.Figure:
    """Return the codes by class, on the two latents that vary most."""
    mean = shown["mean"].astype(np.float32)
    pair = sorted(mean.var(axis=0).argsort()[-2:].tolist())
    pair = pair if len(pair) == 2 else [0, 0]
    axes = (f"z<sub>{pair[0] + 1}</sub>", f"z<sub>{pair[1] + 1}</sub>")
    names, circles = cache.label_names(config.data), config.model.prior == "normal"
    return latent_scatter(
        mean[:, pair], shown["label"], names, axes=axes, height=360, prior_circles=circles
    )


def everyone(own: RunConfig | None) -> None:
    """Draw the other trainings of all visitors, again and again while one of them goes on.

    Args:
        own: the run that is drawn above and left out here.
    """
    interval = _interval_of_all(_others(own))
    st.fragment(_everyone, run_every=interval)(own, interval)


def _others(own: RunConfig | None) -> list[jobs.Job]:
    return [
        job
        for job in jobs.read_jobs(cache.SHELF)
        if job.config != own and not cache.is_there(job.config)
    ]


def _interval_of_all(others: list[jobs.Job]) -> float | None:
    """Return the seconds until the next look at others' jobs, more than for one's own."""
    intervals = [_interval(job) for job in others]
    return OTHERS * crowd.slowness() if any(intervals) else None


@crowd.turn()
def _everyone(own: RunConfig | None, interval: float | None) -> None:
    others = _others(own)
    if (_interval_of_all(others) is None) != (interval is None):
        st.rerun()
    if others:
        st.subheader("What else is being trained?", anchor=False)
        place = queue().place
        widgets.table([training.queue_row(job, place(job.config.key)) for job in others])


def own_runs() -> None:
    """Draw the runs that do not ship, each with its buttons, and a place to bring one back."""
    st.subheader("Which runs are yours?", anchor=False)
    ships = {config.key for config in shipped()}
    own = [name for name in run_names(cache.SHELF) if name not in ships]
    if not own:
        st.caption(training.NO_RUNS)
    for key in own:
        _own_run(key)
    if problem := st.session_state.pop("undeletable", None):
        st.error(f"{problem}.")
    if queue().limits.training:
        _upload()


def _upload() -> None:
    """Draw the place to bring a run back, and unpack a file once."""
    file = st.file_uploader("Bring a run back (the zip of its folder)", "zip", max_upload_size=50)
    if file is not None and st.session_state.get("brought") != file.file_id:
        st.session_state["brought"] = file.file_id
        _bring(file.getvalue())


def _own_run(key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"`{key}`")
        st.download_button(
            "Download",
            lambda: pack_run(cache.SHELF, key),
            f"{key}.zip",
            "application/zip",
            key=f"download {key}",
            on_click="ignore",
            icon=":material/download:",
        )
        if queue().limits.training:
            st.button(
                "Delete",
                key=f"delete {key}",
                on_click=_delete,
                args=(key,),
                icon=":material/delete:",
            )


def _delete(key: str) -> None:
    try:
        delete(cache.SHELF, key)
    except CheckpointError as error:  # another visitor was first, or the disk is read-only
        st.session_state["undeletable"] = str(error)


def _bring(content: bytes) -> None:
    try:
        queue().check_room()
        key = unpack_run(cache.SHELF, content)
    except (jobs.TooMany, CheckpointError) as error:
        st.error(f"{error}.")
    else:
        st.toast(f"{key} is on the shelf.")
        st.rerun()
