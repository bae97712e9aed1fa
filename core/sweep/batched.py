"""The engine of a GPU: many models are trained at once, their weights stacked.

They may differ in β, seed and learning rate alone. A small network leaves a GPU idle between its
many short steps; eight at once take hardly longer than one. Each model keeps its own `Training`:
its order of images, its noise, its learning rate, its optimiser. Only the passes through the
networks are shared, so that the weights are those of one training after another within rounding.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import final

import torch
from torch import Tensor, nn

from core.config import RunConfig
from core.data import load
from core.devices import reduced_precision
from core.families import groups
from core.models import Autoencoder
from core.models.posteriors import Gaussian
from core.models.priors import StandardNormal
from core.objectives import Terms, Variational, objective_class
from core.runs import KeptTraining
from core.runtime import FAILURES, reason_of
from core.sweep.contract import TOLD_EVERY, Outcome, Report
from core.sweep.layers import hand_out_gradients, network, stacked
from core.training import Diverged, EpochRecord, Training


@final
class Batched:
    """Trains groups of models at once.

    Args:
        slots: models at once, at least 1.
        device: where to train; the best there is for None.
    """

    def __init__(self, slots: int, *, device: str | None = None) -> None:
        self.slots, self.device = slots, device

    def run(self, configs: Sequence[RunConfig], root: Path, report: Report) -> Iterator[Outcome]:
        """Yield how each run ended, as `Engine.run` does."""
        for config in configs:
            check(config)
        for group in groups_of(configs, self.slots):
            yield from self._train(group, root, report)

    def _train(
        self, configs: Sequence[RunConfig], root: Path, report: Report
    ) -> Iterator[Outcome]:
        runs: list[KeptTraining] = []
        for config in configs:
            try:
                data = runs[0].data if runs else load(config.data)
                runs.append(KeptTraining(config, root, data=data, device=self.device))
            except FAILURES as error:
                yield Outcome(config, reason_of(error))
        try:
            yield from _to_their_ends(runs, report)
        except GeneratorExit:
            for run in runs:
                run.save_unfinished()
            raise


def check(config: RunConfig) -> None:
    """Make sure that a model can be trained with others at once.

    Raises:
        ValueError: it cannot; the sentence says which models can.
    """
    model = config.model
    plain = model.posterior in ("point", "learned") and model.prior == "normal"
    fixed_scale = model.likelihood == "bernoulli" or model.scale is not None
    variational = objective_class(model) is Variational
    if not (plain and fixed_scale and variational and model.network in ("mlp", "conv")):
        raise ValueError(
            "the batched engine trains AEs, VAEs and β-VAEs of mlp or conv layers with a standard"
            f" normal prior and no learned scale, not {config.key}; train it with --engine local"
        )


def groups_of(configs: Sequence[RunConfig], most: int) -> list[list[RunConfig]]:
    """Return groups of at most so many configs that differ in β, seed and learning rate alone."""
    alike = groups(configs, but_for={"beta", "seed", "learning_rate"})
    return [group[start : start + most] for group in alike for start in range(0, len(group), most)]


def _to_their_ends(runs: list[KeptTraining], report: Report) -> Iterator[Outcome]:
    """Train epoch by epoch, and take each run from the list when it ends."""
    # A run that was put aside may be at its end already.
    results: list[EpochRecord | BaseException | None] = [None] * len(runs)
    while runs:
        # All are noted before any is told of: who listens may stop listening.
        reasons = [_noted(run, result) for run, result in zip(runs, results, strict=True)]
        for run, reason in zip(list(runs), reasons, strict=True):
            if reason or _is_done(run):
                runs.remove(run)
                yield Outcome(run.training.config, reason)
        results = _next_epoch(runs, report) if runs else []


def _noted(run: KeptTraining, result: EpochRecord | BaseException | None) -> str:
    """Note an epoch, keep the run after its last, and return why that failed, or nothing."""
    try:
        if isinstance(result, BaseException):
            raise result
        if result is not None:
            run.note(result)
        if _is_done(run):
            run.keep()
    except FAILURES as error:
        return reason_of(error)
    return ""


def _is_done(run: KeptTraining) -> bool:
    return run.training.epoch >= run.training.config.train.epochs


def _next_epoch(
    runs: Sequence[KeptTraining], report: Report
) -> list[EpochRecord | BaseException | None]:
    try:
        return list(run_epoch([run.training for run in runs], report))
    except FAILURES as error:  # of all of them, such as too little memory
        return [error] * len(runs)


def run_epoch(trainings: Sequence[Training], report: Report) -> list[EpochRecord | Diverged]:
    """Train some models for their next epoch, all at once.

    Args:
        trainings: of models that `groups_of` puts into one group, on one device.
        report: called now and then with each run and the number of images that it has seen.

    Returns:
        The record of each model's epoch, or the error where it diverged.
    """
    start = told = time.perf_counter()
    stack = _Stack(trainings)
    sums, seen = [], 0
    for step, (x, noise) in enumerate(_batches(trainings)):
        sums.append(stack.step(x, noise, step))
        seen += len(x)
        if time.perf_counter() - told > TOLD_EVERY:
            told = time.perf_counter()
            for training in trainings:
                report(training.config, training.epoch * len(training.images) + seen)
    total = torch.stack(sums).cpu().double().sum(0)
    share = (time.perf_counter() - start) / len(trainings)
    return [
        _finished(training, mine, share) for training, mine in zip(trainings, total, strict=True)
    ]


def _finished(training: Training, sums: Tensor, seconds: float) -> EpochRecord | Diverged:
    try:
        return training.finish_epoch(sums, seconds)
    except Diverged as error:
        return error


@final
class _Stack:
    """The networks of some trainings as one, for an epoch."""

    def __init__(self, trainings: Sequence[Training]) -> None:
        self.trainings, self.models = trainings, [training.model.train() for training in trainings]
        self.encoder, self.decoder = (stacked(part) for part in self._parts())
        first = trainings[0]
        steps = math.ceil(len(first.images) / first.config.train.batch_size)
        rates, betas = [], []
        for step in range(steps):
            schedule = [training.schedule(step) for training in trainings]
            rates.append([rate for rate, _ in schedule])
            betas.append([beta for _, beta in schedule])
        self.rates, self.betas = rates, torch.tensor(betas, device=first.device)

    def step(self, x: Tensor, noise: Tensor, step: int) -> Tensor:
        """Take one step with each model and return its objective's sums over the batch, (M, S).

        Args:
            x: images (B, M, H, W).
            noise: of the codes (M, B, L).
            step: of the epoch.
        """
        first = self.trainings[0]
        with reduced_precision(first.device, first.precision):
            nll, kl = now = self._terms(first.model, x, noise)
        each = nll if kl is None else nll + self.betas[step, :, None] * kl
        each.mean(1).sum().backward()
        for stack, part in zip((self.encoder, self.decoder), self._parts(), strict=True):
            hand_out_gradients(stack, part)
        for training, rate in zip(self.trainings, self.rates[step], strict=True):
            training.optimiser.param_groups[0]["lr"] = rate
            training.optimiser.step()
        return torch.stack([term.detach().sum(1) for term in now if term is not None], dim=1)

    def _terms(self, model: Autoencoder, x: Tensor, noise: Tensor) -> Terms:
        """Return nll and KL of each model and image, (M, B) each."""
        posterior = model.posterior(network(model.encoder, self.encoder, x).float())
        assert isinstance(posterior, Gaussian)
        assert isinstance(model.prior, StandardNormal)
        z = posterior.mean + posterior.std * noise
        output = network(model.decoder, self.decoder, z).float()
        rows = (image.transpose(0, 1).flatten(0, 1) for image in (output, x))
        nll = model.likelihood.nll(*rows).unflatten(0, noise.shape[:2])
        kl = model.prior.kl(posterior, z) if model.posterior.has_kl else None
        return Terms(nll, kl)

    def _parts(self) -> tuple[list[nn.Module], list[nn.Module]]:
        return [model.encoder for model in self.models], [model.decoder for model in self.models]


def _batches(trainings: Sequence[Training]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the next epoch's images, (B, M, H, W), and noise, (M, B, L).

    Each model has those that it would have alone. Models of one seed have the same ones, which are
    drawn once.
    """
    sources = {
        (training.config.train.seed, training.epoch): training for training in reversed(trainings)
    }
    names = list(sources)
    place = [names.index((training.config.train.seed, training.epoch)) for training in trainings]
    latents = trainings[0].config.model.latent_dim
    for images in zip(*(source.batches() for source in sources.values()), strict=True):
        shape = (len(images[0]), latents)
        noise = [torch.randn(shape, generator=s.noise, device=s.device) for s in sources.values()]
        yield torch.cat(images, dim=1)[:, place], torch.stack(noise)[place]
    for training in trainings:
        source = sources[training.config.train.seed, training.epoch]
        if source is not training:
            training.order.set_state(source.order.get_state())
            training.noise.set_state(source.noise.get_state())
