"""Training and what is measured of a model: a plain generator of epochs, a plain pass over the test set."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, final

import torch
from torch import Tensor

from core import adversarial
from core.adversarial import Game
from core.config import RunConfig
from core.data import ImageSet, Split
from core.devices import generator, reduced_precision, threads_for
from core.models import Autoencoder, Factorised
from core.models.networks import multiply_adds
from core.objectives import Terms, loss, terms

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
        nll: of the training images while they were trained on, nats per image.
        kl: likewise; NaN where the posterior is charged no KL.
        test: the same model on the test set.
        seconds: spent on training since the start, without evaluations.
        images_per_second: of this epoch's training.
        game: how an InfoGAN's game stands, whose training minimises no nll: `nll` is NaN.
    """

    epoch: int
    nll: float
    kl: float
    test: Evaluation
    seconds: float
    images_per_second: float
    game: Game | None = None


@final
class Training:
    """One training, epoch by epoch, that can be put aside after any of them and taken up again
    without a trace.

    The same config, machine, device and number of threads give the same weights, in one go or in
    several. Small layers have one thread wherever they are trained; the others have as many as
    `threads` finds, which may differ.

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
        model.to(device=device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.model, self.config = model, config
        self.device, self.precision = device, precision
        self.images, self.test = data.train.to(device), data.test.to(device)
        betas = adversarial.BETAS if adversarial.is_played(model) else (0.9, 0.999)
        self.optimiser = torch.optim.Adam(
            model.parameters(), lr=config.train.learning_rate, betas=betas, fused=True
        )
        self.order, self.noise = generator(config.train.seed), generator(config.train.seed, device)
        self.epoch, self.seconds = 0, 0.0

    @property
    def multiply_adds(self) -> int:
        """Multiplications, each with an addition, of a step forwards through encoder and decoder."""
        first = self.images.images(slice(1))
        self.model.eval()
        code = self.model.encode(first).mean
        count = multiply_adds(self.model.encoder, first) + multiply_adds(self.model.decoder, code)
        return count * self.config.train.batch_size

    @property
    def threads(self) -> int:
        """How many threads should share its operations, at most those that share them now."""
        return (
            threads_for(self.multiply_adds)
            if self.device.type == "cpu"
            else torch.get_num_threads()
        )

    def epochs(self, on_step: Callable[[int], None] | None = None) -> Iterator[EpochRecord]:
        """Yield after each epoch that is left.

        Args:
            on_step: told after each step how many images were seen since the start.

        Raises:
            Diverged: the loss is not a finite number.
        """
        while self.epoch < self.config.train.epochs:
            yield self._run_epoch(on_step)

    def state(self) -> dict[str, Tensor]:
        """Return all that decides how it goes on, as tensors on the CPU: weights, moments, random states, progress."""
        moments = self.optimiser.state_dict()["state"]
        return {
            **{
                f"model.{name}": tensor.detach().cpu()
                for name, tensor in self.model.state_dict().items()
            },
            **{
                f"adam.{i}.{name}": value.cpu()
                for i, kept in moments.items()
                for name, value in kept.items()
            },
            "order": self.order.get_state(),
            "noise": self.noise.get_state(),
            "epoch": torch.tensor(self.epoch),
            "seconds": torch.tensor(self.seconds, dtype=torch.float64),
        }

    def take_up(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state of a training of the same config.

        Where that was on a device of another kind, its noise means nothing here: noise starts from
        the seed then.

        Raises:
            ValueError: the state lacks a part, or one of another shape or that is not finite;
                nothing is changed.
        """
        _check_fits(_shapes(self.model.state_dict()), _of_part(state, "model"))
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
        self.model.load_state_dict(_of_part(state, "model"))
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": self._laid_out(moments), "param_groups": groups})
        self.order, self.epoch, self.seconds = order, epoch, seconds
        with contextlib.suppress(RuntimeError, TypeError):
            self.noise.set_state(noise)

    def _moments(self, state: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
        """Return the optimiser's part of a state: parameter, as it is counted -> name -> tensor.

        Raises:
            ValueError: there is none of a parameter, or one of another shape or that is not
                finite.
        """
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _of_part(state, "adam").items():
            index, _, what = name.partition(".")
            moments.setdefault(int(index), {})[what] = tensor
        parameters = dict(enumerate(self.model.named_parameters()))
        # A prior of a KL without weight is never moved, and has no moments.
        wanted = {i for i, (name, _) in parameters.items() if not name.startswith("prior.")}
        if not wanted <= moments.keys() <= parameters.keys():
            raise ValueError(
                f"state should have moments of {len(parameters)} parameters, got {len(moments)}"
            )
        for i, kept in moments.items():
            shape = parameters[i][1].shape
            _check_fits({"step": torch.Size(), "exp_avg": shape, "exp_avg_sq": shape}, kept)
        return moments

    def _laid_out(self, moments: dict[int, dict[str, Tensor]]) -> dict[int, dict[str, Tensor]]:
        """Return moments in their parameters' memory format, which files do not keep."""
        parameters = list(self.model.parameters())
        return {
            i: {
                name: (
                    value.clone()
                    if value.ndim == 0
                    else torch.empty_like(parameters[i].detach()).copy_(value)
                )
                for name, value in kept.items()
            }
            for i, kept in moments.items()
        }

    def batches(self) -> Iterator[Tensor]:
        """Yield the images of the epoch that comes next, (B, 1, H, W), each once and in random order."""
        return _shuffled(self.images.epoch(self.epoch), self.config.train.batch_size, self.order)

    def schedule(self, step: int) -> tuple[float, float]:
        """Return the learning rate and the weight of the KL at a step, counted from 0, of the epoch that comes next."""
        train, beta = self.config.train, self.config.model.beta or 0.0
        progress = self._progress(step)
        warm = min(1.0, progress * train.epochs / train.warm_up) if train.warm_up else 1.0
        return train.learning_rate * half_cosine(progress), beta * warm

    def conclude(self, sums: Tensor, seconds: float) -> EpochRecord:
        """Count an epoch as done and return its record.

        Args:
            sums: nll and KL summed over its training images (2,).
            seconds: that it took.

        Raises:
            Diverged: the loss is not a finite number.
        """
        nll, kl = (sums / len(self.images)).tolist()
        self.epoch, self.seconds = self.epoch + 1, self.seconds + seconds
        calibrate(self.model, self.images)
        reached = evaluate(self.model, self.test)
        game = adversarial.measure(self.model) if adversarial.is_played(self.model) else None
        record = EpochRecord(
            self.epoch, nll, kl, reached, self.seconds, len(self.images) / seconds, game
        )
        _check_finite(record, self.model.posterior.has_kl)
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
        return self.conclude(total, time.perf_counter() - start)

    def _step(self, x: Tensor, step: int) -> Tensor:
        """Take one step and return nll and KL summed over the batch (2,)."""
        self.optimiser.param_groups[0]["lr"], beta = self.schedule(step)
        if adversarial.is_played(self.model):
            return self._play(x, step)
        with reduced_precision(self.device, self.precision):
            now = terms(self.model, x, self.noise)
        self.optimiser.zero_grad(set_to_none=True)
        loss(now, beta).backward()
        self.optimiser.step()
        return _sums(now)

    def _play(self, x: Tensor, step: int) -> Tensor:
        """Take one step of both sides of an InfoGAN's game; it has neither nll nor KL."""
        assert self.config.model.information is not None
        adversarial.step(
            self.model,
            x,
            self.optimiser,
            self.noise,
            information=self.config.model.information,
            instance_noise=adversarial.INSTANCE_NOISE * (1 - self._progress(step)),
            flatten=step % adversarial.LAZY == 0,
            precision=self.precision,
        )
        return torch.full((2,), math.nan, device=self.device)

    def _progress(self, step: int) -> float:
        """Return how much of the whole training, in [0, 1), lies before a step of the epoch that comes next."""
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
    nll, kl, mse, radius, *latents = (torch.stack(sums).sum(0) / len(images)).tolist()
    centre, per_latent = latents[: model.prior.latent_dim], latents[model.prior.latent_dim :]
    variance = max(0.0, radius - sum(mean * mean for mean in centre)) / len(centre)
    return Evaluation(nll, kl, tuple(per_latent), mse, radius, math.sqrt(variance))


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


def _of_part(state: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    """Return the tensors whose names begin with a part's, without that beginning."""
    begin = f"{part}."
    return {
        name.removeprefix(begin): tensor
        for name, tensor in state.items()
        if name.startswith(begin)
    }


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}


def _check_fits(wanted: Mapping[str, torch.Size], tensors: Mapping[str, Tensor]) -> None:
    """Refuse tensors of other names or shapes, or that are not finite.

    Raises:
        ValueError: they are.
    """
    if _shapes(tensors) != wanted:
        names = [
            name
            for name in {**wanted, **tensors}
            if _shapes(tensors).get(name) != wanted.get(name)
        ]
        raise ValueError(f"state should fit its config, does not in {', '.join(names[:3])}")
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise ValueError(f"state should be finite, is not in {name}")


def _check_components(config: RunConfig, images: int) -> None:
    """Refuse a prior that could give every training image a component of its own, and would have some to spare."""
    count = config.model.components
    if count is not None and count > images:
        raise ValueError(
            f"components should be at most the number of training images, {images}, got {count}"
        )


def _shuffled(images: ImageSet, batch_size: int, order: torch.Generator) -> Iterator[Tensor]:
    """Yield every image once, in batches (B, 1, H, W) in random order."""
    for index in (
        torch.randperm(len(images), generator=order).to(images.labels.device).split(batch_size)
    ):
        yield images.images(index).contiguous(memory_format=torch.channels_last)


def _check_finite(record: EpochRecord, charged: bool) -> None:
    """Refuse an epoch whose numbers single precision does not hold.

    Args:
        record: of the epoch.
        charged: whether there is a KL.

    Raises:
        Diverged: one is not finite.
    """
    test = record.test
    numbers = [
        ("nll", test.nll),
        ("squared error", test.mse),
        ("squared size of the codes", test.squared_radius),
    ]
    if not record.game:  # whose training has no nll
        numbers.insert(0, ("nll", record.nll))
    if charged:
        numbers += [("KL", kl) for kl in (record.kl, test.kl, *test.kl_per_latent)]
    for name, value in numbers:
        if not abs(value) <= _LARGEST:
            raise Diverged(
                f"training diverged in epoch {record.epoch}: the {name} is {value}; lower the"
                " learning rate"
            )


def _sums(now: Terms) -> Tensor:
    """Return nll and KL summed over a batch (2,), left on the device so that no step waits for it."""
    nll = now.nll.detach()
    kl = torch.full_like(nll, math.nan) if now.kl is None else now.kl.detach()
    return torch.stack([nll.sum(), kl.sum()])


def _evaluate_batch(model: Autoencoder, x: Tensor, noise: torch.Generator) -> Tensor:
    """Return sums over a batch: nll, KL, mse, squared radius, each latent's mean, its KL where that is defined."""
    posterior, z, output = model(x, noise)
    charged = model.posterior.has_kl
    kl = (
        model.prior.kl(posterior, z)
        if charged
        else torch.full_like(posterior.mean[:, 0], math.nan)
    )
    mse = (model.decode(posterior.mean) - x).square().flatten(1).mean(1)
    columns = [model.likelihood.nll(output, x), kl, mse, posterior.mean.square().sum(-1)]
    columns += posterior.mean.unbind(1)
    if charged and isinstance(model.prior, Factorised):
        columns += model.prior.kl_per_latent(posterior).unbind(1)
    return torch.stack(columns).sum(1).cpu().double()


def _batches(images: ImageSet) -> Iterator[Tensor]:
    for start in range(0, len(images), EVALUATION_BATCH):
        yield images.images(slice(start, start + EVALUATION_BATCH))
