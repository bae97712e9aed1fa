"""Noise on codes: its size drawn to scale among the codes, and quantities over noise with the spread over seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme
from core.figures.latents import latent_scatter
from core.figures.plane import ellipse


@dataclass(frozen=True)
class Line:
    """A line through means, with a band from the least to the most.

    Args:
        name: in the legend.
        color: `#rrggbb`.
        x: S places.
        values: at each place what was measured, one number per seed; none where nothing was.
        dash: plotly's name of a dash.
        symbol: plotly's name of a marker; no markers when left out.
    """

    name: str
    color: str
    x: Sequence[float]
    values: Sequence[Sequence[float]]
    dash: str = "solid"
    symbol: str = ""


def spread_lines(
    lines: Sequence[Line],
    *,
    x_name: str,
    y_name: str,
    ticks: Sequence[str] = (),
    log_x: bool = False,
    log_y: bool = False,
    height: int = 360,
) -> go.Figure:
    """Return lines over a common axis, each with its band.

    Args:
        lines: what to draw.
        x_name: of the horizontal axis, with its unit.
        y_name: of the vertical axis, with its unit.
        ticks: names of the places 0, 1, 2, ... on the horizontal axis, for numbers that no axis
            could space well.
        log_x: whether the horizontal axis is logarithmic.
        log_y: whether the vertical axis is.
        height: in pixels.
    """
    figure = go.Figure([trace for line in lines for trace in _traces(line)])
    theme.layout(figure, height)
    # Below the plot the legend may take as many rows as a phone needs without covering the lines.
    figure.update_layout(legend={"y": 0, "yanchor": "bottom"}, margin={"t": 12}, dragmode=False)
    if ticks:
        figure.update_xaxes(tickvals=np.arange(len(ticks)), ticktext=list(ticks), zeroline=False)
    if log_x:
        figure.update_xaxes(type="log", **_ticks([x for line in lines for x in line.x]))
    if log_y:
        figure.update_yaxes(
            type="log", **_ticks([y for line in lines for values in line.values for y in values])
        )
    else:
        figure.update_yaxes(rangemode="tozero")
    return figure.update_xaxes(title_text=x_name).update_yaxes(title_text=y_name)


def noise_among_codes(
    codes: NDArray[np.floating],
    labels: NDArray[np.integer],
    names: Sequence[str],
    *,
    radius: float,
    center: NDArray[np.floating],
    std: NDArray[np.floating],
    half_width: float,
    prior: bool,
    axes: tuple[str, str],
    height: int = 280,
) -> go.Figure:
    """Return a small panel of codes with √R around the origin and the noise of one code, all to
    the same scale.

    Args:
        codes: (N, 2).
        labels: (N,) class of each image, from 0.
        names: of the classes.
        radius: √R.
        center: (2,) the code whose noise is drawn.
        std: (2,) of the noise; nothing is drawn where it is 0.
        half_width: of the square that is shown.
        prior: whether to draw 1, 2 and 3 sigma of the standard normal prior.
        axes: names of the axes.
        height: in pixels.
    """
    extent = (-half_width, half_width, -half_width, half_width)
    figure = latent_scatter(
        codes,
        labels,
        names,
        prior_circles=prior,
        extent=extent,
        marker_size=3,
        height=height,
        quiet=True,
    )
    figure.update_traces(hoverinfo="skip", hovertemplate=None)
    figure.add_trace(_radius(radius))
    if std.any():
        figure.add_trace(ellipse(center, std, 1))
    figure.add_trace(_cross(center))
    figure.update_xaxes(title_text=axes[0], showticklabels=False).update_yaxes(
        title_text=axes[1], showticklabels=False
    )
    return figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0}, dragmode=False)


def _ticks(values: Sequence[float]) -> dict[str, Any]:
    """Return ticks for a logarithmic axis in full numbers, where plotly would write 2 for 200."""
    positive = np.log10([value for value in values if value > 0] or [1.0])
    steps = (1, 2, 5) if np.ptp(positive) < 2 else (1, 3) if np.ptp(positive) < 3 else (1,)
    decades = range(int(np.floor(positive.min())) - 1, int(np.ceil(positive.max())) + 1)
    places = [step * 10.0**decade for decade in decades for step in steps]
    return {"tickvals": places, "ticktext": [f"{place:,.12g}" for place in places]}


def _traces(line: Line) -> list[go.Scatter]:
    measured = [(x, values) for x, values in zip(line.x, line.values, strict=True) if len(values)]
    x = np.array([place for place, _ in measured], np.float32)
    mean, low, high = (
        np.array([edge(values) for _, values in measured], np.float32)
        for edge in (np.mean, min, max)
    )
    drawn = go.Scatter(
        x=x,
        y=mean,
        mode="lines+markers" if line.symbol else "lines",
        name=line.name,
        legendgroup=line.name,
        line={"color": line.color, "width": 2, "dash": line.dash},
        marker={"color": line.color, "size": 7, "symbol": line.symbol or "circle"},
        hovertemplate=f"{line.name}: %{{y:.4~g}}<extra></extra>",
    )
    return [_band(x, low, high, line), drawn] if (high > low).any() else [drawn]


def _band(
    x: NDArray[np.number], low: NDArray[np.floating], high: NDArray[np.floating], line: Line
) -> go.Scatter:
    return go.Scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([high, low[::-1]]),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=theme.faded(line.color, 0.18),
        legendgroup=line.name,
        showlegend=False,
        hoverinfo="skip",
    )


def _radius(radius: float) -> go.Scatter:
    angle = np.linspace(0, 2 * np.pi, 97)
    x, y = (radius * np.stack([np.cos(angle), np.sin(angle)])).astype(np.float32)
    line = {"color": theme.MUTED, "width": 2, "dash": "dash"}
    return go.Scatter(x=x, y=y, mode="lines", name="√R", line=line, hoverinfo="skip")


def _cross(point: NDArray[np.floating]) -> go.Scatter:
    marker = {"symbol": "cross-thin", "size": 10, "line": {"color": theme.POSTERIOR, "width": 2}}
    return go.Scatter(
        x=point[:1], y=point[1:], mode="markers", name="one code", marker=marker, hoverinfo="skip"
    )
