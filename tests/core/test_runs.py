import json
import math
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch

from core import runs
from core.checkpoints import (
    UNFINISHED,
    CheckpointError,
    Unfinished,
    load,
    load_film,
    load_unfinished,
    read_folder,
    save,
    save_unfinished,
    survey,
    unfinished_keys,
    write_folder,
)
from core.config import MODEL_LABELS, RunConfig, with_seed
from core.data import Split, digits, sprites
from core.devices import narrowed
from core.explore.decoding import decode
from core.models import build, mean_squared_radius
from core.models.posteriors import Fixed
from core.recipes import recipe
from core.runs import KeptTraining, Run, load_or_train, open_run, train_and_keep
from core.training import Diverged, EpochRecord, encode, evaluate

MODELS = list(MODEL_LABELS)


def small(model: str, **changes: int) -> RunConfig:
    return recipe("digits", model, **{"hidden": (16,), "epochs": 2, **changes})


class Unread:
    """Images that may not be looked at."""

    @property
    def train(self) -> None:
        raise AssertionError("a stored run needs no images")

    test = train


NO_IMAGES: Split = Unread()  # pyright: ignore[reportAssignmentType]


@pytest.fixture(scope="module")
def data() -> Split:
    return digits.load()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, data: Split) -> Path:
    """Return a folder with a run of each of the four models."""
    folder = tmp_path_factory.mktemp("runs")
    for model in MODELS:
        load_or_train(small(model), folder, data=data, device="cpu")
    return folder


def test_a_stored_run_is_returned_without_images_or_training(root: Path):
    told: list[object] = []
    for model in MODELS:
        config = small(model)
        run = load_or_train(
            config, root, data=NO_IMAGES, on_epoch=told.append, on_step=told.append
        )
        assert run.config == config
    assert told == []


def test_a_run_that_is_not_kept_is_trained_told_of_and_kept(tmp_path: Path, data: Split):
    config, epochs, steps = small("vae"), list[EpochRecord](), list[int]()
    run = load_or_train(
        config, tmp_path, data=data, device="cpu", on_epoch=epochs.append, on_step=steps.append
    )
    assert [record.epoch for record in epochs] == [1, 2]
    assert steps[-1] == 2 * len(data.train)
    assert list(survey(tmp_path)) == [(config.key, config)]
    assert run.history["test_nll"] == pytest.approx([record.test.nll for record in epochs])


def test_again_trains_anew_and_replaces(tmp_path: Path, data: Split):
    config, epochs = small("ae", epochs=1), list[EpochRecord]()
    load_or_train(config, tmp_path, data=data, device="cpu")
    with pytest.raises(AssertionError, match="a stored run needs no images"):
        load_or_train(config, tmp_path, data=NO_IMAGES, device="cpu", again=True)
    load_or_train(config, tmp_path, data=data, device="cpu", again=True, on_epoch=epochs.append)
    assert len(epochs) == 1
    assert [path.name for path in tmp_path.iterdir()] == [config.key]


def test_training_again_gives_the_same_files_but_for_the_time_it_took(
    tmp_path: Path, root: Path, data: Split
):
    config = small("noisy-ae")
    load_or_train(config, tmp_path, data=data, device="cpu")
    for name in ("weights.safetensors", "codes.npz"):
        assert (tmp_path / config.key / name).read_bytes() == (
            root / config.key / name
        ).read_bytes()


@pytest.mark.parametrize("model", MODELS)
def test_the_numbers_kept_are_those_of_the_weights_kept(root: Path, data: Split, model: str):
    run = open_run(small(model).key, root)
    found = evaluate(run.model, data.test)
    assert run.metrics["nll"] == pytest.approx(found.nll, rel=1e-9)
    assert run.metrics["mse"] == pytest.approx(found.mse, rel=1e-9)
    assert run.metrics["squared_radius"] == pytest.approx(found.squared_radius, rel=1e-9)
    assert run.metrics["kl_per_latent"] == pytest.approx(list(found.kl_per_latent), rel=1e-9)
    assert run.metrics["test_images"] == len(data.test)
    if model in ("ae", "noisy-ae"):
        assert (run.metrics["kl"], run.metrics["elbo"]) == (None, None)
    else:
        assert run.metrics["kl"] == pytest.approx(found.kl, rel=1e-9)
        assert run.metrics["elbo"] == pytest.approx(-(found.nll + found.kl), rel=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_rounding_the_weights_costs_next_to_nothing(root: Path, model: str):
    run = open_run(small(model).key, root)
    assert run.metrics["nll"] == pytest.approx(float(run.history["test_nll"][-1]), rel=2e-3)
    matrices = [weight for weight in load(root, run.config.key).weights.values() if weight.ndim]
    assert {weight.dtype for weight in matrices} == {np.dtype(np.float16)}


@pytest.mark.parametrize("model", MODELS)
def test_the_codes_kept_are_those_of_the_model_kept(root: Path, data: Split, model: str):
    run = open_run(small(model).key, root)
    first = data.train.subset(slice(runs.TRAINING_CODES))
    for images, prefix in ((data.test, ""), (first, "train_")):
        for kept, found in zip(
            (f"{prefix}mean", f"{prefix}std"), encode(run.model, images), strict=True
        ):
            np.testing.assert_array_equal(run.codes[kept], found.half().float().numpy())
    np.testing.assert_array_equal(run.codes["label"], data.test.labels.numpy())
    assert {run.codes[name].dtype.name for name in ("mean", "std", "train_mean", "train_std")} == {
        "float32"
    }
    assert run.codes["label"].dtype == np.int64


def test_the_noise_of_a_noisy_autoencoder_has_variance_eta_times_r_of_the_training_set(
    root: Path, data: Split
):
    run = open_run(small("noisy-ae").key, root)
    codes, _ = encode(run.model, data.train)
    noise = math.sqrt(0.05 * mean_squared_radius(codes).item())
    assert run.codes["std"] == pytest.approx(noise, rel=2e-3)
    # R was measured before the weights were rounded, hence not to the last digit.
    assert isinstance(run.model.posterior, Fixed)
    assert run.model.posterior.squared_radius.item() == pytest.approx(
        mean_squared_radius(codes).item(), rel=1e-3
    )


def test_an_autoencoder_has_no_noise(root: Path):
    assert not open_run(small("ae").key, root).codes["std"].any()


def test_kept_codes_decode_without_images_or_network(
    root: Path, data: Split, monkeypatch: pytest.MonkeyPatch
):
    def no_network(*arguments: object) -> None:
        raise OSError("no network here")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(runs, "load_data", no_network)
    run = load_or_train(small("vae"), root)
    decoded = decode(run.model, run.codes["mean"])
    assert decoded.shape == (len(data.test), 8, 8)
    mse = np.square(decoded - data.test.images().squeeze(1).numpy()).mean()
    assert mse == pytest.approx(run.metrics["mse"], rel=1e-3)


def test_an_opened_model_is_ready_to_be_read(root: Path):
    model = open_run(small("vae").key, root).model
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_history_has_a_row_per_epoch_and_says_what_training_saw(root: Path):
    for model in MODELS:
        history = open_run(small(model).key, root).history
        assert {len(column) for column in history.values()} == {2}
        assert history["nll"][1] < history["nll"][0]
        assert history["seconds"][1] > history["seconds"][0] > 0
        assert history["kl_per_latent"].shape == (2, 2 if model in ("vae", "beta-vae") else 0)


def test_sprites_are_kept_with_their_factors(tmp_path: Path):
    whole = sprites.load(32)
    few = Split(train=whole.train.subset(slice(200)), test=whole.test.subset(slice(50)))
    config = recipe("sprites", "ae", network="mlp", hidden=(4,), epochs=1)
    run = load_or_train(config, tmp_path, data=few, device="cpu")
    assert few.test.factors is not None
    np.testing.assert_array_equal(run.codes["factors"], few.test.factors.numpy())


def test_a_refused_run_is_said_to_be_one_and_not_trained_over(tmp_path: Path, data: Split):
    config = small("ae", epochs=1)
    load_or_train(config, tmp_path, data=data, device="cpu")
    path = tmp_path / config.key / "run.json"
    path.write_text(path.read_text()[:-5])
    with pytest.raises(CheckpointError, match=r"run\.json is damaged"):
        load_or_train(config, tmp_path, data=NO_IMAGES, device="cpu")
    assert load_or_train(config, tmp_path, data=data, device="cpu", again=True).config == config


def test_weights_of_another_shape_are_refused(root: Path, tmp_path: Path):
    wrong = {
        name: weight.half().numpy()
        for name, weight in build(small("vae", latent_dim=3)).state_dict().items()
    }
    with pytest.raises(
        CheckpointError,
        match=r"should hold the weights that fit its config, decoder\.0\.weight for one",
    ):
        save(tmp_path, replace(load(root, small("vae").key), weights=wrong))
    document, files = read_folder(root / small("vae").key)
    write_folder(
        tmp_path / small("vae").key,
        document,
        files | {"weights.safetensors": safetensors.numpy.save(wrong)},
    )
    with pytest.raises(
        CheckpointError,
        match=r"should hold the weights that fit its config, decoder\.0\.weight for one",
    ):
        open_run(small("vae").key, tmp_path)


def test_a_place_that_cannot_be_written_is_refused_before_training(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot be written"):
        load_or_train(small("ae"), tmp_path / "file", data=NO_IMAGES, device="cpu")


@pytest.mark.parametrize("model", MODELS)
def test_training_that_is_left_early_is_put_aside_and_ends_as_if_never_left(
    tmp_path: Path, data: Split, model: str
):
    config = small(model, epochs=3)
    left = train_and_keep(config, tmp_path / "left", data=data, device="cpu")
    next(left)
    del left
    assert list(survey(tmp_path / "left")) == []
    assert unfinished_keys(tmp_path / "left") == [config.key]
    epochs: list[EpochRecord] = []
    ended = load_or_train(
        config, tmp_path / "left", data=data, device="cpu", on_epoch=epochs.append
    )
    whole = load_or_train(config, tmp_path / "whole", data=data, device="cpu")
    assert [record.epoch for record in epochs] == [2, 3]
    assert all(
        torch.equal(a, b)
        for a, b in zip(ended.model.parameters(), whole.model.parameters(), strict=True)
    )
    same = {name for name in whole.history if "seconds" not in name and "per_second" not in name}
    for name in same:
        np.testing.assert_array_equal(ended.history[name], whole.history[name])
    assert [path.name for path in (tmp_path / "left").iterdir()] == [config.key]


def test_training_is_put_aside_now_and_then(
    tmp_path: Path, data: Split, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(runs, "SAVE_EVERY", 0.0)
    config = small("vae", epochs=4)
    training = train_and_keep(config, tmp_path, data=data, device="cpu")
    for epoch in (1, 2):
        next(training)
        found = load_unfinished(tmp_path, config)
        assert found is not None
        assert (found.config, len(found.history["nll"])) == (config, epoch)
    training.close()


def test_a_damaged_training_is_begun_anew(tmp_path: Path, data: Split):
    config, epochs = small("ae"), list[EpochRecord]()
    left = train_and_keep(config, tmp_path, data=data, device="cpu")
    next(left)
    left.close()
    state = tmp_path / UNFINISHED / config.key / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-9])
    assert load_unfinished(tmp_path, config) is None
    load_or_train(config, tmp_path, data=data, device="cpu", on_epoch=epochs.append)
    assert [record.epoch for record in epochs] == [1, 2]


def test_again_forgets_what_was_put_aside(tmp_path: Path, data: Split):
    config, epochs = small("ae"), list[EpochRecord]()
    left = train_and_keep(config, tmp_path, data=data, device="cpu")
    next(left)
    left.close()
    load_or_train(config, tmp_path, data=data, device="cpu", again=True, on_epoch=epochs.append)
    assert [record.epoch for record in epochs] == [1, 2]


def test_what_is_beyond_half_precision_is_kept_whole_and_what_is_not_finite_is_refused(
    data: Split, tmp_path: Path
):
    config = small("noisy-ae")
    run = KeptTraining(config, tmp_path, data=data, device="cpu")
    model = run.training.model
    for record in run.training.epochs():
        run.note(record)
    assert isinstance(model.posterior, Fixed)
    model.posterior.squared_radius.fill_(1e6)
    run.keep()
    checkpoint = load(tmp_path, config.key)
    assert checkpoint.weights["posterior.squared_radius"].item() == 1e6
    assert checkpoint.codes["std"] == pytest.approx(math.sqrt(0.05 * 1e6), rel=1e-3)

    name, weight = next(model.named_parameters())
    weight.data[0] = 1e5
    run.keep()
    assert torch.equal(dict(open_run(config.key, tmp_path).model.named_parameters())[name], weight)

    for wrong in (math.nan, math.inf):
        weight.data[0, 0] = wrong
        with pytest.raises(
            Diverged,
            match="training diverged: the weights should be finite, some are not; lower the",
        ):
            run.keep()


@pytest.mark.parametrize(
    "changes",
    [{"latent_dim": 3, "learning_rate": 1.0}, {"noise_ratio": 1e12, "hidden": (8,), "epochs": 1}],
)
def test_codes_beyond_half_precision_are_kept_in_single_precision(
    tmp_path: Path, data: Split, changes: dict[str, Any]
):
    config = recipe("digits", "noisy-ae", **{"epochs": 2} | changes)
    run = load_or_train(config, tmp_path, data=data, device="cpu")
    assert max(np.abs(run.codes[name]).max() for name in ("mean", "std")) > 65504
    for arrays in (run.codes, run.history, load_film(tmp_path, config.key)):
        for name, array in arrays.items():
            assert np.isfinite(array).all() or name in ("kl", "test_kl")
    for prefix, images in (
        ("", data.test),
        ("train_", data.train.subset(slice(runs.TRAINING_CODES))),
    ):
        mean, std = encode(run.model, images)
        np.testing.assert_allclose(run.codes[f"{prefix}mean"], mean.numpy(), rtol=1e-3)
        np.testing.assert_allclose(run.codes[f"{prefix}std"], std.numpy(), rtol=1e-3)
        assert run.codes[f"{prefix}mean"].dtype == np.float32
    assert np.isfinite(decode(run.model, run.codes["mean"][:4])).all()


def test_a_narrow_posterior_is_kept_as_one_and_not_as_a_point():
    widths = torch.tensor([[1.0, 1e-9], [0.0, 1.0]])
    assert torch.equal(narrowed(widths, widths=True), widths)
    assert narrowed(torch.tensor([0.0, 1.0]), widths=True).dtype == torch.float16


def left_after_an_epoch(root: Path, data: Split, config: RunConfig) -> Unfinished:
    left = train_and_keep(config, root, data=data, device="cpu")
    next(left)
    left.close()
    found = load_unfinished(root, config)
    assert found is not None
    return found


def epochs_trained(root: Path, data: Split, config: RunConfig) -> list[int]:
    epochs: list[EpochRecord] = []
    load_or_train(config, root, data=data, device="cpu", on_epoch=epochs.append)
    return [record.epoch for record in epochs]


def test_a_training_left_on_another_kind_of_device_goes_on(tmp_path: Path, data: Split):
    config = small("vae", epochs=3)
    found = left_after_an_epoch(tmp_path, data, config)
    save_unfinished(
        tmp_path, replace(found, state=found.state | {"noise": torch.zeros(16, dtype=torch.uint8)})
    )
    assert epochs_trained(tmp_path, data, config) == [2, 3]


@pytest.mark.parametrize(
    "lacking", ["epoch", "noise", "order", "adam.0.exp_avg", "model.encoder.1.weight", "history"]
)
def test_a_training_that_lacks_a_part_is_begun_anew(tmp_path: Path, data: Split, lacking: str):
    config = small("vae", epochs=2)
    found = left_after_an_epoch(tmp_path, data, config)
    state = {name: tensor for name, tensor in found.state.items() if name != lacking}
    history = {
        name: column
        for name, column in found.history.items()
        if lacking != "history" or name != "test_mse"
    }
    save_unfinished(tmp_path, replace(found, state=state, history=history))
    assert epochs_trained(tmp_path, data, config) == [1, 2]


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def test_metrics_are_plain_numbers_that_json_knows(root: Path):
    for key, _ in survey(root):
        json.loads((root / key / "run.json").read_text(), parse_constant=no_constant)


def test_seeds_are_runs_of_their_own(tmp_path: Path, data: Split):
    kept: list[Run] = []
    for seed in (0, 1):
        config = with_seed(small("vae", epochs=1), seed)
        kept.append(load_or_train(config, tmp_path, data=data, device="cpu"))
    assert len(list(survey(tmp_path))) == 2
    assert kept[0].metrics["nll"] != kept[1].metrics["nll"]


OPENED = """
import sys
from core.config import PRIORS
from core.recipes import with_prior
from core.runs import open_run

for prior in PRIORS:
    open_run(with_prior("digits", 2, prior).key)
print(sorted({"torch._dynamo", "sympy", "sklearn", "scipy", "streamlit"} & {*sys.modules}))
"""


def test_a_run_is_opened_without_torch_s_compiler_or_any_library_that_it_does_not_need():
    done = subprocess.run(
        [sys.executable, "-c", OPENED], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
