"""Encoders and decoders as torch's modules, made from the lists of `core.architecture`.

Each is an `nn.Sequential` of standard layers (`Doubling` computes what `nn.ConvTranspose2d` does)
and nothing else, so that a layer's place in the list names its weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core import architecture


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


_MODULES: dict[type[architecture.Layer], Callable[[Any], nn.Module]] = {
    architecture.Linear: lambda layer: nn.Linear(layer.inputs, layer.outputs),
    architecture.Relu: lambda _: nn.ReLU(),
    architecture.Glu: lambda _: nn.GLU(),
    architecture.Pad: lambda layer: Padded(layer.width),
    architecture.Flatten: lambda _: nn.Flatten(),
    architecture.Reshape: lambda layer: nn.Unflatten(1, layer.shape),
    architecture.Halving: lambda layer: nn.Conv2d(layer.before, layer.after, 4, 2, 1),
    architecture.Doubling: lambda layer: Doubling(layer.before, layer.after),
}


def sequential(layers: Sequence[architecture.Layer]) -> nn.Sequential:
    """Return a network of these layers, its weights drawn in their order.

    >>> [type(layer).__name__ for layer in sequential(architecture.mlp([64, 16, 2]))]
    ['Linear', 'ReLU', 'Linear']
    """
    return nn.Sequential(*(_MODULES[type(layer)](layer) for layer in layers))


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
