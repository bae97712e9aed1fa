"""What stands around every page: navigation, the run picker, and the view they add up to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from core.config import MODEL_LABELS, SIZES, RunConfig
from core.ui import cache

PAGES = {
    "pages/overview.py": ("Overview", ":material/home:"),
    "pages/latent_space.py": ("Latent space", ":material/scatter_plot:"),
    "pages/sampling.py": ("Sampling", ":material/casino:"),
}
"""File -> title and icon, in the order of the lecture; the first one is the front page."""

DATA_LABELS = {"digits": "Digits 8×8", "mnist": "MNIST 28×28", "sprites": "Sprites 32×32"}
_VIEW = "view"


@dataclass(frozen=True)
class View:
    """What the visitor looks at.

    Args:
        picked: the run that was picked.
        family: the four models of the same data set and number of latents, by name; fewer where not all are kept.
    """

    picked: RunConfig
    family: dict[str, RunConfig]

    @property
    def keys(self) -> dict[str, str]:
        """Keys of the family's runs, by label."""
        return {config.model.label: config.key for config in self.family.values()}


def draw_frame() -> None:
    """Draw navigation and picker, and run the page that the address names."""
    st.set_page_config(page_title="Latent Lab", page_icon=":material/blur_on:", layout="wide")
    page = st.navigation(_pages())
    with st.sidebar:
        view = _pick_run()
    if view is None:
        st.error("There is no trained run to show. Train one with `python -m core train digits vae`, then reload.")
        return
    st.session_state[_VIEW] = view
    page.run()


def current_view() -> View:
    """Return what the visitor looks at; called once at the top of every page.

    A fresh server runs the page that a deep link names without `dashboard.py`. The page then finds no view, says which
    pages there are, and runs again through the frame with the link intact.
    """
    view = st.session_state.pop(_VIEW, None)
    if view is None:
        st.navigation(_pages(), position="hidden")
        st.rerun()
    return view


def _pages() -> list:
    return [
        st.Page(path, title=title, icon=icon, default=place == 0)
        for place, (path, (title, icon)) in enumerate(PAGES.items())
    ]


def _pick_run() -> View | None:
    found, refused = cache.shelf_index(cache.shelf_stamp())
    for sentence in refused:
        st.warning(sentence)
    configs = list(found.values())
    if not configs:
        return None
    data = _choose("Data set", "data", _in_order((c.data.name for c in configs), SIZES), DATA_LABELS)
    configs = [c for c in configs if c.data.name == data]
    latents = _choose("Latents", "latents", sorted({c.model.latent_dim for c in configs}))
    configs = [c for c in configs if c.model.latent_dim == latents]
    model = _choose("Model", "model", _in_order((c.model.name for c in configs), MODEL_LABELS), MODEL_LABELS, "vae")
    numbers = {"noisy-ae": ("Noise η", "eta", 0.05), "beta-vae": ("β", "beta", 4.0)}
    chosen = {name: _usual(configs, name, numbers[name][2] if name in numbers else 0) for name in MODEL_LABELS}
    if model in numbers:
        label, key, usual = numbers[model]
        options = sorted({_number(c) for c in configs if c.model.name == model})
        value = _choose(label, key, options, default=usual)
        chosen[model] = [c for c in configs if c.model.name == model and _number(c) == value]
    picked = _choose_one(chosen[model])
    family = {name: matches[0] for name, matches in chosen.items() if matches}
    return View(picked, family | {model: picked})


def _choose(label: str, key: str, options: list, labels: dict | None = None, default: object = None):
    """Return the option that is picked; it stays in the address bar."""
    index = options.index(default) if default in options else 0
    names = labels or {}
    return st.selectbox(
        label,
        options,
        index=index,
        format_func=lambda o: names.get(o, f"{o:g}" if isinstance(o, float) else str(o)),
        key=key,
        bind="query-params",
    )


def _choose_one(configs: list[RunConfig]) -> RunConfig:
    """Return the one run that is left, or let the visitor choose among those that differ in something else."""
    if len(configs) == 1:
        return configs[0]
    by_key = {config.key: config for config in configs}
    return by_key[_choose("Run", "run", list(by_key))]


def _usual(configs: list[RunConfig], model: str, number: float) -> list[RunConfig]:
    """Return the runs of a model whose β or η is nearest to the usual one, shipped runs first."""
    of_model = [c for c in configs if c.model.name == model]
    nearest = min((abs(_number(c) - number) for c in of_model), default=0)
    return [c for c in of_model if abs(_number(c) - number) == nearest]


def _number(config: RunConfig) -> float:
    return {"noisy-ae": config.model.noise_ratio, "beta-vae": config.model.beta}.get(config.model.name) or 0.0


def _in_order(names: Iterable[str], order: Iterable[str]) -> list[str]:
    present = set(names)
    return [name for name in order if name in present]
