"""An instrument in a page: what a finger moves is decoded in the browser, not on the server."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from core.checkpoints import Checkpoint
from core.config import ALL_LABELS, RunConfig
from core.figures import theme
from core.instruments import Entry
from core.instruments.scripts import files_of, script, style

_MOUNT = (Path(__file__).parent / "instrument.js").read_text()


@cache
def _component(name: str) -> Any:
    """Return the component of an instrument, made once per server."""
    files = files_of(name)
    return st.components.v2.component(  # pyright: ignore[reportAttributeAccessIssue]
        f"latent_lab_{name}",
        html=f'<div class="instrument {name}" data-name="{name}"></div>',
        css=style(*files),
        js=f"{script('engine', 'stage', *files)}\nconst INSTRUMENT = {name}\n{_MOUNT}",
    )


def instrument(name: str, bundle: bytes, key: str) -> None:
    """Draw an instrument; dragging in it sends nothing, and its state is in the link on release.

    Args:
        name: of the instrument, one of `core.instruments.NAMES`.
        bundle: what it shows, see `core.instruments.bundle`. Other bytes are sent whole and start
            it anew, so everything that a finger moves is in them.
        key: of the instrument, unique on the page.
    """
    _component(name)(data=bundle, key=key)


def entries_of(runs: Sequence[Checkpoint], *, encoder: bool = False) -> list[Entry]:
    """Return runs as a bundle holds them, each in the colour of its model.

    Args:
        runs: read from disk.
        encoder: whether their encoders come along.
    """
    return [
        Entry(run.config, run.weights, encoder=encoder, options=_options(run.config))
        for run in runs
    ]


def _options(config: RunConfig) -> dict[str, str]:
    """Return the colour and the short name of a run's model."""
    name = config.model.name
    return {"color": theme.MODEL_COLORS.get(name, theme.MUTED), "short": ALL_LABELS[name]}
