"""Lines: training over epochs, and any quantity over another with the spread over seeds."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.config import MODEL_LABELS
from core.figures import theme

History = Mapping[str, NDArray[np.floating]]
"""`train_nll`, `test_nll`, `train_kl`, `test_kl`, each (E,) in nats per image; any of them may be missing."""


def training_curves(histories: Mapping[str, History], *, height: int = 360) -> go.Figure:
    """Return distortion and rate over epochs, one colour per model, test solid and train dotted.

    Args:
        histories: name or label of a model -> its history.
        height: in pixels.
    """
    from plotly.subplots import make_subplots

    figure = make_subplots(1, 2, horizontal_spacing=0.08)
    for index, (name, history) in enumerate(histories.items()):
        for column, term in enumerate(("nll", "kl"), start=1):
            for part in ("train", "test"):
                _add_history(figure, history.get(f"{part}_{term}"), name, index, column, part)
    theme.layout(figure, height)
    figure.update_xaxes(title_text="epoch")
    figure.update_yaxes(title_text="distortion (nll), nats per image", col=1)
    return figure.update_yaxes(title_text="rate (KL), nats per image", rangemode="tozero", col=2)


def lines(
    x: NDArray[np.number],
    series: Mapping[str, tuple[NDArray[np.floating], NDArray[np.floating] | None, NDArray[np.floating] | None]],
    *,
    x_name: str,
    y_name: str,
    log_x: bool = False,
    height: int = 360,
) -> go.Figure:
    """Return lines with a band for their spread.

    Args:
        x: (S,).
        series: name -> (mean, low, high), each (S,); low and high may be None.
        x_name: of the horizontal axis, with its unit.
        y_name: of the vertical axis, with its unit.
        log_x: whether the horizontal axis is logarithmic.
        height: in pixels.
    """
    figure = go.Figure()
    for index, (name, (mean, low, high)) in enumerate(series.items()):
        color = theme.color_of(name, index)
        if low is not None and high is not None:
            figure.add_trace(_band(x, low, high, name, color))
        figure.add_trace(_line(x, mean, name, color, mode="lines+markers"))
    figure.update_xaxes(title_text=x_name, type="log" if log_x else "linear")
    return theme.layout(figure.update_yaxes(title_text=y_name), height)


def _add_history(
    figure: go.Figure, values: NDArray[np.floating] | None, name: str, index: int, column: int, part: str
) -> None:
    if values is None:
        return
    line = _line(np.arange(1, len(values) + 1), values, name, theme.color_of(name, index))
    line.update(line_dash="dot" if part == "train" else "solid", showlegend=column == 1 and part == "test")
    line.update(hovertemplate=f"{line.name}, {part}: %{{y:.2f}} nats<extra></extra>")
    figure.add_trace(line, row=1, col=column)


def _line(x: NDArray[np.number], y: NDArray[np.floating], name: str, color: str, mode: str = "lines") -> go.Scatter:
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
    x: NDArray[np.number], low: NDArray[np.floating], high: NDArray[np.floating], name: str, color: str
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
