"""Who is alike but for named fields, and who is whose sibling."""

import pytest

from core import families
from core.config import FIELDS, PRIORS, changed
from core.recipes import recipe, with_prior
from core.shelf import shipped


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"epochs": 3}, {"latent_dim": 10}, {"hidden": (9,)}, {"prior": "uniform"}],
)
def test_runs_are_alike_but_for_the_named_field_and_no_other(change):
    vae = recipe("digits", "vae")
    other = changed(vae, **change)
    assert not families.alike(vae, other)
    assert families.alike(vae, other, but_for=change)
    assert not families.alike(vae, other, but_for=set(FIELDS) - change.keys())
    assert families.alike(vae, changed(vae), but_for=())


def test_a_field_that_is_none_is_refused():
    vae = recipe("digits", "vae")
    with pytest.raises(ValueError, match="did you mean 'seed'"):
        families.alike(vae, vae, but_for={"sed"})
    with pytest.raises(ValueError, match="did you mean 'warm_up'"):
        changed(vae, warmup=3)


def test_changing_a_config_leaves_the_rest_as_it_is():
    vae = recipe("digits", "vae", 10)
    other = changed(vae, size=8, beta=4.0, epochs=7)
    assert (other.model.name, other.train.epochs, other.data) == ("beta-vae", 7, vae.data)
    assert changed(other, beta=1.0, epochs=vae.train.epochs) == vae


def test_runs_that_are_alike_stand_together_in_the_order_given():
    runs = [recipe("digits", name, seed=seed) for seed in (2, 0, 1) for name in ("vae", "ae")]
    assert families.groups(runs) == [runs[::2], runs[1::2]]
    assert families.groups(runs, but_for=families.MODEL) == [runs[:2], runs[2:4], runs[4:]]
    assert families.groups([]) == []


def test_stops_differ_in_one_number_alone_and_come_least_first():
    vae = recipe("mnist", "vae", 10)
    stops = families.stops(vae, shipped(), "beta")
    assert list(stops) == [1.0, 2.0, 4.0, 8.0]
    assert stops[1.0] == vae
    ratios = families.stops(recipe("digits", "noisy-ae"), shipped(), "noise_ratio")
    assert list(ratios) == [0.0, 0.01, 0.05, 0.2, 0.5, 1.0]
    assert ratios[0.0] == recipe("digits", "ae")
    assert families.stops(vae, (), "beta") == {}


def test_the_usual_run_is_plain_then_nearest_then_one_that_ships():
    beta = [recipe("mnist", "beta-vae", 10, beta=beta) for beta in (2.0, 4.0, 8.0)]
    assert families.usual(beta) == beta[1]
    own = recipe("mnist", "vae", 10, epochs=2)
    odd = recipe("mnist", "vae", 10, prior="vamp")
    assert families.usual([odd, own]) == own
    assert families.usual([own, recipe("mnist", "vae", 10)]) == recipe("mnist", "vae", 10)


def test_each_prior_is_shown_with_the_warm_up_that_most_have():
    vae = recipe("mnist", "vae", 10)
    runs = families.with_each_prior(vae, shipped(), vae)
    assert runs == {prior: with_prior("mnist", 10, prior) for prior in PRIORS}
    assert families.with_each_prior(vae, [vae], vae) == {"normal": vae}
    vamp = changed(with_prior("mnist", 10, "vamp"), warm_up=3)
    assert families.with_each_prior(vamp, [*shipped(), vamp], vamp) == {"vamp": vamp}
    second = changed(with_prior("mnist", 10, "vamp"), seed=1)
    assert families.with_each_prior(vae, [second, *shipped()], vae)["vamp"].train.seed == 0
    assert families.with_each_prior(vae, [second, *shipped()], second)["vamp"] == second
