"""Many images as the tiles of one sheet: an array, a PNG or an animation."""

import unicodedata
from collections.abc import Sequence
from io import BytesIO
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

# One grey level means "clear" in a PNG, so that a pixel stays one byte; nobody sees that pixels of
# level 1 become 0.
_CLEAR_LEVEL = 1


def sheet_png(
    images: NDArray[np.floating], columns: int | None = None, scale: int = 3, pad: int = 1
) -> bytes:
    """Return the sheet as a PNG with clear gaps, which fits a light and a dark page.

    Args:
        images: (B, 1, H, W) or (B, H, W), in [0, 1].
        columns: images in a row; about as many as rows when left out.
        scale: screen pixels per image pixel.
        pad: image pixels between two images.

    Raises:
        ValueError: the images are no stack of at least one grey image.
    """
    return _png(_tile(_clear_free(_grey(images)), columns, pad, _CLEAR_LEVEL), scale)


def rows_png(
    rows: Sequence[NDArray[np.floating]], scale: int = 3, pad: int = 1, row_gap: int = 3
) -> bytes:
    """Return strips of images below each other as a PNG with clear gaps.

    Args:
        rows: R arrays (C, 1, H, W) or (C, H, W), in [0, 1], all of the same shape.
        scale: screen pixels per image pixel.
        pad: image pixels between two images of a row.
        row_gap: image pixels between two rows.

    Raises:
        ValueError: there is no row, or the rows differ in shape.
    """
    shapes = {row.shape for row in rows}
    if len(shapes) != 1:
        raise ValueError(f"rows should be at least one and all of one shape, got {sorted(shapes)}")
    strips = [_tile(_clear_free(_grey(row)), len(row), pad, _CLEAR_LEVEL) for row in rows]
    return _png(_tile(np.stack(strips), 1, row_gap, _CLEAR_LEVEL), scale)


def labelled_png(
    images: NDArray[np.floating],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    title: str = "",
    width: int = 1920,
    height: int = 1080,
) -> bytes:
    """Return a sheet with names beside its rows and above its columns, as a PNG for a slide.

    The names are black on white. Greek letters in them are written out, since the font has none.

    Args:
        images: (R*C, 1, H, W) or (R*C, H, W), in [0, 1], row by row.
        rows: R names in Latin or Greek letters.
        columns: C names, likewise.
        title: title above the sheet, likewise; an empty one takes no room.
        width: most pixels across; images are enlarged by a whole number, at least 1.
        height: most pixels down.

    Raises:
        ValueError: the images are not as many as the names say.
    """
    from PIL import Image, ImageDraw, ImageFont

    if len(images) != len(rows) * len(columns):
        raise ValueError(f"there should be {len(rows)} x {len(columns)} images, got {len(images)}")
    rows, columns, title = [*map(in_latin, rows)], [*map(in_latin, columns)], in_latin(title)
    size = max(14, width // 70)
    font, line = ImageFont.load_default(size), round(1.4 * size)
    half = line // 2
    left, top = round(max(map(font.getlength, rows))) + line, line * (2 if title else 1)

    tiles = _tile(_grey(images), len(columns), 1, 255)  # (H, W) of the whole sheet
    down, across = tiles.shape
    scale = max(1, min((height - top - half) // down, (width - left - half) // across))
    tiles = tiles.repeat(scale, axis=0).repeat(scale, axis=1)
    down, across = tiles.shape

    widest = max(left + across + half, round(font.getlength(title)) + line)
    picture = Image.new("L", (widest, top + down + half), 255)
    picture.paste(Image.fromarray(tiles), (left, top))

    pen = ImageDraw.Draw(picture)
    pen.text((half, half), title, 0, font, anchor="lm")
    high, wide = down / len(rows), across / len(columns)
    for place, name in enumerate(rows):
        pen.text((left - half, top + (place + 0.5) * high), name, 0, font, anchor="rm")
    for place, name in enumerate(columns):
        pen.text((left + (place + 0.5) * wide, top - half), name, 0, font, anchor="mm")
    file = BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def in_latin(text: str) -> str:
    """Return a text with its Greek letters written out and its minus signs as hyphens.

    Pillow's own font has neither and would draw an empty box for each.

    Args:
        text: any text.

    >>> in_latin("β-VAE, σ = 1, −2")
    'beta-VAE, sigma = 1, -2'
    """
    return "".join(_latin(letter) for letter in text.replace("−", "-"))


def _latin(letter: str) -> str:
    name = unicodedata.name(letter, "")
    return name.split()[-1].lower() if name.startswith("GREEK ") else letter


def gif(
    frames: NDArray[np.floating], seconds: float = 3.0, scale: int = 8, *, rebound: bool = True
) -> bytes:
    """Return the images as an animation without end.

    Args:
        frames: (S, 1, H, W) or (S, H, W), in [0, 1].
        seconds: time from the first frame to the last, above 0. A frame stays for a whole number
            of hundredths of a second, at least two: browsers slow down anything faster.
        scale: screen pixels per image pixel.
        rebound: whether it plays back and forth; otherwise it plays from the start again.

    Raises:
        ValueError: the frames are no stack of grey images, or the time is not above 0.
    """
    from PIL import Image

    if not seconds > 0:
        raise ValueError(f"seconds should be above 0, got {seconds}")
    grey = _grey(frames)
    order = list(range(len(grey)))
    if rebound:
        order += order[-2:0:-1]
    enlarged = grey.repeat(scale, axis=1).repeat(scale, axis=2)
    pictures = [Image.fromarray(enlarged[i]) for i in order]
    hundredths = max(2, round(100 * seconds / len(grey)))
    file = BytesIO()
    rest = {"save_all": True, "append_images": pictures[1:], "loop": 0}
    pictures[0].save(file, "GIF", duration=10 * hundredths, **rest)
    return file.getvalue()


def _grey(images: NDArray[np.floating]) -> NDArray[np.uint8]:
    if images.ndim == 4 and images.shape[1] == 1:
        images = images[:, 0]
    if images.ndim != 3 or not len(images):
        raise ValueError(
            f"images should be (B, 1, H, W) or (B, H, W) with B at least 1, got {images.shape}"
        )
    return np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)  # (B, H, W)


def _clear_free(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.where(pictures == _CLEAR_LEVEL, np.uint8(0), pictures)


def _tile(
    pictures: NDArray[np.uint8], columns: int | None, pad: int, gap: int
) -> NDArray[np.uint8]:
    count, height, width = pictures.shape
    columns = columns or ceil(sqrt(count))
    rows = ceil(count / columns)
    tiles = np.full((rows * columns, height + pad, width + pad), gap, np.uint8)
    tiles[:count, :height, :width] = pictures
    lines = tiles.reshape(rows, columns, height + pad, width + pad).swapaxes(1, 2)  # (R, H, C, W)
    tiled = lines.reshape(rows * (height + pad), columns * (width + pad))
    return tiled[: len(tiled) - pad, : tiled.shape[1] - pad]


def _png(tiled: NDArray[np.uint8], scale: int) -> bytes:
    from PIL import Image

    file = BytesIO()
    picture = Image.fromarray(tiled.repeat(scale, axis=0).repeat(scale, axis=1))
    # The picture has a palette, because Streamlit takes a grey one for one without clear pixels
    # and makes it a JPEG.
    picture.putpalette(np.arange(256, dtype=np.uint8).repeat(3).tobytes())
    picture.save(file, "PNG", transparency=_CLEAR_LEVEL, compress_level=1)
    return file.getvalue()
