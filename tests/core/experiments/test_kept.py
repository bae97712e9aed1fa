import errno
import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from core.checkpoints import forget_what_was_seen, load, save, survey
from core.config import DataConfig, RunConfig, with_seed
from core.data import digits
from core.experiments import STUDIES
from core.experiments.kept import Study, compared, damage_of, numbers_of, over_seeds, stale
from core.experiments.measuring.every_run import measure_runs
from core.experiments.measuring.reference import Reference, make_reference, save_classifier
from core.metrics.classifier import build_classifier
from core.recipes import recipe
from core.runs import Run, load_or_train
from core.shelf import SHELF, binary, mapped, more_seeds, seeds_of, shipped, swept, without_kl

DIGITS = DataConfig(name="digits")
CONFIG = recipe("digits", "vae", hidden=(16,), epochs=1)
SHIPS = recipe("digits", "ae")
MORE = with_seed(SHIPS, 1)


def count_codes(run: Run, _: Path) -> dict[str, int]:
    return {"codes": len(run.codes["mean"]), "seed": run.config.train.seed}


def name_data(data: DataConfig, _: Path) -> dict[str, str]:
    return {"name": data.name}


PLAIN = Study("plain", "v1", count_codes, name_data)
JUDGED = Study("judged", "v1", count_codes, judged=True)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return make_reference(DIGITS, digits.load(), epochs=1)


@pytest.fixture(scope="module")
def made(reference: Reference, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a classifier and one run, measured."""
    folder = tmp_path_factory.mktemp("made")
    save_classifier(folder, reference)
    load_or_train(CONFIG, folder, device="cpu")
    for study in (PLAIN, JUDGED):
        measure_runs(study, folder)
    return folder


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """Return a copy of that folder."""
    return shutil.copytree(made, tmp_path / "checkpoints")


@pytest.fixture(scope="module")
def further(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a run of a further seed, which does not ship."""
    folder = tmp_path_factory.mktemp("further")
    save(folder, replace(load(SHELF, SHIPS.key), config=MORE))
    return folder


def put(root: Path, study: Study, config: RunConfig, **changes: object) -> None:
    """Alter a kept entry by hand."""
    measured = json.loads(study.path(root).read_text())
    measured["entries"][config.key] |= changes
    study.path(root).write_text(json.dumps(measured))


def alter_weights(root: Path) -> None:
    """Keep other weights under the same key, as training on another machine would."""
    kept = load(root, CONFIG.key)
    weights = {name: weight + 0.01 * (weight.ndim > 0) for name, weight in kept.weights.items()}
    save(root, replace(kept, weights=weights))


def test_every_run_is_measured_and_what_it_is_held_against_too(root: Path):
    told: list[tuple[int, int]] = []
    PLAIN.path(root).unlink()
    assert numbers_of(PLAIN, CONFIG, root) is None
    assert compared(PLAIN, DIGITS, root) is None
    path = measure_runs(PLAIN, root, on_done=lambda done, total: told.append((done, total)))
    assert (path, told) == (root / "plain.json", [(1, 1)])
    assert numbers_of(PLAIN, CONFIG, root) == {"codes": 360, "seed": 0}
    assert compared(PLAIN, DIGITS, root) == {"name": "digits"}
    assert list(survey(root)) == [(CONFIG.key, CONFIG)]
    assert not [path.name for path in root.iterdir() if path.name.startswith(".")]


def test_numbers_are_not_measured_again_while_the_weights_stay(root: Path):
    put(root, PLAIN, CONFIG, codes=7)
    measure_runs(PLAIN, root)
    assert numbers_of(PLAIN, CONFIG, root) == {"codes": 7, "seed": 0}
    load_or_train(CONFIG, root, device="cpu", again=True)
    assert numbers_of(PLAIN, CONFIG, root) == {"codes": 7, "seed": 0}


def test_numbers_of_older_weights_are_not_used_and_are_measured_again(root: Path):
    put(root, PLAIN, CONFIG, codes=7)
    alter_weights(root)
    assert numbers_of(PLAIN, CONFIG, root) is None
    measure_runs(PLAIN, root)
    assert numbers_of(PLAIN, CONFIG, root) == {"codes": 360, "seed": 0}


def test_other_settings_make_every_number_stale(root: Path):
    other = replace(PLAIN, settings="v2")
    assert numbers_of(other, CONFIG, root) is None
    assert compared(other, DIGITS, root) is None


def test_numbers_of_an_older_classifier_are_used_where_none_is_asked(
    root: Path, reference: Reference
):
    save_classifier(root, replace(reference, classifier=build_classifier(8, 10)))
    assert numbers_of(JUDGED, CONFIG, root) is None
    assert numbers_of(PLAIN, CONFIG, root) is not None


def test_numbers_of_a_run_that_is_gone_are_not_used_and_leave_the_file(root: Path):
    (root / CONFIG.key).rename(root / ".gone")
    assert numbers_of(PLAIN, CONFIG, root) is None
    measure_runs(PLAIN, root)
    assert json.loads(PLAIN.path(root).read_text()) == {"compared": {}, "entries": {}}


def test_numbers_of_a_further_seed_outlive_its_run(root: Path, further: Path):
    measure_runs(PLAIN, root, more=further)
    found = numbers_of(PLAIN, MORE, root)
    assert found is not None
    assert found["seed"] == 1
    assert over_seeds(PLAIN, SHIPS, root) == [found]
    measure_runs(PLAIN, root)
    assert numbers_of(PLAIN, MORE, root) == found
    assert numbers_of(replace(PLAIN, settings="v2"), MORE, root) is None


def test_a_run_that_does_not_ship_and_has_no_such_seed_counts_only_with_its_folder(root: Path):
    odd = with_seed(CONFIG, 77)
    put(root, PLAIN, CONFIG)
    measured = json.loads(PLAIN.path(root).read_text())
    measured["entries"][odd.key] = measured["entries"][CONFIG.key]
    PLAIN.path(root).write_text(json.dumps(measured))
    assert numbers_of(PLAIN, odd, root) is None


def test_a_study_covers_what_it_says(root: Path):
    none = replace(PLAIN, name="none", covers=lambda config: config.model.name == "ae")
    measure_runs(none, root)
    assert numbers_of(none, CONFIG, root) is None
    assert {key.split("-z")[0] for key in stale(none, root)} == {
        f"{data}-ae" for data in ("digits", "mnist", "sprites")
    }


DAMAGED = [
    *(
        "",
        "{",
        "[]",
        "{}",
        "null",
        '{"compared": 3, "entries": {}}',
        '{"compared": {}, "entries": {"a": 3}}',
    ),
    *(
        '{"compared": {}, "entries": {"a": {}}}',
        '{"compared": {}, "entries": {"a": {"of": {}, "nll": NaN}}}',
    ),
]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file_says_so_and_is_mended_by_measuring_again(root: Path, text: str):
    assert damage_of(PLAIN, root) is None
    PLAIN.path(root).write_text(text)
    assert (
        damage_of(PLAIN, root)
        == f"{PLAIN.path(root)} is damaged; run `python -m core measure` again"
    )
    assert numbers_of(PLAIN, CONFIG, root) is None
    assert compared(PLAIN, DIGITS, root) is None
    measure_runs(PLAIN, root)
    assert damage_of(PLAIN, root) is None
    assert numbers_of(PLAIN, CONFIG, root) is not None


def test_a_file_that_cannot_be_read_is_as_good_as_damaged(root: Path):
    PLAIN.path(root).unlink()
    PLAIN.path(root).mkdir()
    assert "plain.json is damaged" in str(damage_of(PLAIN, root))
    assert numbers_of(PLAIN, CONFIG, root) is None


def test_a_run_that_cannot_be_measured_is_passed_over_and_said(root: Path):
    load_or_train(with_seed(CONFIG, 1), root, device="cpu")

    def no_number(run: Run, folder: Path) -> dict[str, float]:
        return {"nll": math.nan if run.config.train.seed else 1.0}

    def fails(run: Run, folder: Path) -> dict[str, float]:
        raise ValueError("Input contains NaN.")

    for measure, match in (
        (no_number, "each number should be finite"),
        (fails, "Input contains NaN"),
    ):
        said: list[str] = []
        odd = replace(PLAIN, name=f"odd{len(match)}", measured_by=measure)
        measure_runs(odd, root, on_refused=said.append)
        assert all(f"is passed over by {odd.name}: {match}" in sentence for sentence in said)
        assert len(said) == (1 if measure is no_number else 2)
        assert (numbers_of(odd, CONFIG, root) is not None) == (measure is no_number)


def test_a_damaged_classifier_ends_no_measuring(root: Path):
    (root / "classifier-digits" / "run.json").write_text("{")
    said: list[str] = []
    for study in (PLAIN, JUDGED):
        measure_runs(study, root, on_refused=said.append)
    assert {*said} == {
        "classifier-digits/run.json is damaged; delete the folder and train it again"
    }
    assert numbers_of(PLAIN, CONFIG, root) is not None
    assert compared(JUDGED, DIGITS, root) is None


def test_numbers_of_a_run_that_cannot_be_read_stay(root: Path, monkeypatch: pytest.MonkeyPatch):
    real = Path.read_bytes

    def broken(self: Path) -> bytes:
        if self.name == "codes.npz":
            raise OSError(errno.EIO, "Input/output error")
        return real(self)

    before = PLAIN.path(root).read_text()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", broken)
        forget_what_was_seen()
        measure_runs(PLAIN, root)
    assert json.loads(PLAIN.path(root).read_text())["entries"] == json.loads(before)["entries"]


def test_a_run_without_a_classifier_is_passed_over_where_one_is_needed(tmp_path: Path):
    load_or_train(CONFIG, tmp_path, device="cpu")
    for study, known in ((JUDGED, False), (PLAIN, True)):
        measure_runs(study, tmp_path)
        assert (numbers_of(study, CONFIG, tmp_path) is not None) == known


def test_a_refused_run_does_not_keep_the_others_from_being_measured(root: Path):
    refused = load_or_train(with_seed(CONFIG, 1), root, device="cpu").config
    (root / refused.key / "codes.npz").unlink()
    PLAIN.path(root).unlink()
    measure_runs(PLAIN, root)
    assert numbers_of(PLAIN, CONFIG, root) is not None
    assert numbers_of(PLAIN, refused, root) is None


def test_what_was_measured_before_a_failure_is_kept(root: Path):
    load_or_train(with_seed(CONFIG, 1), root, device="cpu")

    def fails_at_the_second(run: Run, folder: Path) -> dict[str, int]:
        if run.config.train.seed:
            raise KeyboardInterrupt
        return count_codes(run, folder)

    broken = replace(PLAIN, name="broken", measured_by=fails_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        measure_runs(broken, root)
    assert numbers_of(broken, CONFIG, root) == {"codes": 360, "seed": 0}


def test_a_full_disk_leaves_the_old_numbers(root: Path, monkeypatch: pytest.MonkeyPatch):
    alter_weights(root)
    before = PLAIN.path(root).read_text()

    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            measure_runs(PLAIN, root)
    assert PLAIN.path(root).read_text() == before
    assert not [path.name for path in root.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_no_number_that_ships_is_missing_or_stale(study: Study):
    assert stale(study) == []
    data_sets = {config.data for config in shipped() if study.includes(config)}
    assert [
        data.name for data in data_sets if study.compared_by and compared(study, data) is None
    ] == []


def test_the_short_runs_of_the_map_are_of_its_own_study_alone():
    of_map = Study("map", "v1", count_codes, of_map=True)
    on, off = mapped()[0], recipe("sprites", "beta-vae", 10)
    assert [of_map.includes(on), of_map.includes(off)] == [True, False]
    assert [PLAIN.includes(on), PLAIN.includes(off)] == [False, True]


def test_every_run_of_the_shelf_is_known_with_every_seed():
    keys = {config.key for config in (*shipped(), *more_seeds())}
    assert len(keys) == len(shipped()) + len(more_seeds())
    measured_once = {config.key for config in shipped() if config.model.likelihood == "gaussian"}
    several = [c for c in shipped() if c.key not in measured_once]
    seeds = {with_seed(c, seed).key for c in several for seed in seeds_of(c.data.name)}
    of_sprites = (*without_kl(), *swept(), *mapped())
    assert keys == seeds | measured_once | {config.key for config in (*binary(), *of_sprites)}
