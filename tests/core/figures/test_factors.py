from typing import Any

import numpy as np

from core.figures.factors import code_against_factor

FACTOR = np.array([0, 0, 2, 2, 2])
CODE = np.array([1.0, 3.0, -1.0, -2.0, -3.0])
NAMES: dict[str, Any] = {"code_name": "z3", "factor_name": "shape"}


def test_the_mean_of_each_value_that_occurs_is_drawn():
    _, mean = code_against_factor(CODE, FACTOR, **NAMES).data
    assert (list(mean.x), list(mean.y)) == ([0, 2], [2, -2])


def test_points_keep_their_code_and_stay_nearest_to_their_value():
    points: Any = code_against_factor(CODE, FACTOR, **NAMES).data[0]
    assert list(points.y) == list(CODE)
    assert (np.rint(points.x) == FACTOR).all()


def test_values_may_have_names():
    layout: Any = code_against_factor(
        CODE, FACTOR, **NAMES, value_names=("square", "ellipse", "heart")
    ).layout
    assert layout.xaxis.ticktext == ("square", "ellipse", "heart")
    assert layout.xaxis.title.text == "shape"
    assert layout.yaxis.title.text == "z3"
