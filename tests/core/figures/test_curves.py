from typing import Any

import numpy as np
import pytest

from core.figures import theme
from core.figures.curves import Series, Trained, lines, training_curves


def history(kl: float) -> dict[str, np.ndarray]:
    falling = np.linspace(200, 100, 5)
    return {
        "nll": falling,
        "test_nll": falling + 1,
        "kl": np.full(5, kl),
        "test_kl": np.full(5, kl),
    }


AE, VAE = (
    Trained(theme.model_look(name), history(kl)) for name, kl in (("ae", np.nan), ("vae", 6))
)


def test_training_has_four_lines_per_model_in_its_colour():
    figure: Any = training_curves([AE, VAE])
    colors = [trace.line.color for trace in figure.data]
    assert colors.count(theme.MODEL_COLORS["ae"]) == colors.count(theme.MODEL_COLORS["vae"]) == 4


@pytest.mark.parametrize("label", ["mine", "AE", "AE, β = 4", "vae"])
def test_a_training_keeps_its_colour_whatever_its_label_says(label: str):
    color = theme.MODEL_COLORS["beta-vae"]
    figure: Any = training_curves([Trained(theme.Look(label, color), history(6))])
    ours = [trace for trace in figure.data if trace.legendgroup == label]
    assert {trace.name for trace in ours} == {label}
    assert [trace.line.color for trace in ours] == [color] * 4


def test_each_model_is_once_in_the_legend():
    figure: Any = training_curves([AE, VAE])
    assert [trace.name for trace in figure.data if trace.showlegend] == ["AE", "VAE"]


def test_epochs_count_from_1():
    figure: Any = training_curves([VAE])
    assert list(figure.data[0].x) == [1, 2, 3, 4, 5]


def series(
    middle: np.ndarray, low: np.ndarray | None = None, high: np.ndarray | None = None
) -> Series:
    return Series(VAE.look, middle, low, high)


def test_band_runs_along_high_and_back_along_low():
    x, mean = np.arange(3.0), np.array([1.0, 2.0, 3.0])
    figure: Any = lines(x, [series(mean, mean - 1, mean + 1)], x_name="β", y_name="nats")
    band, line = figure.data
    assert list(band.y) == [2, 3, 4, 2, 1, 0]
    assert list(line.y) == [1, 2, 3]
    assert band.legendgroup == line.legendgroup


def test_a_line_without_spread_has_no_band():
    figure: Any = lines(np.arange(2), [series(np.ones(2))], x_name="β", y_name="nats")
    assert len(figure.data) == 1


@pytest.mark.parametrize("log_x", [True, False])
def test_a_logarithmic_axis_labels_what_was_tried(log_x: bool):
    x = np.array([0.5, 1, 4])
    layout: Any = lines(x, [series(x)], x_name="β", y_name="nats", log_x=log_x).layout
    assert layout.xaxis.ticktext == (("0.5", "1", "4") if log_x else None)
