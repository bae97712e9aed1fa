"""A damaged run, study or file disturbs no page: it is said once, and the rest is shown."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from core.checkpoints import pack_arrays, read_folder, unpack_arrays, write_folder
from core.experiments import STUDIES
from core.recipes import recipe
from core.shelf import SHELF
from core.ui.kit import cache
from core.ui.kit.frame import PAGES

pytestmark = pytest.mark.slow

FAMILY = [recipe("digits", name) for name in ("ae", "noisy-ae", "vae", "beta-vae")]
BAD = recipe("digits", "vae", 10)


@pytest.fixture
def shelf(other_shelf: Path) -> Path:
    """Return a shelf of four models of the digits, and four runs damaged in different ways."""
    for config in (*FAMILY, BAD):
        shutil.copytree(SHELF / config.key, other_shelf / config.key)
    shutil.copytree(SHELF / "classifier-digits", other_shelf / "classifier-digits")
    for study in STUDIES:
        shutil.copy(study.path(SHELF), other_shelf)
    document, files = read_folder(other_shelf / BAD.key)
    codes = unpack_arrays(files["codes.npz"])
    codes["mean"] = codes["mean"] * np.float16(np.nan)
    write_folder(other_shelf / BAD.key, document, files | {"codes.npz": pack_arrays(codes)})
    (other_shelf / "cut").mkdir()
    (other_shelf / "cut" / "run.json").write_text('{"format": 1')
    shutil.copytree(other_shelf / FAMILY[0].key, other_shelf / "renamed")
    (other_shelf / FAMILY[0].key / "x").mkdir()
    document, files = read_folder(SHELF / recipe("digits", "ae", 10).key)
    write_folder(other_shelf / document["key"], document | {"metrics": {}}, files)
    return other_shelf


@pytest.mark.parametrize("page", PAGES)
def test_damaged_runs_disturb_no_page_and_are_said_once(open_page, shelf: Path, page: str):
    app = open_page(page, data="digits")
    said = [warning.value for warning in app.warning]
    assert not app.error
    for name in (BAD.key, "cut", "renamed", recipe("digits", "ae", 10).key):
        assert sum(sentence.startswith(name) for sentence in said) == 1
    assert app.selectbox(key="latents").options == ["2"]


@pytest.mark.parametrize("page", PAGES)
def test_damaged_files_of_measured_numbers_disturb_no_page(open_page, shelf: Path, page: str):
    for study in STUDIES:
        study.path(shelf).write_text('{"compared": {}, "entries": {')
    app = open_page(page, data="digits")
    assert not app.error
    said = [warning.value for warning in app.warning if "python -m core measure" in warning.value]
    assert len(said) == len({*said}) == len(STUDIES)


def test_a_run_that_is_damaged_while_the_lab_is_open_leaves_the_pages(open_page, shelf: Path):
    open_page("pages/overview.py", data="digits")
    cache.run.clear()
    bad = shelf / recipe("digits", "beta-vae").key
    content = bytearray((bad / "codes.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (bad / "codes.npz").write_bytes(content)
    app = open_page("pages/latent_space.py", data="digits")
    assert not app.error
    assert any(bad.name in warning.value for warning in app.warning)
    assert "β-VAE" not in app.selectbox(key="model").options


def test_a_classifier_that_is_damaged_leaves_the_pages_their_runs(open_page, shelf: Path):
    document = json.loads((shelf / "classifier-digits" / "run.json").read_text())
    (shelf / "classifier-digits" / "run.json").write_text(json.dumps(document | {"accuracy": 2}))
    for page in PAGES:
        assert open_page(page, data="digits").selectbox(key="data").value == "digits"
