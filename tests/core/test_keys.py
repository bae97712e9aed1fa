"""The keys of all runs that ship or were measured: links, folders and stored numbers go by them."""

from pathlib import Path

from core.experiments import STUDIES
from core.experiments.kept import numbers_of
from core.shelf import SHELF, more_seeds, shipped

KEYS = (Path(__file__).parent / "keys.txt").read_text().split()


def test_no_key_of_a_run_that_ships_or_was_measured_has_moved():
    assert sorted(config.key for config in (*shipped(), *more_seeds())) == KEYS


def test_every_stored_number_is_found_by_the_key_of_its_run():
    configs = [*shipped(), *more_seeds()]
    for study in STUDIES:
        covered = [config for config in configs if study.includes(config)]
        lost = [config.key for config in covered if numbers_of(study, config, SHELF) is None]
        assert lost == [], study.name
