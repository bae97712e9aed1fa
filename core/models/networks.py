"""Encoders and decoders: plain lists of layers, Tensor -> Tensor.

Each is an `nn.Sequential` of standard layers and nothing else, so that it can be written down layer by layer
(to run it in a browser, for one).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

CHANNELS = 32
"""Channels of every convolutional layer (Burgess et al. 2018, appendix A)."""


def mlp(widths: Sequence[int]) -> list[nn.Module]:
    """Return fully connected layers of these widths with a ReLU between them.

    >>> [type(layer).__name__ for layer in mlp([64, 16, 2])]
    ['Linear', 'ReLU', 'Linear']
    """
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(widths):
        layers += [nn.Linear(wide, narrow), nn.ReLU()]
    return layers[:-1]


def mlp_encoder(size: int, hidden: Sequence[int], outputs: int) -> nn.Sequential:
    """Return (B, 1, size, size) -> (B, outputs), fully connected."""
    return nn.Sequential(nn.Flatten(), *mlp([size * size, *hidden, outputs]))


def mlp_decoder(size: int, hidden: Sequence[int], inputs: int) -> nn.Sequential:
    """Return (B, inputs) -> (B, 1, size, size), the encoder's mirror image."""
    return nn.Sequential(*mlp([inputs, *reversed(hidden), size * size]), nn.Unflatten(1, (1, size, size)))


def conv_encoder(size: int, hidden: Sequence[int], outputs: int) -> nn.Sequential:
    """Return (B, 1, size, size) -> (B, outputs): halvings down to 4x4, then fully connected.

    At 64x64 with hidden (256, 256) this is the network of Burgess et al. 2018, appendix A.
    """
    layers: list[nn.Module] = []
    for before in [1] + [CHANNELS] * (_halvings(size) - 1):
        layers += [nn.Conv2d(before, CHANNELS, 4, stride=2, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), *mlp([CHANNELS * 16, *hidden, outputs]))


def conv_decoder(size: int, hidden: Sequence[int], inputs: int) -> nn.Sequential:
    """Return (B, inputs) -> (B, 1, size, size), the encoder's mirror image."""
    layers: list[nn.Module] = [*mlp([inputs, *reversed(hidden), CHANNELS * 16]), nn.ReLU()]
    layers.append(nn.Unflatten(1, (CHANNELS, 4, 4)))
    for after in [CHANNELS] * (_halvings(size) - 1) + [1]:
        layers += [nn.ConvTranspose2d(CHANNELS, after, 4, stride=2, padding=1), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _halvings(size: int) -> int:
    """Return how often `size` is halved on the way to 4."""
    return (size // 4).bit_length() - 1
