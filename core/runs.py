"""Runs: train a run and keep it, or open it where it is kept. Joins training and checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from core.checkpoints import (
    SHELF,
    Arrays,
    Checkpoint,
    Unfinished,
    check_writable,
    drop_unfinished,
    load_unfinished,
    save,
    save_unfinished,
)
from core.config import RunConfig
from core.data import ImageSet, Split
from core.data import load as load_data
from core.devices import describe, narrowed, pick_device, pick_precision, shared_by
from core.film import Film, film_epochs, spliced
from core.frames import frame_of
from core.models import Autoencoder, build, restore
from core.objectives import objective_of
from core.opening import Run, open_run
from core.training import Diverged, EpochRecord, Evaluation, Training, encode, evaluate

__all__ = ["KeptTraining", "Run", "load_or_train", "open_run", "train_and_keep"]

TRAINING_CODES = 5000
"""Number of training images whose codes are kept with a run, to fit densities to."""

SAVE_EVERY = 2.0
"""Seconds of training that a crash may cost; at least an epoch is lost."""


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
    """Return the run of a config: from its checkpoint where there is one, else newly trained.

    Args:
        config: of the run.
        root: folder of checkpoints.
        data: the images, loaded by the config's name when left out.
        device: `cuda`, `mps` or `cpu`; the best there is when left out.
        on_epoch: called after each epoch with its record.
        on_step: called after each step with the number of images seen.
        again: train even if the run is kept, and replace it.

    Raises:
        CheckpointError: the checkpoint is refused, or the new one cannot be written.
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
    """Train a run, yield after each epoch, and write its checkpoint after the last.

    The training is put aside every few seconds, and when the caller stops asking for epochs; the
    next training of the same config goes on from there and ends in the same weights. Meanwhile
    `Training.threads` threads share the operations, whoever trains: commands, jobs and sweeps set
    the most there are.

    Args:
        config: of the run.
        root: folder of checkpoints.
        data: the images, loaded by the config's name when left out.
        device: `cuda`, `mps` or `cpu`; the best there is when left out.
        on_step: called after each step with the number of images seen.
        on_model: called after each epoch with the model, not to be changed, and the history so
            far.
    """
    run = KeptTraining(config, root, data=data, device=device)
    with shared_by(run.training.threads):
        try:
            for record in run.training.epochs(on_step):
                run.note(record)
                if on_model:
                    on_model(run.training.model, _history(run.progress.records))
                yield record
        except GeneratorExit:
            run.save_unfinished()
            raise
        run.keep()


@final
class KeptTraining:
    """A training that is resumed where it was put aside, and written down at its end.

    Whoever runs it notes each epoch, and keeps the run after the last.

    Args:
        config: of the run.
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
        check_writable(root)
        where = pick_device(device)
        precision = pick_precision(where, pixels=config.data.size**2)
        self.root, self.data = root, load_data(config.data) if data is None else data
        self.training = Training(
            build(config), self.data, config, device=where, precision=precision
        )
        self.progress = _resume(root, self.training)
        self._last = time.monotonic()
        if self.training.epoch == 0:
            self.progress.shoot(self.training)

    def note(self, record: EpochRecord) -> None:
        """Add the record of an epoch just done; put the training aside now and then."""
        training = self.training
        self.progress.records.append(record)
        self.progress.shoot(training)
        overdue = time.monotonic() - self._last > SAVE_EVERY
        if overdue and training.epoch < training.config.train.epochs:
            self.save_unfinished()
            self._last = time.monotonic()

    def save_unfinished(self) -> None:
        """Write the training down as it is now, to be resumed; nothing before the first epoch."""
        training, progress = self.training, self.progress
        if progress.records:
            history = _history(progress.records)
            save_unfinished(
                self.root, Unfinished(training.config, training.state(), history, progress.film)
            )

    def keep(self) -> None:
        """Write the checkpoint of the finished run.

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
    """The epochs so far: their records, and the film."""

    records: list[EpochRecord] = field(default_factory=list)
    film: Film = field(default_factory=dict)

    def shoot(self, training: Training) -> None:
        """Take a frame, if this is an epoch for one."""
        config = training.config
        if config.model.latent_dim == 2 and training.epoch in film_epochs(config.train.epochs):
            self.film = spliced(self.film, frame_of(training.model, training.test, training.epoch))


def _resume(root: Path, training: Training) -> _Progress:
    """Resume a training that was put aside, if it was, and return its epochs so far.

    A state that lacks a part or does not fit is ignored: the training then starts anew.
    """
    unfinished = load_unfinished(root, training.config)
    if unfinished is None:
        return _Progress()
    try:
        records = _records(unfinished.history, training.objective.measures)
        if len(records) != int(unfinished.state["epoch"]):
            raise ValueError(f"history should have a row per epoch, got {len(records)}")
        training.resume(unfinished.state)
    except (KeyError, IndexError, TypeError, ValueError, RuntimeError):
        return _Progress()
    return _Progress(records, unfinished.film)


def _checkpoint(
    training: Training, data: Split, progress: _Progress, environment: dict[str, str]
) -> Checkpoint:
    """Return the checkpoint of a finished training.

    The weights are rounded to half precision first, so that every number is measured on the model
    that is kept.

    Raises:
        Diverged: a weight, a code or a number is not finite.
    """
    config = training.config
    weights = {
        name: _rounded(tensor.detach().cpu())
        for name, tensor in training.model.state_dict().items()
    }
    model = restore(config, weights)
    measured = objective_of(model, config.model).measure()
    metrics = measured | _metrics(model, data.test, progress.records)
    codes = _codes(model, data)
    _check_finite("weights", *(weight.numpy() for weight in weights.values()))
    _check_finite("codes", *codes.values())
    _check_finite("numbers measured", *(v for v in metrics.values() if v is not None))
    return Checkpoint(
        config=config,
        metrics=metrics,
        weights={name: weight.numpy() for name, weight in weights.items()},
        history=_history(progress.records),
        codes=codes,
        environment=environment,
        film=progress.film,
    )


def _check_finite(name: str, *arrays: ArrayLike) -> None:
    """Refuse arrays with a number that is not finite.

    Raises:
        Diverged: there is one.
    """
    if not all(np.isfinite(array).all() for array in arrays):
        raise Diverged(
            f"training diverged: the {name} should be finite, some are not; lower the learning"
            " rate"
        )


def _metrics(model: Autoencoder, test: ImageSet, records: list[EpochRecord]) -> dict[str, Any]:
    reached = evaluate(model, test)
    return {
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
    """Return one column per number of the epochs (at least one), a row per epoch."""
    rows = [_row(record) for record in records]
    return {name: np.asarray([row[name] for row in rows], np.float32) for name in rows[0]}


def _row(record: EpochRecord) -> dict[str, Any]:
    """Return an epoch as a row of the history."""
    test = record.test
    return {
        "nll": record.nll,
        "kl": record.kl,
        "test_nll": test.nll,
        "test_kl": test.kl,
        "kl_per_latent": test.kl_per_latent,
        "test_mse": test.mse,
        "squared_radius": test.squared_radius,
        "code_scale": test.code_scale,
        "seconds": record.seconds,
        "images_per_second": record.images_per_second,
        **record.measured,
    }


def _records(history: Arrays, measures: Iterable[str]) -> list[EpochRecord]:
    """Return the epochs that `_history` made a table of.

    Args:
        history: columns of at least these names.
        measures: names of what the objective measures.
    """
    columns = [column.tolist() for column in history.values()]
    rows = [dict(zip(history, values, strict=True)) for values in zip(*columns, strict=True)]
    return [_record(epoch, row, measures) for epoch, row in enumerate(rows, 1)]


def _record(epoch: int, row: dict[str, Any], measures: Iterable[str]) -> EpochRecord:
    test = Evaluation(
        nll=row["test_nll"],
        kl=row["test_kl"],
        kl_per_latent=tuple(row["kl_per_latent"]),
        mse=row["test_mse"],
        squared_radius=row["squared_radius"],
        code_scale=row["code_scale"],
    )
    return EpochRecord(
        epoch=epoch,
        nll=row["nll"],
        kl=row["kl"],
        test=test,
        seconds=row["seconds"],
        images_per_second=row["images_per_second"],
        measured={name: row[name] for name in measures},
    )


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


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
