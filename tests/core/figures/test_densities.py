from typing import Any

import numpy as np
import pytest

from core.figures import theme
from core.figures.densities import Curve, Mark, class_bars, curves, divergence, running_likelihood

GONE = np.array([-1.0, -2.0, -3.0, -np.inf, -np.inf])


def test_a_lost_product_ends_in_a_cross_that_says_where():
    figure: Any = running_likelihood(
        [Curve("product", GONE, "#123456"), Curve("sum", -np.arange(1.0, 6), "#654321")]
    )
    product, total, cross = figure.data
    assert list(product.x) == [1, 2, 3]
    assert list(total.x) == [1, 2, 3, 4, 5]
    assert (list(cross.x), list(cross.y), cross.text[0]) == ([3], [-3], "0 from n = 4")
    assert cross.marker.color == "#123456"


def test_a_product_that_overflows_is_called_infinite():
    figure: Any = running_likelihood([Curve("product", -GONE, "#123456")])
    assert figure.data[-1].text[0] == "infinite from n = 4"


def test_many_observations_are_thinned_and_the_last_ones_kept():
    logs = np.concatenate([-np.arange(1.0, 4001), np.full(1000, -np.inf)])
    figure: Any = running_likelihood([Curve("product", logs, "#123456")])
    line, cross = figure.data
    assert len(line.x) < 600
    assert (line.x[0], line.x[-1], line.y[-1]) == (1, 4000, -4000)
    assert cross.text[0] == "0 from n = 4,001"


def test_a_product_lost_at_once_is_drawn_without_a_cross():
    figure: Any = running_likelihood([Curve("product", np.full(3, np.inf), "#123456")])
    assert len(figure.data) == 1


def test_marks_stand_as_high_as_the_curves():
    figure: Any = curves(
        np.arange(3.0),
        [Curve("a", np.array([1.0, 5, 2]), "#123456")],
        [Mark("here", 1.5)],
        x_name="x",
        y_name="y",
    )
    mark = figure.data[-1]
    assert (list(mark.x), list(mark.y), mark.name) == ([1.5, 1.5], [1, 5], "here")


@pytest.mark.parametrize("values", [np.zeros(3), np.full(3, np.inf)])
def test_a_curve_without_a_height_has_an_axis_still(values: np.ndarray):
    figure: Any = curves(
        np.arange(3.0), [Curve("a", values, "#123456")], [Mark("m", 1.0)], x_name="x", y_name="y"
    )
    low, high = figure.layout.yaxis.range
    assert low < high


def test_what_a_divergence_adds_and_takes_away_is_drawn_apart():
    x = np.linspace(0, 1, 5)
    figure: Any = divergence(x, x, 1 - x, np.array([0.0, -1, -2, 3, 4]))
    q, p, adds, takes = figure.data
    assert (q.line.color, p.line.color) == (theme.POSTERIOR, theme.PRIOR)
    assert list(adds.y) == [0, 0, 0, 3, 4]
    assert list(takes.y) == [0, -1, -2, 0, 0]
    assert adds.yaxis == takes.yaxis == "y2"


def test_the_label_stands_out_among_the_classes():
    figure: Any = class_bars(np.array([0.2, 0.7, 0.1]), 1, ["a", "b", "c"])
    (bars,) = figure.data
    assert bars.marker.color[1] not in (bars.marker.color[0], bars.marker.color[2])
    assert bars.marker.color[0] == bars.marker.color[2]
