import hashlib
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from core.data import Pixels, SpritePixels, draw_sprites, shapes, sprites

SIZES = pytest.mark.parametrize("size", [32, 64])


def every(size: int, x: int | None = None, y: int | None = None) -> Tensor:
    """Return factors (720, 5) of all shapes, scales and orientations at one position.

    It is the middle one when left out.
    """
    ranges = [torch.arange(n) for n in shapes.factor_sizes(size)[:3]]
    middle = size // 2 // 2
    position = [torch.tensor([middle if at is None else at]) for at in (x, y)]
    return torch.cartesian_prod(*ranges, *position)


def index_of(factors: Tensor, size: int) -> Tensor:
    """Return the index (B,) of the sprites with these factors (B, 5)."""
    return torch.from_numpy(np.ravel_multi_index(factors.numpy().T, shapes.factor_sizes(size)))


@pytest.mark.parametrize(("size", "digest"), [(32, "41244169c4f8416b"), (64, "f7ae522f12ce3ad9")])
def test_templates_are_those_that_the_shipped_runs_saw(size: int, digest: str):
    assert hashlib.sha256(shapes.fields(size).tobytes()).hexdigest()[:16] == digest


@SIZES
def test_there_are_as_many_as_factors_allow(size: int):
    pixels = SpritePixels(size)
    assert isinstance(pixels, Pixels)
    assert len(pixels) == {32: 184_320, 64: 737_280}[size]


@SIZES
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_index_and_factors_are_two_names_of_one_image(size: int, data: st.DataObject):
    index = torch.tensor(
        data.draw(st.lists(st.integers(0, len(SpritePixels(size)) - 1), min_size=1, max_size=50))
    )
    factors = sprites.factors_of(index, size)
    assert (factors >= 0).all()
    assert (factors < torch.tensor(shapes.factor_sizes(size))).all()
    assert torch.equal(index_of(factors, size), index)
    assert torch.equal(draw_sprites(factors, size), SpritePixels(size)[index])
    assert np.array_equal(shapes.factors_at(index.numpy(), size), factors.numpy())
    assert np.array_equal(
        shapes.draw(factors.numpy(), size), draw_sprites(factors, size).squeeze(1).numpy()
    )


@SIZES
def test_the_order_is_that_of_dsprites(size: int):
    factors = sprites.factors_of(torch.arange(len(SpritePixels(size))), size)
    assert torch.equal(
        factors, torch.cartesian_prod(*map(torch.arange, shapes.factor_sizes(size)))
    )


@SIZES
def test_pixels_are_black_or_white(size: int):
    images = draw_sprites(every(size), size)
    assert images.shape == (720, 1, size, size)
    assert images.dtype == torch.uint8
    assert images.unique().tolist() == [0, 255]


@SIZES
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_position_only_shifts(size: int, data: st.DataObject):
    at = st.integers(0, size // 2 - 1)
    x, y, to_x, to_y = (data.draw(at) for _ in range(4))
    here, there = (
        draw_sprites(every(size, *position)[::7], size) for position in ((x, y), (to_x, to_y))
    )
    assert torch.equal(here.roll((to_y - y, to_x - x), dims=(-2, -1)), there)


@SIZES
def test_the_whole_sprite_is_inside_at_every_corner(size: int):
    area = (draw_sprites(every(size), size) > 0).sum((1, 2, 3))
    last = size // 2 - 1
    for x, y in ((0, 0), (0, last), (last, 0), (last, last)):
        assert torch.equal((draw_sprites(every(size, x, y), size) > 0).sum((1, 2, 3)), area)


@SIZES
def test_no_sprite_is_wider_than_half_the_image(size: int):
    drawn = draw_sprites(every(size), size).squeeze(1) > 0
    for axis in (1, 2):
        extent = drawn.any(axis).sum(1)
        assert extent.max() <= size // 2 + 1


@SIZES
def test_area_grows_with_scale_and_is_the_same_for_every_shape(size: int):
    area = (draw_sprites(every(size), size) > 0).sum((1, 2, 3)).view(3, 6, 40).float()
    assert (area.diff(dim=1) > 0).all()
    expected = 2 * (torch.linspace(0.5, 1, 6) * size / 4) ** 2
    assert torch.allclose(area.mean(2), expected.expand(3, -1), rtol=0.05)


@SIZES
def test_a_quarter_turn_is_ten_orientations(size: int):
    templates = draw_sprites(every(size), size).view(18, 40, size, size)[
        ..., 1:, 1:
    ]  # about the middle of a sprite
    assert torch.equal(templates.roll(-10, dims=1), templates.rot90(1, dims=(-2, -1)))


@SIZES
def test_squares_repeat_each_quarter_ellipses_each_half_and_hearts_each_turn(size: int):
    quarter, half = changed_by(10, size).mean(1), changed_by(20, size).mean(1)
    assert max(quarter[0], half[0], half[1]) < 0.06
    assert min(quarter[1], quarter[2], half[2]) > 0.2


def changed_by(turn: int, size: int) -> Tensor:
    """Return the share of its pixels that the largest sprite changes when it turns, (3, 40)."""
    largest = draw_sprites(every(size), size).view(3, 6, 40, -1)[:, -1] > 0
    return (largest != largest.roll(turn, dims=1)).sum(2) / largest.sum(2)


@SIZES
def test_orientation_turns_smoothly(size: int):
    assert changed_by(1, size).max() < 0.25


@SIZES
def test_shapes_differ_wherever_they_stand(size: int):
    drawn = draw_sprites(every(size), size).view(3, 240, -1)
    square, ellipse, heart = ({row.numpy().tobytes() for row in shape} for shape in drawn)
    assert len(square | ellipse | heart) == len(square) + len(ellipse) + len(heart)


def test_a_heart_is_two_lobes_over_one_point():
    heart = draw_sprites(torch.tensor([[2, 5, 0, 16, 16]]), 64)[0, 0] > 0
    rows = heart[heart.any(1)]
    runs = (rows.int().diff(dim=1, prepend=torch.zeros(len(rows), 1, dtype=torch.int32)) == 1).sum(
        1
    )
    assert torch.equal(heart[:, 1:], heart[:, 1:].flip(1))
    assert runs[0] == 2
    assert (runs[len(rows) // 3 :] == 1).all()
    assert rows[-1].sum() < rows[len(rows) // 3].sum() / 4


@SIZES
def test_the_set_is_lazy_and_labelled_by_shape(size: int):
    split = sprites.load(size)
    for part in (split.train, split.test):
        assert not isinstance(part.pixels, Tensor)
        assert part.factors is not None
        assert torch.equal(part.labels, part.factors[:, 0])
        some = slice(200)
        assert torch.equal(part.raw(some), draw_sprites(part.factors[some], size))
        assert part.factor_sizes == shapes.factor_sizes(size)
        assert len(part.factor_names) == len(part.factor_sizes)
    assert len(split.test) == 10_000


@SIZES
def test_no_image_is_in_both_parts(size: int):
    split = sprites.load(size)
    assert split.train.factors is not None
    assert split.test.factors is not None
    index = index_of(torch.cat([split.train.factors, split.test.factors]), size)
    assert torch.equal(index.sort().values, torch.arange(len(SpritePixels(size))))


@pytest.mark.parametrize(
    ("factors", "sentence"),
    [
        ([[3, 0, 0, 0, 0]], "sprite factor shape should be between 0 and 2, got 3"),
        ([[0, -1, 0, 0, 0]], "sprite factor scale should be between 0 and 5, got -1"),
        ([[0, 0, 40, 0, 0]], "sprite factor orientation should be between 0 and 39, got 40"),
        ([[0, 0, 0, 16, 0]], "sprite factor x should be between 0 and 15, got 16"),
        ([[0, 0, 0, 0, 99]], "sprite factor y should be between 0 and 15, got 99"),
        ([[0, 0, 0, 0]], r"factors should have shape \(B, 5\), got \(1, 4\)"),
    ],
)
def test_factors_out_of_range_are_refused(factors: list[list[int]], sentence: str):
    with pytest.raises(ValueError, match=sentence):
        draw_sprites(torch.tensor(factors), 32)
    with pytest.raises(ValueError, match=sentence):
        shapes.draw(np.array(factors), 32)


def test_indices_and_sizes_out_of_range_are_refused():
    with pytest.raises(
        ValueError, match=r"index of a sprite should be between 0 and 184319, got 184320"
    ):
        sprites.factors_of(torch.tensor([184_320]), 32)
    with pytest.raises(ValueError, match=r"size of sprites should be 32 or 64, got 48"):
        len(SpritePixels(48))
    with pytest.raises(IndexError):
        SpritePixels(32)[torch.tensor([math.prod(shapes.factor_sizes(32))])]
