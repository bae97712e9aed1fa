from typing import Any

import numpy as np
import pytest

from core.figures import theme
from core.figures.bounds import (
    Bound,
    Parts,
    bounds_on_axis,
    gap_histogram,
    gap_parts,
    posterior_map,
)
from core.figures.densities import Mark

AXES = np.linspace(-1, 1, 41), np.linspace(-2, 2, 81)


def bump(x: float, y: float, width: float = 0.1) -> np.ndarray:
    first, second = np.meshgrid(*AXES, indexing="ij")
    return np.exp(-0.5 * ((first - x) ** 2 + (second - y) ** 2) / width**2)


def test_bounds_stand_below_each_other_and_log_p_beside_all():
    figure: Any = bounds_on_axis([Bound("ELBO", -3.0), Bound("k = 5", -2.0, 0.5)], -1.5)
    dots, exact = figure.data
    assert (list(dots.x), list(dots.error_x.array)) == ([-3, -2], [0, 0.5])
    assert list(exact.x) == [-1.5, -1.5]
    assert list(figure.layout.yaxis.ticktext) == ["ELBO", "k = 5"]
    assert dots.marker.color == theme.POSTERIOR


def test_what_is_not_known_is_not_drawn():
    figure: Any = bounds_on_axis([Bound("ELBO", -3.0)])
    assert len(figure.data) == 1


def test_the_map_has_the_first_latent_across():
    figure: Any = posterior_map(AXES, bump(0.5, -1.0), np.zeros(2), np.full(2, 0.1))
    heat = figure.data[0]
    row, column = np.unravel_index(heat.z.argmax(), heat.z.shape)
    assert (heat.x[column], heat.y[row]) == pytest.approx((0.5, -1.0))
    assert heat.z.max() == 1


def test_the_map_shows_density_and_ellipses_with_equal_axes():
    figure: Any = posterior_map(AXES, bump(0.5, -1.0), np.array([-0.5, 1.0]), np.array([0.1, 0.2]))
    (left, right), (bottom, top) = figure.layout.xaxis.range, figure.layout.yaxis.range
    assert left < -0.7 < 0.7 < right
    assert bottom < -1.2 < 1.4 < top
    assert right - left == pytest.approx(top - bottom)
    assert figure.layout.yaxis.scaleanchor == "x"


def test_the_fitted_gaussian_is_dotted_where_there_is_one():
    ours = np.zeros(2), np.full(2, 0.1)
    without: Any = posterior_map(AXES, bump(0, 0), *ours)
    figure: Any = posterior_map(AXES, bump(0, 0), *ours, (np.ones(2), np.full(2, 0.2)))
    assert len(figure.data) == len(without.data) + 2
    assert {trace.line.dash for trace in figure.data[-2:]} == {"dot"}
    assert np.abs(figure.data[-1].x - 1).max() == pytest.approx(0.2, abs=1e-3)


def test_every_gap_is_counted_even_none_and_enormous_ones():
    figure: Any = gap_histogram(
        np.array([-1e-3, 0.0, 0.5, 20.0, 1e6]), [Mark("mean", 2.0)], color="#123456"
    )
    bars, mean = figure.data
    assert sum(bars.y) == pytest.approx(1)
    assert bars.y[0] == pytest.approx(0.4)
    assert bars.y[-1] == pytest.approx(0.2)
    assert list(mean.x) == pytest.approx([np.log10(2)] * 2)
    inside = [low <= 0.5 < high for low, high in bars.customdata]
    assert bars.y[inside.index(True)] == pytest.approx(0.2)


def test_no_bar_is_cut_off_at_the_right():
    figure: Any = gap_histogram(np.array([0.1, 30.0]), color="#123456")
    assert figure.layout.xaxis.range[1] > np.log10(30.0)


def test_parts_are_averages_and_every_seed_has_a_dot():
    rows = [
        Parts("a", np.array([1.0, 3.0]), np.array([1.0, 1.0])),
        Parts("b", np.array([0.5]), np.array([0.0])),
    ]
    figure: Any = gap_parts(rows)
    amortisation, approximation, dots = figure.data
    assert list(amortisation.x) == [2, 0.5]
    assert list(approximation.x) == [1, 0]
    assert list(zip(dots.x, dots.y, strict=True)) == [(2, "a"), (4, "a"), (0.5, "b")]
