import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.config import DataConfig
from core.data import MissingData
from core.experiments.classifiers import folder_name
from core.experiments.interpolation import (
    FRAMES,
    HALFWAY,
    INTERPOLATIONS,
    PAIRS,
    Passage,
    differs,
    extremes,
    kept_passages,
    passage,
)
from core.experiments.kept import Numbers, compared
from core.experiments.measuring import interpolation
from core.experiments.measuring.every_run import measure_runs
from core.experiments.measuring.interpolation import (
    compare,
    differences,
    evenness,
    fade,
    gap,
    measure,
    pairs_of,
)
from core.recipes import recipe
from core.runs import Run, open_run
from core.shelf import SHELF

DIGITS = DataConfig(name="digits")
CONFIG = recipe("digits", "vae", 10)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one run that ships and its classifier."""
    folder = tmp_path_factory.mktemp("root")
    for name in (CONFIG.key, folder_name(DIGITS)):
        shutil.copytree(SHELF / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def run(root: Path) -> Run:
    return open_run(CONFIG.key, root)


@pytest.fixture(scope="module")
def numbers(run: Run, root: Path) -> Numbers:
    return measure(run, root)


@pytest.fixture(scope="module")
def originals(root: Path) -> Numbers:
    return compare(DIGITS, root)


def test_pairs_differ_in_their_label_and_are_the_same_every_time():
    labels = np.random.default_rng(0).integers(0, 3, 50)
    pairs = pairs_of(labels)
    assert pairs.shape == (PAIRS, 2)
    assert (labels[pairs[:, 0]] != labels[pairs[:, 1]]).all()
    np.testing.assert_array_equal(pairs, pairs_of(labels))
    assert not np.array_equal(pairs, pairs_of(labels, seed=1))


def test_every_image_may_be_in_a_pair_and_every_label_is():
    labels = np.repeat([0, 1, 2], 10)
    assert set(pairs_of(labels, 2000).ravel()) == set(range(30))


def test_images_of_one_label_cannot_be_paired():
    with pytest.raises(ValueError, match="labels should be of at least two classes"):
        pairs_of(np.zeros(9, np.int64))


def test_black_and_white_differ_by_one():
    assert differences(np.zeros((3, 2, 2)), np.ones((3, 2, 2))).tolist() == [1, 1, 1]


def test_a_fade_is_perfectly_even_and_takes_no_detour():
    one, other = np.random.default_rng(0).random((2, 20, 6, 6))
    steps, largest, detour = evenness(fade(one, other, FRAMES))
    np.testing.assert_allclose(largest, 1, rtol=1e-5)
    np.testing.assert_allclose(detour, 1, rtol=1e-5)
    np.testing.assert_allclose(steps.sum(1), differences(one, other), rtol=1e-5)


def test_a_film_that_waits_and_leaps_is_uneven_and_one_that_wanders_takes_a_detour():
    black, white = np.zeros((2, 2)), np.ones((2, 2))
    leap = np.stack([black] * 6 + [white] * 5)
    wander = np.stack([black, white] * 5 + [white])
    _, largest, detour = evenness(np.stack([leap, wander]))
    np.testing.assert_allclose(largest, [10, 10 / 9])
    np.testing.assert_allclose(detour, [1, 9])


def test_a_film_whose_ends_are_one_picture_has_no_ratios():
    film = np.zeros((1, FRAMES, 2, 2))
    steps, largest, detour = evenness(film)
    assert (steps == 0).all()
    assert np.isnan(largest).all()
    assert np.isnan(detour).all()


def test_the_gap_is_0_at_the_ends_and_1_at_their_fade():
    ends, faded = np.array([0.1, 0.2, 0.3]), np.array([0.3, 0.3, 0.6])
    assert gap(ends, ends, faded) == 0
    assert gap(faded, ends, faded) == pytest.approx(1)
    assert gap((ends + faded) / 2, ends, faded) == pytest.approx(0.5)
    assert gap(ends, ends, ends) is None


def test_a_run_is_measured_on_both_paths(numbers: Numbers):
    assert numbers["pairs"] == PAIRS >= 500
    for path in ("line", "circle"):
        found = numbers[path]
        assert np.array(found["steps"]).shape == (3, FRAMES - 1)
        assert len(found["confidence"]) == FRAMES
        for name in ("largest", "detour", "distance"):
            low, middle, high = found[name]
            assert low < middle < high
        assert found["largest"][0] >= 1
        assert found["detour"][0] >= 0.999
    assert numbers["line"] != numbers["circle"]
    # Both paths begin and end with the same pictures.
    for place in (0, -1):
        assert numbers["line"]["confidence"][place] == numbers["circle"]["confidence"][place]


def test_end_images_and_their_fade_do_not_depend_on_the_path(numbers: Numbers):
    ends = numbers["line"]["confidence"][0], numbers["line"]["confidence"][-1]
    assert numbers["ends"]["confidence"] == pytest.approx(np.mean(ends), abs=1e-3)
    assert numbers["ends"]["distance"][1] < numbers["faded"]["distance"][1]


def test_numbers_are_small_plain_and_the_same_again(run: Run, root: Path, numbers: Numbers):
    text = json.dumps(numbers, allow_nan=False)
    assert len(text) < 2000
    assert json.loads(text) == measure(run, root)


def test_blending_pixels_moves_perfectly_evenly_and_away_from_real_images(originals: Numbers):
    faded = originals["faded"]
    np.testing.assert_allclose(faded["largest"] + faded["detour"], 1, rtol=1e-3)
    assert faded["distance"][1] > 1.2 * originals["ends"]["distance"][1]
    assert faded["confidence"][HALFWAY] < originals["ends"]["confidence"] - 0.1
    assert originals["training_images"] == 1437


def collapsed(run: Run) -> Run:
    """Return the same run with all codes in one place."""
    return replace(run, codes={**run.codes, "mean": np.zeros_like(run.codes["mean"])})


def test_a_collapsed_model_moves_nowhere_and_nothing_is_claimed_of_it(run: Run, root: Path):
    found = measure(collapsed(run), root)
    assert found["apart"] == [0, 0, 0]
    for path in ("line", "circle"):
        assert found[path]["largest"] is None
        assert found[path]["detour"] is None
        assert found[path]["gap"] is None
        assert not passage({0: found}, path).moves


def test_codes_of_other_images_are_refused(run: Run, root: Path):
    with pytest.raises(
        ValueError, match=r"test images should be those digits-vae.* was tested on"
    ):
        measure(replace(run, codes={**run.codes, "label": run.codes["label"][::-1].copy()}), root)


def test_missing_images_are_said_to_be_missing(root: Path, monkeypatch: pytest.MonkeyPatch):
    def missing(_: DataConfig) -> None:
        raise MissingData("not here")

    monkeypatch.setattr(interpolation, "load", missing)
    interpolation.images_of.cache_clear()
    with pytest.raises(MissingData, match="not here"):
        compare(DIGITS, root)
    interpolation.images_of.cache_clear()


def test_what_is_measured_is_kept(run: Run, root: Path, numbers: Numbers, originals: Numbers):
    measure_runs(INTERPOLATIONS, root)
    assert kept_passages(CONFIG, root) == {0: numbers}
    assert compared(INTERPOLATIONS, DIGITS, root) == originals


def test_of_a_model_too_blurred_to_tell_a_fade_from_its_ends_nothing_is_claimed(
    run: Run, root: Path
):
    near = run.codes["mean"].mean(0) + 0.05 * (run.codes["mean"] - run.codes["mean"].mean(0))
    found = measure(replace(run, codes={**run.codes, "mean": near}), root)
    assert found["line"]["gap"] is None
    assert not passage({0: found}, "line").moves


def test_a_passage_has_a_value_for_each_seed(numbers: Numbers):
    found = passage({0: numbers, 2: numbers}, "line")
    doubt = numbers["ends"]["confidence"] - numbers["line"]["confidence"][HALFWAY]
    assert found.moves
    assert found == Passage(
        largest=dict.fromkeys((0, 2), numbers["line"]["largest"][1]),
        detour=dict.fromkeys((0, 2), numbers["line"]["detour"][1]),
        gap=dict.fromkeys((0, 2), numbers["line"]["gap"]),
        doubt=dict.fromkeys((0, 2), doubt),
    )


def seeds(**values: list[float]) -> dict[str, dict[int, float]]:
    """Return the numbers of some models by seed, given for the first seeds in order."""
    return {name: dict(enumerate(numbers)) for name, numbers in values.items()}


def test_seeds_that_disagree_are_a_tie():
    def tie(ours: list[float], theirs: list[float]) -> bool:
        return not differs(dict(enumerate(ours)), dict(enumerate(theirs)))

    assert not tie([1, 2, 5], [4, 5, 6])
    assert not tie([4, 5, 6], [1, 2, 5])
    assert tie([1, 2, 6], [4, 5, 6])
    assert tie([1, 9, 2], [4, 5, 6])


def test_the_extremes_are_named_with_their_ties_and_not_at_all_if_they_tie():
    values = seeds(low=[1.0, 1.2], near=[1.1, 1.1], middle=[3.0, 3.1], high=[7.0, 8.0])
    assert extremes(values) == (["low", "near"], ["high"])
    assert extremes(values | seeds(wide=[0.9, 8.1])) == (["low", "near"], ["high"])
    assert extremes(seeds(one=[1.0, 6.0], other=[2.0, 5.0])) == ([], [])
    assert extremes(seeds(alone=[1.0])) == ([], [])
    assert extremes({}) == ([], [])


def test_no_group_leads_where_a_model_that_ties_with_both_ends_stands_among_it():
    """The VAE ties with the least and the largest, between two that tie with the least."""
    values = seeds(beta=[0.10, 0.20], vae=[0.05, 0.41], ae=[0.30, 0.18], noisy=[0.31, 0.40])
    assert extremes(values) == ([], ["noisy"])
    turned = {name: {s: -v for s, v in each.items()} for name, each in values.items()}
    assert extremes(turned) == (["noisy"], [])
