from dataclasses import asdict

from core.config import DataConfig
from core.experiments.samples import kept_ceiling, kept_trainings
from core.explore.samplers import SAMPLERS
from core.recipes import recipe
from core.verdicts.phrases import number
from core.verdicts.samples import Table, caption, rows, sentence


def alone() -> Table:
    """Return the table of the digits' VAE, with its prior's numbers for every sampler."""
    trained = kept_trainings(recipe("digits", "vae"), "prior")
    ceiling = kept_ceiling(DataConfig(name="digits"))
    assert trained is not None
    assert ceiling is not None
    return Table({("vae", name): trained for name in SAMPLERS}, asdict(ceiling), ["vae"])


def test_a_model_that_is_alone_is_not_said_to_be_closest_and_farthest():
    table = alone()
    said = sentence(table, "prior")
    distance = number(table.cells["vae", "prior"].mean("frechet"))
    assert f"**VAE**, alone here, has Fréchet distance {distance}" in said
    assert "closest" not in said
    assert "farthest" not in said


def test_the_table_ends_with_what_real_images_score():
    table = alone()
    *ours, last = rows(table)
    assert [row["Codes from"] for row in ours] == list(SAMPLERS.values())
    assert {row["Model"] for row in ours} == {"VAE"}
    assert {row["Trainings"] for row in ours} == {"5"}
    assert last["Fréchet distance"] == number(table.ceiling["frechet"])


def test_the_caption_says_of_what_the_spread_is():
    assert "± is the standard deviation over trainings" in caption(alone())
    assert "just now" not in caption(alone())
