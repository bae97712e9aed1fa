from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import with_seed
from core.recipes import beta_of, recipe
from core.shelf import mapped
from core.sweep import grid, read_sweep
from core.sweep.grid import sweep_of

SHIPPED = Path(grid.__file__).parent
RUN = {"data": "digits", "model": "beta-vae"}


def test_the_shipped_sweep_is_of_the_recipe_with_every_beta_and_seed():
    sweep = read_sweep(SHIPPED / "sprites.toml")
    betas, seeds = (1, 2, 4, 6, 8, 16), range(5)
    wanted = [
        with_seed(recipe("sprites", "beta-vae", 10, beta=beta), seed)
        for beta in betas
        for seed in seeds
    ]
    assert [config.key for config in sweep.configs] == [config.key for config in wanted]
    assert (sweep.name, sweep.varied) == ("sprites", ("beta", "seed"))


def test_the_shipped_map_holds_the_normalised_beta_while_the_latents_change():
    sweep = read_sweep(SHIPPED / "map.toml")
    assert sweep.configs == mapped()
    for point in sweep.points:
        model = point.config.model
        assert model.latent_dim == point.values["latent_dim"]
        assert model.beta * model.latent_dim / 32**2 == pytest.approx(
            point.values["normalised_beta"]
        )


@given(normalised=st.floats(0, 100), latent_dim=st.integers(1, 1024))
def test_normalised_beta_is_beta_times_latents_over_pixels(normalised: float, latent_dim: int):
    assert beta_of(normalised, latent_dim, 32) * latent_dim / 1024 == pytest.approx(normalised)


@given(
    betas=st.sets(st.integers(0, 50), min_size=1), seeds=st.sets(st.integers(0, 50), min_size=1)
)
def test_every_value_meets_every_other_once(betas: set[int], seeds: set[int]):
    sweep = sweep_of("s", {"run": RUN, "grid": {"beta": [*betas], "seed": [*seeds]}})
    assert {(config.model.beta, config.train.seed) for config in sweep.configs} == {
        (b, s) for b in betas for s in seeds
    }
    assert len(sweep.points) == len(betas) * len(seeds)


def test_any_field_can_be_shared_or_varied_and_equal_runs_are_one():
    shared = {"epochs": 7, "hidden": [9, 5], "learning_rate": 0.01}
    varied = {
        "data": ["digits", "mnist"],
        "model": ["vae", "ae"],
        "latent_dim": [2, 3],
        "network": ["mlp"],
    }
    sweep = sweep_of("s", {"run": shared, "grid": varied})
    assert len(sweep.points) == 8
    assert recipe("mnist", "ae", 3, epochs=7, hidden=(9, 5), learning_rate=0.01) in sweep.configs
    widths = sweep_of("s", {"run": RUN, "grid": {"hidden": [[8], [8, 4]]}})
    assert [config.model.hidden for config in widths.configs] == [(8,), (8, 4)]
    twice = sweep_of(
        "s", {"run": {"data": "digits"}, "grid": {"model": ["vae", "beta-vae"], "beta": [1, 4]}}
    )
    assert [point.values["model"] for point in twice.points] == ["vae", "vae"]
    assert len(sweep_of("s", {"run": RUN}).points) == 1


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (
            {"run": RUN | {"learning": 1}},
            "a sweep has no field 'learning', did you mean 'learning_rate'?",
        ),
        (
            {"run": RUN, "grid": {"seeds": [1]}},
            "a sweep has no field 'seeds', did you mean 'seed'?",
        ),
        ({"runs": RUN}, "a sweep has no table 'runs', did you mean 'run'?"),
        (
            {"run": RUN, "grid": {"beta": []}},
            "beta under [grid] should be a list of one value or more, got []",
        ),
        (
            {"run": RUN, "grid": {"beta": 4}},
            "beta under [grid] should be a list of one value or more, got 4",
        ),
        (
            {"run": RUN | {"seed": [0, 1]}},
            "seed under [run] should be one value, got [0, 1]; lists go under [grid]",
        ),
        (
            {"run": RUN | {"beta": 1}, "grid": {"beta": [1]}},
            "beta should stand under [run] or under [grid], stands under both",
        ),
        ({"run": {"data": "digits"}}, "a sweep should name its model, under [run] or [grid]"),
        ({"run": 3}, "run should be a table, [run], got 3"),
        (
            {"run": RUN, "grid": {"beta": [1, -1]}},
            "beta should be at least 0, got -1, at beta = -1",
        ),
        (
            {"run": {"data": "digits"}, "grid": {"model": ["vae", "ae"], "beta": [4]}},
            (
                "beta should be 0 with a point posterior, which is charged no KL, got 4, at model"
                " = ae, beta = 4"
            ),
        ),
        (
            {"run": RUN | {"normalised_beta": 1, "beta": 1}},
            "a sweep should give beta or normalised_beta, gives both",
        ),
        ({"run": RUN | {"normalised_beta": "x"}}, "normalised_beta should be a number, got 'x'"),
        (
            {"run": RUN, "grid": {"seed": [*range(101)], "epochs": [*range(1, 101)]}},
            "a sweep should have at most 10,000 runs, has 10,100",
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_would_be_right(tables: dict[str, Any], said: str):
    with pytest.raises(ValueError, match=r".") as error:
        sweep_of("s", tables)
    assert str(error.value) == said


def test_a_list_where_no_list_can_be_is_refused_and_nothing_breaks():
    for name in (
        "prior",
        "data",
        "latent_dim",
        "beta",
        "normalised_beta",
        "seed",
        "size",
        "hidden",
    ):
        for value in ([[1]], [{}], [{"a": 1}], [None], ["x"]):
            with pytest.raises(ValueError, match=name if name != "data" else "data set"):
                sweep_of(
                    "s",
                    {"run": {k: v for k, v in RUN.items() if k != name}, "grid": {name: [value]}},
                )


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_a_file_is_read_whichever_editor_wrote_it(tmp_path: Path, mark: bytes, newline: bytes):
    lines = [b"[run]", b'data = "digits"', b'model = "vae"', b"[grid]", b"seed = [0, 1]", b""]
    (tmp_path / "small.toml").write_bytes(mark + newline.join(lines))
    assert [config.train.seed for config in read_sweep(tmp_path / "small.toml").configs] == [0, 1]


def test_a_zero_of_either_sign_is_one_run():
    sweep = sweep_of("s", {"run": RUN, "grid": {"beta": [0.0, -0.0, 0]}})
    assert len(sweep.configs) == 1


def test_a_file_that_is_none_or_no_toml_is_refused(tmp_path: Path):
    with pytest.raises(
        ValueError, match=r"should be a TOML file, .*nowhere\.toml cannot be read \(No such file"
    ):
        read_sweep(tmp_path / "nowhere.toml")
    with pytest.raises(ValueError, match="cannot be read"):
        read_sweep(tmp_path)
    for content in (b"beta = = 1", b"\xff\xfe\x00"):
        (tmp_path / "wrong.toml").write_bytes(content)
        with pytest.raises(ValueError, match=r"wrong\.toml should be TOML: "):
            read_sweep(tmp_path / "wrong.toml")
