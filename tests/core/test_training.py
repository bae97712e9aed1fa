import math
import re
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from core import training
from core.config import MODEL_LABELS, RunConfig, with_seed
from core.data import Split, digits, sprites
from core.devices import generator
from core.metrics.latents import code_scale
from core.models import Autoencoder, build, mean_squared_radius
from core.models.priors import StandardNormal
from core.recipes import recipe
from core.training import Diverged, EpochRecord, Training, encode, evaluate, half_cosine, train
from tests.broken_images import with_nan

CPU = torch.device("cpu")
MODELS = list(MODEL_LABELS)


@pytest.fixture(scope="module")
def data() -> Split:
    return digits.load()


def small(model: str, **changes: Any) -> RunConfig:
    return recipe("digits", model, **{"hidden": (16,), "epochs": 2} | changes)


def trained(
    config: RunConfig, data: Split, precision: torch.dtype = torch.float32
) -> tuple[Autoencoder, EpochRecord]:
    model = build(config)
    *_, last = train(model, data, config, device=CPU, precision=precision)
    return model, last


def same(one: Autoencoder, other: Autoencoder) -> bool:
    states = one.state_dict(), other.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize("model", MODELS)
def test_the_same_config_gives_the_same_weights_to_the_last_bit(data: Split, model: str):
    config = small(model)
    (first, record), (again, other) = trained(config, data), trained(config, data)
    assert same(first, again)
    assert record.test.nll == other.test.nll


def test_another_seed_gives_other_weights(data: Split):
    config = small("vae")
    assert not same(trained(config, data)[0], trained(with_seed(config, 1), data)[0])


def test_order_and_noise_follow_the_seed_and_not_the_initial_weights_alone(data: Split):
    for model in ("ae", "vae"):
        config = small(model)
        one, other = build(config), build(config)
        list(train(one, data, config, device=CPU))
        list(train(other, data, with_seed(config, 1), device=CPU))
        assert not same(one, other)


def test_training_neither_uses_nor_moves_the_global_random_numbers(data: Split):
    config = small("noisy-ae")
    before = torch.random.get_rng_state()
    undisturbed, _ = trained(config, data)
    assert torch.equal(torch.random.get_rng_state(), before)
    disturbed = build(config)
    for _ in train(disturbed, data, config, device=CPU):
        torch.rand(7)
    assert same(undisturbed, disturbed)


@pytest.mark.parametrize("model", MODELS)
def test_the_nll_of_images_never_seen_falls(data: Split, model: str):
    config = small(model, epochs=3)
    untrained = evaluate(build(config), data.test).nll
    records = list(train(build(config), data, config, device=CPU))
    assert records[-1].test.nll < untrained - 1
    assert records[-1].test.nll < records[0].test.nll
    assert [record.epoch for record in records] == [1, 2, 3]


def test_a_larger_beta_buys_a_smaller_kl_with_a_larger_nll(data: Split):
    weak, strong = (trained(small("vae", beta=beta, epochs=8), data)[1].test for beta in (0.1, 10))
    assert strong.kl < weak.kl
    assert strong.nll > weak.nll


def test_only_a_learned_posterior_has_a_kl(data: Split):
    for model in MODELS:
        record = trained(small(model, epochs=1), data)[1]
        measured = [record.kl, record.test.kl, record.test.elbo, *record.test.kl_per_latent]
        assert all(map(math.isfinite, measured)) == (model in ("vae", "beta-vae"))


def test_on_step_counts_every_image(data: Split):
    config, seen = small("ae", batch_size=100, epochs=2), []
    list(train(build(config), data, config, device=CPU, on_step=seen.append))
    count = len(data.train)
    first = [*range(100, count, 100), count]
    assert seen == first + [count + done for done in first]


@dataclass
class Watched:
    """Pixels that note which of them were asked for."""

    pixels: Tensor
    asked: list[Tensor] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: Tensor) -> Tensor:
        self.asked.append(index)
        return self.pixels[index]

    def to(self, device: torch.device | str) -> "Watched":
        return self


def test_each_epoch_sees_every_image_once_in_an_order_of_its_own(data: Split):
    config = small("vae")
    watched = Watched(data.train.raw())
    list(
        train(
            build(config),
            replace(data, train=replace(data.train, pixels=watched)),
            config,
            device=CPU,
        )
    )
    first, second = torch.cat(watched.asked).chunk(2)
    everything = torch.arange(len(data.train))
    assert torch.equal(first.sort().values, everything)
    assert torch.equal(second.sort().values, everything)
    assert not torch.equal(first, second)


def test_r_is_that_of_the_training_set_after_training(data: Split):
    model, record = trained(small("noisy-ae"), data)
    codes, std = encode(model, data.train)
    torch.testing.assert_close(model.posterior.squared_radius, mean_squared_radius(codes))
    torch.testing.assert_close(std, (0.05 * mean_squared_radius(codes)).sqrt().expand_as(std))
    test_codes, _ = encode(model, data.test)
    assert record.test.squared_radius == pytest.approx(
        mean_squared_radius(test_codes).item(), rel=1e-5
    )
    assert record.test.code_scale == pytest.approx(code_scale(test_codes.numpy()), rel=1e-4)


def test_images_that_are_no_numbers_are_a_divergence(data: Split):
    config = small("vae")
    with pytest.raises(
        Diverged, match="training diverged in epoch 1: the nll is nan; lower the learning rate"
    ):
        trained(config, replace(data, train=with_nan(data.train)))


def test_a_last_step_that_breaks_the_weights_is_noticed(data: Split):
    config = small("vae", epochs=1)
    with pytest.raises(Diverged, match="training diverged in epoch 1"):
        trained(config, replace(data, test=with_nan(data.test)))


def test_a_learning_rate_far_too_high_is_a_divergence(data: Split):
    with pytest.raises(Diverged, match="lower the learning rate"):
        trained(small("vae", hidden=(32, 32, 32), learning_rate=1), data)


@pytest.mark.parametrize("model", MODELS)
def test_reduced_precision_is_as_good_as_full_precision(data: Split, model: str):
    config = small(model, epochs=3)
    full, reduced = (
        trained(config, data, precision)[1].test for precision in (torch.float32, torch.bfloat16)
    )
    assert reduced.nll != full.nll
    assert reduced.nll == pytest.approx(full.nll, rel=0.01)
    assert reduced.mse == pytest.approx(full.mse, rel=0.03)


@pytest.mark.slow
def test_reduced_precision_is_as_good_in_the_convolutional_net():
    data = sprites.load(32)
    few = Split(train=data.train.subset(slice(2000)), test=data.test.subset(slice(200)))
    config = recipe("sprites", "vae", 4, epochs=2)
    full, reduced = (
        trained(config, few, precision)[1].test for precision in (torch.float32, torch.bfloat16)
    )
    assert reduced.nll == pytest.approx(full.nll, rel=0.05)


def test_weights_and_objective_stay_in_full_precision(data: Split):
    model, _ = trained(small("vae", epochs=1), data, torch.bfloat16)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_evaluation_is_repeatable_and_leaves_the_random_numbers_and_the_weights_alone(data: Split):
    model = build(small("vae"))
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    before = torch.random.get_rng_state()
    first, again, other = (evaluate(model, data.test, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first.nll != other.nll
    assert first.kl == other.kl
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(weights[name], tensor) for name, tensor in model.state_dict().items())


def test_evaluation_is_what_its_terms_say(data: Split):
    model = build(recipe("digits", "vae", 3, hidden=(16,))).eval()
    x = data.test.images()
    found = evaluate(model, data.test)
    assert isinstance(model.prior, StandardNormal)
    with torch.no_grad():
        posterior, _, output = model(x, generator(0))
        expected = model.likelihood.nll(output, x).mean().item()
        per_latent = model.prior.kl_per_latent(posterior).mean(0).tolist()
        mse = (model.decode(posterior.mean) - x).square().mean().item()
    assert found.nll == pytest.approx(expected, rel=1e-5)
    assert found.kl_per_latent == pytest.approx(per_latent, rel=1e-5)
    assert found.kl == pytest.approx(sum(per_latent), rel=1e-5)
    assert found.elbo == pytest.approx(-(expected + sum(per_latent)), rel=1e-5)
    assert found.mse == pytest.approx(mse, rel=1e-5)


def test_batches_of_the_evaluation_change_nothing(data: Split, monkeypatch: pytest.MonkeyPatch):
    model = build(small("ae"))
    whole, codes = evaluate(model, data.test), encode(model, data.test)
    monkeypatch.setattr(training, "EVALUATION_BATCH", 7)
    pieces, others = evaluate(model, data.test), encode(model, data.test)
    assert pieces.nll == pytest.approx(whole.nll, rel=1e-5)
    assert pieces.mse == pytest.approx(whole.mse, rel=1e-5)
    torch.testing.assert_close(codes, others)


def test_the_learning_rate_falls_from_all_to_nothing_along_a_half_cosine():
    rates = [half_cosine(step / 100) for step in range(101)]
    assert (rates[0], rates[100]) == (1, 0)
    assert rates[50] == pytest.approx(0.5)
    assert all(later < earlier for earlier, later in pairwise(rates))
    assert half_cosine(1.3) == 0


def test_the_last_steps_hardly_move_the_weights(data: Split):
    config = small("ae", batch_size=len(data.train), epochs=20)
    model, moved = build(config), []
    weight = next(model.parameters())
    before = weight.detach().clone()
    for _ in train(model, data, config, device=CPU):
        now = weight.detach().clone()
        moved.append((now - before).abs().mean().item())
        before = now
    assert moved[-1] < 0.05 * moved[0]


@pytest.mark.parametrize("model", MODELS)
def test_a_training_taken_up_again_ends_in_the_same_weights_to_the_last_bit(
    data: Split, model: str
):
    config = small(model, epochs=3)
    whole, last = trained(config, data)
    first = Training(build(config), data, config, device=CPU)
    next(first.epochs())
    taken_up = Training(build(with_seed(config, 9)), data, config, device=CPU)
    taken_up.resume({name: tensor.contiguous() for name, tensor in first.state().items()})
    *_, end = taken_up.epochs()
    assert same(whole, taken_up.model)
    assert (end.epoch, end.nll, end.test.nll, end.test.mse) == (
        last.epoch,
        last.nll,
        last.test.nll,
        last.test.mse,
    )
    assert end.seconds > first.seconds


def test_a_convolutional_training_taken_up_again_ends_in_the_same_weights():
    data = sprites.load(32)
    sprite_split = Split(train=data.train.subset(slice(64)), test=data.test.subset(slice(32)))
    config = recipe("sprites", "vae", 3, epochs=2, batch_size=16)
    whole, _ = trained(config, sprite_split, torch.bfloat16)
    first = Training(build(config), sprite_split, config, device=CPU, precision=torch.bfloat16)
    next(first.epochs())
    taken_up = Training(build(config), sprite_split, config, device=CPU, precision=torch.bfloat16)
    taken_up.resume({name: tensor.contiguous() for name, tensor in first.state().items()})
    list(taken_up.epochs())
    assert same(whole, taken_up.model)


def test_a_state_of_another_model_is_refused(data: Split):
    config, other = small("vae"), small("vae", hidden=(8,))
    state = Training(build(other), data, other, device=CPU).state()
    with pytest.raises(ValueError, match="state should fit its config, does not in encoder"):
        Training(build(config), data, config, device=CPU).resume(state)


def after_an_epoch(data: Split, config: RunConfig) -> dict[str, torch.Tensor]:
    first = Training(build(config), data, config, device=CPU)
    next(first.epochs())
    return {name: tensor.clone() for name, tensor in first.state().items()}


@pytest.mark.parametrize("model", MODELS)
def test_a_state_of_another_kind_of_device_goes_on_with_noise_from_the_seed(
    data: Split, model: str
):
    config = small(model, epochs=3)
    state = after_an_epoch(data, config)
    noise = generator(config.train.seed).get_state()
    of_a_gpu = state | {"noise": torch.zeros(16, dtype=torch.uint8)}
    first, second = (Training(build(config), data, config, device=CPU) for _ in range(2))
    first.resume(of_a_gpu)
    second.resume(state | {"noise": noise})
    assert first.epoch == 1
    assert torch.equal(first.noise.get_state(), noise)
    for one in (first, second):
        list(one.epochs())
    assert same(first.model, second.model)


def test_a_state_that_lacks_any_part_or_does_not_fit_is_refused_and_changes_nothing(data: Split):
    config = small("vae", epochs=3)
    state = after_an_epoch(data, config)
    damaged = [
        {name: tensor for name, tensor in state.items() if name != lacking} for lacking in state
    ]
    damaged += [state | {name: torch.zeros(7, 7, 7)} for name in state if name != "noise"]
    damaged += [
        state | {name: state[name] * math.nan}
        for name in ("model.encoder.1.weight", "adam.0.exp_avg")
    ]
    damaged += [state | {"epoch": torch.tensor(number)} for number in (-1, 0, 4)]
    damaged += [state | {"seconds": torch.tensor(math.nan)}, {}]
    untrained = Training(build(config), data, config, device=CPU)
    before = {name: tensor.clone() for name, tensor in untrained.state().items()}
    for wrong in damaged:
        with pytest.raises(ValueError, match="state should"):
            untrained.resume(wrong)
        now = untrained.state()
        assert now.keys() == before.keys()
        assert all(torch.equal(now[name], before[name]) for name in before)


def test_a_prior_that_no_kl_moves_needs_no_moments(data: Split):
    config = small("beta-vae", beta=0.0, prior="mixture", epochs=3)
    taken_up = Training(build(config), data, config, device=CPU)
    taken_up.resume(after_an_epoch(data, config))
    assert taken_up.epoch == 1


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("mse", "squared error"),
        ("squared_radius", "squared size of the codes"),
        ("kl", "KL"),
        ("nll", "nll"),
    ],
)
@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e39])
def test_an_epoch_whose_numbers_are_not_finite_has_diverged(
    data: Split, monkeypatch: pytest.MonkeyPatch, number: str, said: str, value: float
):
    config = small("vae")
    monkeypatch.setattr(
        training, "evaluate", lambda *given: evaluate(*given)._replace(**{number: value})
    )
    with pytest.raises(
        Diverged, match=re.escape(f"in epoch 1: the {said} is {value}; lower the learning rate")
    ):
        next(Training(build(config), data, config, device=CPU).epochs())


@pytest.mark.parametrize("prior", ["mixture", "vamp"])
def test_a_prior_of_more_components_than_training_images_is_refused(data: Split, prior: str):
    most, more = (small("vae", prior=prior, components=count) for count in (1437, 1438))
    Training(build(most), data, most, device=CPU)
    with pytest.raises(
        ValueError,
        match=r"components should be at most the number of training images, 1437, got 1438",
    ):
        Training(build(more), data, more, device=CPU)
