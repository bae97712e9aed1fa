import base64
from io import BytesIO
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from core.figures.images import image_figure, place_image, rows_png, sheet, sheet_png


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).random((7, 1, 5, 4))


def opened(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)).convert("LA"))


@pytest.mark.parametrize("pad", [0, 1, 3])
def test_sheet_keeps_every_pixel(images: np.ndarray, pad: int):
    tiled = sheet(images, columns=3, pad=pad)
    for i, image in enumerate(images):
        top, left = i // 3 * (5 + pad), i % 3 * (4 + pad)
        assert (tiled[top : top + 5, left : left + 4] == np.rint(image[0] * 255)).all()


def test_sheet_takes_images_without_a_channel(images: np.ndarray):
    assert (sheet(images) == sheet(images[:, 0])).all()


def test_sheet_clips_what_is_outside_0_and_1():
    assert sheet(np.array([[[-1.0, 2.0]]])).tolist() == [[0, 255]]


@pytest.mark.parametrize("shape", [(5, 4), (2, 3, 5, 4), (0, 1, 5, 4)])
def test_sheet_refuses_what_is_no_stack_of_grey_images(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match="images should be"):
        sheet(np.zeros(shape))


def test_png_is_the_sheet_enlarged_with_clear_gaps(images: np.ndarray):
    grey, alpha = np.moveaxis(opened(sheet_png(images, columns=3, scale=2, pad=1)), 2, 0)
    tiled = sheet(images, columns=3, pad=1).repeat(2, axis=0).repeat(2, axis=1)
    filled = sheet(np.ones_like(images), columns=3, pad=1).repeat(2, axis=0).repeat(2, axis=1)
    assert (alpha == filled).all()
    assert np.abs(grey[alpha > 0].astype(int) - tiled[alpha > 0]).max() <= 1


def test_png_has_a_palette_so_that_streamlit_keeps_it_a_png(images: np.ndarray):
    assert Image.open(BytesIO(sheet_png(images))).mode == "P"


def test_no_pixel_of_an_image_is_clear():
    ramp = np.arange(256).reshape(1, 16, 16) / 255
    assert (opened(sheet_png(ramp, scale=1))[..., 1] == 255).all()


def test_rows_are_strips_below_each_other(images: np.ndarray):
    strip = opened(sheet_png(images, columns=7, scale=1))
    both = opened(rows_png([images, images], scale=1, row_gap=2))
    assert both.shape[:2] == (5 + 2 + 5, 7 * 4 + 6)
    assert (both[:5] == strip).all()
    assert (both[7:] == strip).all()


def test_rows_should_have_one_shape(images: np.ndarray):
    with pytest.raises(ValueError, match="all of one shape"):
        rows_png([images, images[:3]])


def test_a_hundred_digits_make_a_small_png():
    strokes = np.kron(np.random.default_rng(0).random((100, 7, 7)) > 0.7, np.ones((4, 4)))
    assert len(sheet_png(strokes * 0.9)) < 60_000


def test_every_image_can_be_clicked_at_its_centre(images: np.ndarray):
    figure: Any = image_figure(images, columns=3)
    grid = figure.data[0]
    assert list(grid.customdata) == list(range(7))
    assert (grid.x[0], grid.y[0]) == (0.5, 2.5)
    assert (grid.x[6], grid.y[6]) == (0.5, 0.5)


def test_place_image_puts_edges_at_the_extent_and_rows_upward():
    figure: Any = go.Figure()
    place_image(figure, b"picture", (-2, 4, -1, 5))
    image = figure.layout.images[0]
    assert (image.x, image.y, image.sizex, image.sizey) == (-2, 5, 6, 6)
    assert (image.xanchor or "left", image.yanchor or "top") == ("left", "top")
    assert base64.b64decode(image.source.split(",")[1]) == b"picture"
