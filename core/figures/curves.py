"""Lines of training over epochs, and of any quantity over another with its spread."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.config import MODEL_LABELS
from core.figures import theme

History = Mapping[str, NDArray[np.floating]]
"""`nll`, `kl`, `test_nll`, `test_kl`, each (E,) in nats per image; KL is NaN without one."""

_DASHES = {"": "dot", "test_": "solid"}
"""Prefix of a name in a history -> dash of its line."""

_IMAGES = {"": "training", "test_": "test"}
"""Prefix of a name in a history -> the images that it is of."""


def training_curves(histories: Mapping[str, History], *, height: int = 360) -> go.Figure:
    """Return distortion and rate over epochs, one colour for each model.

    Lines of test images are solid, lines of training images dotted.

    Args:
        histories: name or label of a model -> its history.
        height: height in pixels.
    """
    figure = go.Figure()
    for index, (name, history) in enumerate(histories.items()):
        for place, term in (("1", "nll"), ("2", "kl")):
            for prefix in _DASHES:
                figure.add_trace(_epochs(history, term, prefix, name, index, place))
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
    series: Mapping[
        str, tuple[NDArray[np.floating], NDArray[np.floating] | None, NDArray[np.floating] | None]
    ],
    *,
    x_name: str,
    y_name: str,
    log_x: bool = False,
    height: int = 360,
) -> go.Figure:
    """Return lines with a band for their spread.

    Args:
        x: (S,) places on the horizontal axis.
        series: name -> (mean, low, high), each (S,); low and high may be None.
        x_name: name of the horizontal axis, with its unit.
        y_name: name of the vertical axis, with its unit.
        log_x: whether the horizontal axis is logarithmic.
        height: height in pixels.
    """
    figure = go.Figure()
    for index, (name, (mean, low, high)) in enumerate(series.items()):
        color = theme.color_of(name, index)
        if low is not None and high is not None:
            figure.add_trace(_band(x, low, high, name, color))
        figure.add_trace(_line(x, mean, name, color, mode="lines+markers"))
    theme.layout(figure, height)
    figure.update_xaxes(title_text=x_name).update_yaxes(title_text=y_name)
    if log_x:
        # On a logarithmic axis plotly labels 2 and 5 but not the 4 that was tried.
        figure.update_xaxes(type="log", tickvals=x, ticktext=[f"{value:g}" for value in x])
    return figure


def _epochs(
    history: History, term: str, prefix: str, name: str, index: int, place: str
) -> go.Scatter:
    values = history[prefix + term]
    line = _line(np.arange(1, len(values) + 1), values, name, theme.color_of(name, index))
    line.line.dash = _DASHES[prefix]  # pyright: ignore
    line.xaxis, line.yaxis = f"x{place}", f"y{place}"
    line.showlegend = prefix + term == "test_nll"
    line.hovertemplate = f"{line.name}, {_IMAGES[prefix]}: %{{y:.2f}} nats<extra></extra>"
    return line


def _dash_key(prefix: str) -> go.Scatter:
    line = {"color": theme.MUTED, "dash": _DASHES[prefix], "width": 2}
    return go.Scatter(x=[None], y=[None], mode="lines", name=_IMAGES[prefix], line=line)


def _line(
    x: NDArray[np.number], y: NDArray[np.floating], name: str, color: str, mode: str = "lines"
) -> go.Scatter:
    return go.Scatter(
        x=np.float32(x),
        y=np.float32(y),
        mode=mode,
        name=MODEL_LABELS.get(name, name),
        legendgroup=name,
        line={"color": color, "width": 2},
        marker={"color": color, "size": 6},
    )


def _band(
    x: NDArray[np.number],
    low: NDArray[np.floating],
    high: NDArray[np.floating],
    name: str,
    color: str,
) -> go.Scatter:
    return go.Scatter(
        x=np.float32(np.concatenate([x, x[::-1]])),
        y=np.float32(np.concatenate([high, low[::-1]])),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=theme.faded(color, 0.18),
        legendgroup=name,
        showlegend=False,
        hoverinfo="skip",
    )
