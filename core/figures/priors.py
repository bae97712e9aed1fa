"""Priors: their density under the codes, their scores, and the noise of gradient estimators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme
from core.figures.plane import Extent, equal_axes

SHARES = (0.5, 0.9, 0.99)
"""Share of a density's mass that lies within each of its contours."""

_FILL = 0.24
"""Opacity within a contour; plotly paints each on top of those around it."""

ESTIMATOR_COLORS = {"baseline": theme.SEQUENTIAL[1], "score": theme.SEQUENTIAL[5]}
"""Estimator of a gradient -> colour of its bars."""

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Scored:
    """A score of a prior or a model.

    Args:
        look: label of the row, and colour of its dots.
        scores: a score for each seed; none where none was measured.
    """

    look: theme.Look
    scores: Sequence[float]


def grid(extent: Extent, resolution: int) -> NDArray[np.float64]:
    """Return the middles of the cells of a plane, row by row from the bottom left.

    Args:
        extent: left, right, bottom and top edge of the plane.
        resolution: cells along each axis.

    Returns:
        Places in units of the extent, (resolution², 2).

    >>> grid((0, 2, 0, 2), 2)[1]
    array([1.5, 0.5])
    """
    left, right, bottom, top = extent
    inside = (np.arange(resolution) + 0.5) / resolution
    x, y = np.meshgrid(left + (right - left) * inside, bottom + (top - bottom) * inside)
    return np.stack([x.ravel(), y.ravel()], 1)


def mass_above(density: Floats) -> NDArray[np.float64]:
    """Return for each cell of a table the share of all mass that lies in denser cells.

    A contour of it encloses the smallest region that holds that share. Cells of the same density
    share one number.

    Source: Hyndman 1996, Computing and Graphing Highest Density Regions,
        https://doi.org/10.1080/00031305.1996.10474359.

    Args:
        density: (R, C) densities, at least 0.

    Returns:
        Shares between 0 and 1, (R, C); 1 where the density is 0.

    >>> mass_above(np.array([[4.0, 3.0], [2.0, 1.0]]))
    array([[0. , 0.4],
           [0.7, 0.9]])
    """
    values, which = np.unique(-density.ravel(), return_inverse=True)
    mass = np.bincount(which, weights=density.ravel(), minlength=len(values))
    above = np.cumsum(mass) - mass
    total = mass.sum() or 1.0
    return (np.where(values < 0, above / total, 1.0)[which]).reshape(density.shape)


def density_panel(
    density: Floats, extent: Extent, codes: Floats, *, height: int = 210
) -> go.Figure:
    """Return the regions that hold half, 90 % and 99 % of a prior, and codes on them.

    Args:
        density: (R, C) densities at the middles of cells, rows from the bottom.
        extent: edges of the cells, and of the axes.
        codes: (N, 2) codes of the aggregate posterior.
        height: height in pixels.
    """
    rows, columns = density.shape
    left, right, bottom, top = extent
    wide, high = (right - left) / columns, (top - bottom) / rows
    # Contours have to be evenly spaced, and are filled from low to high: 99 %, 90 % and half lie
    # at 1, 2 and 3.
    levels = len(SHARES)
    z = np.interp(mass_above(density), (0, *SHARES, 1), range(levels + 1, -1, -1))
    fill, begin = theme.faded(theme.PRIOR, _FILL), 0.5 / levels
    contours = go.Contour(
        z=np.float32(z),
        x0=left + wide / 2,
        dx=wide,
        y0=bottom + high / 2,
        dy=high,
        contours={"start": 1, "end": levels, "size": 1},
        colorscale=[(0, theme.CLEAR), (begin, theme.CLEAR), (begin, fill), (1, fill)],
        line={"color": theme.PRIOR, "width": 1},
        showscale=False,
        hoverinfo="skip",
        name="prior",
    )
    x, y = np.asarray(codes, np.float32).T
    marker = {"color": theme.POSTERIOR, "size": 3, "opacity": 0.75}
    points = go.Scatter(
        x=x, y=y, mode="markers", marker=marker, hoverinfo="skip", name="aggregate posterior"
    )
    figure = go.Figure([contours, points, _scale_bar(extent)])
    equal_axes(theme.layout(figure, height, legend=False), extent, ("", ""))
    # Numbers on the axes would take a fifth of a small panel.
    figure.update_xaxes(visible=False).update_yaxes(visible=False)
    return figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0}, dragmode=False)


def _scale_bar(extent: Extent) -> go.Scatter:
    """Return a line in the lower left corner, a round number of units long, with that number."""
    left, right, bottom, top = extent
    width = right - left
    decade = 10.0 ** np.floor(np.log10(0.3 * width))
    length = max(step * decade for step in (1, 2, 5) if step * decade <= 0.3 * width)
    start, y = left + 0.03 * width, bottom + 0.04 * (top - bottom)
    return go.Scatter(
        x=[start, start + length],
        y=[y, y],
        mode="lines+text",
        text=["", f"{length:g}"],
        textposition="middle right",
        line={"color": theme.MUTED, "width": 3},
        name="units of the code",
        hoverinfo="skip",
    )


def seed_dots(
    rows: Sequence[Scored],
    *,
    name: str,
    best: float | None = None,
    height: int = 230,
) -> go.Figure:
    """Return a small dot for the score of each seed, and a large dot for their mean.

    Args:
        rows: the rows, the first one on top.
        name: name of the score, with its unit.
        best: score of real images, drawn as a line; no line when left out.
        height: height in pixels.
    """
    seeds: list[tuple[int, float]] = []
    means: list[tuple[int, float]] = []
    for place, row in enumerate(rows):
        seeds += [(place, score) for score in row.scores]
        if len(row.scores):
            means.append((place, float(np.mean(row.scores))))
    colors = [row.look.color for row in rows]
    figure = go.Figure(
        [_dots(seeds, 6, 0.55, "one training", colors), _dots(means, 12, 1.0, "mean", colors)]
    )
    if best is not None:
        line = {"color": theme.MUTED, "dash": "dot", "width": 2}
        ends = {"x": [best, best], "y": [-0.5, len(rows) - 0.5]}
        figure.add_trace(
            go.Scatter(**ends, mode="lines", line=line, name="real images", hoverinfo="name")
        )
    theme.layout(figure, height, legend=False)
    figure.update_xaxes(title_text=name, zeroline=False, nticks=5).update_layout(dragmode=False)
    places = {
        "tickvals": np.arange(len(rows)),
        "ticktext": [row.look.label for row in rows],
        "range": [len(rows) - 0.5, -0.5],
    }
    return figure.update_yaxes(**places, zeroline=False, ticklabelstandoff=6)


def ratio_bars(
    ratios: Mapping[str, Mapping[str, Sequence[float]]],
    names: Mapping[str, str],
    *,
    height: int = 320,
) -> go.Figure:
    """Return bars of how much noisier estimators of a gradient are than the reparameterised one.

    A bar is the average over seeds of the ratio of the variances, its error bar their standard
    deviation.

    Source: Mohamed et al. 2020, Monte Carlo Gradient Estimation in Machine Learning,
        https://arxiv.org/abs/1906.10652.

    Args:
        ratios: label of a prior -> estimator -> ratio of variances for each seed.
        names: estimator -> words for the legend.
        height: height in pixels.
    """
    figure = go.Figure()
    for estimator, words in names.items():
        seeds = {label: np.asarray(by_name[estimator]) for label, by_name in ratios.items()}
        figure.add_trace(_ratio_bar(seeds, words, ESTIMATOR_COLORS[estimator]))
    theme.layout(figure, height).update_layout(bargap=0.3, dragmode=False)
    every = chain.from_iterable(by_name.values() for by_name in ratios.values())
    highest = max(map(np.max, every), default=10.0)
    decades = range(int(np.ceil(np.log10(highest))) + 2)
    ticks = {"tickvals": [10.0**d for d in decades], "ticktext": [f"{10**d:,} ×" for d in decades]}
    figure.update_yaxes(
        type="log",
        range=[0, np.log10(highest) + 0.5],
        title_text="variance over the reparameterised",
    )
    return figure.update_yaxes(**ticks, dtick=None).update_xaxes(showgrid=False)


def _ratio_bar(seeds: Mapping[str, Floats], words: str, color: str) -> go.Bar:
    mean = np.array([ratio.mean() for ratio in seeds.values()])
    spread = np.array([ratio.std(ddof=1) if len(ratio) > 1 else 0.0 for ratio in seeds.values()])
    return go.Bar(
        x=list(seeds),
        # A bar on a logarithmic axis has to begin somewhere: at 1, where variances are the same.
        y=mean - 1,
        base=1,
        name=words,
        marker={"color": color, "cornerradius": 3},
        error_y={"array": spread, "thickness": 1.5, "color": theme.MUTED},
        text=[f"{ratio:,.3g} ×" if ratio < 100 else f"{ratio:,.0f} ×" for ratio in mean],
        textposition="outside",
        cliponaxis=False,
        hovertemplate=f"%{{x}}, {words}: %{{text}}<extra></extra>",
    )


def _dots(
    rows: Sequence[tuple[int, float]], size: int, opacity: float, name: str, colors: Sequence[str]
) -> go.Scatter:
    y, x = np.array(rows, np.float32).reshape(-1, 2).T
    marker = {"color": [colors[place] for place, _ in rows], "size": size, "opacity": opacity}
    return go.Scatter(
        x=x, y=y, mode="markers", marker=marker, name=name, hovertemplate=f"{name}: %{{x:.4~g}}"
    )
