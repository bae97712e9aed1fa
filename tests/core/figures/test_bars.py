from typing import Any

import numpy as np

from core.figures import theme
from core.figures.bars import kl_bars, score_dots

VAE = theme.model_look("vae")


def test_collapsed_latents_are_grey_and_keep_their_place():
    figure: Any = kl_bars(np.array([2.0, 0.001, 1.0]), np.array([True, False, True]))
    active, collapsed = figure.data
    assert list(active.y) == [2, 1]
    assert collapsed.marker.color == theme.MUTED
    assert list(figure.layout.xaxis.categoryarray) == [
        "z<sub>1</sub>",
        "z<sub>2</sub>",
        "z<sub>3</sub>",
    ]


def test_all_latents_may_be_collapsed():
    figure: Any = kl_bars(np.zeros(4), np.zeros(4, bool))
    active, collapsed = figure.data
    assert (len(active.y), len(collapsed.y)) == (0, 4)


def test_dots_of_one_sampler_lie_apart_and_around_its_line():
    figure: Any = score_dots(
        np.full((4, 2), 0.5),
        [theme.model_look(name) for name in theme.MODEL_COLORS],
        ["prior", "mixture"],
        name="score",
    )
    y = np.array([trace.y for trace in figure.data])
    assert len(np.unique(y)) == 8
    assert np.allclose(y.mean(axis=0), [0, 1], atol=1e-6)
    assert [trace.marker.color for trace in figure.data] == list(theme.MODEL_COLORS.values())


def test_dots_have_the_colour_of_their_look_whatever_its_label_says():
    look = theme.Look("AE, of mine", theme.MODEL_COLORS["vae"])
    figure: Any = score_dots(
        np.ones((1, 1)), [look], ["a"], name="score", spread=np.array([[0.1]])
    )
    (dots,) = figure.data
    assert (dots.name, dots.marker.color) == ("AE, of mine", theme.MODEL_COLORS["vae"])
    assert dots.error_x.color == theme.MODEL_COLORS["vae"]


def test_the_ceiling_runs_across_all_samplers():
    figure: Any = score_dots(np.ones((1, 3)), [VAE], ["a", "b", "c"], name="score", ceiling=0.2)
    ceiling = figure.data[-1]
    assert list(ceiling.x) == [0.2, 0.2]
    assert list(ceiling.y) == [-0.5, 2.5]


def test_error_bars_are_the_spread():
    figure: Any = score_dots(
        np.ones((1, 2)), [VAE], ["a", "b"], name="score", spread=np.array([[0.1, 0.2]])
    )
    assert np.allclose(figure.data[0].error_x.array, [0.1, 0.2])
