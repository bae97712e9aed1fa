from pathlib import Path

import numpy as np
import pytest

from core.checkpoints import SHELF
from core.experiments.factors import FACTORS
from core.experiments.measuring.factors import measure
from core.recipes import recipe
from core.runs import open_run
from core.shelf import more_seeds, shipped


@pytest.mark.parametrize("model", ["ae", "vae", "beta-vae"])
def test_shares_are_those_of_ten_latents_and_five_factors(model: str):
    shares = np.array(measure(open_run(recipe("sprites", model, 10).key), SHELF)["shares"])
    assert shares.shape == (10, 5)
    assert (shares >= 0).all()
    assert (shares <= 1).all()
    assert shares.max() > 0.2


def test_only_data_whose_factors_are_known_are_covered():
    covered = {
        config.data.name for config in (*shipped(), *more_seeds()) if FACTORS.covers(config)
    }
    assert covered == {"sprites"}
    assert FACTORS.path(Path("x")) == Path("x/factors.json")
