from typing import Any

import pytest

from core.figures import theme
from core.figures.noise import Line, spread_lines

COLOR = theme.MODEL_COLORS["noisy-ae"]


def drawn(*lines: Line, **options: Any) -> Any:
    return spread_lines(lines, x_name="η", y_name="nats", **options)


def test_a_line_goes_through_the_means_and_its_band_from_the_least_to_the_most():
    band, line = drawn(Line("a", COLOR, [1, 2], [[1, 3], [5, 6, 10]])).data
    assert line.y.tolist() == [2, 7]
    assert band.x.tolist() == [1, 2, 2, 1]
    assert band.y.tolist() == [3, 10, 5, 1]
    assert band.fillcolor == theme.faded(COLOR, 0.18)
    assert not band.showlegend


def test_one_number_at_each_place_has_no_band_and_places_without_one_are_left_out():
    (line,) = drawn(Line("a", COLOR, [1, 2, 3], [[1], [], [3]])).data
    assert (line.x.tolist(), line.y.tolist()) == ([1, 3], [1, 3])


def test_a_line_without_any_number_is_empty():
    (line,) = drawn(Line("a", COLOR, [1, 2], [[], []])).data
    assert len(line.x) == 0


def test_dash_and_marker_tell_lines_of_one_colour_apart():
    plain, marked = drawn(
        Line("a", COLOR, [1], [[1]]), Line("b", COLOR, [1], [[1]], dash="dash", symbol="diamond")
    ).data
    assert (plain.mode, plain.line.dash) == ("lines", "solid")
    assert (marked.mode, marked.line.dash, marked.marker.symbol) == (
        "lines+markers",
        "dash",
        "diamond",
    )


def test_places_can_have_names():
    axis = drawn(Line("a", COLOR, [0, 1], [[1], [2]]), ticks=["0", "0.01"]).layout.xaxis
    assert (list(axis.tickvals), list(axis.ticktext)) == ([0, 1], ["0", "0.01"])


@pytest.mark.parametrize(
    "values", [(0.02, 0.5), (30.0, 1700.0), (2.4, 1500.0), (1e-3, 1e5), (7.0, 7.0)]
)
def test_a_logarithmic_axis_has_ticks_in_full_numbers_within_its_range(values):
    axis = drawn(Line("a", COLOR, [1, 2], [[value] for value in values]), log_y=True).layout.yaxis
    assert axis.type == "log"
    assert [float(text.replace(",", "")) for text in axis.ticktext] == pytest.approx(
        list(axis.tickvals)
    )
    inside = [place for place in axis.tickvals if min(values) / 2 <= place <= max(values) * 2]
    assert 1 <= len(inside) <= 9
