from typing import Any

import numpy as np
import pytest

from core.config import PRIORS
from core.figures import theme
from core.figures.planes import SYMBOLS, Place, Split, error_to_nats, rate_bars, rate_distortion

VAE = Place("VAE", [6.0, 8.0], [130.0, 132.0], -1.0, "2 latents", family="2")
BETA = Place("β-VAE", [5.0], [136.0], -4.0, "β = 4", family="2")
VAMP = Place("VampPrior", [6.5], [130.0], None)
AXES: dict[str, Any] = {"x_name": "rate", "y_name": "distortion"}


def traces(figure: Any, mode: str) -> list[Any]:
    return [trace for trace in figure.data if trace.mode == mode]


def test_every_mark_is_the_mean_of_its_seeds_and_has_its_text():
    marks = traces(rate_distortion([VAE, BETA, VAMP], **AXES), "markers+text")
    assert [(mark.x[0], mark.y[0], mark.text[0]) for mark in marks] == [
        (7.0, 131.0, "2 latents"),
        (5.0, 136.0, "β = 4"),
        (6.5, 130.0, ""),
    ]


def test_lines_go_through_the_marks_with_their_slopes_and_the_chosen_one_across():
    joined, chosen, beta = traces(rate_distortion([VAE, BETA, VAMP], **AXES, chosen=0), "lines")
    assert (joined.x, joined.y) == ((7.0, 5.0), (131.0, 136.0))
    for line, place in ((chosen, VAE), (beta, BETA)):
        assert (line.y[1] - line.y[0]) / (line.x[1] - line.x[0]) == pytest.approx(place.slope)
        assert (np.mean(line.x), np.mean(line.y)) == (
            pytest.approx(place.middle[0]),
            pytest.approx(place.middle[1]),
        )
    assert np.ptp(chosen.x) > 5 * np.ptp(beta.x)


def test_places_of_one_name_share_an_entry_of_the_legend():
    figure: Any = rate_distortion([VAE, VAE, BETA], **AXES)
    assert sum(trace.showlegend is True for trace in figure.data) == 2


@pytest.mark.parametrize(("chosen", "rings"), [(None, []), (1, [(5.0, 136.0)])])
def test_the_chosen_place_has_a_ring(chosen: int | None, rings: list):
    figure: Any = rate_distortion([VAE, BETA], **AXES, chosen=chosen)
    assert [(trace.x[0], trace.y[0]) for trace in figure.data if trace.name == "picked"] == rings


def test_a_plane_of_one_model_has_a_size():
    figure: Any = rate_distortion([BETA], **AXES)
    assert figure.layout.xaxis.range[0] < 5 < figure.layout.xaxis.range[1]
    assert figure.layout.yaxis.range[0] < 136 < figure.layout.yaxis.range[1]


def test_every_prior_has_a_mark_of_its_own():
    assert SYMBOLS.keys() == PRIORS.keys()
    assert len(set(SYMBOLS.values())) == len(PRIORS)


def test_bars_stack_to_the_rate_and_leave_open_what_is():
    figure: Any = rate_bars(
        [Split("VAE", [6.0, 7.0], [1.0, 0.5]), Split("wide", [9.0], [10.0], open=True)],
        limit=9.2,
        limit_name="log N",
    )
    told, rest, either = [trace for trace in figure.data if trace.type == "bar"]
    assert told.x.tolist() == pytest.approx([6.5, 9.0])
    assert rest.x.tolist() == pytest.approx([0.75, 0.0])
    assert either.x.tolist() == pytest.approx([0.0, 10.0])
    assert (told.marker.color, rest.marker.color) == (theme.POSTERIOR, theme.PRIOR)
    rates, limit = figure.data[-2:]
    assert list(rates.x) == [7.0, 7.5, 19.0]
    assert set(limit.x) == {9.2}


def test_nothing_open_needs_no_entry_for_it():
    figure: Any = rate_bars([Split("VAE", [6.0], [1.0])], limit=9.2, limit_name="log N")
    assert len([trace for trace in figure.data if trace.type == "bar"]) == 2
    assert len(figure.data[-1].x) == 2


@pytest.mark.parametrize(("exact", "dash"), [(True, "solid"), (False, "dot")])
def test_the_line_is_the_one_that_is_asked_for(exact: bool, dash: str):
    figure: Any = error_to_nats(np.array([1.0, 3.0]), np.array([2.0, 4.0]), 2.0, -1.0, exact=exact)
    line, points = figure.data
    assert [y - 2 * x for x, y in zip(line.x, line.y, strict=True)] == pytest.approx([-1, -1])
    assert line.line.dash == dash
    assert points.x.tolist() == [1.0, 3.0]
