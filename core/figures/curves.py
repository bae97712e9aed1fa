"""Lines of training over epochs, and of any quantity over another with its spread."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme

History = Mapping[str, NDArray[np.floating]]
"""`nll`, `kl`, `test_nll`, `test_kl`, each (E,) in nats per image; KL is NaN without one."""

_DASHES = {"": "dot", "test_": "solid"}
"""Prefix of a name in a history -> dash of its line."""

_IMAGES = {"": "training", "test_": "test"}
"""Prefix of a name in a history -> the images that it is of."""


@dataclass(frozen=True)
class Trained:
    """A training whose curves are drawn.

    Args:
        look: label and colour of the model.
        history: its history.
    """

    look: theme.Look
    history: History


@dataclass(frozen=True)
class Series:
    """A line over places that it shares with others, and the band of its spread.

    Args:
        look: text in the legend, and colour of line and band.
        middle: (S,) heights of the line.
        low: (S,) lower edge of the band; no band when None.
        high: (S,) upper edge of the band; no band when None.
        dash: plotly's name of the line's dash; solid when None.
    """

    look: theme.Look
    middle: NDArray[np.floating]
    low: NDArray[np.floating] | None = None
    high: NDArray[np.floating] | None = None
    dash: str | None = None


def training_curves(trainings: Iterable[Trained], *, height: int = 360) -> go.Figure:
    """Return distortion and rate over epochs, one colour for each model.

    Lines of test images are solid, lines of training images dotted.

    Args:
        trainings: models with their histories.
        height: height in pixels.
    """
    figure = go.Figure()
    for training in trainings:
        for place, term in (("1", "nll"), ("2", "kl")):
            for prefix in _DASHES:
                figure.add_trace(_epochs(training, term, prefix, place))
    figure.add_traces([_dash_key(prefix) for prefix in _DASHES])
    theme.layout(figure, height)
    figure.update_layout(
        xaxis={"domain": [0, 0.46], "title": "epoch"},
        xaxis2={"domain": [0.56, 1], "title": "epoch", "anchor": "y2"},
        yaxis={"title": "distortion (nll), nats per image"},
        yaxis2={"title": "rate (KL), nats per image", "rangemode": "tozero", "anchor": "x2"},
    )
    return figure


def lines(
    x: NDArray[np.number],
    series: Iterable[Series],
    *,
    x_name: str,
    y_name: str,
    log_x: bool = False,
    height: int = 360,
) -> go.Figure:
    """Return lines with a band for their spread.

    Args:
        x: (S,) places on the horizontal axis.
        series: the lines.
        x_name: name of the horizontal axis, with its unit.
        y_name: name of the vertical axis, with its unit.
        log_x: whether the horizontal axis is logarithmic.
        height: height in pixels.
    """
    figure = go.Figure()
    for each in series:
        if each.low is not None and each.high is not None:
            figure.add_trace(_band(x, each.low, each.high, each.look))
        figure.add_trace(_line(x, each.middle, each.look, each.dash, mode="lines+markers"))
    theme.layout(figure, height)
    figure.update_xaxes(title_text=x_name).update_yaxes(title_text=y_name)
    if log_x:
        # On a logarithmic axis plotly labels 2 and 5 but not the 4 that was tried.
        figure.update_xaxes(type="log", tickvals=x, ticktext=[f"{value:g}" for value in x])
    return figure


def _epochs(training: Trained, term: str, prefix: str, place: str) -> go.Scatter:
    values = training.history[prefix + term]
    line = _line(np.arange(1, len(values) + 1), values, training.look, _DASHES[prefix])
    line.xaxis, line.yaxis = f"x{place}", f"y{place}"
    line.showlegend = prefix + term == "test_nll"
    line.hovertemplate = f"{line.name}, {_IMAGES[prefix]}: %{{y:.2f}} nats<extra></extra>"
    return line


def _dash_key(prefix: str) -> go.Scatter:
    line = {"color": theme.MUTED, "dash": _DASHES[prefix], "width": 2}
    return go.Scatter(x=[None], y=[None], mode="lines", name=_IMAGES[prefix], line=line)


def _line(
    x: NDArray[np.number],
    y: NDArray[np.floating],
    look: theme.Look,
    dash: str | None,
    mode: str = "lines",
) -> go.Scatter:
    line: dict[str, Any] = {"color": look.color, "width": 2}
    if dash is not None:
        line["dash"] = dash
    return go.Scatter(
        x=np.float32(x),
        y=np.float32(y),
        mode=mode,
        name=look.label,
        legendgroup=look.label,
        line=line,
        marker={"color": look.color, "size": 6},
    )


def _band(
    x: NDArray[np.number],
    low: NDArray[np.floating],
    high: NDArray[np.floating],
    look: theme.Look,
) -> go.Scatter:
    return go.Scatter(
        x=np.float32(np.concatenate([x, x[::-1]])),
        y=np.float32(np.concatenate([high, low[::-1]])),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=theme.faded(look.color, 0.18),
        legendgroup=look.label,
        showlegend=False,
        hoverinfo="skip",
    )
