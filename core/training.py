"""Training: a plain generator of epochs; evaluation: a plain pass over the test set."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, final

import torch
from torch import Tensor

from core.config import RunConfig
from core.data import ImageSet, Split
from core.devices import generator, threads_for
from core.models import Autoencoder, Factorised
from core.models.networks import multiply_adds
from core.objectives import Moment, objective_of

EVALUATION_BATCH = 1000
_LARGEST = torch.finfo(torch.float32).max


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
        code_scale: standard deviation of the mean codes, the root of the mean variance of the
            latents.
    """

    nll: float
    kl: float
    kl_per_latent: tuple[float, ...]
    mse: float
    squared_radius: float
    code_scale: float

    @property
    def elbo(self) -> float:
        """Lower bound on log p(x), nats per image, larger is better; NaN without a KL."""
        return -(self.nll + self.kl)


class EpochRecord(NamedTuple):
    """One epoch of training.

    Args:
        epoch: counted from 1.
        nll: of the training images while they were trained on, nats per image; NaN where the
            objective has no nll.
        kl: likewise; NaN where the objective has no KL.
        test: evaluation of the same model on the test set.
        seconds: spent on training since the start, without evaluations.
        images_per_second: of this epoch's training.
        measured: name -> what the objective measures of the model.
    """

    epoch: int
    nll: float
    kl: float
    test: Evaluation
    seconds: float
    images_per_second: float
    measured: Mapping[str, Any] = MappingProxyType({})


@final
class Training:
    """One training, epoch by epoch, that can stop after any of them and be resumed later.

    The same config, machine, device and number of threads give the same weights, in one go or in
    several. Small layers have one thread wherever they are trained; the others have as many as
    `threads` says, which may differ.

    Args:
        model: untrained, from `core.models.build`; trained in place, and moved to the device.
        data: images to train and to test on.
        config: says β, epochs, batch size, learning rate and seed.
        device: where to train.
        precision: of the layers' products.

    Raises:
        ValueError: the prior has more components than there are training images.
    """

    def __init__(
        self,
        model: Autoencoder,
        data: Split,
        config: RunConfig,
        *,
        device: torch.device,
        precision: torch.dtype = torch.float32,
    ) -> None:
        _check_components(config, len(data.train))
        layout = torch.channels_last
        model.to(device=device, memory_format=layout)  # pyright: ignore[reportCallIssue]
        self.model, self.config = model, config
        self.device, self.precision = device, precision
        self.images, self.test = data.train.to(device), data.test.to(device)
        self.objective = objective_of(model, config.model)
        self.optimiser = torch.optim.Adam(
            model.parameters(),
            lr=config.train.learning_rate,
            betas=self.objective.betas,
            fused=True,
        )
        self.order, self.noise = generator(config.train.seed), generator(config.train.seed, device)
        self.epoch, self.seconds = 0, 0.0

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one step, forwards through encoder and decoder."""
        first = self.images.images(slice(1))
        self.model.eval()
        code = self.model.encode(first).mean
        count = multiply_adds(self.model.encoder, first) + multiply_adds(self.model.decoder, code)
        return count * self.config.train.batch_size

    @property
    def threads(self) -> int:
        """Number of threads that should share its operations, at most those that do now."""
        if self.device.type != "cpu":
            return torch.get_num_threads()
        return threads_for(self.multiply_adds)

    def epochs(self, on_step: Callable[[int], None] | None = None) -> Iterator[EpochRecord]:
        """Yield after each epoch that is left.

        Args:
            on_step: called after each step with the number of images seen since the start.

        Raises:
            Diverged: the loss is not a finite number.
        """
        while self.epoch < self.config.train.epochs:
            yield self._run_epoch(on_step)

    def state(self) -> dict[str, Tensor]:
        """Return all that decides how the training goes on, as tensors on the CPU.

        Returns:
            `model.*`, weights; `adam.*`, moments; `order` and `noise`, random states; `epoch` and
            `seconds`.
        """
        state = {
            f"model.{name}": tensor.detach().cpu()
            for name, tensor in self.model.state_dict().items()
        }
        for i, moments in self.optimiser.state_dict()["state"].items():
            state |= {f"adam.{i}.{name}": value.cpu() for name, value in moments.items()}
        return state | {
            "order": self.order.get_state(),
            "noise": self.noise.get_state(),
            "epoch": torch.tensor(self.epoch),
            "seconds": torch.tensor(self.seconds, dtype=torch.float64),
        }

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state of a training of the same config.

        The noise of a device of another kind means nothing here: noise then starts from the seed.

        Args:
            state: as `state` returns it.

        Raises:
            ValueError: the state lacks a part, or a part has another shape or is not finite;
                nothing is changed.
        """
        _check_fits(_shapes(self.model.state_dict()), _part_of(state, "model"))
        moments, order = self._moments(state), generator(self.config.train.seed)
        try:
            epoch, seconds = int(state["epoch"]), float(state["seconds"])
            order.set_state(state["order"])
            noise = state["noise"]
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise ValueError(
                f"state should have epoch, seconds, order and noise of a training: {error}"
            ) from error
        if not (1 <= epoch <= self.config.train.epochs and 0 <= seconds < math.inf):
            raise ValueError(
                f"state should be of epochs 1 to {self.config.train.epochs}, got {epoch}"
            )
        self.model.load_state_dict(_part_of(state, "model"))
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": self._laid_out(moments), "param_groups": groups})
        self.order, self.epoch, self.seconds = order, epoch, seconds
        with contextlib.suppress(RuntimeError, TypeError):
            self.noise.set_state(noise)

    def _moments(self, state: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
        """Return the optimiser's part of a state: number of a parameter -> name -> tensor.

        Raises:
            ValueError: a parameter has none, or one of another shape or that is not finite.
        """
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _part_of(state, "adam").items():
            index, _, moment = name.partition(".")
            moments.setdefault(int(index), {})[moment] = tensor
        parameters = dict(enumerate(self.model.named_parameters()))
        # A prior of a KL without weight is never moved, and has no moments.
        needed = {i for i, (name, _) in parameters.items() if not name.startswith("prior.")}
        if not needed <= moments.keys() <= parameters.keys():
            raise ValueError(
                f"state should have moments of {len(parameters)} parameters, got {len(moments)}"
            )
        for i, tensors in moments.items():
            shape = parameters[i][1].shape
            _check_fits({"step": torch.Size(), "exp_avg": shape, "exp_avg_sq": shape}, tensors)
        return moments

    def _laid_out(self, moments: dict[int, dict[str, Tensor]]) -> dict[int, dict[str, Tensor]]:
        """Return moments in their parameters' memory format, which files do not keep."""
        parameters = list(self.model.parameters())

        def laid_out(moment: Tensor, parameter: Tensor) -> Tensor:
            # The number of steps, which is no moment of the weights, has no axes.
            return torch.empty_like(parameter).copy_(moment) if moment.ndim else moment.clone()

        return {
            i: {name: laid_out(value, parameters[i].detach()) for name, value in tensors.items()}
            for i, tensors in moments.items()
        }

    def batches(self) -> Iterator[Tensor]:
        """Yield the next epoch's images, (B, 1, H, W), each once and in random order."""
        return _shuffled(self.images.epoch(self.epoch), self.config.train.batch_size, self.order)

    def schedule(self, step: int) -> tuple[float, float]:
        """Return the learning rate and the weight of the KL at a step of the next epoch.

        Args:
            step: of the epoch, from 0.
        """
        train, beta = self.config.train, self.config.model.beta
        progress = self._progress(step)
        warm = min(1.0, progress * train.epochs / train.warm_up) if train.warm_up else 1.0
        return train.learning_rate * half_cosine(progress), beta * warm

    def finish_epoch(self, sums: Tensor, seconds: float) -> EpochRecord:
        """Count an epoch as done and return its record.

        Args:
            sums: the objective's `sums` over the epoch's training images.
            seconds: that it took.

        Raises:
            Diverged: the loss is not a finite number.
        """
        means = dict(zip(self.objective.sums, (sums / len(self.images)).tolist(), strict=True))
        self.epoch, self.seconds = self.epoch + 1, self.seconds + seconds
        calibrate(self.model, self.images)
        record = EpochRecord(
            epoch=self.epoch,
            nll=means.get("nll", math.nan),
            kl=means.get("kl", math.nan),
            test=evaluate(self.model, self.test),
            seconds=self.seconds,
            images_per_second=len(self.images) / seconds,
            measured=self.objective.measure(),
        )
        _check_finite(record, self.objective.sums)
        return record

    def _run_epoch(self, on_step: Callable[[int], None] | None) -> EpochRecord:
        start = time.perf_counter()
        self.model.train()
        sums, seen = [], self.epoch * len(self.images)
        for x in self.batches():
            sums.append(self._step(x, len(sums)))
            seen += len(x)
            if on_step:
                on_step(seen)
        total = torch.stack(sums).cpu().double().sum(0)
        return self.finish_epoch(total, time.perf_counter() - start)

    def _step(self, x: Tensor, step: int) -> Tensor:
        """Take one step and return the objective's sums over the batch."""
        self.optimiser.param_groups[0]["lr"], beta = self.schedule(step)
        moment = Moment(step, self._progress(step), beta)
        return self.objective.step(x, self.optimiser, self.noise, moment, self.precision)

    def _progress(self, step: int) -> float:
        """Return the share of the training, in [0, 1), before a step of the next epoch."""
        steps = math.ceil(len(self.images) / self.config.train.batch_size)
        return (self.epoch * steps + step) / (self.config.train.epochs * steps)


def train(
    model: Autoencoder,
    data: Split,
    config: RunConfig,
    *,
    device: torch.device,
    precision: torch.dtype = torch.float32,
    on_step: Callable[[int], None] | None = None,
) -> Iterator[EpochRecord]:
    """Train a model in place, in one go, yielding after each epoch; arguments as in `Training`."""
    return Training(model, data, config, device=device, precision=precision).epochs(on_step)


def half_cosine(progress: float) -> float:
    """Return the share of the learning rate left at a progress in [0, 1], from 1 down to 0.

    Source: Loshchilov and Hutter 2017, SGDR, equation 5, without restarts,
        https://arxiv.org/abs/1608.03983.
    """
    return 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


@torch.inference_mode()
def evaluate(model: Autoencoder, images: ImageSet, *, seed: int = 0) -> Evaluation:
    """Return nll, KL, mse and scale of a model on images, one sampled code an image, in float32.

    Args:
        model: any of the family; left in evaluation mode.
        images: N images, on the model's device.
        seed: of the sampled codes.
    """
    model.eval()
    noise = generator(seed, images.labels.device)
    sums = [_evaluate_batch(model, x, noise) for x in _batches(images)]
    nll, kl, mse, radius, *latents = (torch.stack(sums).sum(0) / len(images)).tolist()
    centre, per_latent = latents[: model.prior.latent_dim], latents[model.prior.latent_dim :]
    variance = max(0.0, radius - sum(mean * mean for mean in centre)) / len(centre)
    return Evaluation(nll, kl, tuple(per_latent), mse, radius, math.sqrt(variance))


@torch.inference_mode()
def encode(model: Autoencoder, images: ImageSet) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each image's posterior, (N, L) each, on the CPU."""
    model.eval()
    posteriors = [model.encode(x) for x in _batches(images)]
    mean, std = torch.cat([p.mean for p in posteriors]), torch.cat([p.std for p in posteriors])
    return mean.cpu(), std.cpu()


@torch.inference_mode()
def calibrate(model: Autoencoder, images: ImageSet) -> None:
    """Give the posterior what it keeps of the training set's codes: R, for a fixed posterior."""
    if model.posterior.needs_calibration:
        model.eval()
        model.posterior.calibrate(torch.cat([model.encode(x).mean for x in _batches(images)]))


def _part_of(state: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    """Return the tensors of one part, without the part's name in theirs."""
    begin = f"{part}."
    return {
        name.removeprefix(begin): tensor
        for name, tensor in state.items()
        if name.startswith(begin)
    }


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}


def _check_fits(shapes: Mapping[str, torch.Size], tensors: Mapping[str, Tensor]) -> None:
    """Refuse tensors of other names or shapes, or that are not finite.

    Raises:
        ValueError: there is such a tensor.
    """
    given = _shapes(tensors)
    if given != shapes:
        names = [name for name in {**shapes, **given} if given.get(name) != shapes.get(name)]
        raise ValueError(f"state should fit its config, does not in {', '.join(names[:3])}")
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise ValueError(f"state should be finite, is not in {name}")


def _check_components(config: RunConfig, images: int) -> None:
    """Refuse a prior of more components than there are training images.

    Raises:
        ValueError: there are more.
    """
    count = config.model.components
    if count is not None and count > images:
        raise ValueError(
            f"components should be at most the number of training images, {images}, got {count}"
        )


def _shuffled(images: ImageSet, batch_size: int, order: torch.Generator) -> Iterator[Tensor]:
    """Yield every image once, in batches (B, 1, H, W) in random order."""
    indices = torch.randperm(len(images), generator=order).to(images.labels.device)
    for batch in indices.split(batch_size):
        yield images.images(batch).contiguous(memory_format=torch.channels_last)


def _check_finite(record: EpochRecord, sums: tuple[str, ...]) -> None:
    """Refuse an epoch whose numbers single precision does not hold.

    Args:
        record: of the epoch.
        sums: of the objective, names of what the training minimises.

    Raises:
        Diverged: a number is not finite.
    """
    test = record.test
    numbers = [
        ("nll", test.nll),
        ("squared error", test.mse),
        ("squared size of the codes", test.squared_radius),
    ]
    if "nll" in sums:
        numbers.insert(0, ("nll", record.nll))
    if "kl" in sums:
        numbers += [("KL", kl) for kl in (record.kl, test.kl, *test.kl_per_latent)]
    for name, value in numbers:
        if not abs(value) <= _LARGEST:
            raise Diverged(
                f"training diverged in epoch {record.epoch}: the {name} is {value}; lower the"
                " learning rate"
            )


def _evaluate_batch(model: Autoencoder, x: Tensor, noise: torch.Generator) -> Tensor:
    """Return sums over a batch: nll, KL, mse, squared radius, mean of each latent, KL of each.

    The KL is NaN where the posterior is charged none, and that of each latent is left out where
    there is none or the prior is no product over latents.
    """
    posterior, z, output = model(x, noise)
    mean, charged = posterior.mean, model.posterior.has_kl
    kl = model.prior.kl(posterior, z) if charged else torch.full_like(mean[:, 0], math.nan)
    mse = (model.decode(mean) - x).square().flatten(1).mean(1)
    columns = [model.likelihood.nll(output, x), kl, mse, mean.square().sum(-1), *mean.unbind(1)]
    if charged and isinstance(model.prior, Factorised):
        columns += model.prior.kl_per_latent(posterior).unbind(1)
    return torch.stack(columns).sum(1).cpu().double()


def _batches(images: ImageSet) -> Iterator[Tensor]:
    for start in range(0, len(images), EVALUATION_BATCH):
        yield images.images(slice(start, start + EVALUATION_BATCH))
