"""How fast are 64x64 sprites trained on, over a plain float32 loop, and how fast are they drawn?

python -m tests.benchmarks.sprites [--device cuda] [--quick]

Both train the same net (Burgess et al. 2018, ten latents, β = 4) with Adam on the same images. The
plain loop is what one writes first: images drawn beforehand, a DataLoader over a TensorDataset,
PyTorch's defaults. A third contender only runs the network's layers forward and backward on one
batch, as the lab's training does: it says how fast a training with these layers would be if data,
loss and optimiser cost nothing.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from core.config import DataConfig, RunConfig
from core.data import ImageSet, Split, load
from core.devices import pick_device, pick_precision, reduced_precision
from core.models import build
from core.models.networks import Doubling
from core.recipes import recipe
from core.runtime import keep_freed_memory
from core.training import train
from tests.benchmarks.measure import alternate, figure, machine, ratios, report

BATCHES = (64, 128, 256, 512)
GOAL = "at least 3 times the plain loop's"
DRAWING_GOAL = "at least 100,000 images/s on two cores"
DRAWN = 100_000


def main() -> None:
    """Measure and print."""
    options = _options()
    device = pick_device(options.device)
    figures = []
    for batch_size in BATCHES:
        config = recipe("sprites", "beta-vae", 10, size=64, batch_size=batch_size, epochs=1)
        figures += _training(config, device, options.steps * batch_size, options.rounds)
    what = f"Sprites drawn at 32x32, {device.type}"
    figures.append(figure(what, _drawing(device, options), "images/s", DRAWING_GOAL))
    report(
        "sprites",
        figures,
        device=torch.cuda.get_device_name() if device.type == "cuda" else machine(),
        precision=str(pick_precision(device, 64 * 64)),
        threads=torch.get_num_threads(),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, help="per round (default: 80, on a GPU 400)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run?")
    options = parser.parse_args()
    options.steps = options.steps or (80 if options.device == "cpu" else 400)
    if options.quick:
        options.rounds, options.steps = 2, 3
    return options


def _training(config: RunConfig, device: torch.device, count: int, rounds: int) -> list[dict]:
    spawn = multiprocessing.get_context("spawn")
    with (
        # `python -m core train` keeps freed memory too.
        ProcessPoolExecutor(1, spawn, initializer=keep_freed_memory) as lab,
        ProcessPoolExecutor(1, spawn) as plain,
    ):
        contenders: dict[str, Callable[[], float]] = {
            "core.training": lambda: lab.submit(_lab, config, device, count).result(),
            "plain loop": lambda: plain.submit(_plain, config, device, count).result(),
            "layers alone": lambda: lab.submit(_layers, config, device).result(),
        }
        reached = alternate(contenders, rounds)
    where = f"64x64 convolutional β-VAE, batch {config.train.batch_size}, {device.type}"
    share = ratios(reached["core.training"], reached["plain loop"])
    ceiling = ratios(reached["layers alone"], reached["plain loop"])
    goal = GOAL if device.type == "cpu" else ""
    return [
        *(figure(f"{where}: {name}", values, "images/s") for name, values in reached.items()),
        figure(f"{where}: core.training over plain loop", share, "times", goal),
        figure(f"{where}: layers alone over plain loop", ceiling, "times"),
    ]


def _lab(config: RunConfig, device: torch.device, count: int) -> float:
    precision = pick_precision(device, 64 * 64)
    (record,) = train(
        build(config), _data(config, count), config, device=device, precision=precision
    )
    return record.images_per_second


@cache
def _data(config: RunConfig, count: int) -> Split:
    whole = load(config.data)
    return Split(train=whole.train.subset(slice(count)), test=whole.test.subset(slice(64)))


@cache
def _loader(config: RunConfig, count: int) -> DataLoader:
    images = _data(config, count).train.images()
    return DataLoader(TensorDataset(images), batch_size=config.train.batch_size, shuffle=True)


def _standard(layer: nn.Module) -> nn.Module:
    """Return PyTorch's own transposed convolution in place of the lab's."""
    if not isinstance(layer, Doubling):
        return layer
    before, after = layer.weight.shape[:2]
    return nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)


def _plain(config: RunConfig, device: torch.device, count: int) -> float:
    """Return the images per second of one epoch of a loop as in a tutorial."""
    family = build(config)
    decoder = nn.Sequential(*map(_standard, family.decoder))
    model = nn.ModuleDict({"encoder": family.encoder, "decoder": decoder}).to(device).train()
    optimiser = torch.optim.Adam(model.parameters(), lr=config.train.learning_rate)
    start, seen, total = time.perf_counter(), 0, 0.0
    for (batch,) in _loader(config, count):
        x = batch.to(device)
        mean, log_var = model["encoder"](x).chunk(2, dim=1)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_var)
        logits = model["decoder"](z)
        nll = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
        kl = 0.5 * (mean.square() + log_var.exp() - log_var - 1).sum() / len(x)
        loss = nll + config.model.beta * kl
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        seen += len(x)
        total += loss.item() * len(x)
    return seen / (time.perf_counter() - start)


def _layers(config: RunConfig, device: torch.device, seconds: float = 3.0) -> float:
    """Return the images per second of the layers alone, forward and backward on one batch."""
    layout = torch.channels_last
    model = build(config).to(device=device, memory_format=layout).train()  # pyright: ignore
    x = _data(config, config.train.batch_size).train.images().to(device)
    x, precision = x.contiguous(memory_format=torch.channels_last), pick_precision(device, 64 * 64)
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        with reduced_precision(device, precision):
            output = model.decoder(model.encoder(x)[:, : config.model.latent_dim])
        output.backward(torch.ones_like(output))
        model.zero_grad(set_to_none=True)
        if device.type == "cuda":
            torch.cuda.synchronize()
        done += len(x)
    return done / (time.perf_counter() - start)


def _drawing(
    device: torch.device, options: argparse.Namespace, batch_size: int = 128
) -> list[float]:
    """Return images per second, in batches as for training, as float32 in [0, 1]."""
    images = load(DataConfig(name="sprites")).train.to(device)
    count = 20 * batch_size if options.quick else DRAWN
    order = torch.randperm(len(images))[:count].to(device)
    drawn = partial(_draw, images, order.split(batch_size))
    return alternate({"drawn": drawn}, options.rounds)["drawn"]


def _draw(images: ImageSet, batches: tuple[torch.Tensor, ...]) -> float:
    start = time.perf_counter()
    for batch in batches:
        images.images(batch)
    if images.labels.is_cuda:
        torch.cuda.synchronize()
    return sum(map(len, batches)) / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
