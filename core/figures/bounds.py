"""Bounds on log p(x), the true posterior as a map, and the gap over many images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme
from core.figures.densities import Mark
from core.figures.plane import AXES, Extent, ellipse, equal_axes

Floats = NDArray[np.floating]

EXACT = theme.SEQUENTIAL[5]
"""Colour of log p(x) and of the true posterior, which are exact."""

_REACH = 2.3
"""Standard deviations of the encoder's Gaussian that the map has room for."""

_VISIBLE = 0.01
"""Share of the highest density below which a map's cell counts as empty."""

_LEAST_GAP, _MOST_GAP = 0.01, 1000.0
"""Nats at the ends of the histogram's axis."""

_PER_DECADE = 5
"""Bars of the histogram for each factor of ten."""


@dataclass(frozen=True)
class Bound:
    """A lower bound on log p(x) of one image.

    Args:
        name: name on the axis.
        value: the bound in nats.
        spread: standard deviation of one such bound in nats; None for no error bar.
    """

    name: str
    value: float
    spread: float | None = None


@dataclass(frozen=True)
class Parts:
    """The two parts of a model's gap, in nats, averaged over images, a number for each seed.

    Args:
        name: name of the model.
        amortisation: (S,) nats that a Gaussian fitted to each image would win.
        approximation: (S,) nats that the fitted Gaussian still falls short of log p(x).
    """

    name: str
    amortisation: Floats
    approximation: Floats


def bounds_on_axis(
    bounds: Sequence[Bound], exact: float | None = None, *, height: int = 340
) -> go.Figure:
    """Return bounds as dots with their spread, and log p(x) as a line they stay below.

    Source: Burda, Grosse and Salakhutdinov 2016, https://arxiv.org/abs/1509.00519.

    Args:
        bounds: the bounds, the first one on top.
        exact: log p(x) in nats; no line when left out.
        height: height in pixels.
    """
    rows = np.arange(len(bounds))
    spread = [bound.spread or 0.0 for bound in bounds]
    dots = go.Scatter(
        x=[bound.value for bound in bounds],
        y=rows,
        mode="markers",
        name="lower bound, and the spread of one",
        marker={"color": theme.POSTERIOR, "size": 11},
        error_x={"array": spread, "color": theme.POSTERIOR, "thickness": 1.5},
        hovertemplate="%{x:.3f} nats<extra></extra>",
    )
    figure = go.Figure(dots)
    if exact is not None:
        name = "log p(x) by quadrature"
        line = {"color": EXACT, "width": 2, "dash": "dash"}
        ends = {"x": [exact, exact], "y": [-0.5, len(bounds) - 0.5]}
        figure.add_trace(
            go.Scatter(**ends, mode="lines", name=name, line=line, hovertemplate="%{x:.3f} nats")
        )
    theme.layout(figure, height)
    figure.update_xaxes(title_text="nats", zeroline=False)
    names = {"tickvals": rows, "ticktext": [bound.name for bound in bounds]}
    return figure.update_yaxes(
        **names, range=[len(bounds) - 0.5, -0.5], zeroline=False, ticklabelstandoff=8
    )


def posterior_map(
    axes: tuple[Floats, Floats],
    density: Floats,
    mean: Floats,
    std: Floats,
    best: tuple[Floats, Floats] | None = None,
    *,
    names: tuple[str, str] = AXES,
    height: int = 460,
) -> go.Figure:
    """Return a true posterior as a heat map, under ellipses of the encoder's Gaussian.

    The ellipses lie 1 and 2 standard deviations from the mean.

    Source: Cremer, Li and Duvenaud 2018, figure 1, https://arxiv.org/abs/1801.03558.

    Args:
        axes: codes of the cells' centres along both latents, (A,) and (B,).
        density: (A, B) values of p(z given x).
        mean: (2,) mean of the encoder's Gaussian.
        std: (2,) its standard deviations.
        best: mean and standard deviations of the Gaussian fitted to the image, which is dotted;
            no dotted ellipses when left out.
        names: names of the axes.
        height: height in pixels.
    """
    heat = go.Heatmap(
        x=np.float32(axes[0]),
        y=np.float32(axes[1]),
        z=np.float32(density.T / density.max()),
        colorscale=[(0, theme.faded(EXACT, 0)), (1, EXACT)],
        showscale=False,
        hoverinfo="skip",
    )
    outlines = [ellipse(mean, std, 2), ellipse(mean, std, 1)]
    for line in outlines:
        line.update(fill=None, name="encoder's Gaussian, 1σ 2σ")
    if best is not None:
        outlines += [_dotted(*best, 2), _dotted(*best, 1)]
    heat_entry = _legend_entry("true posterior", EXACT)
    figure = theme.layout(go.Figure([heat, heat_entry, *outlines]), height)
    return equal_axes(figure, _extent(axes, density, mean, std), names)


def gap_histogram(
    gaps: Floats, marks: Sequence[Mark] = (), *, color: str, height: int = 320
) -> go.Figure:
    """Return the share of images with each gap, on a logarithmic axis.

    The first bar counts every gap below 0.01 nats too, the last one every gap above 1,000.

    Args:
        gaps: (N,) log p(x) - ELBO of each image, in nats.
        marks: vertical lines.
        color: colour of the bars.
        height: height in pixels.
    """
    least, most = (round(float(np.log10(gap))) for gap in (_LEAST_GAP, _MOST_GAP))
    edges = np.linspace(least, most, _PER_DECADE * (most - least) + 1)
    logs = np.log10(np.clip(gaps, _LEAST_GAP, _MOST_GAP))
    shares = np.histogram(logs, edges)[0] / len(gaps)
    bars = go.Bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=shares,
        customdata=10 ** np.stack([edges[:-1], edges[1:]], axis=1),
        marker={"color": color, "line": {"width": 0}},
        showlegend=False,
        hovertemplate=(
            "%{customdata[0]:.2~g} to %{customdata[1]:.2~g} nats: %{y:.1%}<extra></extra>"
        ),
    )
    lines = [
        go.Scatter(
            x=[np.log10(max(mark.x, _LEAST_GAP))] * 2,
            y=[0, shares.max()],
            mode="lines",
            name=mark.name,
            line={"color": mark.color, "dash": mark.dash, "width": 2},
            hoverinfo="skip",
        )
        for mark in marks
    ]
    figure = theme.layout(go.Figure([bars, *lines]), height).update_layout(bargap=0.08)
    ticks = list(range(least, most + 1))
    last = np.flatnonzero(shares)[-1] + 2 if shares.any() else len(edges) - 1
    figure.update_xaxes(
        title_text="gap, nats", tickvals=ticks, ticktext=[f"{10.0**tick:g}" for tick in ticks]
    )
    figure.update_xaxes(range=[least, edges[min(last, len(edges) - 1)]], zeroline=False)
    return figure.update_yaxes(title_text="share of images", tickformat=".0%")


def gap_parts(rows: Sequence[Parts], *, height: int | None = None) -> go.Figure:
    """Return stacked bars of the parts of each model's gap, and a dot for each seed's gap.

    A bar is the average over seeds.

    Source: Cremer, Li and Duvenaud 2018, equation 3, https://arxiv.org/abs/1801.03558.

    Args:
        rows: the models, the first one on top.
        height: height in pixels; by the number of rows when left out.
    """
    names = [row.name for row in rows]
    amortisation = [float(np.mean(row.amortisation)) for row in rows]
    approximation = [float(np.mean(row.approximation)) for row in rows]
    figure = go.Figure()
    figure.add_trace(_part(names, amortisation, "amortisation", theme.POSTERIOR))
    figure.add_trace(_part(names, approximation, "approximation", theme.MUTED))
    totals = [
        (float(total), row.name) for row in rows for total in row.amortisation + row.approximation
    ]
    dots = {"color": theme.MUTED, "size": 8, "symbol": "circle-open", "line": {"width": 2}}
    x, y = zip(*totals, strict=True)
    figure.add_trace(
        go.Scatter(x=x, y=y, mode="markers", name="a training seed", marker=dots, hoverinfo="skip")
    )
    theme.layout(figure, height or 110 + 44 * len(rows)).update_layout(
        barmode="stack", bargap=0.35, legend_traceorder="normal"
    )
    figure.update_xaxes(title_text="nats per image", rangemode="tozero", zeroline=False)
    return figure.update_yaxes(autorange="reversed", ticklabelstandoff=8, showgrid=False)


def _part(models: list[str], nats: list[float], name: str, color: str) -> go.Bar:
    return go.Bar(
        x=nats,
        y=models,
        orientation="h",
        name=f"{name} gap",
        marker={"color": theme.faded(color, 0.75), "cornerradius": 3},
        hovertemplate=f"{name}: %{{x:.3f}} nats<extra>%{{y}}</extra>",
    )


def _dotted(mean: Floats, std: Floats, times: float) -> go.Scatter:
    line = ellipse(mean, std, times)
    look = {"color": theme.MUTED, "width": 2, "dash": "dot"}
    return line.update(
        line=look, fill=None, name="fitted to this image, 1σ 2σ", legendgroup="best"
    )


def _legend_entry(name: str, color: str) -> go.Scatter:
    marker = {"symbol": "square", "size": 12, "color": color}
    return go.Scatter(x=[None], y=[None], mode="markers", name=name, marker=marker)


def _extent(axes: tuple[Floats, Floats], density: Floats, mean: Floats, std: Floats) -> Extent:
    """Return a square around the visible part of the density and the encoder's ellipses."""
    places = np.nonzero(density > _VISIBLE * density.max())
    edges = [axis[[place.min(), place.max()]] for axis, place in zip(axes, places, strict=True)]
    low = np.minimum([edge[0] for edge in edges], mean - _REACH * std)
    high = np.maximum([edge[1] for edge in edges], mean + _REACH * std)
    half, (x, y) = 0.52 * (high - low).max(), (low + high) / 2
    return float(x - half), float(x + half), float(y - half), float(y + half)
