import hashlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data import ImageSet, Pixels
from core.data.images import Picked, hold_out
from core.data.order import shuffled


def numbered(count: int = 20, *, lazy: bool = False) -> ImageSet:
    """Images that are black but for their own number."""
    pixels = torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1).repeat(1, 1, 2, 3)
    factors = torch.stack([torch.arange(count), torch.arange(count) % 2], dim=1)
    stored = Picked(pixels, torch.arange(count)) if lazy else pixels
    return ImageSet(pixels=stored, labels=torch.arange(count), factors=factors)


def test_a_tensor_is_pixels():
    assert isinstance(torch.zeros(2, 1, 8, 8, dtype=torch.uint8), Pixels)


@pytest.mark.parametrize("lazy", [False, True])
@settings(deadline=None, max_examples=40)
@given(index=st.lists(st.integers(0, 19), max_size=30))
def test_images_labels_and_factors_stay_together(lazy: bool, index: list[int]):
    where = torch.tensor(index, dtype=torch.int64)
    some = numbered(lazy=lazy).subset(where)
    assert len(some) == len(index)
    assert some.raw().shape == (len(index), 1, 2, 3)
    assert some.raw()[:, 0, 0, 0].tolist() == some.labels.tolist() == index
    assert some.factors is not None
    assert some.factors[:, 0].tolist() == index


@pytest.mark.parametrize("lazy", [False, True])
def test_a_subset_of_a_subset_counts_from_its_own_beginning(lazy: bool):
    some = numbered(lazy=lazy).subset(slice(10, None)).subset(torch.tensor([2, 0]))
    assert some.raw()[:, 0, 0, 0].tolist() == some.labels.tolist() == [12, 10]


@pytest.mark.parametrize("lazy", [False, True])
def test_a_slice_is_the_index_that_it_stands_for(lazy: bool):
    images = numbered(lazy=lazy)
    assert torch.equal(images.images(slice(3, 17, 2)), images.images(torch.arange(3, 17, 2)))
    assert torch.equal(images.images(), images.images(slice(None)))


def test_images_are_raw_on_the_unit_interval():
    pixels = torch.arange(256, dtype=torch.uint8).view(-1, 1, 1, 1)
    images = ImageSet(pixels=pixels, labels=torch.zeros(256, dtype=torch.int64)).images()
    assert images.dtype == torch.float32
    assert images.aminmax() == (0, 1)
    assert torch.equal((images * 255).round().to(torch.uint8), pixels)


def test_what_images_returns_may_be_changed():
    images = numbered()
    images.images().fill_(0.5)
    images.raw().fill_(7)
    assert torch.equal(images.raw(), numbered().raw())


@pytest.mark.parametrize("lazy", [False, True])
def test_a_set_on_another_device_keeps_everything_there(lazy: bool):
    moved = numbered(lazy=lazy).to("meta")
    assert moved.labels.device.type == "meta"
    assert moved.factors is not None
    assert moved.factors.device.type == "meta"
    assert (
        moved.images(torch.arange(4)).device.type == "meta"
    )  # an index from elsewhere is taken along
    assert moved.images(slice(4)).shape == (4, 1, 2, 3)


def test_rows_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match=r"labels should be one per image, 20, got 3"):
        ImageSet(pixels=numbered().pixels, labels=torch.arange(3))
    with pytest.raises(ValueError, match=r"factors should be one per image, 20, got 4"):
        ImageSet(pixels=numbered().pixels, labels=torch.arange(20), factors=torch.zeros(4, 5))


@settings(deadline=None, max_examples=40)
@given(count=st.integers(2, 300), share=st.floats(0.01, 0.99))
def test_a_split_loses_and_repeats_nothing(count: int, share: float):
    images = ImageSet(
        pixels=torch.zeros(count, 1, 1, 1, dtype=torch.uint8), labels=torch.arange(count)
    )
    split = hold_out(images, max(1, int(share * count)))
    assert len(split.test) == max(1, int(share * count))
    assert sorted(split.train.labels.tolist() + split.test.labels.tolist()) == list(range(count))


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1797, "d909753ba0970251"), (184_320, "073741a61f9d5322"), (737_280, "9dea6ac0269a3e63")],
)
def test_splits_are_those_that_the_shipped_runs_saw(count: int, expected: str):
    order = shuffled(count).astype("<i8")
    assert hashlib.sha256(order[:1000].tobytes()).hexdigest()[:16] == expected


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.bool])
def test_pixels_are_whole_numbers_from_0_to_255(dtype: torch.dtype):
    with pytest.raises(
        ValueError, match=f"pixels should be uint8, 0 black and 255 white, got {dtype}"
    ):
        ImageSet(
            pixels=torch.zeros((2, 1, 8, 8), dtype=dtype), labels=torch.zeros(2, dtype=torch.int64)
        )
