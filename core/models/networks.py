"""Encoders and decoders: plain lists of layers, Tensor -> Tensor.

Each is an `nn.Sequential` of standard layers (`Doubling` computes what `nn.ConvTranspose2d` does)
and nothing else, so that it can be written down layer by layer, to run in a browser for example.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Layers = Callable[[Sequence[int]], list[nn.Module]]
"""Widths -> fully connected layers."""
CHANNELS = 32
"""Channels of each convolutional layer (Burgess et al. 2018, https://arxiv.org/abs/1804.03599)."""


def mlp(widths: Sequence[int]) -> list[nn.Module]:
    """Return fully connected layers of these widths with a ReLU between them.

    >>> [type(layer).__name__ for layer in mlp([64, 16, 2])]
    ['Linear', 'ReLU', 'Linear']
    """
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(widths):
        layers += [nn.Linear(wide, narrow), nn.ReLU()]
    return layers[:-1]


def gated(widths: Sequence[int]) -> list[nn.Module]:
    """Return fully connected layers of these widths, all but the last with a gate.

    h = (W x + b) · sigmoid(V x + c)

    Source: Tomczak and Welling 2018, section 6.1, https://arxiv.org/abs/1705.07120; Dauphin et al.
        2017, https://arxiv.org/abs/1612.08083.
    """
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(widths[:-1]):
        layers += [nn.Linear(wide, 2 * narrow), nn.GLU()]
    return [*layers, nn.Linear(widths[-2], widths[-1])]


def mlp_encoder(
    size: int, hidden: Sequence[int], outputs: int, layers: Layers = mlp
) -> nn.Sequential:
    """Return (B, 1, size, size) -> (B, outputs), fully connected, by `mlp` or `gated` layers."""
    return nn.Sequential(nn.Flatten(), *layers([size * size, *hidden, outputs]))


def mlp_decoder(
    size: int, hidden: Sequence[int], inputs: int, layers: Layers = mlp
) -> nn.Sequential:
    """Return (B, inputs) -> (B, 1, size, size), the encoder's mirror image."""
    return nn.Sequential(
        *layers([inputs, *reversed(hidden), size * size]), nn.Unflatten(1, (1, size, size))
    )


def conv_encoder(size: int, hidden: Sequence[int], outputs: int) -> nn.Sequential:
    """Return (B, 1, size, size) -> (B, outputs): halvings down to 4x4, then fully connected.

    At 64x64 with hidden (256, 256) this is the network of Burgess et al. 2018, appendix A,
    https://arxiv.org/abs/1804.03599.
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
        layers += [Doubling(CHANNELS, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Padded(nn.Module):
    """A generator's first layer, which takes codes alone or with their noise behind them.

    Args:
        width: of code and noise together.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, z: Tensor) -> Tensor:
        """Return (B, L) or (B, width) -> (B, width); noise that is not given is at its mean, 0."""
        return F.pad(z, (0, self.width - z.shape[1]))


class Doubling(nn.Module):
    """`nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)`, trained faster on a CPU.

    PyTorch sums the bias's gradient over images and pixels in a loop that takes, in bfloat16,
    longer than the rest of the layer's backward pass. Here it is a product with a row of ones.

    Args:
        before: channels in.
        after: channels out.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        standard = nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)
        assert standard.bias is not None
        self.weight, self.bias = standard.weight, standard.bias

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, before, H, W) -> (B, after, 2H, 2W)."""
        if x.device.type == "cpu":
            return _Doubling.apply(x, self.weight, self.bias)  # pyright: ignore[reportReturnType]
        return F.conv_transpose2d(x, self.weight, self.bias, stride=2, padding=1)


class _Doubling(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        y = F.conv_transpose2d(x, weight, bias, stride=2, padding=1)
        ctx.save_for_backward(x.to(y.dtype), weight.to(y.dtype))
        ctx.dtypes = x.dtype, weight.dtype, bias.dtype
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (gradient,), (x, weight) = gradients, ctx.saved_tensors
        of_x, of_weight, _ = torch.ops.aten.convolution_backward(
            gradient, x, weight, None, [2, 2], [1, 1], [1, 1], True, [0, 0], 1, [True, True, False]
        )
        pixels = gradient.permute(0, 2, 3, 1).flatten(0, 2)  # (B 2H 2W, after)
        of_bias = (pixels.new_ones(1, len(pixels)) @ pixels)[0]
        return tuple(  # pyright: ignore[reportReturnType]
            found.to(dtype)
            for found, dtype in zip((of_x, of_weight, of_bias), ctx.dtypes, strict=True)
        )


def start_wide(network: nn.Sequential) -> None:
    """Draw a network's weights anew so that every layer keeps the variance of its input.

    Biases are 0. PyTorch's own start keeps a third of the variance in every layer: little of a
    code reaches the image, and little of a discriminator's gradient comes back. An objective of
    nll learns its way out of that; a game is over before.

    Source: He et al. 2015, equation 10, https://arxiv.org/abs/1502.01852.
    """
    for layer in network:
        if isinstance(layer, nn.Linear | nn.Conv2d | Doubling):
            assert layer.bias is not None
            inputs = layer.weight[0].numel()
            if isinstance(layer, Doubling):  # 4 of its kernel's 16 places meet in every pixel
                inputs = 4 * len(layer.weight)
            nn.init.normal_(layer.weight, 0, math.sqrt(2 / inputs))
            nn.init.zeros_(layer.bias)


def _halvings(size: int) -> int:
    """Return how often `size` is halved on the way to 4."""
    return (size // 4).bit_length() - 1


@torch.inference_mode()
def multiply_adds(network: nn.Sequential, x: Tensor) -> int:
    """Return the number of multiply-adds that a network takes for each of its inputs x (B, ...).

    >>> network = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 2))
    >>> multiply_adds(network, torch.zeros(1, 64))
    1056
    """
    count = 0
    for layer in network:
        y = layer(x)
        for weight in layer.parameters():
            if weight.ndim > 1:
                # A convolution uses its weights at every place of its output, a transposed one at
                # every place of its input.
                places = min(x[0, 0].numel(), y[0, 0].numel()) if weight.ndim == 4 else 1
                count += weight.numel() * places
        x = y
    return count
