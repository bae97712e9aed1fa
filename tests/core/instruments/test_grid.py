"""What the grid sends to the browser besides decoders."""

from __future__ import annotations

import numpy as np
import pytest

from core.instruments.grid import REACHES, part, reach_of
from core.instruments.sheet import Source


def source(name: str, count: int = 5) -> Source:
    return Source(name, np.zeros((1, 1, 1, 2)), np.ones((3, 1, count, 2)), [1.0, 2.0])


def test_the_reach_says_how_many_codes_a_box_leaves_out():
    codes = np.random.default_rng(0).normal(size=(5000, 3)).astype(np.float32)
    reach = reach_of(codes)
    width = 1.7
    held = np.interp(width, reach, np.linspace(0, 1, REACHES))
    assert held == pytest.approx((np.abs(codes).max(axis=1) <= width).mean(), abs=0.003)
    assert (reach[0], reach[-1]) == (np.abs(codes).max(axis=1).min(), np.abs(codes).max())


def test_all_sources_have_as_many_pictures():
    reach = np.zeros((2, REACHES))
    sheets = part(
        source("box"), {"Prior": source("prior")}, reach, columns=5, notes=["", ""], seed=6
    )
    assert sheets.header["densities"] == [{"name": "prior", "words": "Prior"}]
    assert sheets.header["seed"] == 6
    with pytest.raises(ValueError, match="sources should all be of one shape"):
        part(source("box"), {"P": source("p", 4)}, reach, columns=5, notes=["", ""], seed=0)
