import numpy as np
import pytest
import torch

from core.checkpoints import CheckpointError, load
from core.opening import Run, open_run
from core.recipes import recipe
from core.shelf import SHELF

SPRITES = recipe("sprites", "vae", 10)


def test_codes_are_widened_and_the_rest_is_as_it_is_kept():
    run, kept = open_run(SPRITES.key), load(SHELF, SPRITES.key)
    assert run.config == SPRITES
    assert run.metrics == kept.metrics
    assert {name: array.dtype for name, array in run.codes.items()} == {
        **dict.fromkeys(("mean", "std", "train_mean", "train_std"), np.float32),
        **dict.fromkeys(("label", "factors"), np.int64),
    }
    np.testing.assert_array_equal(run.codes["mean"], kept.codes["mean"].astype(np.float32))


def test_the_model_is_made_once_and_of_the_stored_weights():
    run = open_run(SPRITES.key)
    assert run.model is run.model
    for name, weight in run.model.state_dict().items():
        np.testing.assert_array_equal(weight, run.weights[name].astype(np.float32))


@pytest.mark.parametrize("channels_last", [True, False])
def test_convolutions_lie_in_memory_as_asked_for(channels_last: bool):
    model = open_run(SPRITES.key, channels_last=channels_last).model
    weights = [weight for weight in model.parameters() if weight.ndim == 4 and weight.shape[1] > 1]
    assert weights
    for weight in weights:
        assert weight.is_contiguous(memory_format=torch.channels_last) == channels_last


def test_weights_of_another_config_are_refused_in_one_sentence():
    kept = open_run(SPRITES.key)
    other = recipe("digits", "vae")
    run = Run(other, kept.weights, kept.metrics, kept.history, kept.codes, kept.environment)
    with pytest.raises(CheckpointError, match=r"has weights that do not fit its config; train it"):
        _ = run.model
