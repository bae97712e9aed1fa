from typing import Any

import numpy as np
import pytest

from core.figures import theme
from core.figures.heatmap import heatmap

VALUES = np.array([[0.0, 0.25, 1.0], [0.5, 0.125, 0.994]])


def test_every_value_is_a_cell_and_a_text_in_its_place():
    figure: Any = heatmap(VALUES, ["z1", "z2"], ["x", "y", "shape"], name="share")
    cells, faint, full = figure.data
    assert (cells.z == np.float32(VALUES)).all()
    written = [
        {(x, y): text for x, y, text in zip(texts.x, texts.y, texts.text, strict=True)}
        for texts in (faint, full)
    ]
    assert written[0] == {(0, 0): "0.00", (1, 0): "0.25", (1, 1): "0.12"}
    assert written[1] == {(2, 0): "1.00", (0, 1): "0.50", (2, 1): "0.99"}


def test_a_table_may_be_all_faint():
    faint, full = heatmap(
        VALUES, ["z1", "z2"], ["x", "y", "shape"], name="share", highest=10
    ).data[1:]
    assert (len(faint.x), len(full.x)) == (6, 0)


def test_the_first_row_is_on_top_and_names_stand_at_their_rows_and_columns():
    figure: Any = heatmap(VALUES, ["z1", "z2"], ["x", "y", "shape"], name="share")
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.yaxis.ticktext == ("z1", "z2")
    assert figure.layout.xaxis.ticktext == ("x", "y", "shape")


def test_nothing_is_clear_and_the_scale_does_not_follow_the_values():
    cells: Any = heatmap(VALUES / 2, ["z1", "z2"], ["x", "y", "shape"], name="share").data[0]
    assert (cells.zmin, cells.zmax) == (0, 1)
    (lowest, clear), *_, (highest, opaque) = cells.colorscale
    assert (lowest, highest) == (0, 1)
    assert (clear, opaque) == (theme.faded(theme.POSTERIOR, 0), theme.faded(theme.POSTERIOR, 1))


def test_the_pointer_is_told_latent_and_factor():
    cells: Any = heatmap(VALUES, ["z1", "z2"], ["x", "y", "shape"], name="share").data[0]
    assert (cells.customdata[1][0], cells.text[1][2]) == ("z2", "shape")


def test_names_should_fit_the_values():
    with pytest.raises(ValueError, match=r"values should be 1 x 3, got \(2, 3\)"):
        heatmap(VALUES, ["z1"], ["x", "y", "shape"], name="share")


def test_a_cell_is_as_full_as_its_value_is_far_from_0_and_says_its_sign():
    cells, faint, full = heatmap(
        np.array([[-0.9, 0.1]]), ["MIG"], ["SAP", "DCI"], name="correlation"
    ).data
    assert np.asarray(cells.z).tolist() == [[pytest.approx(0.9), pytest.approx(0.1)]]
    assert list(full.text) == ["-0.90"]
    assert list(faint.text) == ["0.10"]
