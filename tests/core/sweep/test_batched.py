from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from core.checkpoints import load_film, unfinished_keys
from core.config import RunConfig
from core.data import Split, load
from core.models import build
from core.recipes import recipe
from core.runs import load_or_train, open_run
from core.sweep.batched import Batched, check, groups_of, run_epoch
from core.sweep.contract import Outcome
from core.sweep.layers import hand_out_gradients, network, stacked
from core.training import Diverged, EpochRecord, Training

CPU = torch.device("cpu")


def small(**changes: Any) -> RunConfig:
    return recipe("digits", "beta-vae", **{"hidden": (8,), "epochs": 3} | changes)


def silent(config: RunConfig, seen: int) -> None:
    """Listen to no report."""


@pytest.fixture(scope="module")
def sprites() -> Split:
    whole = load(recipe("sprites", "vae").data)
    return Split(train=whole.train.subset(slice(300)), test=whole.test.subset(slice(100)))


def both(
    configs: Sequence[RunConfig], data: Split, precision: torch.dtype = torch.float32
) -> tuple[list, list, list]:
    """Return trainings one after another and at once, ended, and the latter's last records."""
    alone, at_once = (
        [
            Training(build(config), data, config, device=CPU, precision=precision)
            for config in configs
        ]
        for _ in "12"
    )
    for training in alone:
        list(training.epochs())
    records = [run_epoch(at_once, silent) for _ in range(configs[0].train.epochs)]
    return alone, at_once, records[-1]


def same_weights(one: Training, other: Training, tolerance: float) -> None:
    for name, weight in one.model.state_dict().items():
        torch.testing.assert_close(
            other.model.state_dict()[name], weight, atol=tolerance, rtol=tolerance
        )


@pytest.mark.slow
def test_models_of_other_beta_seed_and_learning_rate_are_trained_at_once_as_one_after_another():
    wanted = [(1.0, 0, 1e-3), (4.0, 0, 1e-3), (0.0, 1, 3e-3), (4.0, 1, 1e-3)]
    configs = [
        small(beta=beta, seed=seed, learning_rate=rate, warm_up=2) for beta, seed, rate in wanted
    ]
    alone, at_once, records = both(configs, load(configs[0].data))
    for one, other, record in zip(alone, at_once, records, strict=True):
        same_weights(one, other, 1e-5)
        assert torch.equal(one.order.get_state(), other.order.get_state())
        assert torch.equal(one.noise.get_state(), other.noise.get_state())
        assert (record.epoch, other.epoch) == (3, 3)
    assert not torch.allclose(
        *(training.model.state_dict()["encoder.1.weight"] for training in at_once[:2]), atol=1e-3
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("precision", "tolerance"), [(torch.float32, 2e-3), (torch.bfloat16, 2e-2)]
)
def test_convolutions_are_trained_at_once_as_one_after_another(
    sprites: Split, precision: torch.dtype, tolerance: float
):
    configs = [
        recipe("sprites", "beta-vae", 3, beta=b, seed=s, hidden=(16,), epochs=2)
        for b, s in ((1, 0), (8, 1))
    ]
    alone, at_once, records = both(configs, sprites, precision)
    for one, other, record in zip(alone, at_once, records, strict=True):
        same_weights(one, other, tolerance)
        assert isinstance(record, EpochRecord)


def test_autoencoders_have_no_kl_at_once_either():
    configs = [recipe("digits", "ae", 3, seed=seed, hidden=(8,), epochs=1) for seed in (0, 1)]
    alone, at_once, records = both(configs, load(configs[0].data))
    for one, other, record in zip(alone, at_once, records, strict=True):
        same_weights(one, other, 1e-5)
        assert record.kl != record.kl


@pytest.mark.slow
def test_runs_are_kept_as_if_trained_one_after_another(tmp_path: Path):
    configs = [small(beta=beta) for beta in (1.0, 4.0, 8.0)]
    ended = list(Batched(2, device="cpu").run(configs, tmp_path / "at once", silent))
    assert sorted(outcome.config.key for outcome in ended) == sorted(
        config.key for config in configs
    )
    for config in configs:
        run, alone = (
            open_run(config.key, tmp_path / "at once"),
            load_or_train(config, tmp_path / "alone", device="cpu"),
        )
        assert run.metrics["elbo"] == pytest.approx(alone.metrics["elbo"], rel=1e-3)
        assert run.codes["mean"] == pytest.approx(alone.codes["mean"], abs=5e-3)
        assert run.history["test_nll"] == pytest.approx(alone.history["test_nll"], rel=1e-4)
        assert run.history.keys() == alone.history.keys()
        assert (
            load_film(tmp_path / "at once", config.key).keys()
            == load_film(tmp_path / "alone", config.key).keys()
        )


@pytest.mark.slow
def test_one_that_diverges_fails_alone_and_what_is_left_goes_on_where_it_was(tmp_path: Path):
    wide = {"hidden": (32, 32, 32)}
    good = [small(seed=1, **wide), small(beta=1.0, **wide)]
    diverges = small(learning_rate=1.0, **wide)
    ending = Batched(8, device="cpu").run([diverges, *good], tmp_path, silent)
    outcome = next(ending)
    assert (outcome.config, outcome.reason[:17]) == (diverges, "training diverged")
    ending.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert unfinished_keys(tmp_path) == sorted(config.key for config in good)
    assert {*Batched(8, device="cpu").run(good, tmp_path, silent)} == {
        Outcome(config) for config in good
    }
    assert unfinished_keys(tmp_path) == []
    for config in good:
        alone = load_or_train(config, tmp_path / "alone", device="cpu")
        assert open_run(config.key, tmp_path).history["test_nll"] == pytest.approx(
            alone.history["test_nll"], rel=1e-4
        )


def test_what_fails_for_all_is_said_of_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*arguments: object) -> None:
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr("core.sweep.batched.stacked", full)
    configs = [small(), small(seed=1)]
    ended = list(Batched(8, device="cpu").run(configs, tmp_path, silent))
    assert ended == [Outcome(config, "CUDA out of memory") for config in configs]


@pytest.mark.parametrize(
    "config",
    [
        recipe("digits", "vae", network="gated"),
        recipe("digits", "vae", prior="mixture"),
        recipe("digits", "noisy-ae"),
        recipe("digits", "vae", likelihood="gaussian"),
    ],
    ids=lambda config: config.model.label,
)
def test_what_cannot_be_stacked_is_refused_in_one_sentence(config: RunConfig, tmp_path: Path):
    with pytest.raises(ValueError, match=f"not {config.key}; train it with --engine local"):
        next(iter(Batched(8).run([small(), config], tmp_path, silent)))
    assert list(tmp_path.iterdir()) == []
    check(recipe("digits", "vae", likelihood="gaussian", scale=1.0))
    check(recipe("sprites", "ae"))


@given(
    wanted=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(2, 3)),
        max_size=20,
        unique=True,
    ),
    most=st.integers(1, 5),
)
def test_groups_hold_each_run_once_and_differ_in_beta_and_seed_alone(
    wanted: list[tuple[int, int, int]], most: int
):
    configs = [small(beta=beta, seed=seed, latent_dim=latents) for beta, seed, latents in wanted]
    groups = groups_of(configs, most)
    assert sorted(config.key for group in groups for config in group) == sorted(
        config.key for config in configs
    )
    for group in groups:
        assert 0 < len(group) <= most
        assert len({config.model.latent_dim for config in group}) == 1


def test_models_of_other_shapes_are_never_in_one_group():
    other = replace(small(), train=replace(small().train, epochs=4))
    configs = [
        small(),
        small(hidden=(9,)),
        other,
        small(batch_size=32),
        recipe("digits", "ae", hidden=(8,), epochs=3),
    ]
    assert [len(group) for group in groups_of(configs, 8)] == [1] * 5


@pytest.mark.parametrize("size", [32, 64])
def test_stacked_networks_compute_what_each_computes_and_share_its_memory(size: int):
    config = recipe("sprites", "vae", 3, hidden=(16,), size=size)
    models = [
        build(replace(config, train=replace(config.train, seed=seed))).double()
        for seed in range(3)
    ]
    x = torch.rand(4, 3, size, size, dtype=torch.float64)
    for parts, given_ in (
        ([m.encoder for m in models], x),
        ([m.decoder for m in models], torch.randn(3, 4, 3).double()),
    ):
        each = (
            given_.unbind(0)
            if given_.ndim == 3
            else [image[:, None] for image in given_.unbind(1)]
        )
        alone = torch.stack([part(mine) for part, mine in zip(parts, each, strict=True)])
        alone.square().sum().backward()
        gradients = [[parameter.grad for parameter in part.parameters()] for part in parts]
        weights = stacked(parts)
        found = network(parts[0], weights, given_)
        torch.testing.assert_close(
            found if found.ndim == 3 else found.transpose(0, 1)[:, :, None], alone
        )
        found.square().sum().backward()
        hand_out_gradients(weights, parts)
        for part, wanted in zip(parts, gradients, strict=True):
            torch.testing.assert_close([parameter.grad for parameter in part.parameters()], wanted)
        _change(weights)
        assert all(parameter.eq(7).all() for part in parts for parameter in part.parameters())


@torch.no_grad()
def _change(weights: Sequence[Tensor]) -> None:
    for weight in weights:
        weight.fill_(7)


def test_a_loss_that_is_not_finite_is_returned_and_not_raised():
    configs = [small(hidden=(32, 32, 32), learning_rate=rate, epochs=1) for rate in (1.0, 1e-3)]
    data = load(configs[0].data)
    trainings = [Training(build(config), data, config, device=CPU) for config in configs]
    wrong, right = run_epoch(trainings, silent)
    assert isinstance(wrong, Diverged)
    assert isinstance(right, EpochRecord)
