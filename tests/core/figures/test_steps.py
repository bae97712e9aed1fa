from typing import Any

import numpy as np
import pytest

from core.figures import theme
from core.figures.curves import Series
from core.figures.steps import Halfway, along_path, halfway_dots

X = np.linspace(0, 1, 5)


LOOK, GREY = theme.model_look("vae"), theme.Look("Originals", theme.MUTED)


@pytest.mark.parametrize("labels", [("VAE", "Blending pixels"), ("mine", "AE, of yours")])
def test_lines_have_the_colour_and_the_dash_of_their_series_whatever_the_labels_say(labels):
    color = theme.MODEL_COLORS["vae"]
    looks = [(color, None), (theme.MUTED, "dash")]
    series = [
        Series(theme.Look(label, color), X, X - 1, X + 1, dash)
        for label, (color, dash) in zip(labels, looks, strict=True)
    ]
    figure: Any = along_path(X, series, y_name="y")
    lines = {trace.name: trace for trace in figure.data if trace.name}
    assert [(lines[label].line.color, lines[label].line.dash) for label in labels] == looks
    assert [lines[label].marker.color for label in labels] == [color, theme.MUTED]
    bands = [trace.fillcolor for trace in figure.data if trace.fill]
    assert bands == [theme.faded(color, 0.18), theme.faded(theme.MUTED, 0.18)]


def marks(figure: Any, place: int) -> dict[str, float]:
    """Return where the marks of a row lie, by their symbol."""
    drawn = [
        trace
        for trace in figure.data
        if trace.mode == "markers" and trace.y[0] == place and not trace.name
    ]
    return {trace.marker.symbol: trace.x[0] for trace in drawn}


def test_a_row_has_its_ends_their_fade_and_the_mean_of_its_middles():
    rows = [Halfway(LOOK, 0.1, 0.3, (0.18, 0.22), (0.15, 0.28)), Halfway(GREY, 0.05, 0.35)]
    figure: Any = halfway_dots(rows)
    assert marks(figure, 0) == {"circle-open": 0.1, "x-thin": 0.3, "diamond": pytest.approx(0.2)}
    assert marks(figure, 1) == {"circle-open": 0.05, "x-thin": 0.35}
    (bar,) = [trace.error_x for trace in figure.data if trace.error_x.array is not None]
    assert bar.array[0] == pytest.approx(0.08)
    assert bar.arrayminus[0] == pytest.approx(0.05)


def test_a_row_has_the_colour_of_its_look_whatever_its_label_says():
    look = theme.Look("AE, of mine", theme.MODEL_COLORS["vae"])
    figure: Any = halfway_dots([Halfway(look, 0.1, 0.3, (0.2,), (0.15, 0.28))])
    ours = [trace for trace in figure.data if trace.mode == "markers" and not trace.name]
    assert [trace.marker.color for trace in ours] == [look.color] * 3
    assert all(trace.hovertemplate.startswith("AE, of mine, ") for trace in ours)
    (span,) = [trace for trace in figure.data if trace.mode == "lines"]
    assert span.line.color == theme.faded(look.color, 0.35)
    assert list(figure.layout.yaxis.ticktext) == ["AE, of mine"]


def test_rows_stand_in_order_from_the_top_under_one_legend():
    looks = [theme.model_look("ae"), LOOK, GREY]
    figure: Any = halfway_dots([Halfway(look, 0.1, 0.2) for look in looks])
    assert list(figure.layout.yaxis.ticktext) == ["AE", "VAE", "Originals"]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]
    names = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert names == ["end images", "cross-fade of them, halfway", "halfway"]
