"""Every change of docs/extending.md is applied to a copy of the project and runs as the page says.

`python -m tests.test_extending` writes the changes anew, where only the lines around them moved.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

from core.recipes import recipe

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "extending.md"
SENTENCE = "python -m tests.test_extending should write it anew; else write it by hand"


class Section(NamedTuple):
    """One thing to add: the change, and the commands and the code that run after it."""

    change: str
    commands: list[str]
    code: str


def sections(guide: str) -> dict[str, Section]:
    """Return the sections of the guide that hold a change, by title."""
    parts = {}
    for title, text in re.findall(
        r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", guide, re.MULTILINE | re.DOTALL
    ):
        blocks = dict(re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
        commands = blocks.get("sh", "").splitlines()
        parts[title] = Section(blocks["diff"], commands, blocks.get("python", ""))
    return parts


def copy_of_the_project(folder: Path) -> Path:
    """Return a folder with the code as files of its own, and the runs that ship as a link."""
    for name in ("core", "pages"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("dashboard.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "checkpoints").symlink_to(ROOT / "checkpoints")
    return folder


def touched(change: str) -> list[str]:
    """Return the files that a change writes to."""
    return re.findall(r"^\+\+\+ b/(.+)$", change, re.MULTILINE)


def apply(change: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Apply a change to a folder, whether that lies in a repository or not."""
    return git(folder, "apply", "--verbose", *options, "-", text=change)


def git(folder: Path, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run git in a folder as if that lay in no repository, without anybody's settings."""
    own = {"GIT_DIR": str(folder / ".none"), "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
    return subprocess.run(
        ["git", *words],
        cwd=folder,
        env=os.environ | own | {"GIT_CONFIG_NOSYSTEM": "1"},
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def changed(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a copy of the project with the change of the section that a test is marked with."""
    if shutil.which("git") is None:
        pytest.skip("git is not on this machine")
    copy = tmp_path / "copy"
    copy.mkdir()
    change = sections(GUIDE.read_text())[request.param].change
    done = apply(change, copy_of_the_project(copy))
    assert done.returncode == 0, f"{request.param} should apply; {SENTENCE}\n{done.stderr}"
    return copy


def of(title: str) -> pytest.MarkDecorator:
    """Let a test have the copy with the change of a section."""
    return pytest.mark.parametrize("changed", [title], indirect=True, ids=[title])


def run_commands(title: str, copy: Path) -> str:
    """Run the commands of a section on a shelf of its own, and return all that they printed."""
    commands = sections(GUIDE.read_text())[title].commands
    assert commands
    return "".join(run(copy, *command.split()[1:]) for command in commands)


def run(copy: Path, *words: str) -> str:
    """Run Python in a copy, warnings as errors, and return what it printed."""
    shelf = copy / "shelf"
    shelf.mkdir(exist_ok=True)
    environment = os.environ | {"LATENT_LAB_SHELF": str(shelf), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", *words],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_guide_names_what_can_be_added():
    titles = ["A prior", "An objective", "A metric", "A data set", "A page"]
    assert list(sections(GUIDE.read_text())) == titles


@pytest.mark.parametrize("title", sections(GUIDE.read_text()))
def test_a_change_applies_and_is_written_as_the_house_is(title: str, tmp_path: Path):
    change = sections(GUIDE.read_text())[title].change
    copy = copy_of_the_project(tmp_path)
    done = apply(change, copy)
    assert done.returncode == 0, f"{SENTENCE}\n{done.stderr}"
    for words in (["format", "--check"], ["check", "--no-cache"]):
        run(copy, "-m", "ruff", *words, *touched(change))


def test_a_change_is_written_anew_where_the_lines_around_it_have_moved():
    change = sections(GUIDE.read_text())["A page"].change
    moved = change.replace("@@ -", "@@ -9")
    assert without_places(moved) == without_places(change) != moved
    assert refreshed(moved) == refreshed(change)


def without_places(change: str) -> str:
    """Return a change without the numbers of its lines, which move with every line above them."""
    return re.sub(r"^@@ .+$", "@@", change, flags=re.MULTILINE)


PRIOR = """
import torch
from core.models import build
from core.models.posteriors import Gaussian
from core.recipes import recipe
from core.runs import load_or_train

prior = build(recipe("digits", "vae", prior="laplace")).prior
samples = prior.sample(200_000, torch.Generator().manual_seed(0))
assert torch.allclose(samples.var(0), torch.ones(2), atol=0.03), samples.var(0)

posterior = Gaussian(torch.tensor([[0.5, -2.0]]), torch.tensor([[-1.0, 0.3]]))
many = Gaussian(*(part.expand(400_000, 2) for part in (posterior.mean, posterior.log_var)))
z = many.sample(torch.Generator().manual_seed(0))
sampled = (many.log_prob(z).sum(-1) - prior.log_prob(z)).mean()
assert abs(prior.kl(posterior, z) - sampled) < 0.02, (prior.kl(posterior, z), sampled)

run = load_or_train(recipe("digits", "vae", prior="laplace", epochs=1))
assert 0 < run.metrics["kl"] < 50
assert torch.isfinite(run.model.decode(run.model.prior.sample(8))).all()
"""


@pytest.mark.slow
@of("A prior")
def test_a_prior_is_offered_and_trains_with_the_kl_of_its_density(changed: Path):
    assert "digits-vae-laplace-z2" in run_commands("A prior", changed)
    assert "vamp, laplace" in " ".join(run(changed, "-m", "core", "train", "--help").split())
    run(changed, "-c", PRIOR)


OBJECTIVE = """
import pytest
import torch
from core.config import ModelConfig
from core.data import load
from core.metrics.likelihood import importance_weighted
from core.models import build
from core.objectives import ImportanceWeighted, Variational, objective_class
from core.objectives.importance import weighted_loss, weighted_terms
from core.sweep.batched import check

assert run.config.model.label == "VAE, 5 samples"
assert objective_class(run.config.model) is ImportanceWeighted
usual = recipe("digits", "vae", epochs=1)
assert objective_class(usual.model) is Variational
assert usual.key == "digits-vae-z2-s0-KEY"
assert torch.isfinite(torch.from_numpy(run.history["nll"])).all()

x = load(usual.data).test.images()
with torch.inference_mode():
    losses = [weighted_loss(weighted_terms(run.model, x, 5), beta=1) for _ in range(20)]
bound = importance_weighted(run.model, x, k=(5,)).value.mean()
assert abs(torch.stack(losses).mean() + bound) < 0.05, (torch.stack(losses).mean(), bound)

with pytest.raises(ValueError, match="samples should be 1 with a point posterior, got 5"):
    ModelConfig(posterior="point", latent_dim=2, samples=5)
check(usual)
with pytest.raises(ValueError, match="the batched engine trains"):
    check(run.config)
"""


@pytest.mark.slow
@of("An objective")
def test_an_objective_trains_a_run_of_its_own_down_the_bound_of_its_paper(changed: Path):
    usual = recipe("digits", "vae", epochs=1).key
    code = sections(GUIDE.read_text())["An objective"].code
    run(changed, "-c", code + OBJECTIVE.replace("digits-vae-z2-s0-KEY", usual))


METRIC = """
import doctest
import numpy as np
from core.experiments import dimension
from core.experiments.kept import numbers_of
from core.experiments.measuring.every_run import measure_runs
from core.metrics import dimension as metric
from core.recipes import recipe
from core.runs import load_or_train

assert doctest.testmod(metric) == (0, 1)
codes = np.random.default_rng(0).normal(size=(50_000, 3))
assert abs(metric.effective_dimension(codes) - 3) < 0.01
assert metric.effective_dimension(codes @ np.diag([1, 0, 0])) == 1

run = load_or_train(recipe("digits", "vae", epochs=1))
measure_runs(dimension.DIMENSION)
numbers = numbers_of(dimension.DIMENSION, run.config)
scale = np.linalg.svd(run.codes["mean"] - run.codes["mean"].mean(0), compute_uv=False) ** 2
assert np.isclose(numbers["dimension"], scale.sum() ** 2 / (scale**2).sum(), rtol=1e-3)
"""


@pytest.mark.slow
@of("A metric")
def test_a_metric_is_measured_of_every_run_and_known_where_its_value_is(changed: Path):
    assert "dimension.json" in run_commands("A metric", changed)
    run(changed, "-c", METRIC)


DATA_SET = """
from streamlit.testing.v1 import AppTest
from core.config import DataConfig
from core.data import load, missing, read_test_images
from core.data.twins import twins

spots = DataConfig(name="spots")
split = load(spots)
assert missing(spots) is None
assert split.train.images().shape == (3000, 1, 16, 16)
assert 0.9 < split.train.images().max() <= 1
assert (read_test_images(spots, slice(None)) == split.test.raw()[:, 0].numpy()).all()
assert sorted(set(split.test.labels.tolist())) == [0, 1, 2, 3]
assert not twins(split).any()

app = AppTest.from_file("dashboard.py", default_timeout=60)
app.query_params["data"] = "spots"
app.run()
assert not app.exception, app.exception
assert app.selectbox(key="data").value == "spots"
assert any(part.proto.component_name.endswith("path") for part in app.get("bidi_component"))
"""


@pytest.mark.slow
@of("A data set")
def test_a_data_set_is_listed_loads_and_trains(changed: Path):
    assert "spots-vae-z2" in run_commands("A data set", changed)
    assert "spots" in run(changed, "-m", "core", "train", "--help")
    run(changed, "-W", "default", "-c", DATA_SET)


PAGE = """
from streamlit.testing.v1 import AppTest
from core.ui.kit.frame import PAGES

assert "pages/losses.py" in PAGES
app = AppTest.from_file("dashboard.py", default_timeout=60)
app.query_params.update({"data": "digits", "latents": "2"})
app.switch_page("pages/losses.py").run()
assert not app.exception, app.exception
assert app.title[0].value == "What does each model lose of an image?"
assert [one.value for one in app.subheader] == ["AE", "Noisy AE, η = 0.05", "VAE", "β-VAE, β = 4"]
assert len(app.get("image")) == 5
"""


@pytest.mark.slow
@of("A page")
def test_a_page_stands_in_the_menu_and_draws(changed: Path):
    (changed / "shelf").symlink_to(ROOT / "checkpoints")
    run(changed, "-W", "default", "-c", PAGE)


def refreshed(change: str) -> str:
    """Return a change for the code as it is, where only the lines around it have moved.

    Raises:
        ValueError: the line next to a change is another one now.
    """
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / "a", Path(name) / "b"]
        _, after = (copy_of_the_project(folder) for folder in folders)
        done = apply(change, after, "-C1")
        if done.returncode:
            raise ValueError(f"the change should be written by hand; git says\n{done.stderr}")
        said = git(Path(name), "diff", "--no-index", "--no-prefix", "-U2", "a", "b").stdout
    return re.sub(r"^(diff|new file|index) .*\n", "", said, flags=re.MULTILINE)


def refresh() -> None:
    """Write every change of the guide anew."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    guide = GUIDE.read_text()
    for section in sections(guide).values():
        guide = guide.replace(section.change, refreshed(section.change))
    GUIDE.write_text(guide)


if __name__ == "__main__":
    refresh()
