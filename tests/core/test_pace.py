import math

import pytest

from core.config import PRIORS
from core.pace import seconds_per_epoch
from core.recipes import recipe


@pytest.mark.parametrize("data", ["digits", "mnist", "sprites"])
def test_the_pace_is_a_time_and_grows_with_the_images(data: str):
    config = recipe(data, "noisy-ae", 3, batch_size=16)
    few, many = (seconds_per_epoch(config, count, count) for count in (1000, 1_000_000))
    assert 0 < few < many
    assert math.isfinite(many)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("warm_up", [0, 1, 20])
def test_a_warm_up_of_any_length_can_be_timed(prior: str, warm_up: int):
    config = recipe(
        "digits", "vae", prior=prior, epochs=20, warm_up=warm_up, hidden=(8,), batch_size=16
    )
    assert 0 < seconds_per_epoch(config, 100, 100) < math.inf
