import re
from pathlib import Path

import pytest

from core import __main__ as command_line
from core.checkpoints import SHELF
from core.experiments.kept import numbers_of
from core.experiments.measuring.traits import measure
from core.experiments.traits import TRAITS
from core.metrics.latents import active
from core.recipes import recipe, with_prior
from core.runs import Run, load_or_train, open_run
from core.shelf import shipped
from core.sweep.grid import Point, Sweep
from core.sweep.table import Table
from core.ui.kit import cache


def counts(run: Run, root: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    """Return the count of active latents by the library, study, a sweep's table and command."""
    command_line.main(["--root", str(root), "show", run.config.key])
    (row,) = Table(Sweep("one", (), (Point(run.config, {}),)), root, [root]).rows()
    said = re.search(r"active +(\d+) of", capsys.readouterr().out)
    assert said is not None
    return {
        "library": int(active(run.codes["mean"], run.codes["std"]).sum()),
        "study": measure(run, root)["active"],
        "sweep": row["active"],
        "command": int(said[1]),
    }


def test_a_learned_prior_s_run_has_one_number_of_active_latents_everywhere(
    capsys: pytest.CaptureFixture[str],
):
    config = with_prior("mnist", 40, "vamp")
    found = counts(open_run(config.key), SHELF, capsys) | {
        "pages": int(cache.active_latents(config).sum())
    }
    assert found == dict.fromkeys(found, 23)


def test_a_collapsed_model_with_a_learned_prior_has_no_active_latent(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    run = load_or_train(
        recipe("digits", "beta-vae", 3, beta=1000, prior="mixture", epochs=20),
        tmp_path,
        device="cpu",
    )
    assert run.metrics["kl"] < 0.05
    found = counts(run, tmp_path, capsys)
    assert found == dict.fromkeys(found, 0)


@pytest.mark.slow
def test_numbers_that_ship_count_active_latents_by_the_same_rule():
    for config in shipped():
        kept, codes = numbers_of(TRAITS, config), open_run(config.key).codes
        if kept is not None:
            assert kept["active"] == active(codes["mean"], codes["std"]).sum(), config.key
