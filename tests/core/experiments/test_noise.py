import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.config import with_seed
from core.experiments.claims import DEPENDS, FAILS, FIRST_LOOK, HOLDS, UNKNOWN
from core.experiments.kept import numbers_of
from core.experiments.measuring import noise
from core.experiments.measuring.every_run import measure_runs
from core.experiments.measuring.noise import measure, noisy_codes, rate_bits
from core.experiments.noise import (
    JUDGED,
    LEVELS,
    NOISE,
    SAMPLED,
    USUAL,
    bits_per_latent,
    errors,
    families,
    judge,
    judge_family,
    measured,
)
from core.experiments.trainings import NOTHING, Trainings
from core.explore.samplers import SAMPLERS
from core.families import is_doubled
from core.metrics.channel import capacity_limit, gaussian_capacity
from core.metrics.latents import code_scale
from core.recipes import recipe
from core.runs import Run, load_or_train

MODELS = ("ae", "noisy-ae", "vae")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Return a small run of each kind of posterior."""
    folder = tmp_path_factory.mktemp("runs")
    return {
        name: load_or_train(recipe("digits", name, 3, hidden=(16,), epochs=20), folder)
        for name in MODELS
    }


def test_codes_without_noise_are_the_codes():
    codes = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    assert (noisy_codes(codes, 0, 5.0) == codes).all()


def test_noise_has_the_level_of_the_codes_own_scale_and_the_same_direction_for_every_model():
    wide, narrow = np.zeros((4000, 3), np.float32), np.ones((4000, 3), np.float32)
    one, other = noisy_codes(wide, 0.5, 8.0), noisy_codes(narrow, 2.0, 0.1) - 1
    assert one.std() == pytest.approx(4.0, rel=0.02)
    np.testing.assert_allclose(one / 4.0, other / 0.2, atol=1e-4)
    assert not np.allclose(one, noisy_codes(wide, 0.5, 8.0, seed=1))


@pytest.mark.parametrize("model", MODELS)
def test_without_noise_the_error_is_that_of_the_run_and_far_noise_makes_it_worse(runs, model: str):
    found = measure(runs[model], Path())
    assert found["levels"] == list(LEVELS)
    assert found["n"] == runs[model].metrics["test_images"] == 360
    assert found["mse"][0] == pytest.approx(runs[model].metrics["mse"], rel=0.01)
    assert found["mse"][-1] > found["mse"][0]
    assert found["nll"][-1] > found["nll"][0]
    assert len(found["mse"]) == len(found["nll"]) == len(LEVELS)
    assert found["code_scale"] == pytest.approx(code_scale(runs[model].codes["mean"]), rel=1e-5)


def test_errors_do_not_depend_on_the_unit_of_the_codes(runs):
    """Codes twice as large, read by a decoder whose first layer is halved, are the same model."""
    run = runs["ae"]
    first = next(name for name in run.model.state_dict() if name.startswith("decoder"))
    assert first.endswith("weight")
    weights = run.weights | {first: run.weights[first] / 2}
    doubled = replace(run, weights=weights, codes=run.codes | {"mean": 2 * run.codes["mean"]})
    assert measure(doubled, Path())["mse"] == pytest.approx(measure(run, Path())["mse"], rel=1e-4)


def test_the_rate_is_the_channels_or_the_kl_in_bits_and_unknown_without_noise(runs):
    assert rate_bits(runs["ae"]) is None
    vae, noisy = rate_bits(runs["vae"]), rate_bits(runs["noisy-ae"])
    assert vae is not None
    assert noisy is not None
    assert sum(vae) == pytest.approx(runs["vae"].metrics["kl"] / math.log(2), rel=1e-3)
    variance, std = runs["noisy-ae"].codes["mean"].var(0), runs["noisy-ae"].codes["std"]
    assert noisy == pytest.approx(
        gaussian_capacity(variance, float(np.square(std).mean())), rel=0.01
    )
    assert (
        sum(noisy) <= 3 * capacity_limit(USUAL, 3) * 1.05
    )  # test codes may spread a little wider than R says


def test_it_uses_some_images_only_where_there_are_many(runs, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(noise, "MOST_IMAGES", 50)
    assert measure(runs["vae"], Path())["n"] == 50


def test_numbers_are_kept_for_every_kind_of_run(tmp_path: Path):
    config = recipe("digits", "noisy-ae", 2, hidden=(16,), epochs=1)
    load_or_train(config, tmp_path)
    measure_runs(NOISE, tmp_path)
    found = numbers_of(NOISE, config, tmp_path)
    assert found is not None
    assert len(found["rate_bits"]) == 2
    known = measured(config, tmp_path)
    assert known.rows("noise") == {0: found}
    assert known.rows("samples") == {}
    assert measured(with_seed(config, 1), tmp_path).rows("noise") == {0: found}
    assert errors(known, [0.5, 0.0]) == {0: (found["mse"][LEVELS.index(0.5)], found["mse"][0])}
    assert bits_per_latent(known) == {0: pytest.approx(np.mean(found["rate_bits"]))}


def model(
    error: float, distance: float = 10.0, coverage: float = 0.5, seeds: int = 3, rest: float = 0.1
) -> Trainings:
    """Return made-up numbers; the seeds differ a little."""
    by_level = [rest + level * error for level in LEVELS]
    noise, samples = {}, {}
    for seed in range(seeds):
        larger = 1 + seed / 100
        noise[seed] = {"levels": list(LEVELS), "mse": [mse * larger for mse in by_level]}
        samples[seed] = dict.fromkeys(SAMPLED, (distance * larger, coverage))
    return Trainings({"noise": noise, "samples": samples})


def test_the_verdict_says_what_the_numbers_say():
    found = judge(
        model(1.0, 100, 0.4),
        {0.05: model(0.5, 80, 0.5, rest=0.12), 0.2: model(0.2, 20, 0.9, rest=0.2)},
        model(0.3, 30, 0.8),
    )
    assert found.comparisons.pairs == 3
    assert found.under_noise.words == {0.05: HOLDS, 0.2: HOLDS}
    assert found.at_rest.words == {0.05: FAILS, 0.2: FAILS}
    assert found.at_rest[0.2].ratio().mean == pytest.approx(2)
    assert found.under_noise.best == 0.2
    assert found.of_interest == [0.05, 0.2]
    assert found.robust().word == HOLDS
    assert {found.better_samples(name).word for name in SAMPLED} == {HOLDS}
    assert found.better_samples(*SAMPLED).word == HOLDS
    assert found.reaches.words == {
        (ratio, name): HOLDS if ratio == 0.2 else FAILS
        for ratio in (0.05, 0.2)
        for name in SAMPLED
    }
    assert found.without.words == dict.fromkeys(SAMPLED, FAILS)


def test_noise_gets_no_credit_for_what_the_autoencoder_reaches_without_it():
    found = judge(model(1.0, 20, 0.9), {0.05: model(0.5, 10, 0.95)}, model(0.3, 30, 0.8))
    assert found.reaches_vae().word == found.without.word == HOLDS


def test_noise_makes_a_generator_only_where_all_samples_say_so():
    bad, good, target = model(1.0, 20, 0.5), model(1.0, 10, 0.9), model(1.0, 15, 0.8)
    assert judge(bad, {0.05: good}, target).generates.word == HOLDS
    assert judge(bad, {0.05: good, 0.2: bad}, target).generates.word == DEPENDS
    assert judge(good, {0.05: bad}, target).generates.word == FAILS
    assert judge(good, {0.05: bad}, NOTHING).generates.word == FAILS
    assert judge(NOTHING, {}, NOTHING).generates.word == UNKNOWN


def test_noise_that_only_harms_gets_a_no():
    found = judge(model(1.0, 10, 0.9), {0.05: model(2.0, 20, 0.5)}, model(0.5, 5, 0.95))
    assert found.under_noise.word == FAILS
    assert found.better_samples("box").word == FAILS
    assert found.reaches.word == FAILS


def test_a_smaller_distance_at_less_coverage_depends():
    found = judge(model(1.0, 10, 0.9), {0.05: model(0.5, 5, 0.5)}, NOTHING)
    assert found.better_samples("gaussian").word == DEPENDS
    assert found.reaches.word == UNKNOWN


def test_every_sampler_is_judged_and_a_mixture_alone_is_enough_to_reach_the_vae():
    assert set(SAMPLED) == set(SAMPLERS)
    bare = model(1.0, 100, 0.1)
    samples = {s: {**row, "mixture": (10.0, 0.95)} for s, row in bare.rows("samples").items()}
    bare = Trainings({**bare.parts, "samples": samples})
    found = judge(bare, {0.05: model(0.5, 50, 0.5)}, model(0.3, 30, 0.8))
    assert found.without.with_word(HOLDS) == ["mixture"]
    assert found.better_samples("mixture").word == FAILS
    assert found.better_samples("box").word == HOLDS
    assert len(found.comparisons) == 1 + 2 * len(SAMPLERS)


def test_without_noise_the_shipped_mnist_autoencoder_reaches_the_vae_with_a_mixture():
    ten = next(
        runs
        for (data, latents), runs in families().items()
        if (data.name, latents) == ("mnist", 10)
    )
    found = judge_family(ten)
    ae = measured(ten[0.0]).column("samples", "mixture")
    vae = measured(ten[None]).column("samples", "prior")
    assert all(ae[seed][0] < vae[seed][0] and ae[seed][1] > vae[seed][1] for seed in vae)
    assert found.without["mixture"].word == HOLDS


def test_error_at_one_level_only_is_not_enough():
    crossing = model(1.0)
    for numbers in crossing.rows("noise").values():
        numbers["mse"][LEVELS.index(JUDGED[1])] = 99.0
    assert judge(model(1.1), {0.05: crossing}, NOTHING).under_noise[0.05].word == DEPENDS


@pytest.mark.parametrize("seeds", [0, 1, 2, 3])
def test_a_verdict_counts_its_seeds_and_bears_having_few(seeds: int):
    found = judge(model(1.0), {0.05: model(0.5, seeds=seeds)}, model(0.5))
    assert found.comparisons.pairs == seeds
    assert found.under_noise[0.05].word == [UNKNOWN, FIRST_LOOK, FIRST_LOOK, HOLDS][seeds]
    assert found.under_noise[0.05].leaning == (HOLDS if seeds else UNKNOWN)
    assert found.of_interest == ([0.05] if seeds else [])


def test_nothing_measured_is_no_verdict():
    for found in (judge(NOTHING, {}, NOTHING), judge(NOTHING, {0.05: NOTHING}, NOTHING)):
        assert found.comparisons.pairs == 0
        assert found.of_interest == []
        assert found.better_samples("prior").word == UNKNOWN
        assert found.under_noise.best is None


def test_every_family_has_an_autoencoder_a_noisy_one_and_a_vae():
    found = families()
    assert {(data.name, latents) for data, latents in found} == {
        *((data, latents) for data in ("digits", "mnist") for latents in (2, 10)),
        ("sprites", 10),
    }
    for runs in found.values():
        assert runs.keys() >= {0.0, USUAL, None}
        assert {config.train.seed for config in runs.values()} == {0}
        assert not any(is_doubled(config) for config in runs.values())
