import math
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.architecture import BOX
from core.checkpoints import UNFINISHED
from core.config import RunConfig, with_seed
from core.data import Split, digits, sprites
from core.devices import generator
from core.jobs import Jobs, Limits, newest
from core.models import Autoencoder, build, restore
from core.models.posteriors import Recognised
from core.models.priors import StandardNormal
from core.objectives import Game, Moment
from core.objectives.game import (
    EVALUATED,
    discriminator_loss,
    generated,
    hidden,
    judged,
    squared_slope,
)
from core.recipes import recipe
from core.runs import load_or_train, open_run, train_and_keep
from core.training import Diverged, Training, encode, evaluate, train
from tests.broken_images import with_nan

CPU = torch.device("cpu")


def small(**changes: Any) -> RunConfig:
    return recipe("digits", "infogan", 2, **{"hidden": (16,), "epochs": 2} | changes)


@pytest.fixture(scope="module")
def data() -> Split:
    return digits.load()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    load_or_train(small(), folder, device="cpu")
    return folder


def measure(model: Autoencoder, seed: int = 0) -> dict[str, Any]:
    return Game(model, small().model).measure(seed=seed)


def same(one: Autoencoder, other: Autoencoder) -> bool:
    states = one.state_dict(), other.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize("name", ["digits", "mnist", "sprites"])
def test_it_encodes_and_decodes_like_the_family(name: str):
    config = recipe(name, "infogan", 5)
    model, size = build(config), config.data.size
    x = torch.rand(3, 1, size, size)
    posterior, z, output = model(x, generator(0))
    assert posterior.mean.shape == posterior.std.shape == z.shape == (3, 5)
    assert output.shape == model.decode(z).shape == x.shape
    assert isinstance(model.prior, StandardNormal)
    logit, recognised = judged(model, x)
    assert logit.shape == (3,)
    assert torch.equal(recognised.mean, posterior.mean)


def test_a_code_alone_is_decoded_with_the_noise_at_its_mean():
    model = build(small(noise_dim=3))
    z = torch.randn(4, 2, generator=generator(0))
    silent, noisy = (torch.cat([z, noise], 1) for noise in (torch.zeros(4, 3), torch.ones(4, 3)))
    assert torch.equal(model.decode(z), model.decode(silent))
    assert not torch.equal(model.decode(z), model.decode(noisy))


def test_images_are_generated_from_the_codes_that_are_returned():
    model = build(small(noise_dim=0))
    codes, images = generated(model, 5, generator(3))
    torch.testing.assert_close(images, model.decode(codes))
    assert not torch.equal(codes, generated(model, 5, generator(4))[0])


def test_codes_come_from_the_prior_and_a_box_has_edges():
    drawn, boxed = (
        generated(build(small(prior=prior)), 2000, generator(0))[0]
        for prior in ("normal", "uniform")
    )
    assert drawn.abs().max() > BOX >= boxed.abs().max()
    assert drawn.var(0).tolist() == pytest.approx([1, 1], abs=0.1)
    assert boxed.var(0).tolist() == pytest.approx([1, 1], abs=0.1)


def test_the_recognised_variance_lies_between_the_floor_and_that_of_the_prior():
    widths = torch.linspace(-50, 50, 11)[:, None]
    found = Recognised()(torch.cat([torch.zeros(11, 1), widths, torch.ones(11, 1)], 1))
    assert found.log_var.max().item() == pytest.approx(0)
    assert found.log_var.exp().min().item() == pytest.approx(Recognised.FLOOR)


@pytest.mark.parametrize("layer", [2, 4])
def test_the_start_passes_on_as_much_variance_as_it_is_given(layer: int):
    model = build(recipe("sprites", "infogan", 10))
    x = torch.randn(500, 12, generator=generator(0))
    with torch.no_grad():
        passed = model.decoder[: layer + 1](x).square().mean().item()
    assert passed == pytest.approx(1, rel=0.3)


def test_other_models_start_as_they_did():
    weight = next(build(recipe("digits", "ae", hidden=(8,))).encoder.parameters())
    assert weight.detach().abs().max().item() <= 1 / math.sqrt(64)


LATE = Moment(step=1, progress=1.0, beta=0.0)
"""A step without the penalty and without noise on the images."""


def one_step(config: RunConfig, moment: Moment = LATE) -> tuple[Autoencoder, dict[str, Tensor]]:
    """Return a model after one step, and its weights of before."""
    model = build(config)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    x = torch.rand(8, 1, 8, 8, generator=generator(1))
    sums = Game(model, config.model).step(x, optimiser, generator(2), moment)
    assert sums.shape == (0,)
    return model, before


def test_both_sides_learn_and_each_by_its_own_loss_alone():
    config = small(information=0.1)
    model, before = one_step(config)
    moved = {
        name
        for name, weight in model.state_dict().items()
        if not torch.equal(weight, before[name])
    }
    assert moved == set(before)
    # The generator's gradient leaves no trace in the discriminator: without it that ends in the
    # same weights.
    still = build(config)
    still.decoder.requires_grad_(False)
    optimiser = torch.optim.Adam(still.encoder.parameters(), lr=1e-3)
    x, noise = torch.rand(8, 1, 8, 8, generator=generator(1)), generator(2)
    codes, images = generated(still, 8, noise)
    real, fake = hidden(x, 0.0, noise), hidden(images, 0.0, noise)
    discriminator_loss(still, real, fake, codes, 0.1).backward()
    optimiser.step()
    assert same_encoder(model, still)


def same_encoder(one: Autoencoder, other: Autoencoder) -> bool:
    pairs = zip(one.encoder.parameters(), other.encoder.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(
    ("changes", "moment"),
    [
        ({}, LATE._replace(step=0)),
        ({}, LATE._replace(step=16)),
        ({"information": 1.0}, LATE),
        ({}, LATE._replace(progress=0.4)),
    ],
)
def test_penalty_information_and_noise_each_make_a_difference(
    changes: dict[str, Any], moment: Moment
):
    plain, other = small(information=0.1), small(**{"information": 0.1} | changes)
    assert not same_encoder(one_step(plain)[0], one_step(other, moment)[0])


def test_the_penalty_is_the_squared_slope_of_the_logit():
    model = build(small(hidden=()))  # linear, so that the slope is the weights themselves
    x = torch.rand(4, 1, 8, 8, generator=generator(0))
    last = model.encoder[-1]
    assert isinstance(last, nn.Linear)
    torch.testing.assert_close(squared_slope(model, x), last.weight[-1].square().sum())


SMALL = 0.01
"""Slope at which a sigmoid is a line: pixel = 1/2 + SMALL / 4 · code."""


def linear_game(recognised: tuple[float, float], logit: tuple[float, float]) -> Autoencoder:
    """Return an InfoGAN that draws code u as pixel u, recognised and judged by linear maps.

    Args:
        recognised: slope and offset of the second code as it is recognised, over the true one;
            the first is recognised as it is.
        logit: slope over the first code, and offset, of what the discriminator says.
    """
    model = build(small(hidden=(), noise_dim=0))
    draws, sees = model.decoder[1], model.encoder[-1]
    assert isinstance(draws, nn.Linear)
    assert isinstance(sees, nn.Linear)
    unit = 4 / SMALL  # codes in a pixel's intensity
    with torch.no_grad():
        for weight in (draws.weight, draws.bias, sees.weight, sees.bias):
            weight.zero_()
        draws.weight[:2] = SMALL * torch.eye(2)
        for output, pixel, (slope, offset) in (
            (0, 0, (1.0, 0.0)),
            (1, 1, recognised),
            (4, 0, logit),
        ):
            sees.weight[output, pixel] = slope * unit
            sees.bias[output] = offset - slope * unit / 2
    return model


@pytest.mark.parametrize(
    ("recognised", "error"),
    [((1, 0), 0), ((1, 3), 9), ((0, 0), 1), ((-1, 0), 4), ((0, 3), 10)],
)
def test_the_error_of_a_code_is_the_mean_square_of_what_is_recognised_wrongly(
    recognised: tuple[float, float], error: float
):
    """Codes have variance 1; the mean of a thousand squares is off by 0.045 of it or so."""
    first, second = measure(linear_game(recognised, (0, 1)))["code_error"]
    assert first == pytest.approx(0, abs=1e-6)
    assert second == pytest.approx(error, abs=1e-3 if recognised[0] == 1 else 0.2 * error)


@pytest.mark.parametrize(
    ("logit", "fooled"), [((0, 1), 1), ((0, -1), 0), ((1, 0), 0.5), ((1, 1), 0.841)]
)
def test_images_fool_where_the_logit_is_above_0(logit: tuple[float, float], fooled: float):
    """Codes are standard normal: c + 1 > 0 for 84.1 % of them."""
    error = 4 * math.sqrt(fooled * (1 - fooled) / EVALUATED)
    assert measure(linear_game((1, 0), logit))["fooled"] == pytest.approx(fooled, abs=error)


def test_the_game_is_measured_on_codes_of_a_seed():
    model = build(small())
    assert measure(model) == measure(model) != measure(model, seed=1)
    assert not model.training


def test_codes_of_generated_images_are_recovered_better_than_by_chance(data: Split):
    config = small(epochs=12, information=1.0, hidden=(64,), learning_rate=2e-3)
    model = build(config)
    *_, last = train(model, data, config, device=CPU)
    assert min(measure(build(config))["code_error"]) > 0.8
    assert max(last.measured["code_error"]) < 0.6  # of images of a seed that training did not see
    codes, images = generated(model, 500, generator(7))
    spread = images.std(0).mean()
    assert spread > 0.05  # they do differ from each other
    assert (
        np.corrcoef(codes[:, 0].numpy(), model.encode(images).mean[:, 0].detach().numpy())[0, 1]
        > 0.5
    )


def test_an_epoch_has_no_nll_of_training_but_one_of_test_and_a_game(data: Split):
    config = small(epochs=1)
    model = build(config)
    (record,) = train(model, data, config, device=CPU)
    assert math.isnan(record.nll)
    assert math.isnan(record.kl)
    assert math.isnan(record.test.kl)
    assert record.test.nll == evaluate(model, data.test).nll
    assert math.isfinite(record.test.nll)
    assert record.measured == measure(model)
    assert len(record.measured["code_error"]) == 2


def test_the_same_config_gives_the_same_weights_and_another_seed_others(data: Split):
    def trained(config: RunConfig) -> Autoencoder:
        model = build(config)
        list(train(model, data, config, device=CPU))
        return model

    config = small()
    before = torch.random.get_rng_state()
    first = trained(config)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert same(first, trained(config))
    assert not same(first, trained(with_seed(config, 1)))


@pytest.mark.parametrize(
    ("config", "precision"),
    [
        (small(epochs=3), torch.float32),
        (recipe("sprites", "infogan", 3, epochs=2, batch_size=16, hidden=(32,)), torch.bfloat16),
    ],
)
def test_a_game_taken_up_again_ends_in_the_same_weights_to_the_last_bit(
    config: RunConfig, precision: torch.dtype
):
    whole = digits.load() if config.data.name == "digits" else sprites.load(32)
    some = Split(train=whole.train.subset(slice(64)), test=whole.test.subset(slice(32)))

    def training(config: RunConfig) -> Training:
        return Training(build(config), some, config, device=CPU, precision=precision)

    in_one_go = training(config)
    *_, last = in_one_go.epochs()
    first = training(config)
    next(first.epochs())
    taken_up = training(with_seed(config, 9))
    taken_up.resume({name: tensor.contiguous() for name, tensor in first.state().items()})
    *_, end = taken_up.epochs()
    assert same(in_one_go.model, taken_up.model)
    assert (end.epoch, end.test.mse, end.measured) == (
        last.epoch,
        last.test.mse,
        last.measured,
    )


def test_images_that_are_no_numbers_are_a_divergence(data: Split):
    config = small(epochs=1)
    with pytest.raises(
        Diverged, match="training diverged in epoch 1: the nll is nan; lower the learning rate"
    ):
        list(train(build(config), replace(data, train=with_nan(data.train)), config, device=CPU))


def test_a_kept_run_is_read_like_any_other(kept: Path, data: Split):
    run = open_run(small().key, kept)
    assert run.config == small()
    assert (run.metrics["kl"], run.metrics["elbo"], run.metrics["kl_per_latent"]) == (
        None,
        None,
        [],
    )
    assert math.isfinite(run.metrics["nll"])
    assert run.metrics["code_error"] == pytest.approx(measure(run.model)["code_error"])
    assert run.metrics["fooled"] == measure(run.model)["fooled"]
    assert run.history["code_error"].shape == (2, 2)
    assert run.history["fooled"].shape == run.history["test_nll"].shape == (2,)
    mean, std = encode(run.model, data.test)
    np.testing.assert_allclose(run.codes["mean"], mean, atol=2e-3)
    np.testing.assert_allclose(run.codes["std"], std, atol=2e-3)
    assert not run.model.training
    assert same(restore(run.config, run.model.state_dict()), run.model)


def test_a_run_that_was_interrupted_goes_on_and_ends_the_same(
    kept: Path, tmp_path: Path, data: Split
):
    started = train_and_keep(small(), tmp_path, data=data, device="cpu")
    list(islice(started, 1))
    started.close()
    assert (tmp_path / UNFINISHED / small().key).is_dir()
    again, whole = (
        load_or_train(small(), tmp_path, data=data, device="cpu"),
        open_run(small().key, kept),
    )
    assert same(again.model, whole.model)
    for name in ("test_nll", "test_mse", "code_error", "fooled"):
        np.testing.assert_array_equal(again.history[name], whole.history[name])


@pytest.mark.slow
def test_a_job_trains_it_in_a_process_of_its_own_and_shows_it_meanwhile(tmp_path: Path):
    config = small(epochs=100_000)
    queue = Jobs(tmp_path, Limits(epochs=1_000_000))
    try:
        queue.submit(config)
        end = time.monotonic() + 120
        while (shown := newest(tmp_path, config.key)) is None or len(shown["history.fooled"]) < 2:
            assert time.monotonic() < end
            time.sleep(0.02)
    finally:
        queue.close()
    assert np.isnan(shown["history.nll"]).all()
    assert np.isfinite(shown["history.test_nll"]).all()
