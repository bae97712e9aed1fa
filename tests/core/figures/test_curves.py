from typing import Any

import numpy as np
import pytest

from core.figures import theme
from core.figures.curves import lines, training_curves


def history(kl: float) -> dict[str, np.ndarray]:
    falling = np.linspace(200, 100, 5)
    return {
        "nll": falling,
        "test_nll": falling + 1,
        "kl": np.full(5, kl),
        "test_kl": np.full(5, kl),
    }


def test_training_has_four_lines_per_model_in_its_colour():
    figure: Any = training_curves({"ae": history(np.nan), "β-VAE, β = 4": history(6)})
    colors = [trace.line.color for trace in figure.data]
    assert (
        colors.count(theme.MODEL_COLORS["ae"]) == colors.count(theme.MODEL_COLORS["beta-vae"]) == 4
    )


def test_each_model_is_once_in_the_legend():
    figure: Any = training_curves({"ae": history(np.nan), "vae": history(6)})
    assert [trace.name for trace in figure.data if trace.showlegend] == ["AE", "VAE"]


def test_epochs_count_from_1():
    figure: Any = training_curves({"vae": history(6)})
    assert list(figure.data[0].x) == [1, 2, 3, 4, 5]


def test_band_runs_along_high_and_back_along_low():
    x, mean = np.arange(3.0), np.array([1.0, 2.0, 3.0])
    figure: Any = lines(x, {"vae": (mean, mean - 1, mean + 1)}, x_name="β", y_name="nats")
    band, line = figure.data
    assert list(band.y) == [2, 3, 4, 2, 1, 0]
    assert list(line.y) == [1, 2, 3]
    assert band.legendgroup == line.legendgroup


def test_a_line_without_spread_has_no_band():
    figure: Any = lines(np.arange(2), {"vae": (np.ones(2), None, None)}, x_name="β", y_name="nats")
    assert len(figure.data) == 1


@pytest.mark.parametrize("log_x", [True, False])
def test_a_logarithmic_axis_labels_what_was_tried(log_x: bool):
    x = np.array([0.5, 1, 4])
    layout: Any = lines(x, {"vae": (x, None, None)}, x_name="β", y_name="nats", log_x=log_x).layout
    assert layout.xaxis.ticktext == (("0.5", "1", "4") if log_x else None)
