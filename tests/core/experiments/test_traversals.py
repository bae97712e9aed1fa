from pathlib import Path

import numpy as np

from core.experiments.measuring.every_run import measure_runs
from core.experiments.traversals import STEPS, SWEPT_TRAVERSALS, pictures
from core.explore.decoding import decode
from core.explore.traversal import most_first
from core.recipes import recipe
from core.runs import open_run
from core.shelf import more_seeds, shipped, swept

VAE = recipe("sprites", "vae", 10)


def test_the_pictures_that_ship_are_what_the_run_decodes():
    run, drawn = open_run(VAE.key), pictures(VAE)
    assert drawn is not None
    assert drawn.shape == (10 * STEPS, 32, 32)
    rows = drawn.reshape(10, STEPS, 32, 32)
    (origin,) = decode(run.model, np.zeros((1, 10), np.float32))
    assert abs(rows[:, STEPS // 2] - origin).max() < 0.51 / 255  # half a shade
    first = most_first(np.array(run.metrics["kl_per_latent"]))[0]
    code = np.zeros((1, 10), np.float32)
    code[0, first] = 3
    assert abs(rows[0, -1] - decode(run.model, code)[0]).max() < 0.003
    assert (
        abs(rows[0] - rows[0, STEPS // 2]).max() > 10 * abs(rows[-1] - rows[-1, STEPS // 2]).max()
    )


def test_a_run_that_was_not_drawn_has_none(tmp_path: Path):
    assert pictures(VAE, tmp_path) is None
    assert measure_runs(SWEPT_TRAVERSALS, tmp_path).is_file()
    assert pictures(VAE, tmp_path) is None


def test_only_the_sweep_is_drawn():
    assert {
        config for config in (*shipped(), *more_seeds()) if SWEPT_TRAVERSALS.includes(config)
    } == set(swept())
