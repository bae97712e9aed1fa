"""Encoders and decoders as lists of layers: small values, without a weight in them and no torch.

`core.models.networks` makes torch's modules of them, and `core.instruments` runs the same lists
in numpy and in the browser. The place of a layer in its list names its weights in the model's
state: the third layer of a decoder has `decoder.2.weight` and `decoder.2.bias`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, ClassVar

from core.config import LIKELIHOODS, ModelConfig, RunConfig

CHANNELS = 32
"""Channels of each convolutional layer (Burgess et al. 2018, https://arxiv.org/abs/1804.03599)."""

BOX = math.sqrt(3)
"""Half-width of the uniform prior, whose variance is then 1."""

LEAST_VARIANCE = 0.01
"""Least variance of a code that an InfoGAN recognises; see `core.models.posteriors.Recognised`."""


@dataclass(frozen=True)
class Linear:
    """W x + b: (B, inputs) -> (B, outputs)."""

    kind: ClassVar[str] = "linear"
    weighted: ClassVar[bool] = True
    inputs: int
    outputs: int


@dataclass(frozen=True)
class Relu:
    """max(x, 0)."""

    kind: ClassVar[str] = "relu"
    weighted: ClassVar[bool] = False


@dataclass(frozen=True)
class Glu:
    """a · sigmoid(b) of two halves a, b: (B, 2N) -> (B, N)."""

    kind: ClassVar[str] = "glu"
    weighted: ClassVar[bool] = False


@dataclass(frozen=True)
class Pad:
    """Zeros behind a code that comes without noise: (B, L) -> (B, width)."""

    kind: ClassVar[str] = "pad"
    weighted: ClassVar[bool] = False
    width: int


@dataclass(frozen=True)
class Flatten:
    """(B, C, H, W) -> (B, C · H · W)."""

    kind: ClassVar[str] = "flatten"
    weighted: ClassVar[bool] = False


@dataclass(frozen=True)
class Reshape:
    """(B, C · H · W) -> (B, C, H, W)."""

    kind: ClassVar[str] = "reshape"
    weighted: ClassVar[bool] = False
    shape: tuple[int, int, int]


@dataclass(frozen=True)
class Halving:
    """A convolution, kernel 4, stride 2, padding 1: (B, before, 2H, 2W) -> (B, after, H, W)."""

    kind: ClassVar[str] = "halving"
    weighted: ClassVar[bool] = True
    before: int
    after: int


@dataclass(frozen=True)
class Doubling:
    """A transposed convolution of that kind: (B, before, H, W) -> (B, after, 2H, 2W)."""

    kind: ClassVar[str] = "doubling"
    weighted: ClassVar[bool] = True
    before: int
    after: int


@dataclass(frozen=True)
class Sigmoid:
    """Logits -> expected pixels of a Bernoulli likelihood."""

    kind: ClassVar[str] = "sigmoid"
    weighted: ClassVar[bool] = False


@dataclass(frozen=True)
class Clip:
    """Means of a Gaussian likelihood -> pixels in [0, 1]."""

    kind: ClassVar[str] = "clip"
    weighted: ClassVar[bool] = False


Layer = Linear | Relu | Glu | Pad | Flatten | Reshape | Halving | Doubling | Sigmoid | Clip
Layers = tuple[Layer, ...]
Connected = Callable[[Sequence[int]], Layers]
"""Widths -> fully connected layers."""


def mlp(widths: Sequence[int]) -> Layers:
    """Return fully connected layers of these widths with a ReLU between them.

    >>> mlp([64, 16, 2])
    (Linear(inputs=64, outputs=16), Relu(), Linear(inputs=16, outputs=2))
    """
    layers: list[Layer] = []
    for wide, narrow in pairwise(widths):
        layers += [Linear(wide, narrow), Relu()]
    return tuple(layers[:-1])


def gated(widths: Sequence[int]) -> Layers:
    """Return fully connected layers of these widths, all but the last with a gate.

    h = (W x + b) · sigmoid(V x + c)

    Source: Tomczak and Welling 2018, section 6.1, https://arxiv.org/abs/1705.07120; Dauphin et al.
        2017, https://arxiv.org/abs/1612.08083.
    """
    layers: list[Layer] = []
    for wide, narrow in pairwise(widths[:-1]):
        layers += [Linear(wide, 2 * narrow), Glu()]
    return (*layers, Linear(widths[-2], widths[-1]))


def mlp_encoder(
    size: int, hidden: Sequence[int], outputs: int, connected: Connected = mlp
) -> Layers:
    """Return (B, 1, size, size) -> (B, outputs), fully connected, by `mlp` or `gated` layers."""
    return (Flatten(), *connected([size * size, *hidden, outputs]))


def mlp_decoder(
    size: int, hidden: Sequence[int], inputs: int, connected: Connected = mlp
) -> Layers:
    """Return (B, inputs) -> (B, 1, size, size), the encoder's mirror image."""
    return (*connected([inputs, *reversed(hidden), size * size]), Reshape((1, size, size)))


def conv_encoder(size: int, hidden: Sequence[int], outputs: int) -> Layers:
    """Return (B, 1, size, size) -> (B, outputs): halvings down to 4x4, then fully connected.

    At 64x64 with hidden (256, 256) this is the network of Burgess et al. 2018, appendix A,
    https://arxiv.org/abs/1804.03599.
    """
    layers: list[Layer] = []
    for before in [1] + [CHANNELS] * (_halvings(size) - 1):
        layers += [Halving(before, CHANNELS), Relu()]
    return (*layers, Flatten(), *mlp([CHANNELS * 16, *hidden, outputs]))


def conv_decoder(size: int, hidden: Sequence[int], inputs: int) -> Layers:
    """Return (B, inputs) -> (B, 1, size, size), the encoder's mirror image."""
    layers: list[Layer] = [*mlp([inputs, *reversed(hidden), CHANNELS * 16]), Relu()]
    layers.append(Reshape((CHANNELS, 4, 4)))
    for after in [CHANNELS] * (_halvings(size) - 1) + [1]:
        layers += [Doubling(CHANNELS, after), Relu()]
    return tuple(layers[:-1])


def _halvings(size: int) -> int:
    """Return how often `size` is halved on the way to 4."""
    return (size // 4).bit_length() - 1


def encoder_of(config: RunConfig) -> Layers:
    """Return a run's encoder: images (B, 1, H, W) -> what its posterior reads (B, outputs)."""
    size, hidden, outputs = config.data.size, config.model.hidden, encoder_outputs(config.model)
    if config.model.network == "conv":
        return conv_encoder(size, hidden, outputs)
    return mlp_encoder(size, hidden, outputs, _CONNECTED[config.model.network])


def decoder_of(config: RunConfig) -> Layers:
    """Return a run's decoder: codes (B, L) -> what its likelihood reads (B, 1, H, W)."""
    model, size = config.model, config.data.size
    width = model.latent_dim + (model.noise_dim or 0)
    if model.network == "conv":
        layers = conv_decoder(size, model.hidden, width)
    else:
        layers = mlp_decoder(size, model.hidden, width, _CONNECTED[model.network])
    return (Pad(width), *layers) if model.posterior == "recognised" else layers


_CONNECTED: dict[str, Connected] = {"mlp": mlp, "gated": gated}


def encoder_outputs(model: ModelConfig) -> int:
    """Return the number of an encoder's outputs.

    A point or fixed noise needs a mean of each latent, all others a width beside it. An InfoGAN's
    discriminator says in one output more whether an image is real.
    """
    if model.posterior in ("point", "fixed"):
        return model.latent_dim
    return 2 * model.latent_dim + (model.posterior == "recognised")


def mean_of(model: ModelConfig) -> Sigmoid | Clip:
    """Return the layer from a decoder's output to the picture that is shown.

    >>> from core.recipes import recipe
    >>> mean_of(recipe("digits", "vae").model)
    Sigmoid()
    """
    assert model.likelihood in LIKELIHOODS
    return Sigmoid() if model.likelihood == "bernoulli" else Clip()


def described(part: str, layers: Sequence[Layer]) -> list[dict[str, Any]]:
    """Return layers as plain values, ready for JSON: kind, weights' names, and fields.

    Args:
        part: of the model that they are, `encoder` or `decoder`.
        layers: of that part, from its first on.

    >>> described("decoder", [Relu(), Linear(2, 64)])[1]["weight"]
    'decoder.1.weight'
    """
    rows = []
    for place, layer in enumerate(layers):
        row = {"kind": layer.kind, **asdict(layer)}
        if layer.weighted:
            row |= {name: f"{part}.{place}.{name}" for name in ("weight", "bias")}
        rows.append(row)
    return rows
