"""Black and white images are white as often as their grey value says, drawn anew if dynamic."""

import numpy as np
import pytest
import torch

from core.data import ImageSet, Split, digits
from core.data.binarised import binarise, binarised
from core.models import build
from core.recipes import recipe
from core.training import Training


def grey_split(count: int = 40) -> Split:
    split = digits.load()
    return Split(train=split.train.subset(slice(count)), test=split.test.subset(slice(20)))


def white(images: ImageSet) -> torch.Tensor:
    return images.raw()


def test_every_pixel_is_black_or_white():
    grey = np.random.default_rng(0).integers(256, size=(50, 1, 8, 8), dtype=np.uint8)
    assert set(np.unique(binarise(grey, 0)).tolist()) == {0, 255}


def test_the_draw_is_the_one_that_torch_makes_of_the_same_seed():
    """The training images of the binarised runs that ship were drawn by torch."""
    grey = np.random.default_rng(1).integers(256, size=(5000, 1, 4, 4), dtype=np.uint8)
    for seed in (0, 7, 2**31):
        noise = torch.randint(
            255, grey.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8
        )
        assert np.array_equal(binarise(grey, seed) > 0, noise.numpy() < grey)


@pytest.mark.parametrize("grey", [0, 1, 64, 128, 254, 255])
def test_a_pixel_is_white_with_the_probability_of_its_grey_value(grey):
    count = 200_000
    share = (binarise(np.full((count, 1, 1, 1), grey, np.uint8), 3) == 255).mean()
    expected = grey / 255
    assert share == pytest.approx(expected, abs=5 * (expected * (1 - expected) / count) ** 0.5)


def test_a_draw_is_decided_by_its_seed_and_not_by_the_global_one():
    grey = np.full((10, 1, 8, 8), 128, np.uint8)
    assert np.array_equal(binarise(grey, 1), binarise(grey, 1))
    assert not np.array_equal(binarise(grey, 1), binarise(grey, 2))


def test_dynamic_images_are_drawn_anew_in_every_epoch_and_static_ones_once():
    dynamic, static = binarised(grey_split(), dynamic=True), binarised(grey_split(), dynamic=False)
    assert torch.equal(white(dynamic.train.epoch(3)), white(dynamic.train.epoch(3)))
    assert not torch.equal(white(dynamic.train.epoch(3)), white(dynamic.train.epoch(4)))
    assert torch.equal(white(static.train.epoch(3)), white(static.train.epoch(4)))
    assert torch.equal(white(static.train), white(dynamic.train.epoch(0)))


def test_both_are_tested_on_the_same_images_which_never_change():
    dynamic, static = binarised(grey_split(), dynamic=True), binarised(grey_split(), dynamic=False)
    assert torch.equal(white(dynamic.test), white(static.test))
    assert torch.equal(white(dynamic.test.epoch(5)), white(dynamic.test))


def test_a_part_of_a_set_is_drawn_as_the_same_part_of_the_whole():
    train = binarised(grey_split(), dynamic=True).train
    index = torch.tensor([7, 3, 30])
    assert torch.equal(white(train.subset(index).epoch(2)), white(train.epoch(2))[index])
    assert torch.equal(white(train.to("cpu").epoch(2)), white(train.epoch(2)))
    assert train.subset(index).epoch(2).labels.tolist() == train.labels[index].tolist()


def test_grey_images_are_the_same_in_every_epoch():
    train = grey_split().train
    assert train.epoch(9) is train


def test_training_sees_other_images_in_the_next_epoch_and_continues_to_the_same_bits():
    config = recipe("digits", "vae", epochs=4, batch_size=20)
    data, device = binarised(grey_split(), dynamic=True), torch.device("cpu")
    whole = Training(build(config), data, config, device=device)
    list(whole.epochs())
    first = Training(build(config), data, config, device=device)
    epochs = first.epochs()
    next(epochs)
    next(epochs)
    second = Training(build(config), data, config, device=device)
    second.resume({name: tensor.clone() for name, tensor in first.state().items()})
    list(second.epochs())
    static = Training(build(config), binarised(grey_split(), dynamic=False), config, device=device)
    list(static.epochs())
    ends = [
        torch.cat([p.detach().flatten() for p in one.model.parameters()])
        for one in (whole, second, static)
    ]
    assert torch.equal(ends[0], ends[1])
    assert not torch.equal(ends[0], ends[2])
