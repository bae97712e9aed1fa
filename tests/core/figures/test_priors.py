from typing import Any

import numpy as np
import pytest

from core.figures import theme
from core.figures.priors import (
    SHARES,
    Scored,
    density_panel,
    grid,
    mass_above,
    ratio_bars,
    seed_dots,
)

EXTENT = (-4.0, 4.0, -4.0, 4.0)
CELLS = 160


def normal_density() -> np.ndarray:
    codes = grid(EXTENT, CELLS)
    return (np.exp(-0.5 * (codes**2).sum(1)) / (2 * np.pi)).reshape(CELLS, CELLS)


def panel(density: np.ndarray, extent: tuple[float, float, float, float] = EXTENT) -> Any:
    return density_panel(density, extent, np.array([[0.0, 1.0], [2.0, -1.0]]))


def test_a_grid_runs_row_by_row_from_the_bottom_left():
    codes = grid((0, 4, 10, 12), 2)
    assert codes.tolist() == [[1, 10.5], [3, 10.5], [1, 11.5], [3, 11.5]]


def test_the_mass_above_a_place_of_a_gaussian_is_that_within_its_circle():
    radius = np.linalg.norm(grid(EXTENT, CELLS), axis=1).reshape(CELLS, CELLS)
    near = radius < 3
    np.testing.assert_allclose(
        mass_above(normal_density())[near], 1 - np.exp(-(radius[near] ** 2) / 2), atol=0.01
    )


def test_a_contour_holds_the_share_it_stands_for():
    density = normal_density() * np.random.default_rng(0).uniform(0.5, 1.5, (CELLS, CELLS))
    above = mass_above(density)
    for share in SHARES:
        assert density[above < share].sum() / density.sum() == pytest.approx(share, abs=0.001)


def test_everywhere_in_a_box_is_as_dense_and_outside_is_nothing():
    box = np.zeros((10, 10))
    box[2:8, 2:8] = 0.3
    above = mass_above(box)
    assert set(above[2:8, 2:8].ravel()) == {0.0}
    assert set(np.concatenate([above[:2].ravel(), above[8:].ravel()])) == {1.0}
    assert set(mass_above(np.zeros((3, 3))).ravel()) == {1.0}


def test_a_panel_has_the_contours_of_half_90_and_99_percent_on_equal_axes():
    figure = panel(normal_density())
    contour, points = figure.data[:2]
    assert (contour.contours.start, contour.contours.end, contour.contours.size) == (1, 3, 1)
    radius = np.linalg.norm(grid(EXTENT, CELLS), axis=1).reshape(CELLS, CELLS)
    z = np.asarray(contour.z)
    for level, share in zip((3, 2, 1), SHARES, strict=True):
        assert radius[z > level].max() == pytest.approx(np.sqrt(-2 * np.log(1 - share)), abs=0.06)
    assert (contour.x0, contour.dx) == (-4 + 4 / CELLS, 8 / CELLS)
    assert contour.line.color == theme.PRIOR
    assert points.marker.color == theme.POSTERIOR
    assert figure.layout.yaxis.scaleanchor == "x"
    assert list(figure.layout.xaxis.range) == [-4, 4]


@pytest.mark.parametrize(("width", "length"), [(8.0, 2.0), (7.0, 2.0), (40.0, 10.0), (0.3, 0.05)])
def test_the_scale_bar_is_a_round_number_of_units_long(width: float, length: float):
    figure = panel(normal_density(), (0.0, width, 0.0, width))
    bar = figure.data[2]
    assert bar.x[1] - bar.x[0] == pytest.approx(length)
    assert bar.text[1] == f"{length:g}"
    assert 0 < bar.x[0] < bar.x[1] < width / 2


def test_each_training_has_a_dot_and_each_prior_the_mean_of_its_own():
    looks = [
        theme.Look(label, color) for label, color in zip("abc", theme.SEQUENTIAL[:3], strict=True)
    ]
    scores = [[1.0, 3.0], [], [5.0]]
    rows = [Scored(look, each) for look, each in zip(looks, scores, strict=True)]
    figure: Any = seed_dots(rows, name="nll", best=0.5)
    seeds, means, best = figure.data
    assert list(zip(seeds.x, seeds.y, strict=True)) == [(1, 0), (3, 0), (5, 2)]
    assert list(zip(means.x, means.y, strict=True)) == [(2, 0), (5, 2)]
    assert list(means.marker.color) == [looks[0].color, looks[2].color]
    assert set(best.x) == {0.5}
    assert figure.layout.yaxis.ticktext == ("a", "b", "c")
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]
    empty: Any = seed_dots([Scored(looks[0], [])], name="nll")
    assert [len(trace.x) for trace in empty.data] == [0, 0]


def test_bars_of_ratios_begin_at_the_same_variance_and_end_at_the_mean():
    ratios = {
        "normal": {"baseline": [4.0, 6.0], "score": [1000.0]},
        "vamp": {"baseline": [2.0], "score": [300.0]},
    }
    figure: Any = ratio_bars(ratios, {"baseline": "with", "score": "without"})
    with_baseline, without = figure.data
    assert [
        base + y for base, y in zip([with_baseline.base] * 2, with_baseline.y, strict=True)
    ] == [5, 2]
    assert list(without.text) == ["1,000 ×", "300 ×"]
    assert with_baseline.error_y.array[0] == pytest.approx(np.sqrt(2))
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis.range[1] > 3
    assert with_baseline.marker.color != without.marker.color
