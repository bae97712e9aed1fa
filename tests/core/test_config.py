import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import config as module
from core import recipes
from core.config import (
    LIKELIHOODS,
    MODEL_LABELS,
    PRIORS,
    SIZES,
    DataConfig,
    ModelConfig,
    RunConfig,
    TrainConfig,
    nearest,
    with_epochs,
    with_seed,
)
from core.families import is_doubled
from core.recipes import recipe, with_prior
from core.shelf import SHELF, binary, gaussians, more_seeds, seeds_of, shipped

NUMBERS = st.floats(0, 1e6)


@st.composite
def configs(draw: st.DrawFn) -> RunConfig:
    """Return any valid config."""
    data = draw(
        st.sampled_from(
            [DataConfig(name=name, size=size) for name, sizes in SIZES.items() for size in sizes]
        )
    )
    posterior = draw(st.sampled_from(module.POSTERIORS))
    likelihood = draw(
        st.sampled_from(LIKELIHOODS if posterior != "recognised" else LIKELIHOODS[:1])
    )
    is_weighed = posterior == "learned" and draw(st.booleans())
    weight: Any = {"beta": draw(NUMBERS)} if is_weighed else {}
    model = ModelConfig(
        posterior=posterior,
        latent_dim=draw(st.integers(1, 1024)),
        **weight,
        noise_ratio=draw(NUMBERS | st.none()) if posterior == "fixed" else None,
        likelihood=likelihood,
        noise_dim=draw(st.integers(0, 1024) | st.none()) if posterior == "recognised" else None,
        information=draw(NUMBERS | st.none()) if posterior == "recognised" else None,
        scale=draw(st.floats(1e-4, 10) | st.none()) if likelihood == "gaussian" else None,
        network=draw(st.sampled_from(["mlp", "conv"] if data.name == "sprites" else ["mlp"])),
        hidden=tuple(draw(st.lists(st.integers(1, 65536), max_size=4))),
    )
    train = TrainConfig(
        epochs=draw(st.integers(1, 100_000)),
        batch_size=draw(st.integers(1, 1_000_000)),
        learning_rate=draw(st.floats(1e-8, 1)),
        seed=draw(st.integers(0, 2**31 - 1)),
    )
    return RunConfig(data=data, model=model, train=train)


@settings(deadline=None)
@given(configs())
def test_a_config_comes_back_from_json_equal_with_the_same_key_and_hash(config: RunConfig):
    back = RunConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert back == config
    assert (back.key, hash(back)) == (config.key, hash(config))


@settings(deadline=None)
@given(configs(), configs())
def test_two_configs_have_one_key_only_if_they_are_equal(one: RunConfig, other: RunConfig):
    assert (one.key == other.key) == (one == other)


@settings(deadline=None)
@given(configs())
def test_a_key_is_a_safe_name_of_a_folder(config: RunConfig):
    assert set(config.key) <= set("abcdefghijklmnopqrstuvwxyz0123456789-+.")
    assert config.key.startswith(config.data.name)
    assert len(config.key) < 80


def test_a_key_says_data_model_number_latents_and_seed():
    assert recipe("sprites", "beta-vae", 10, beta=0.5, size=64, seed=3).key.startswith(
        "sprites64-beta-vae-0.5-z10-s3-"
    )
    assert recipe("digits", "noisy-ae", noise_ratio=0.2).key.startswith(
        "digits-noisy-ae-0.2-z2-s0-"
    )


def test_keys_that_are_out_in_links_and_folders_do_not_change():
    assert recipe("digits", "vae").key == "digits-vae-z2-s0-2d2472c0"
    sprites = recipe(
        "sprites",
        "beta-vae",
        10,
        size=64,
        network="conv",
        hidden=(256, 256),
        epochs=20,
        batch_size=128,
    )
    assert sprites.key == "sprites64-beta-vae-4-z10-s0-08578350"


def test_a_field_added_later_leaves_every_key_as_it_is(monkeypatch: pytest.MonkeyPatch):
    before = [config.key for config in shipped()]

    @dataclass(frozen=True, kw_only=True)
    class LaterModel(ModelConfig):
        dropout: float = 0.0

    monkeypatch.setattr(module, "ModelConfig", LaterModel)
    monkeypatch.setattr(recipes, "ModelConfig", LaterModel)
    later = shipped.__wrapped__()
    assert [config.key for config in later] == before
    changed = dataclasses.replace(later[0], model=dataclasses.replace(later[0].model, dropout=0.1))
    assert changed.key != before[0]


def test_what_is_left_out_is_the_same_as_its_default_said_aloud():
    assert recipe("digits", "vae", beta=1) == recipe("digits", "vae")
    assert recipe("digits", "noisy-ae", noise_ratio=0.05, seed=0) == recipe("digits", "noisy-ae")
    assert recipe("sprites", "ae", size=32).key == recipe("sprites", "ae").key


def test_an_older_description_without_a_later_field_is_read_with_its_default():
    config = recipe("digits", "vae")
    described = config.to_dict()
    del described["model"]["prior"], described["train"]["seed"]
    assert RunConfig.from_dict(described) == config


def test_any_beta_but_one_makes_a_vae_a_beta_vae():
    names = {beta: recipe("digits", "vae", beta=beta).model.name for beta in (0, 0.5, 1, 4)}
    assert names == {0: "beta-vae", 0.5: "beta-vae", 1: "vae", 4: "beta-vae"}
    assert recipe("digits", "beta-vae").model.beta == 4
    assert recipe("digits", "ae").model.beta == recipe("digits", "noisy-ae").model.beta == 0


def test_labels_tell_siblings_apart():
    labels = [recipe("digits", model).model.label for model in MODEL_LABELS]
    assert labels == ["AE", "Noisy AE, η = 0.05", "VAE", "β-VAE, β = 4"]


def test_the_shelf_holds_every_family_and_the_sweeps_over_noise_and_beta():
    runs = {
        (c.data.name, c.model.latent_dim, c.model.name, c.model.noise_ratio or c.model.beta)
        for c in shipped()
    }
    noises = {0.01, 0.05, 0.2, 0.5, 1.0}
    for data in ("digits", "mnist"):
        for latent_dim in (2, 10):
            swept = {number for *place, number in runs if place == [data, latent_dim, "noisy-ae"]}
            assert swept == noises
            assert {
                (data, latent_dim, name, n) for name, n in (("ae", 0), ("vae", 1), ("beta-vae", 4))
            } <= runs
    assert {number for *place, number in runs if place == ["mnist", 10, "beta-vae"]} == {2, 4, 8}
    assert {number for *place, number in runs if place == ["sprites", 10, "beta-vae"]} == {
        2,
        4,
        8,
        16,
    }
    assert {
        ("sprites", 10, name, n) for name, n in (("ae", 0), ("noisy-ae", 0.05), ("vae", 1))
    } <= runs


def test_the_sprites_sweep_ships_two_seeds_and_the_rest_only_the_first():
    several = [c for c in shipped() if c.train.seed]
    assert {(c.data.name, c.model.posterior) for c in several} == {("sprites", "learned")}
    assert len(several) == 5
    assert len({c.key for c in shipped()}) == len(shipped()) == 70


def test_all_priors_have_the_same_seeds_networks_and_schedule():
    known = {*shipped(), *more_seeds()}
    for data, dims in {"digits": (2, 10), "mnist": (2, 10, 40)}.items():
        for dim in dims:
            standard = with_prior(data, dim, "normal")
            for prior in PRIORS:
                config = with_prior(data, dim, prior)
                assert {with_seed(config, seed) for seed in seeds_of(data)} <= known
                assert config.model.hidden == standard.model.hidden
                assert config.train == standard.train
                assert config.train.warm_up == config.train.epochs // 10


@pytest.mark.parametrize("data", ["digits", "mnist", "mnist-dynamic"])
def test_a_prior_brings_its_warm_up_and_the_family_keeps_its_own_schedule(data: str):
    assert {recipe(data, name, 2).train.warm_up for name in MODEL_LABELS} == {0}
    for prior in PRIORS:
        expected = 0 if prior == "normal" else recipe(data, "vae", 2).train.epochs // 10
        assert recipe(data, "vae", 2, prior=prior).train.warm_up == expected
        assert recipe(data, "vae", 2, prior=prior, warm_up=3).train.warm_up == 3


def test_the_box_of_an_infogan_brings_no_warm_up():
    assert recipe("sprites", "infogan", 10, prior="uniform").train.warm_up == 0


def test_only_a_standard_normal_that_differs_in_warm_up_from_the_familys_is_doubled():
    doubled = {
        (c.data.name, c.model.latent_dim, c.model.prior, c.train.warm_up)
        for c in shipped()
        if is_doubled(c)
    }
    assert doubled == {
        (d, n, "normal", w) for d, w in (("digits", 20), ("mnist", 6)) for n in (2, 10)
    }
    assert is_doubled(with_seed(with_prior("digits", 2, "normal"), 4))
    assert not is_doubled(recipe("digits", "vae", 2, warm_up=5))


def test_binarised_runs_are_measured_with_the_networks_of_the_paper():
    assert len(binary()) == 4
    for config in binary():
        assert config in more_seeds()
        assert (config.model.network, config.model.hidden) == ("gated", (300, 300))
        assert config.model.components == (500 if config.model.prior == "vamp" else None)


def test_an_infogan_stands_beside_the_four_and_changes_none_of_their_keys():
    config = recipe("sprites", "infogan", 10)
    assert config.key.startswith("sprites-infogan-z10-s0-")
    assert (config.model.name, config.model.label, config.model.beta) == ("infogan", "InfoGAN", 0)
    assert config == recipe(
        "sprites", "infogan", 10, noise_dim=module.NOISE_DIM, information=module.INFORMATION
    )
    assert "infogan" in module.ALL_LABELS
    assert "infogan" not in MODEL_LABELS
    assert recipe("sprites", "beta-vae", 10).key == "sprites-beta-vae-4-z10-s0-06a6ce68"


def test_a_gaussian_likelihood_says_its_scale_in_the_label():
    assert [config.model.label for config in gaussians("digits")] == [
        "VAE, Gaussian, σ = 1",
        "VAE, Gaussian, σ learned",
    ]
    assert all(config in shipped() for data in ("digits", "mnist") for config in gaussians(data))


def test_only_the_seed_differs_after_with_seed():
    config = with_seed(recipe("mnist", "vae"), 7)
    assert config.train.seed == 7
    assert with_seed(config, 0) == recipe("mnist", "vae")


@given(epochs=st.integers(1, 1000), wanted=st.integers(1, 1000), share=st.floats(0, 1))
def test_another_number_of_epochs_keeps_the_share_that_is_warm_up(
    epochs: int, wanted: int, share: float
):
    config = recipe("digits", "vae", epochs=epochs, warm_up=int(share * epochs))
    train = with_epochs(config, wanted).train
    assert train.epochs == wanted
    assert 0 <= config.train.warm_up / epochs - train.warm_up / wanted < 1 / wanted
    assert with_epochs(config, epochs) == config


@pytest.mark.parametrize("prior", PRIORS)
def test_the_recipe_of_fewer_epochs_is_that_of_more_epochs_shortened(prior: str):
    assert with_epochs(recipe("mnist", "vae", prior=prior), 20) == recipe(
        "mnist", "vae", prior=prior, epochs=20
    )


def test_a_config_cannot_be_changed():
    config = recipe("digits", "vae")
    for part in (config, config.data, config.model, config.train):
        for each in fields(part):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(part, each.name, None)


def test_hidden_is_kept_as_a_tuple_whatever_it_came_as():
    for widths in ([8, 4], (8, 4), iter([8, 4])):
        given = cast("tuple[int, ...]", widths)
        model = ModelConfig(posterior="point", latent_dim=2, hidden=given)
        assert model.hidden == (8, 4)


MODEL_REFUSALS = [
    (
        {"posterior": "leaned"},
        "posterior should be one of .*, got 'leaned', did you mean 'learned'?",
    ),
    (
        {"likelihood": "bernouli"},
        "likelihood should be one of .*, got 'bernouli', did you mean 'bernoulli'?",
    ),
    (
        {"network": "cnov"},
        "network should be one of mlp, gated, conv, got 'cnov', did you mean 'conv'?",
    ),
    ({"prior": "flat"}, "prior should be one of normal, uniform, mixture, vamp, got 'flat'$"),
    ({"latent_dim": 0}, "latent_dim should be between 1 and 1024, got 0"),
    ({"latent_dim": 2.0}, "latent_dim should be a whole number, got 2.0"),
    ({"latent_dim": True}, "latent_dim should be a whole number, got True"),
    ({"beta": -1.0}, "beta should be at least 0, got -1.0"),
    ({"beta": float("nan")}, "beta should be a finite number, got nan"),
    ({"beta": float("inf")}, "beta should be a finite number, got inf"),
    ({"beta": "4"}, "beta should be a finite number, got '4'"),
    (
        {"posterior": "point", "beta": 1},
        "beta should be 0 with a point posterior, which is charged no KL, got 1",
    ),
    ({"noise_ratio": 0.1}, "noise_ratio should be left out with a learned posterior, got 0.1"),
    ({"posterior": "fixed", "noise_ratio": -0.1}, "noise_ratio should be at least 0, got -0.1"),
    ({"scale": 0.1}, "scale should be left out with a bernoulli likelihood, got 0.1"),
    ({"likelihood": "gaussian", "scale": 0}, "scale should be at least 0.0001, got 0"),
    (
        {"posterior": "recognised", "beta": 2},
        "beta should be 0 with a recognised posterior, which is charged no KL",
    ),
    (
        {"posterior": "recognised", "likelihood": "gaussian"},
        "likelihood should be bernoulli with a recognised posterior, got gaussian",
    ),
    (
        {"posterior": "recognised", "noise_ratio": 0.1},
        "noise_ratio should be left out with a recognised posterior, got 0.1",
    ),
    (
        {"posterior": "recognised", "prior": "vamp"},
        "prior should be normal or uniform with a recognised",
    ),
    (
        {"posterior": "recognised", "noise_dim": -1},
        "noise_dim should be between 0 and 1024, got -1",
    ),
    ({"posterior": "recognised", "information": -1}, "information should be at least 0, got -1"),
    ({"noise_dim": 2}, "noise_dim should be left out with a learned posterior, got 2"),
    (
        {"posterior": "point", "information": 1},
        "information should be left out with a point posterior, got 1",
    ),
    ({"hidden": (8, 0)}, "each width in hidden should be between 1 and 65536, got 0"),
    ({"hidden": 8}, "hidden should be a list of widths, got 8"),
]


@pytest.mark.parametrize(("changes", "message"), MODEL_REFUSALS)
def test_a_model_that_makes_no_sense_is_refused(changes: dict, message: str):
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        ModelConfig(**{"posterior": "learned", "latent_dim": 2} | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs should be between 1 and 100000, got 0"),
        ({"batch_size": 0}, "batch_size should be between 1 and 1000000, got 0"),
        ({"learning_rate": 0}, "learning_rate should be between 1e-08 and 1, got 0"),
        ({"learning_rate": 2}, "learning_rate should be between 1e-08 and 1, got 2"),
        ({"seed": -1}, "seed should be between 0 and 2147483647, got -1"),
        ({"seed": 0.5}, "seed should be a whole number, got 0.5"),
    ],
)
def test_a_training_that_makes_no_sense_is_refused(changes: dict, message: str):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"name": "mnits"},
            r"data set should be one of digits, mnist, .*, got 'mnits', did you mean 'mnist'\?",
        ),
        ({"name": "zebra"}, "data set should be one of digits, mnist, .*, got 'zebra'$"),
        ({"name": "sprites", "size": 48}, "size of sprites should be 32 or 64, got 48"),
        ({"name": "digits", "size": 8.0}, "size of digits should be 8, got 8.0"),
    ],
)
def test_a_data_set_that_does_not_exist_is_refused(changes: dict, message: str):
    with pytest.raises(ValueError, match=message):
        DataConfig(**changes)


@pytest.mark.parametrize(
    ("arguments", "changes", "message"),
    [
        (
            ("digist", "vae"),
            {},
            r"data set should be one of .*, got 'digist', did you mean 'digits'\?",
        ),
        (
            ("digits", "vea"),
            {},
            (
                r"model should be one of ae, noisy-ae, vae, beta-vae, infogan, got 'vea', did you"
                r" mean 'vae'\?"
            ),
        ),
        (
            ("digits", "vae"),
            {"epoch": 3},
            r"field should be one of .*, got 'epoch', did you mean 'epochs'\?",
        ),
        (
            ("digits", "vae"),
            {"network": "conv"},
            "network should be mlp or gated for digits; conv needs sprites",
        ),
        (("digits", "ae"), {"beta": 4}, "beta should be 0 with a point posterior"),
    ],
)
def test_a_recipe_that_does_not_exist_is_refused(
    arguments: tuple[str, str], changes: dict, message: str
):
    with pytest.raises(ValueError, match=message):
        recipe(*arguments, **changes)


WHOLE = recipe("digits", "vae").to_dict()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "config should be a table of fields, got list"),
        ({}, "config should have the parts data, model and train, lacks data, model, train"),
        (WHOLE | {"extra": 1}, "field of config should be one of data, model, train, got 'extra'"),
        (WHOLE | {"data": "digits"}, "data should be a table of fields, got str"),
        (
            WHOLE | {"train": {"epoch": 1}},
            r"field of train should be one of .*, got 'epoch', did you mean 'epochs'\?",
        ),
        (
            WHOLE | {"model": {"posterior": "point"}},
            "config should name every field that has no default: .*latent_dim",
        ),
        (
            WHOLE | {"model": WHOLE["model"] | {"hidden": 8}},
            "hidden should be a list of widths, got 8",
        ),
        (WHOLE | {"model": WHOLE["model"] | {"beta": 10**400}}, "beta should be a finite number"),
    ],
)
def test_a_description_that_is_not_a_config_is_refused(values: dict, message: str):
    with pytest.raises(ValueError, match=message):
        RunConfig.from_dict(values)


@pytest.mark.parametrize(
    ("model", "name"),
    [("beta-vae", "beta"), ("noisy-ae", "noise_ratio"), ("infogan", "information")],
)
@pytest.mark.parametrize("zero", [-0.0, 0, 0.0, np.float32(-0.0)])
def test_a_zero_has_one_key_whatever_its_sign_and_type(model: str, name: str, zero: Any):
    changes: list[dict[str, Any]] = [{name: zero}, {name: 0.0}]
    config, plain = (recipe("digits", model, **change) for change in changes)
    assert config == plain
    assert config.key == plain.key
    assert config.model.label == plain.model.label


WHOLE_NUMBERS = {
    "latent_dim": 3,
    "hidden": (8, 4),
    "epochs": 40,
    "batch_size": 32,
    "warm_up": 2,
    "seed": 5,
}
REAL_NUMBERS = {"beta": 2.0, "learning_rate": 0.5, "scale": 0.25, "likelihood": "gaussian"}
OF_A_PRIOR = {"prior": "mixture", "components": 7}


@pytest.mark.parametrize("whole", [np.int64, np.uint8, np.intp])
@pytest.mark.parametrize("real", [np.float64, np.float32, np.float16])
def test_the_numbers_of_numpy_are_taken_for_pythons_own(
    whole: Callable[..., Any], real: Callable[..., Any]
):
    plain: dict[str, Any] = WHOLE_NUMBERS | REAL_NUMBERS | OF_A_PRIOR
    kinds = {int: whole, float: real, tuple: lambda widths: [*map(whole, widths)], str: str}
    theirs: dict[str, Any] = {name: kinds[type(value)](value) for name, value in plain.items()}
    config = recipe("sprites", "beta-vae", size=whole(64), **theirs)
    assert config == recipe("sprites", "beta-vae", size=64, **plain)
    assert config.key == recipe("sprites", "beta-vae", size=64, **plain).key
    numbers = [
        *dataclasses.asdict(config.model).values(),
        *dataclasses.asdict(config.train).values(),
        config.data.size,
    ]
    assert {type(number) for number in numbers} <= {int, float, str, tuple, type(None)}
    assert RunConfig.from_dict(config.to_dict()) == config


def test_a_learned_prior_is_warmed_up_however_its_epochs_are_counted():
    assert recipe("digits", "vae", prior="vamp", epochs=np.int64(50)) == recipe(
        "digits", "vae", prior="vamp", epochs=50
    )


@pytest.mark.parametrize("seed", [np.float64(1), np.bool_(True), np.array([1]), "1", None, 1.0])
def test_what_is_no_whole_number_is_refused_whoever_made_it(seed: Any):
    with pytest.raises(ValueError, match="seed should be a whole number, got"):
        recipe("digits", "vae", seed=seed)


@pytest.mark.parametrize(
    "beta", [np.float32("nan"), np.float64("inf"), np.bool_(True), np.array([1.0]), 1j]
)
def test_what_is_no_finite_number_is_refused_whoever_made_it(beta: Any):
    with pytest.raises(ValueError, match="beta should be a finite number, got"):
        recipe("digits", "beta-vae", beta=beta)


def test_nearest_names_a_near_one_and_no_far_one():
    assert nearest("beta-vea", MODEL_LABELS) == ", did you mean 'beta-vae'?"
    assert nearest("transformer", MODEL_LABELS) == ""


def test_a_config_needs_the_standard_library_only():
    code = (
        "import sys; import core.config; print(sorted({'torch', 'numpy', 'streamlit'} &"
        " set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("value", "folder"),
    [
        (None, SHELF),
        ("", SHELF),
        ("~/runs", Path.home() / "runs"),
        ("/some/where", Path("/some/where")),
        ("here", Path.cwd() / "here"),
    ],
)
def test_the_shelf_is_the_folder_that_the_environment_names(value: str | None, folder: Path):
    named = {} if value is None else {"LATENT_LAB_SHELF": value}
    code = "from core.shelf import SHELF; print(SHELF)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | named,
    )
    assert done.stdout.strip() == str(folder)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"model": "ae", "prior": "vamp"},
            "prior should be normal with a point posterior, got vamp",
        ),
        (
            {"prior": "vampp"},
            (
                "prior should be one of normal, uniform, mixture, vamp, got 'vampp', did you mean"
                " 'vamp'"
            ),
        ),
        ({"components": 3}, "components should be left out with a normal prior, got 3"),
        ({"prior": "mixture", "components": 0}, "components should be between 1 and 10000, got 0"),
        ({"warm_up": 300}, "warm_up should be between 0 and 200, got 300"),
    ],
)
def test_a_prior_that_does_not_fit_is_one_sentence(changes: dict[str, Any], said: str):
    with pytest.raises(ValueError, match=said):
        recipe("digits", changes.pop("model", "vae"), **changes)


def test_a_prior_shows_in_key_and_label():
    config = recipe("digits", "vae", prior="vamp")
    assert (config.model.components, config.model.label) == (50, "VAE, VampPrior")
    assert config.key.startswith("digits-vae-vamp-z2-s0-")
    assert recipe("digits", "vae", prior="vamp", components=50) == config
    assert RunConfig.from_dict(config.to_dict()) == config
