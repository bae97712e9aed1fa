"""What the scrub refuses to send."""

from __future__ import annotations

import numpy as np
import pytest

from core.instruments.scrub import Clouds, part
from core.instruments.sheet import Slider, Source


def source() -> Source:
    return Source("some", np.zeros((1, 1, 1, 4)), np.ones((3, 1, 5, 4)), [1.0, 2.0])


def clouds(runs: int = 2) -> Clouds:
    return Clouds(
        codes=np.zeros((runs, 7, 2)),
        basis=np.zeros((runs, 4, 2)),
        half_widths=[1.0] * runs,
        radii=[1.0] * runs,
        noise=np.zeros((runs, 2, 2)),
        normal=[False] * runs,
        labels=np.zeros(7, int),
        classes=["0"],
        colors=["#000000"],
        prior="#000000",
        disc="#000000",
    )


@pytest.mark.parametrize("panels", [[[]], [[0], [2]]])
def test_a_panel_has_runs_that_there_are(panels: list[list[int]]):
    slider = Slider("a", 0, 1, 1, 0)
    with pytest.raises(ValueError, match="panels should name some of 2 runs each"):
        part(
            source(),
            {"Some": source()},
            clouds(),
            panels,
            None,
            stops=slider,
            noise=slider,
            notes=["", ""],
            columns=5,
            seed=0,
        )


def test_clouds_that_are_not_on_a_plane_are_refused():
    with pytest.raises(ValueError, match=r"noise should be \(1, 2, 2\), got \(1, 3, 3\)"):
        Clouds(**{**vars(clouds(1)), "noise": np.zeros((1, 3, 3))})
    with pytest.raises(ValueError, match=r"codes should be \(1, 7, 2\), got \(1, 7, 3\)"):
        Clouds(**{**vars(clouds(1)), "codes": np.zeros((1, 7, 3))})
