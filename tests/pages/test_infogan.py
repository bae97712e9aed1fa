"""A model that stands beside the family may be picked on every page."""

import shutil
from pathlib import Path

import pytest

from core.config import ALL_LABELS, MODEL_LABELS
from core.recipes import recipe
from core.runs import load_or_train
from core.shelf import SHELF
from core.ui.kit.frame import PAGES
from core.verdicts.family import BESIDE
from tests.pages.conftest import sent

PICKED = {"data": "digits", "latents": 2, "model": "InfoGAN"}
OPENED = [page for page in PAGES if page != "pages/disentanglement.py"]
"""All but the one that is about sprites whatever is picked; this shelf has none."""
PARTS = {"pages/likelihood.py": ("The bound", "The rate")}
"""Page -> parts that make something of the picked run."""


def tiny(model: str):
    return recipe("digits", model, hidden=(8,), epochs=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    for model in ALL_LABELS:
        load_or_train(tiny(model), folder, device="cpu")
    shutil.copytree(SHELF / "classifier-digits", folder / "classifier-digits")
    return folder


def said(app) -> list[str]:
    return [caption.value for caption in app.caption]


@pytest.mark.parametrize(
    ("page", "part"), [(page, part) for page in OPENED for part in PARTS.get(page, ("",))]
)
def test_every_page_opens_with_an_infogan_picked_beside_the_four(
    open_page, other_shelf: Path, made: Path, page, part
):
    shutil.copytree(made, other_shelf, dirs_exist_ok=True)
    app = open_page(page, **PICKED, **({"part": part} if part else {}))
    assert app.selectbox(key="model").value == "InfoGAN"
    assert not app.error
    assert BESIDE in said(app)


@pytest.mark.parametrize("page", OPENED)
def test_every_page_opens_where_an_infogan_is_all_there_is(
    open_page, other_shelf: Path, made: Path, page
):
    shutil.copytree(made / tiny("infogan").key, other_shelf / tiny("infogan").key)
    app = open_page(page)
    assert app.selectbox(key="model").value == "InfoGAN"
    assert not app.error


def test_the_four_stay_the_family_and_offer_no_infogan_where_none_is_kept(
    open_page, other_shelf: Path, made: Path
):
    shutil.copytree(made, other_shelf, dirs_exist_ok=True)
    app = open_page("pages/overview.py", **PICKED)
    assert [run["short"] for run in sent(app, "path").runs] == list(MODEL_LABELS.values())
    app.selectbox(key="model").select("VAE").run()
    assert BESIDE not in said(app)
    shutil.rmtree(other_shelf / tiny("infogan").key)
    assert "InfoGAN" not in open_page("pages/overview.py").selectbox(key="model").options


def test_its_traversals_are_counted_in_the_prior_that_its_codes_are_drawn_from(
    open_page, other_shelf: Path, made: Path
):
    shutil.copytree(made, other_shelf, dirs_exist_ok=True)
    app = open_page("pages/traversals.py", **PICKED)
    header = sent(app, "sliders").header
    note = header["models"][header["picked"]]["note"]
    assert "σ is a standard deviation of the prior" in note


def test_the_bound_says_why_there_is_none(open_page, other_shelf: Path, made: Path):
    shutil.copytree(made, other_shelf, dirs_exist_ok=True)
    app = open_page("pages/likelihood.py", **PICKED, part="The bound")
    assert any(
        "InfoGAN is trained by a game and not on a bound" in info.value for info in app.info
    )
