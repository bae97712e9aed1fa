from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFont

from core.config import RunConfig
from core.figures.images import (
    gif,
    in_latin,
    labelled_png,
    rows_png,
    sheet_png,
)
from core.shelf import shipped


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).random((7, 1, 5, 4))


def opened(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)).convert("LA"))


def sheet(images: np.ndarray, columns: int, pad: int = 1) -> np.ndarray:
    """Return grey levels of images (B, H, W), row by row, 0 between them."""
    count, high, wide = images.shape
    rows = -(-count // columns)
    tiled = np.zeros((rows * (high + pad) - pad, columns * (wide + pad) - pad), np.uint8)
    for i, image in enumerate(images):
        top, left = i // columns * (high + pad), i % columns * (wide + pad)
        tiled[top : top + high, left : left + wide] = np.rint(image * 255)
    return tiled


def test_a_png_takes_images_without_a_channel(images: np.ndarray):
    assert sheet_png(images) == sheet_png(images[:, 0])


def test_a_png_clips_what_is_outside_0_and_1():
    png = sheet_png(np.array([[[-1.0, 2.0]]]), scale=1)
    assert opened(png)[..., 0].tolist() == [[0, 255]]


@pytest.mark.parametrize("shape", [(5, 4), (2, 3, 5, 4), (0, 1, 5, 4)])
def test_a_png_refuses_what_is_no_stack_of_grey_images(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match="images should be"):
        sheet_png(np.zeros(shape))


@pytest.mark.parametrize("pad", [0, 1, 3])
def test_png_is_the_sheet_enlarged_with_clear_gaps(images: np.ndarray, pad: int):
    grey, alpha = np.moveaxis(opened(sheet_png(images, columns=3, scale=2, pad=pad)), 2, 0)
    tiled, filled = (
        sheet(part[:, 0], 3, pad).repeat(2, axis=0).repeat(2, axis=1)
        for part in (images, np.ones_like(images))
    )
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


def played(animation: bytes) -> list[tuple[np.ndarray, int]]:
    """Return each frame (H, W) of a GIF and how many milliseconds it stays."""
    film: Any = Image.open(BytesIO(animation))
    frames = []
    for place in range(film.n_frames):
        film.seek(place)
        frames.append((np.asarray(film.convert("L")), film.info["duration"]))
    return frames


def test_a_gif_plays_forth_and_back_without_end(images: np.ndarray):
    animation = gif(images, seconds=0.7, scale=1)
    assert Image.open(BytesIO(animation)).info["loop"] == 0
    frames = played(animation)
    expected = np.rint(images[[0, 1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1], 0] * 255)
    assert np.abs(np.stack([frame for frame, _ in frames]) - expected).max() <= 1
    assert {stays for _, stays in frames} == {100}


def test_a_gif_may_play_forth_only(images: np.ndarray):
    assert len(played(gif(images, rebound=False))) == 7


def test_a_gif_of_one_image_is_one_frame(images: np.ndarray):
    assert len(played(gif(images[:1]))) == 1


def test_no_frame_of_a_gif_is_faster_than_browsers_play(images: np.ndarray):
    assert {stays for _, stays in played(gif(images, seconds=0.01))} == {20}


def test_a_gif_is_enlarged_pixel_by_pixel(images: np.ndarray):
    small, large = played(gif(images, scale=1))[3][0], played(gif(images, scale=4))[3][0]
    assert (small.repeat(4, axis=0).repeat(4, axis=1) == large).all()


def test_a_gif_takes_time():
    with pytest.raises(ValueError, match="seconds should be above 0, got 0"):
        gif(np.zeros((2, 4, 4)), seconds=0)


@pytest.mark.parametrize(("width", "scale"), [(100, 3), (300, 18), (10, 1)])
def test_a_labelled_sheet_holds_every_image_enlarged_by_a_whole_number(
    images: np.ndarray, width: int, scale: int
):
    png = labelled_png(images[:6], ["z1", "z2"], ["-3", "0", "+3"], width=width)
    picture = np.asarray(Image.open(BytesIO(png)))
    tiled = sheet(images[:6, 0], columns=3).repeat(scale, axis=0).repeat(scale, axis=1)
    filled = sheet(np.ones((6, 5, 4)), columns=3).repeat(scale, axis=0).repeat(scale, axis=1) > 0
    height, across = tiled.shape
    assert (picture[-10 - height : -10, -10 - across : -10][filled] == tiled[filled]).all()


def test_a_labelled_sheet_fits_a_slide():
    tall, wide = np.zeros((40, 28, 28)), [""] * 4
    assert Image.open(BytesIO(labelled_png(tall, [""] * 10, wide))).height <= 1080
    assert Image.open(BytesIO(labelled_png(tall, wide, [""] * 10))).width <= 1920


def test_names_stand_beside_and_above_a_labelled_sheet():
    def black(rows: list[str], columns: list[str], title: str = "") -> np.ndarray:
        png = labelled_png(np.ones((4, 9, 9)), rows, columns, title=title)
        return np.asarray(Image.open(BytesIO(png))) < 99

    assert not black(["", ""], ["", ""]).any()
    beside, above = black(["z1", "z2"], ["", ""]), black(["", ""], ["-3", "+3"])
    assert beside.any()
    assert not beside[:, beside.shape[1] // 4 :].any()
    assert above.any()
    assert not above[above.shape[0] // 4 :].any()
    assert black(["", ""], ["", ""], "sprites").any()


@pytest.mark.parametrize(
    "config", {config.model.label: config for config in shipped()}.values(), ids=lambda c: c.key
)
def test_the_font_of_a_labelled_sheet_has_every_letter_of_a_models_name(config: RunConfig):
    font: Any = ImageFont.load_default(27)
    empty_box = bytes(font.getmask("\uffff"))
    letters = {letter: bytes(font.getmask(letter)) for letter in in_latin(config.model.label)}
    assert [letter for letter, drawn in letters.items() if drawn == empty_box] == []


def test_greek_letters_of_a_labelled_sheet_are_written_out():
    images = np.ones((1, 9, 9))
    greek, latin = (labelled_png(images, [a], [a], title=f"{a} = 1") for a in ("σ", "sigma"))
    assert greek == latin


def test_a_title_longer_than_the_sheet_is_not_cut_off():
    pictures = [
        labelled_png(np.ones((1, 9, 9)), ["z1"], ["0"], title="m" * count, height=100)
        for count in (60, 61)
    ]
    narrow, wide = (Image.open(BytesIO(png)).width for png in pictures)
    assert wide - narrow == pytest.approx(ImageFont.load_default(27).getlength("m"), abs=1)


def test_a_labelled_sheet_has_a_name_for_each_row_and_column():
    with pytest.raises(ValueError, match="there should be 2 x 3 images, got 5"):
        labelled_png(np.zeros((5, 4, 4)), ["a", "b"], ["1", "2", "3"])
