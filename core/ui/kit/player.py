"""A film player that runs in the browser: dragging or playing it asks the server for nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.figures import theme

_HERE = Path(__file__).parent
_HTML = """
<div class="strips"></div>
<div class="controls">
<button type="button" aria-label="Play">▶ Play</button>
<button type="button" class="step" aria-label="One frame back">‹</button>
<button type="button" class="step" aria-label="One frame on">›</button>
<input type="range" min="0"><output></output>
</div>
"""
_mount = st.components.v2.component(  # pyright: ignore[reportAttributeAccessIssue]
    "latent_lab_player",
    html=_HTML,
    css=(_HERE / "player.css").read_text(),
    js=(_HERE / "player.js").read_text() + (_HERE / "dots.js").read_text(),
)
_STEPS = 32767
"""Places of a point to either side of the origin; 16 bits each."""


@dataclass(frozen=True, eq=False)
class Dots:
    """Points that move, on a square around the origin that grows and shrinks with them.

    Args:
        points: (F, N, 2), F frames.
        half_width: (F,) of the square, in units of the points, which lie within it.
        labels: (N,) class of each point.
        names: of the classes, written where the class lies.
        circles: whether to draw 1, 2 and 3 sigma of the standard normal prior.
    """

    points: NDArray[np.floating]
    half_width: NDArray[np.floating]
    labels: NDArray[np.integer]
    names: Sequence[str]
    circles: bool = True

    def payload(self) -> dict[str, Any]:
        """Return what the browser draws them from."""
        places = np.clip(self.points / self.half_width[:, None, None], -1, 1) * _STEPS
        return {
            "places": b64encode(places.round().astype("<i2").tobytes()).decode(),
            "halfWidths": self.half_width.tolist(),
            "labels": b64encode(self.labels.astype(np.uint8).tobytes()).decode(),
            "names": list(self.names),
            "colors": [theme.label_color(i) for i in range(len(self.names))],
            "prior": theme.PRIOR if self.circles else None,
            "muted": theme.MUTED,
        }


@dataclass(frozen=True)
class Strip:
    """One film among those that move together.

    Args:
        name: what it shows.
        png: its frames, equally high, below each other; as many as there are labels. None if it
            has dots.
        color: `#rrggbb` of the mark beside its name; none when left out.
        dots: its frames, where they are points.
    """

    name: str
    png: bytes | None
    color: str = "transparent"
    dots: Dots | None = None


def player(
    strips: Sequence[Strip],
    labels: Sequence[str],
    title: str,
    key: str,
    *,
    start: int = 0,
    columns: int = 1,
    seconds: float = 3.0,
    rebound: bool = True,
) -> None:
    """Draw films under one slider and a play button.

    Args:
        strips: shown side by side, all at the same frame.
        labels: what the slider says at each frame.
        title: of the slider, for those who hear the page.
        key: of the player, unique on the page.
        start: frame shown first.
        columns: films in a row; two at most on a phone.
        seconds: from the first frame to the last.
        rebound: whether it plays back and forth without end; once through otherwise.

    Raises:
        ValueError: no strip or no label, or a start that is no frame.
    """
    if not strips or not 0 <= start < len(labels):
        raise ValueError(
            f"there should be strips and a start below {len(labels)}, got {len(strips)} and"
            f" {start}"
        )
    films = [
        {
            "name": strip.name,
            "color": strip.color,
            "src": strip.png and "data:image/png;base64," + b64encode(strip.png).decode(),
            "dots": strip.dots and strip.dots.payload(),
            "frames": len(labels),
        }
        for strip in strips
    ]
    data = {
        "strips": films,
        "labels": list(labels),
        "title": title,
        "start": start,
        "columns": columns,
    }
    _mount(data=data | {"seconds": seconds, "rebound": rebound}, key=key)
