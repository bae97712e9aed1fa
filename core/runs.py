"""Runs: train one or open the one that is kept. Joins training and checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from core import adversarial
from core.adversarial import Game
from core.checkpoints import (
    SHELF,
    Arrays,
    Checkpoint,
    CheckpointError,
    Unfinished,
    check_writable,
    drop_unfinished,
    load,
    put_aside,
    save,
    take_up,
)
from core.config import RunConfig
from core.data import ImageSet, Split
from core.data import load as load_data
from core.devices import describe, narrowed, pick_device, pick_precision, shared_by
from core.film import Film, film_epochs, spliced
from core.frames import frame_of
from core.models import Autoencoder, build, restore
from core.training import Diverged, EpochRecord, Evaluation, Training, encode, evaluate

TRAINING_CODES = 5000
"""How many training images' codes are kept with a run, to fit densities to."""

PUT_ASIDE_EVERY = 2.0
"""Seconds of training that a crash may cost, and at least an epoch."""

FAILURES = (ArithmeticError, ValueError, MemoryError, RuntimeError, OSError)
"""What a training may end with; `CheckpointError`, `MissingData` and `Diverged` are among them."""


def reason_of(error: BaseException) -> str:
    """Return why a training ended, as one line.

    >>> reason_of(RuntimeError("out of   memory"))
    'out of memory'
    """
    return " ".join(str(error).split()) or type(error).__name__


@dataclass(frozen=True)
class Run:
    """A trained run, opened: the model is ready to be read and must not be changed.

    Args:
        config: what was trained.
        model: on the CPU, in float32, in evaluation mode.
        metrics: `nll`, `kl`, `elbo` in nats per test image (None where there is no KL),
            `kl_per_latent`, `mse` per pixel, `squared_radius`, `test_images`, `seconds` of
            training, `images_per_second`; of an InfoGAN also `code_error` and `fooled`, see
            `core.adversarial.Game`.
        history: per epoch, `nll`, `kl`, `test_nll`, `test_kl`, `kl_per_latent`, `test_mse`,
            `squared_radius`, `code_scale` (missing in runs of before it was kept); of an InfoGAN
            also `code_error` (E, L), `fooled`.
        codes: `mean` and `std` (N, L) of the test images' posteriors, `label` (N,), `factors` (N,
            K) for sprites, `train_mean` and `train_std` (M, L) of the first training images.
        environment: device, precision, threads, library versions.
    """

    config: RunConfig
    model: Autoencoder
    metrics: dict[str, Any]
    history: Arrays
    codes: Arrays
    environment: dict[str, str]


def open_run(key: str, root: Path = SHELF) -> Run:
    """Return the run kept under a key.

    Raises:
        CheckpointError: there is none, or it is refused.
    """
    kept = load(root, key)
    try:
        model = restore(kept.config, kept.weights)
    except RuntimeError as error:
        raise CheckpointError(
            f"{key} has weights that do not fit its config; train it again"
        ) from error
    codes = {name: _widen(array) for name, array in kept.codes.items()}
    return Run(kept.config, model, kept.metrics, kept.history, codes, kept.environment)


def load_or_train(
    config: RunConfig,
    root: Path = SHELF,
    *,
    data: Split | None = None,
    device: str | None = None,
    on_epoch: Callable[[EpochRecord], None] | None = None,
    on_step: Callable[[int], None] | None = None,
    again: bool = False,
) -> Run:
    """Return the run of a config: the one that is kept, at once, else a new one, which is kept.

    Args:
        config: what is wanted.
        root: folder of checkpoints.
        data: the images, loaded by the config's name when left out.
        device: `cuda`, `mps` or `cpu`; the best there is when left out.
        on_epoch: told after each epoch.
        on_step: told after each step how many images were seen.
        again: train even if the run is kept, and replace it.

    Raises:
        CheckpointError: the kept run is refused, or the new one cannot be written.
        MissingData: the images cannot be read.
        Diverged: training left the finite numbers.
    """
    if again:
        drop_unfinished(root, config.key)
    if again or not (Path(root) / config.key).is_dir():
        for record in train_and_keep(config, root, data=data, device=device, on_step=on_step):
            if on_epoch:
                on_epoch(record)
    return open_run(config.key, root)


def train_and_keep(
    config: RunConfig,
    root: Path = SHELF,
    *,
    data: Split | None = None,
    device: str | None = None,
    on_step: Callable[[int], None] | None = None,
    on_model: Callable[[Autoencoder, Arrays], None] | None = None,
) -> Generator[EpochRecord, None, None]:
    """Train a run, yielding after each epoch, and keep it once the last is done.

    It is put aside every few seconds, and when the caller stops asking for epochs; the next
    training of the same config goes on from there and ends in the same weights. Meanwhile
    operations are shared by `Training.threads`, whoever
    trains: commands, jobs and sweeps set how many there are at most.

    Args:
        config: what is wanted.
        root: folder of checkpoints.
        data: the images, loaded by the config's name when left out.
        device: `cuda`, `mps` or `cpu`; the best there is when left out.
        on_step: told after each step how many images were seen.
        on_model: shown after each epoch the model, not to be changed, and the history so far.
    """
    kept = KeptTraining(config, root, data=data, device=device)
    with shared_by(kept.training.threads):
        try:
            for record in kept.training.epochs(on_step):
                kept.note(record)
                if on_model:
                    on_model(kept.training.model, _history(kept.progress.records))
                yield record
        except GeneratorExit:
            kept.put_aside()
            raise
        kept.keep()


@final
class KeptTraining:
    """A training that goes on where it was put aside; whoever runs it notes each epoch and keeps
    the run at the end.

    Args:
        config: what is wanted.
        root: folder of checkpoints.
        data: the images, loaded by the config's name when left out.
        device: `cuda`, `mps` or `cpu`; the best there is when left out.

    Raises:
        CheckpointError: the folder cannot be written.
        MissingData: the images cannot be read.
    """

    def __init__(
        self,
        config: RunConfig,
        root: Path = SHELF,
        *,
        data: Split | None = None,
        device: str | None = None,
    ) -> None:
        assert config.data.size is not None
        check_writable(root)
        where = pick_device(device)
        precision = pick_precision(where, pixels=config.data.size**2)
        self.root, self.data = root, load_data(config.data) if data is None else data
        self.training = Training(
            build(config), self.data, config, device=where, precision=precision
        )
        self.progress = _take_up(root, self.training)
        self._last = time.monotonic()
        if self.training.epoch == 0:
            self.progress.shoot(self.training)

    def note(self, record: EpochRecord) -> None:
        """Keep the record of an epoch just done, and put the training aside if that was not done for a while."""
        training = self.training
        self.progress.records.append(record)
        self.progress.shoot(training)
        if (
            time.monotonic() - self._last > PUT_ASIDE_EVERY
            and training.epoch < training.config.train.epochs
        ):
            self.put_aside()
            self._last = time.monotonic()

    def put_aside(self) -> None:
        """Keep the training as it is now, to be gone on with; nothing where no epoch is done."""
        training, progress = self.training, self.progress
        if progress.records:
            history = _history(progress.records)
            put_aside(
                self.root, Unfinished(training.config, training.state(), history, progress.film)
            )

    def keep(self) -> None:
        """Keep the finished run.

        Raises:
            CheckpointError: it cannot be written.
            Diverged: a weight, a code or a number is not finite.
        """
        training = self.training
        environment = describe(training.device, training.precision)
        save(self.root, _checkpoint(training, self.data, self.progress, environment))
        drop_unfinished(self.root, training.config.key)


@dataclass
class _Progress:
    """What is kept of the epochs so far."""

    records: list[EpochRecord] = field(default_factory=list)
    film: Film = field(default_factory=dict)

    def shoot(self, training: Training) -> None:
        """Take a frame, if this is an epoch for one."""
        config = training.config
        if config.model.latent_dim == 2 and training.epoch in film_epochs(config.train.epochs):
            self.film = spliced(self.film, frame_of(training.model, training.test, training.epoch))


def _take_up(root: Path, training: Training) -> _Progress:
    """Go on where the same training was put aside, if it was, and return the epochs so far.

    What lacks a part or does not fit is as good as nothing.
    """
    found = take_up(root, training.config)
    if found is None:
        return _Progress()
    try:
        records = _records(found.history)
        if len(records) != int(found.state["epoch"]):
            raise ValueError(f"history should have a row per epoch, got {len(records)}")
        training.take_up(found.state)
    except (KeyError, IndexError, TypeError, ValueError, RuntimeError):
        return _Progress()
    return _Progress(records, found.film)


def _checkpoint(
    training: Training, data: Split, progress: _Progress, environment: dict[str, str]
) -> Checkpoint:
    """Round the weights to half precision first, so that every number is one of the model that is
    kept.

    Raises:
        Diverged: a weight, a code or a number is not finite.
    """
    config = training.config
    weights = {
        name: _rounded(tensor.detach().cpu())
        for name, tensor in training.model.state_dict().items()
    }
    model = restore(config, weights)
    metrics, codes = _metrics(model, data.test, progress.records), _codes(model, data)
    numbers = [np.ravel(value) for value in metrics.values() if value is not None]
    finite = {
        "weights": all(bool(weight.isfinite().all()) for weight in weights.values()),
        "codes": all(bool(np.isfinite(array).all()) for array in codes.values()),
        "numbers measured": bool(np.isfinite(np.concatenate(numbers)).all()),
    }
    for what, holds in finite.items():
        if not holds:
            raise Diverged(
                f"training diverged: the {what} should be finite, some are not; lower the learning"
                " rate"
            )
    return Checkpoint(
        config=config,
        metrics=metrics,
        weights=weights,
        history=_history(progress.records),
        codes=codes,
        environment=environment,
        film=progress.film,
    )


def _metrics(model: Autoencoder, test: ImageSet, records: list[EpochRecord]) -> dict[str, Any]:
    reached = evaluate(model, test)
    game = adversarial.measure(model)._asdict() if adversarial.is_played(model) else {}
    return {
        **game,
        "nll": reached.nll,
        "kl": _number(reached.kl),
        "elbo": _number(reached.elbo),
        "kl_per_latent": list(reached.kl_per_latent),
        "mse": reached.mse,
        "squared_radius": reached.squared_radius,
        "test_images": len(test),
        "seconds": records[-1].seconds,
        "images_per_second": float(np.median([record.images_per_second for record in records])),
    }


def _history(records: list[EpochRecord]) -> Arrays:
    columns = {
        "nll": [r.nll for r in records],
        "kl": [r.kl for r in records],
        "test_nll": [r.test.nll for r in records],
        "test_kl": [r.test.kl for r in records],
        "kl_per_latent": [r.test.kl_per_latent for r in records],
        "test_mse": [r.test.mse for r in records],
        "squared_radius": [r.test.squared_radius for r in records],
        "code_scale": [r.test.code_scale for r in records],
        "seconds": [r.seconds for r in records],
        "images_per_second": [r.images_per_second for r in records],
    }
    if games := [r.game for r in records if r.game]:
        columns |= {
            "code_error": [g.code_error for g in games],
            "fooled": [g.fooled for g in games],
        }
    return {name: np.asarray(values, np.float32) for name, values in columns.items()}


def _records(history: Arrays) -> list[EpochRecord]:
    """Return the epochs that `_history` made a table of."""
    names = ("test_nll", "test_kl", "kl_per_latent", "test_mse", "squared_radius", "code_scale")
    columns = {name: column.tolist() for name, column in history.items()}
    tests = [
        Evaluation(nll, kl, tuple(latents), *rest)
        for nll, kl, latents, *rest in zip(*(columns[name] for name in names), strict=True)
    ]
    rows = zip(
        columns["nll"],
        columns["kl"],
        tests,
        columns["seconds"],
        columns["images_per_second"],
        strict=True,
    )
    games = _games(columns) or [None] * len(tests)
    return [
        EpochRecord(epoch, *row, game)
        for epoch, (row, game) in enumerate(zip(rows, games, strict=True), 1)
    ]


def _games(columns: dict[str, list[Any]]) -> list[Game]:
    """Return the games of an InfoGAN's epochs; none where another model was trained."""
    pairs = zip(columns.get("code_error", ()), columns.get("fooled", ()), strict=True)
    return [Game(tuple(error), fooled) for error, fooled in pairs]


def _codes(model: Autoencoder, data: Split) -> Arrays:
    mean, std = encode(model, data.test)
    train_mean, train_std = encode(model, data.train.subset(slice(TRAINING_CODES)))
    factors = {} if data.test.factors is None else {"factors": _narrow(data.test.factors)}
    return {
        "mean": narrowed(mean).numpy(),
        "std": narrowed(std, widths=True).numpy(),
        "label": _narrow(data.test.labels),
        "train_mean": narrowed(train_mean).numpy(),
        "train_std": narrowed(train_std, widths=True).numpy(),
        **factors,
    }


def _rounded(weight: Tensor) -> Tensor:
    """Return a weight in half precision, but a single number (R, a learned scale) as it is."""
    return narrowed(weight) if weight.ndim else weight


def _narrow(values: Tensor) -> np.ndarray:
    return values.to(torch.uint8).numpy()


def _widen(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32 if np.issubdtype(array.dtype, np.floating) else np.int64)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
