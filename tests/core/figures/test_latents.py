from typing import Any

import numpy as np
import pytest

from core.figures import theme
from core.figures.latents import (
    factor_scatter,
    latent_scatter,
    picked_point,
)

RANDOM = np.random.default_rng(0)
CODES = RANDOM.normal(size=(300, 2)) * [2, 1] + [1, 0]
LABELS = RANDOM.integers(0, 3, 300)
NAMES = ["square", "ellipse", "heart"]


def points(figure: Any) -> list[Any]:
    return [trace for trace in figure.data if trace.customdata is not None]


def assert_equal_axes(figure: Any) -> None:
    assert figure.layout.yaxis.scaleanchor == "x"
    assert figure.layout.yaxis.scaleratio == 1


def test_every_code_appears_once_and_carries_its_index():
    figure: Any = latent_scatter(CODES, LABELS, NAMES)
    index = np.concatenate([trace.customdata for trace in points(figure)])
    assert sorted(index) == list(range(300))
    for label, trace in enumerate(points(figure)):
        assert (LABELS[trace.customdata] == label).all()
        assert np.stack([trace.x, trace.y], axis=1) == pytest.approx(
            CODES[trace.customdata], abs=1e-6
        )


def test_a_class_keeps_its_colour_when_others_are_absent():
    figure: Any = latent_scatter(CODES[LABELS == 2], LABELS[LABELS == 2], NAMES)
    assert points(figure)[2].marker.color == theme.label_color(2)
    assert [trace.name for trace in points(figure)] == NAMES


@pytest.mark.parametrize(
    "figure",
    [
        latent_scatter(CODES, LABELS, NAMES),
        latent_scatter(CODES, LABELS, NAMES, quiet=True, prior_circles=False),
        factor_scatter(CODES, CODES[:, 0], "x position"),
        picked_point(CODES[0], CODES[0], np.array([0.1, 0.3]), CODES[1:6]),
    ],
    ids=["classes", "quiet", "factor", "picked"],
)
def test_a_unit_is_as_long_on_both_axes(figure: Any):
    assert_equal_axes(figure)


def test_given_extent_is_shown():
    layout: Any = latent_scatter(CODES, LABELS, NAMES, extent=(-4, 4, -5, 3)).layout
    assert layout.xaxis.range == (-4, 4)
    assert layout.yaxis.range == (-5, 3)


def test_picked_point_shows_what_it_is_given():
    alone: Any = picked_point(CODES[0])
    full: Any = picked_point(
        CODES[0], CODES[0], np.ones(2), CODES[1:4], neighbour_labels=LABELS[1:4]
    )
    assert [trace.name for trace in alone.data] == ["picked"]
    assert len(full.data) == 4
    assert list(full.data[2].marker.color) == [theme.label_color(i) for i in LABELS[1:4]]
    assert np.ptp(full.layout.xaxis.range) > 4


def test_ten_thousand_codes_stay_small():
    codes = RANDOM.normal(size=(10_000, 2))
    labels = np.arange(10_000) % 10
    classes: Any = latent_scatter(codes, labels, [str(i) for i in range(10)])
    factor: Any = factor_scatter(codes, codes[:, 0], "x")
    assert {trace.type for trace in points(classes)} == {"scattergl"}
    assert len(classes.to_json()) < 200_000
    assert len(factor.to_json()) < 300_000
