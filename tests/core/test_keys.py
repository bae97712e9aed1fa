"""Keys of all runs that ship or were measured, which name links, folders and stored numbers."""

import json
from pathlib import Path

import pytest

from core.experiments import STUDIES
from core.experiments.kept import Study, numbers_of
from core.shelf import SHELF, more_seeds, shipped

KEYS = (Path(__file__).parent / "keys.txt").read_text().split()


def test_no_key_of_a_run_that_ships_or_was_measured_has_moved():
    assert sorted(config.key for config in (*shipped(), *more_seeds())) == KEYS


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_every_stored_number_is_found_by_the_config_of_its_run(study: Study):
    configs = {config.key: config for config in (*shipped(), *more_seeds())}
    entries = json.loads(study.path(SHELF).read_text())["entries"]
    assert entries
    assert [key for key in entries if numbers_of(study, configs[key], SHELF) is None] == []
