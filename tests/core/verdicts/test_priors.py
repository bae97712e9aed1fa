from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from core.config import PRIORS
from core.experiments.priors import judge, measured, values
from core.experiments.trainings import NOTHING, Trainings
from core.recipes import with_prior
from core.verdicts import priors as said
from core.verdicts.phrases import number
from tests.priors_shelf import BETTER, SEEDS_OF, small, trained, write_numbers


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of small VAEs with each prior."""
    return trained(tmp_path_factory.mktemp("trained"))


@pytest.mark.parametrize(("seeds", "first"), [(1, "First look: more"), (3, "More")])
def test_the_verdict_leaves_out_what_too_few_images_cannot_tell(seeds: int, first: str):
    models = {}
    for name, nll in {"normal": 99.0, "vamp": 100.0}.items():
        fit = {"nll": nll, "information": 9.1, "kl_aggregate": 0.4, "images": 10_000}
        samples = {"frechet": 50.0, "coverage": 0.5}
        by_seed = {"fit": {}, "samples": {}}
        for seed in range(seeds):
            by_seed["fit"][seed] = fit
            by_seed["samples"][seed] = samples
        models[name] = Trainings(by_seed)
    verdict = judge(models)
    summary = said.summary("mnist", verdict)
    assert summary.startswith(f"**{first} than simple calculations.** On mnist no prior beats")
    assert "KL(aggregate‖prior) is left out: nearly every code tells its image" in summary
    assert "Not measured yet" not in summary
    assert "It cannot be said" in said.comparison("kl", verdict)


def test_the_verdict_names_what_the_normal_is_beaten_in_and_in_what_it_is_not(
    root: Path, tmp_path: Path
):
    shelf = copytree(root, tmp_path / "shelf")
    write_numbers(shelf, BETTER)
    models = {prior: measured(small(prior), root=shelf) for prior in ("normal", "vamp")}
    worse = {seed: {"frechet": 60.0, "coverage": 0.1} for seed in SEEDS_OF["vamp"]}
    mixed = judge({**models, "vamp": Trainings({**models["vamp"].parts, "samples": worse})})
    summary = said.summary("digits", mixed)
    assert summary.startswith(
        "**It depends on what is asked.** On digits the standard normal is beaten with every"
        " seed in"
    )
    assert (
        "nll (by the VampPrior) and KL(aggregate‖prior) (by the VampPrior); it holds its ground in"
        " samples." in summary
    )
    assert "VampPrior: 60, 10%, **worse in both**" in said.comparison("samples", mixed)
    unknown = judge({**models, "vamp": Trainings({**models["vamp"].parts, "samples": {}})})
    assert "Not measured yet: samples." in said.summary("digits", unknown)
    assert said.its_own({**models, "normal": NOTHING}) == ""


def test_what_the_normal_has_for_its_own_follows_the_numbers(root: Path, tmp_path: Path):
    shelf = copytree(root, tmp_path / "shelf")
    for gain, word in ((-1.0, "less noise than"), (1.0, "more noise than")):
        write_numbers(shelf, {"normal": 0.0, "mixture": gain, "vamp": gain})
        priors = ("normal", "mixture", "vamp")
        text = said.its_own({prior: measured(small(prior), root=shelf) for prior in priors})
        assert (
            f"has {word} each learned prior's with each of 2 seeds: variance 2 nats² for one draw"
            in text
        )


def test_a_cell_says_how_many_seeds_it_rests_on():
    assert said.cell([], 2) == "–"
    assert said.cell([1.0], 2) == "1.00 (one seed)"
    assert said.cell([1.0, 3.0], 1) == "2.0 ± 1.4"
    assert said.cell([3.0, 3.0], 0) == "3 ± 0"
    assert said.cell([2.0, 3.0], None) == "2.50 ± 0.71"


@pytest.mark.parametrize(
    ("normal", "words"),
    [
        ((1.0, 2.0), "has less noise than each learned prior's with each of 2 seeds"),
        ((5.0, 5.0), "has more noise than each learned prior's with each of 2 seeds"),
        ((1.0, 3.5), "has less noise with some seeds or learned priors and more with others"),
    ],
)
def test_the_gradient_has_less_noise_only_if_it_has_with_every_seed(
    normal: tuple[float, float], words: str
):
    noises = {"normal": normal, "mixture": (3.0, 3.0), "vamp": (4.0, 4.0)}
    models = {
        name: Trainings(
            {"fit": {seed: {"gradient": {"pathwise": one}} for seed, one in enumerate(each)}}
        )
        for name, each in noises.items()
    }
    assert words in said.its_own(models)


def test_what_is_not_held_is_not_said_to_be():
    """Ten latents of digits, some unused: their means spread by 0.58, and nothing holds that."""
    models = {prior: measured(with_prior("digits", 10, prior)) for prior in PRIORS}
    scale = float(np.mean(values(models["normal"], "code_scale")))
    text = said.its_own(models)
    assert f"The standard deviation of its codes' means is {number(scale)}" in text
    assert "held" not in text
