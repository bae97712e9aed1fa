from typing import Any

import numpy as np
import pytest

from core.figures import theme
from core.figures.steps import Halfway, along_path, halfway_dots

X = np.linspace(0, 1, 5)


def test_models_have_their_colours_and_what_is_no_model_is_grey_and_dashed():
    series: Any = dict.fromkeys(("VAE", "Blending pixels"), (X, X - 1, X + 1))
    figure: Any = along_path(X, series, y_name="y")
    lines = {trace.name: trace.line for trace in figure.data if trace.name}
    assert (lines["VAE"].color, lines["VAE"].dash) == (theme.MODEL_COLORS["vae"], None)
    assert (lines["Blending pixels"].color, lines["Blending pixels"].dash) == (theme.MUTED, "dash")
    bands = [trace.fillcolor for trace in figure.data if trace.fill]
    assert bands == [
        theme.faded(color, 0.18) for color in (theme.MODEL_COLORS["vae"], theme.MUTED)
    ]


def marks(figure: Any, place: int) -> dict[str, float]:
    """Return where the marks of a row lie, by their symbol."""
    drawn = [
        trace
        for trace in figure.data
        if trace.mode == "markers" and trace.y[0] == place and not trace.name
    ]
    return {trace.marker.symbol: trace.x[0] for trace in drawn}


def test_a_row_has_its_ends_their_fade_and_the_mean_of_its_middles():
    rows = [Halfway("VAE", 0.1, 0.3, (0.18, 0.22), (0.15, 0.28)), Halfway("Originals", 0.05, 0.35)]
    figure: Any = halfway_dots(rows)
    assert marks(figure, 0) == {"circle-open": 0.1, "x-thin": 0.3, "diamond": pytest.approx(0.2)}
    assert marks(figure, 1) == {"circle-open": 0.05, "x-thin": 0.35}
    (bar,) = [trace.error_x for trace in figure.data if trace.error_x.array is not None]
    assert bar.array[0] == pytest.approx(0.08)
    assert bar.arrayminus[0] == pytest.approx(0.05)


def test_rows_stand_in_order_from_the_top_under_one_legend():
    figure: Any = halfway_dots([Halfway(name, 0.1, 0.2) for name in ("AE", "VAE", "Originals")])
    assert list(figure.layout.yaxis.ticktext) == ["AE", "VAE", "Originals"]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]
    names = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert names == ["end images", "cross-fade of them, halfway", "halfway"]
