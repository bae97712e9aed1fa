from typing import Any

from core.figures.tradeoff import Stop, counts, tradeoff

STOPS = [Stop("β = 1", [10.0, 12.0], [30.0, 32.0]), Stop("β = 4", [6.0], [41.0])]
AXES: dict[str, Any] = {"x_name": "rate", "y_name": "distortion"}


def test_every_seed_is_a_dot_and_their_mean_a_mark_with_a_name():
    line, first, second, means = tradeoff(STOPS, **AXES).data
    assert (first.x, first.y) == ((10, 12), (30, 32))
    assert (second.x, second.y) == ((6,), (41,))
    assert (means.x, means.y, means.text) == ((11, 6), (31, 41), ("β = 1", "β = 4"))
    assert (line.x, line.y) == (means.x, means.y)


def test_the_chosen_stop_has_a_ring_at_its_mean():
    rings = [trace for trace in tradeoff(STOPS, **AXES, chosen=0).data if trace.name == "chosen"]
    assert [(ring.x, ring.y) for ring in rings] == [((11,), (31,))]


def test_no_stop_has_a_ring_where_none_is_chosen():
    assert not [trace for trace in tradeoff(STOPS, **AXES).data if trace.name == "chosen"]


def test_counts_stand_over_a_logarithmic_axis_that_names_what_was_tried():
    figure: Any = counts(
        [Stop("β = 1", [1, 1], [6, 5]), Stop("β = 4", [4], [3])],
        x_name="β",
        y_name="active",
        most=10,
    )
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis.ticktext == ("1", "4")
    low, high = figure.layout.yaxis.range
    assert low < 0
    assert high > 10
    assert figure.data[-1].y == (5.5, 3)
