from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core.figures.levels import level_line


@pytest.mark.parametrize(("value", "side"), [(0.8, "right"), (0.3, "left")])
def test_the_name_of_an_upright_line_does_not_stretch_the_axis(value: float, side: str):
    figure: Any = go.Figure(go.Scatter(x=np.array([0.2, 0.9]), y=["a", "b"]))
    level_line(figure, value, "three factors named, two guessed", upright=True)
    layout = figure.to_dict()["layout"]
    low, high = layout["xaxis"]["range"]
    assert 0.1 < low < 0.2
    assert 0.9 < high < 1.0
    (name,) = layout["annotations"]
    assert name["xanchor"] == side
