"""Training and what is measured of a model: a plain generator of epochs, a plain pass over the test set."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from core.config import RunConfig
from core.data import ImageSet, Split
from core.models import Autoencoder
from core.objectives import Terms, loss, terms
from core.runtime import generator, reduced_precision

EVALUATION_BATCH = 1000


class Diverged(ArithmeticError):
    """Training left the finite numbers; the message says when and what to change."""


class Evaluation(NamedTuple):
    """What a model reaches on a set of images.

    Args:
        nll: nats per image, one sampled code each.
        kl: nats per image; NaN where the posterior is charged no KL.
        kl_per_latent: nats per image (L,); empty where the posterior is charged no KL.
        mse: squared error of the reconstruction of the mean code, per pixel.
        squared_radius: R, mean squared distance of the mean codes from the origin.
    """

    nll: float
    kl: float
    kl_per_latent: tuple[float, ...]
    mse: float
    squared_radius: float

    @property
    def elbo(self) -> float:
        """Lower bound on log p(x), nats per image, larger is better; NaN without a KL."""
        return -(self.nll + self.kl)


class EpochRecord(NamedTuple):
    """One epoch of training.

    Args:
        epoch: counted from 1.
        nll: of the training images while they were trained on, nats per image.
        kl: likewise; NaN where the posterior is charged no KL.
        test: the same model on the test set.
        seconds: spent on training since the start, without evaluations.
        images_per_second: of this epoch's training.
    """

    epoch: int
    nll: float
    kl: float
    test: Evaluation
    seconds: float
    images_per_second: float


def train(
    model: Autoencoder,
    data: Split,
    config: RunConfig,
    *,
    device: torch.device,
    precision: torch.dtype = torch.float32,
    on_step: Callable[[int], None] | None = None,
) -> Iterator[EpochRecord]:
    """Train a model in place, yielding after each epoch.

    The same config, machine, device and number of threads give the same weights.

    Args:
        model: untrained, from `core.models.build`.
        data: images to train and to test on.
        config: says β, epochs, batch size, learning rate and seed.
        device: where to train; the model is moved there.
        precision: of the layers' products.
        on_step: told after each step how many images were seen since the start.

    Raises:
        Diverged: the loss is not a finite number.
    """
    model.to(device=device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    images, test = data.train.to(device), data.test.to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=config.train.learning_rate, fused=True)
    steps = config.train.epochs * math.ceil(len(images) / config.train.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: half_cosine(step / steps))
    order, noise = generator(config.train.seed), generator(config.train.seed, device)
    seconds, seen = 0.0, 0
    for epoch in range(1, config.train.epochs + 1):
        start = time.perf_counter()
        model.train()
        sums = []
        for x in _shuffled(images, config.train.batch_size, order):
            with reduced_precision(device, precision):
                now = terms(model, x, noise)
            _descend(now, config.model.beta or 0.0, optimiser, schedule)
            sums.append(_sums(now))
            seen += len(x)
            if on_step:
                on_step(seen)
        nll, kl = (torch.stack(sums).cpu().double().sum(0) / len(images)).tolist()
        elapsed = time.perf_counter() - start
        seconds += elapsed
        calibrate(model, images)
        record = EpochRecord(epoch, nll, kl, evaluate(model, test), seconds, len(images) / elapsed)
        _check_finite(record)
        yield record


def half_cosine(progress: float) -> float:
    """Return the share of the learning rate left at a progress in [0, 1], from 1 down to 0.

    Source: Loshchilov and Hutter 2017, equation 5, without restarts.
    """
    return 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


@torch.inference_mode()
def evaluate(model: Autoencoder, images: ImageSet, *, seed: int = 0) -> Evaluation:
    """Return what a model reaches on images, one sampled code per image, in float32.

    Args:
        model: any of the family; left in evaluation mode.
        images: N images, on the model's device.
        seed: of the sampled codes.
    """
    model.eval()
    noise = generator(seed, images.labels.device)
    sums = [_evaluate_batch(model, x, noise) for x in _batches(images)]
    nll, kl, mse, radius, *per_latent = (torch.stack(sums).sum(0) / len(images)).tolist()
    return Evaluation(nll, kl, tuple(per_latent), mse, radius)


@torch.inference_mode()
def encode(model: Autoencoder, images: ImageSet) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of the posterior of each image, (N, L) each, on the CPU."""
    model.eval()
    posteriors = [model.encode(x) for x in _batches(images)]
    mean, std = torch.cat([p.mean for p in posteriors]), torch.cat([p.std for p in posteriors])
    return mean.cpu(), std.cpu()


@torch.inference_mode()
def calibrate(model: Autoencoder, images: ImageSet) -> None:
    """Let the posterior take what it keeps from the training set: R, for a fixed posterior."""
    if model.posterior.needs_calibration:
        model.eval()
        model.posterior.calibrate(torch.cat([model.encode(x).mean for x in _batches(images)]))


def _shuffled(images: ImageSet, batch_size: int, order: torch.Generator) -> Iterator[Tensor]:
    """Yield every image once, in batches (B, 1, H, W) in random order."""
    for index in torch.randperm(len(images), generator=order).to(images.labels.device).split(batch_size):
        yield images.images(index).contiguous(memory_format=torch.channels_last)


def _check_finite(record: EpochRecord) -> None:
    nll = record.nll + record.test.nll
    if not math.isfinite(nll):
        raise Diverged(f"training diverged in epoch {record.epoch}: the nll is {nll}; lower the learning rate")


def _descend(
    now: Terms, beta: float, optimiser: torch.optim.Optimizer, schedule: torch.optim.lr_scheduler.LRScheduler
) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss(now, beta).backward()
    optimiser.step()
    schedule.step()


def _sums(now: Terms) -> Tensor:
    """Return nll and KL summed over a batch (2,), left on the device so that no step waits for it."""
    nll = now.nll.detach()
    kl = torch.full_like(nll, math.nan) if now.kl is None else now.kl.detach()
    return torch.stack([nll.sum(), kl.sum()])


def _evaluate_batch(model: Autoencoder, x: Tensor, noise: torch.Generator) -> Tensor:
    """Return sums over a batch of nll, KL, mse, squared radius and the KL of each latent, where that is defined."""
    posterior, z, output = model(x, noise)
    charged = model.posterior.has_kl
    kl = model.prior.kl(posterior, z) if charged else torch.full_like(posterior.mean[:, 0], math.nan)
    mse = (model.decode(posterior.mean) - x).square().flatten(1).mean(1)
    columns = [model.likelihood.nll(output, x), kl, mse, posterior.mean.square().sum(-1)]
    if charged and model.prior.factorised:
        columns += model.prior.kl_per_latent(posterior).unbind(1)
    return torch.stack(columns).sum(1).cpu().double()


def _batches(images: ImageSet) -> Iterator[Tensor]:
    for start in range(0, len(images), EVALUATION_BATCH):
        yield images.images(slice(start, start + EVALUATION_BATCH))
