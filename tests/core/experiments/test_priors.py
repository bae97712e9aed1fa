from pathlib import Path
from typing import Any

import pytest

from core.config import PRIORS, with_seed
from core.experiments.claims import DEPENDS, FAILS, FIRST_LOOK, UNKNOWN
from core.experiments.evidence import EVIDENCE
from core.experiments.kept import numbers_of
from core.experiments.measuring.every_run import measure_runs
from core.experiments.measuring.priors import measure
from core.experiments.priors import (
    CRITERIA,
    EXPOST,
    GRADIENTS,
    covers,
    judge,
    measured,
    saturated,
    values,
    variance_ratios,
)
from core.experiments.rate import RATE
from core.experiments.trainings import NOTHING, Trainings
from core.metrics.gradients import ESTIMATORS
from core.recipes import recipe, with_prior
from core.runs import Run, load_or_train
from core.shelf import shipped

pytestmark = pytest.mark.slow


def small(prior: str) -> Any:
    return recipe("digits", "vae", 2, prior=prior, hidden=(32,), epochs=25)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Run, dict[str, Any]]]:
    """Return a small run of each prior, and what was measured of it."""
    folder = tmp_path_factory.mktemp("runs")
    trained = {prior: load_or_train(small(prior), folder) for prior in PRIORS}
    return {prior: (run, measure(run, folder)) for prior, run in trained.items()}


@pytest.mark.parametrize("prior", PRIORS)
def test_the_reparameterised_gradient_is_the_least_noisy_and_all_estimate_the_same(
    runs, prior: str
):
    gradient, far = runs[prior][1]["gradient"], runs[prior][1]["disagreement"]
    assert list(gradient) == list(ESTIMATORS)
    assert gradient["pathwise"] < gradient["baseline"] < gradient["score"]
    assert all(0.7 < one < 1.4 for one in far.values())


def test_it_is_made_of_the_vaes_that_differ_in_their_prior():
    covered = [config for config in shipped() if covers(config)]
    assert {(c.data.name, c.model.latent_dim, c.model.prior) for c in covered} >= {
        (data, latents, prior)
        for data in ("digits", "mnist")
        for latents in (2, 10)
        for prior in PRIORS
    }
    assert {config.model.name for config in covered} == {"vae"}
    assert {config.model.likelihood for config in covered} == {"bernoulli"}
    assert not covers(recipe("sprites", "vae", 10))


def test_numbers_are_kept_by_seed(tmp_path: Path):
    config = recipe("digits", "vae", 2, prior="mixture", hidden=(16,), epochs=1)
    load_or_train(config, tmp_path)
    for study in (GRADIENTS, EVIDENCE, RATE):
        assert (
            measured(config, root=tmp_path).rows("fit") == {}
        )  # not before all of them are known
        measure_runs(study, tmp_path)
    found, bound, rate = (
        numbers_of(study, config, tmp_path) for study in (GRADIENTS, EVIDENCE, RATE)
    )
    assert found is not None
    assert bound is not None
    assert rate is not None
    known = measured(config, root=tmp_path)
    assert known.rows("fit")[0].items() >= found.items()
    assert values(known, "nll") == [bound["nll"]]
    assert values(known, "elbo") == [bound["elbo"]]
    assert values(known, "kl_aggregate") == [rate["marginal"]]
    assert values(known, "active") == values(known, "frechet") == []
    assert variance_ratios(known, "score") == [
        found["gradient"]["score"] / found["gradient"]["pathwise"]
    ]
    assert measured(with_seed(config, 1), root=tmp_path) == known
    assert measured(config, EXPOST, tmp_path).rows("fit") == {}  # a bound of another prior


LITTLE_TOLD = {"information": 1.0, "images": 10_000}
"""What a training has to say of its codes, for its fit to them to be judged."""


def model(
    nll: float, kl: float, frechet: float, coverage: float = 0.5, seeds: int = 3
) -> Trainings:
    """Return made-up numbers; the seeds differ a little."""
    fit, samples = {}, {}
    for seed in range(seeds):
        off = seed / 100
        fit[seed] = {"nll": nll + off, "kl_aggregate": kl + off, **LITTLE_TOLD}
        samples[seed] = {"frechet": frechet + off, "coverage": coverage}
    traits = {seed: {"active": 2} for seed in range(seeds)}
    return Trainings({"fit": fit, "traits": traits, "samples": samples})


def test_a_prior_that_is_better_in_all_is_a_champion():
    found = judge(
        {
            "normal": model(100, 1, 50),
            "vamp": model(99, 0.5, 40, 0.6),
            "uniform": model(101, 2, 60, 0.4),
        }
    )
    assert found.beaten == list(CRITERIA)
    assert found.champions == ["vamp"]
    assert found.of_criterion("nll").with_word(FAILS) == ["uniform"]
    assert found.cases.pairs == 3


def test_what_was_fitted_afterwards_is_judged_by_its_samples_alone():
    found = judge({"normal": model(100, 1, 50), EXPOST: model(90, 0.1, 40, 0.6)})
    assert list(found.cases) == [("samples", EXPOST)]
    assert found.better("samples") == [EXPOST]
    assert found.beaten == []
    assert found.champions == []


def test_a_prior_that_wins_with_some_seeds_only_does_not_beat_the_normal():
    fit = {s: {"nll": 98 + 2 * s, "kl_aggregate": 2.0, **LITTLE_TOLD} for s in range(3)}
    mixed = Trainings({"fit": fit})
    found = judge({"normal": model(100, 1, 50), "mixture": mixed})
    assert found.cases["nll", "mixture"].word == DEPENDS
    assert found.cases["kl", "mixture"].word == FAILS
    assert found.cases["samples", "mixture"].word == UNKNOWN
    assert found.beaten == []
    assert found.cases.measured.pairs == 3


def test_one_pair_of_trainings_beats_nothing_for_good():
    found = judge({"normal": model(100, 1, 50), "vamp": model(99, 0.5, 40, 0.6, seeds=1)})
    assert found.champions == ["vamp"]
    assert set(found.cases.words.values()) == {FIRST_LOOK}


def test_fewer_coverage_with_a_smaller_distance_is_no_win():
    found = judge({"normal": model(100, 1, 50), "mixture": model(99, 0.5, 40, 0.4)})
    assert found.beaten == ["nll", "kl"]
    assert found.champions == []


def test_what_is_not_measured_is_no_verdict():
    for known in (
        {},
        {"normal": NOTHING},
        {"normal": NOTHING, "vamp": model(1, 1, 1)},
        {"vamp": NOTHING},
    ):
        found = judge(known)
        assert (found.cases.measured.pairs, found.beaten, found.champions) == (0, [], [])


def test_the_shelf_has_the_same_networks_and_epochs_for_every_prior():
    for data in ("digits", "mnist"):
        runs = [with_prior(data, 10, prior) for prior in PRIORS]
        assert len({(run.model.hidden, run.model.network, run.train.epochs) for run in runs}) == 1
        assert len({run.train for run in runs}) == 1
        assert runs[0].train.warm_up == recipe(data, "vae", 10).train.epochs // 10


def test_where_nearly_every_code_tells_its_image_the_fit_to_the_codes_is_left_out():
    all_told = {"information": 9.1, "images": 10_000}
    near, far = (
        Trainings({"fit": {0: {"nll": nll, "kl_aggregate": 0.4, **all_told}}}) for nll in (99, 100)
    )
    found = judge({"normal": far, "vamp": near})
    assert found.saturated
    assert list(found.cases) == [("nll", "vamp"), ("samples", "vamp")]
    assert not judge({"normal": model(100, 1, 50), "vamp": model(99, 0.5, 40, 0.6)}).saturated
    assert not saturated(Trainings({"fit": {0: LITTLE_TOLD}}))
