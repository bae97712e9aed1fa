from typing import Any

import numpy as np

from core.figures import theme
from core.figures.protocol import classifier_plane, difference_bars


def test_the_latent_that_differs_least_stands_out():
    figure: Any = difference_bars(
        np.array([0.5, 0.1, 0.9, 0.0]),
        np.array([True, True, True, False]),
        color="#ff0000",
        name="|z - z'|",
    )
    (bars,) = figure.data
    assert list(bars.x) == ["z1", "z2", "z3", "z4"]
    assert list(bars.marker.color) == [theme.MUTED, "#ff0000", theme.MUTED, theme.MUTED]
    assert figure.layout.yaxis.title.text == "|z - z'|"


def test_points_lie_on_what_the_classifier_says_of_their_place():
    regions = np.array([[0, 1], [0, 1]])
    figure = classifier_plane(
        np.array([[-1.0, 0.0], [1.0, 0.5]]),
        np.array([0, 1]),
        ["scale", "x"],
        regions=regions,
        extent=(-1, 1, -2, 2),
        picked=np.array([0.5, 0.5]),
    )
    ground, scale, x, ring = figure.data
    assert (np.asarray(ground.z) == regions).all()
    assert list(ground.x) == [-1, 1]
    assert list(ground.y) == [-2, 2]
    assert [scale.name, x.name, ring.name] == ["scale", "x", "the point above"]
    assert [scale.marker.color, x.marker.color] == [theme.label_color(0), theme.label_color(1)]
    assert list(ring.x) == [0.5]
