"""The only colours of the lab, and the look that every figure shares.

A colour means the same thing on every page. All marks keep a contrast of 3:1 against a white and a
dark page, which leaves a narrow band of lightness; within it the hues were chosen far apart for
colour-blind eyes too.

Source: WCAG 2.1, success criterion 1.4.11, https://www.w3.org/TR/WCAG21/#non-text-contrast.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import plotly.graph_objects as go

from core.config import ALL_LABELS, check_name

MODEL_COLORS = {"ae": "#e8721c", "noisy-ae": "#a8447f", "vae": "#2663c9", "beta-vae": "#1ea28f"}
PRIOR = "#87805f"
POSTERIOR = "#a97cf0"
# Classes that a code often confuses (4 and 9, 3 and 5 and 8, 1 and 7) are given hues far from each
# other.
LABEL_COLORS = (
    "#3e668f",
    "#f2631f",
    "#7370fa",
    "#c92516",
    "#259cde",
    "#8f3fc0",
    "#8f7983",
    "#0b764d",
    "#17a750",
    "#e45cbe",
)
SEQUENTIAL = ("#3a6ad6", "#7a5cd9", "#ab4cba", "#ca4683", "#d8553f", "#cf7500")
MUTED = "#80868f"
GRID = "rgba(128, 134, 143, 0.2)"
CLEAR = "rgba(0, 0, 0, 0)"

CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "toImageButtonOptions": {"format": "png", "scale": 3, "filename": "latent-lab"},
    "modeBarButtonsToRemove": ["autoScale2d", "zoomIn2d", "zoomOut2d"],
}
"""Options of `st.plotly_chart(config=...)`: an export fit for a slide, and a short toolbar."""


def config(kind: str = "png") -> dict[str, Any]:
    """Return `CONFIG` with a toolbar that saves a file of one kind.

    Args:
        kind: `png` or `svg`.

    >>> config("svg")["toImageButtonOptions"]["format"]
    'svg'
    """
    return CONFIG | {"toImageButtonOptions": CONFIG["toImageButtonOptions"] | {"format": kind}}


@dataclass(frozen=True)
class Look:
    """How a figure shows a model.

    Args:
        label: text in the legend. No figure reads a meaning from it.
        color: colour of its marks, as `#rrggbb`.
    """

    label: str
    color: str


def model_color(name: str) -> str:
    """Return the colour of a model; one that stands beside the four has the first class's.

    Args:
        name: `config.model.name`, one of `core.config.ALL_LABELS`.

    Raises:
        ValueError: no model has the name.

    >>> model_color("vae") == MODEL_COLORS["vae"]
    True
    """
    check_name("model", name, ALL_LABELS)
    return MODEL_COLORS.get(name, label_color(0))


def model_look(name: str) -> Look:
    """Return the look of a model where no number tells it from others of its name.

    Args:
        name: `config.model.name`, one of `core.config.ALL_LABELS`.

    Raises:
        ValueError: no model has the name.
    """
    color = model_color(name)
    return Look(ALL_LABELS[name], color)


def label_color(index: int) -> str:
    """Return the colour of a class, starting over after ten.

    Args:
        index: number of the class.
    """
    return LABEL_COLORS[index % len(LABEL_COLORS)]


def faded(color: str, opacity: float) -> str:
    """Return a colour as rgba.

    Args:
        color: as `#rrggbb`.
        opacity: between 0 (clear) and 1.

    >>> faded("#ff8000", 0.5)
    'rgba(255, 128, 0, 0.5)'
    """
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return f"rgba({red}, {green}, {blue}, {opacity})"


def color_scale() -> list[tuple[float, str]]:
    """Return the sequential scale as plotly wants it: (position between 0 and 1, colour)."""
    return [(i / (len(SEQUENTIAL) - 1), color) for i, color in enumerate(SEQUENTIAL)]


def layout(figure: go.Figure, height: int = 420, *, legend: bool = True) -> go.Figure:
    """Give a figure the common look and return it.

    Args:
        figure: figure that is changed in place.
        height: height in pixels.
        legend: whether to draw a legend, as a row above the plot.
    """
    figure.update_layout(
        template=_template(),
        height=height,
        margin={"l": 8, "r": 8, "t": 36 if legend else 12, "b": 8},
        # A constant keeps zoom and hidden classes when a figure is drawn anew.
        uirevision="latent-lab",
        showlegend=legend,
    )
    return figure


@cache
def _template() -> go.layout.Template:
    # The look sits in the template, not in the layout: Streamlit's own theme replaces a template's
    # fonts and grid by those of the page, light or dark, but leaves a layout as it is.
    axis = {
        "gridcolor": GRID,
        "zerolinecolor": GRID,
        "linecolor": GRID,
        "automargin": True,
        "title": {"standoff": 8},
    }
    # The legend is placed from the figure's edges, not the plot's, since long tick labels would
    # push it into two rows.
    legend = {"orientation": "h", "itemsizing": "constant", "bgcolor": CLEAR}
    legend |= {"xref": "container", "x": 0, "yref": "container", "y": 1, "yanchor": "top"}
    return go.layout.Template(
        layout={
            "font": {
                "color": MUTED,
                "family": "Source Sans, Source Sans Pro, sans-serif",
                "size": 13,
            },
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "colorway": list(LABEL_COLORS),
            "xaxis": axis,
            "yaxis": axis,
            "legend": legend,
            "hoverlabel": {"align": "left"},
            "modebar": {"bgcolor": CLEAR, "color": GRID, "activecolor": MUTED},
        }
    )
