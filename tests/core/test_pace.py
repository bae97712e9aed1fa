import math

import pytest

from core.config import recipe
from core.pace import seconds_per_epoch


@pytest.mark.parametrize("data", ["digits", "mnist", "sprites"])
def test_the_pace_is_a_time_and_grows_with_the_images(data: str):
    config = recipe(data, "noisy-ae", 3, batch_size=16)
    few, many = (seconds_per_epoch(config, count, count) for count in (1000, 1_000_000))
    assert 0 < few < many
    assert math.isfinite(many)
