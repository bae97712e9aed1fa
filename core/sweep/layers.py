"""Many networks of one shape as one: their weights stacked, their layers computed at once.

Activations are either rows (M, B, F), for products of stacked matrices, or wide images (B, M·C, H,
W), for convolutions in M groups; an `nn.Flatten` leads from the second to the first and an
`nn.Unflatten` back. `torch.func` (stack_module_state, vmap, functional_call) computes the same, in
more of a CPU's time than these layers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.models.networks import Doubling

Weights = Sequence[Tensor]
"""Stacked parameters of M networks in their order, each (M, ...)."""


def stacked(models: Sequence[nn.Module]) -> list[Tensor]:
    """Return the parameters of M models, stacked, (M, ...) each.

    The models' own parameters become views of the stacks: a change of the one is a change of the
    other.
    """
    stacks = []
    for same in zip(*(model.parameters() for model in models), strict=True):
        # The stack has the memory format of the parameters, as their moments in an optimiser have.
        stack = _like(same[0].detach(), len(same))
        for place, parameter in zip(stack, same, strict=True):
            place.copy_(parameter.detach())
            parameter.data = place
        stacks.append(stack.requires_grad_())
    return stacks


def hand_out_gradients(stacks: Weights, models: Sequence[nn.Module]) -> None:
    """Move the stacks' gradients to the models' own parameters."""
    parameters = zip(*(model.parameters() for model in models), strict=True)
    for stack, same in zip(stacks, parameters, strict=True):
        assert stack.grad is not None
        for gradient, parameter in zip(stack.grad, same, strict=True):
            parameter.grad = gradient
        stack.grad = None


def network(layers: nn.Sequential, weights: Weights, x: Tensor) -> Tensor:
    """Return the outputs of M networks, rows (M, B, F) or wide images (B, M·C, H, W).

    Args:
        layers: one of the networks, for the shape of its layers.
        weights: stacked parameters of all.
        x: rows or wide images, as the first layer takes them.

    Raises:
        KeyError: there is a layer that cannot be stacked.
    """
    left = list(weights)
    for layer in layers:
        count = len(list(layer.parameters()))
        x = _LAYERS[type(layer)](layer, left[:count], x, len(weights[0]))
        left = left[count:]
    return x


def _like(parameter: Tensor, count: int) -> Tensor:
    if parameter.ndim < 4:
        return parameter.new_empty((count, *parameter.shape))
    after, before, high, wide = parameter.shape
    channels_last = parameter.new_empty((count, after, high, wide, before))
    return channels_last.permute(0, 1, 4, 2, 3)


def _linear(layer: nn.Module, weights: Weights, x: Tensor, models: int) -> Tensor:
    weight, bias = weights
    return torch.baddbmm(bias[:, None], x, weight.transpose(1, 2))


def _relu(layer: nn.Module, weights: Weights, x: Tensor, models: int) -> Tensor:
    return x.relu()


def _flatten(layer: nn.Module, weights: Weights, x: Tensor, models: int) -> Tensor:
    return x.unflatten(1, (models, -1)).transpose(0, 1).flatten(2)


def _unflatten(layer: nn.Module, weights: Weights, x: Tensor, models: int) -> Tensor:
    assert isinstance(layer, nn.Unflatten)
    size = tuple(layer.unflattened_size)  # pyright: ignore[reportArgumentType]
    return x.transpose(0, 1).unflatten(2, size).flatten(1, 2)


def _convolution(layer: nn.Module, weights: Weights, x: Tensor, models: int) -> Tensor:
    assert isinstance(layer, nn.Conv2d)
    weight, bias = (stack.flatten(0, 1) for stack in weights)
    padding = layer.padding
    assert not isinstance(padding, str)
    return F.conv2d(x, weight, bias, layer.stride, padding, groups=models)


def _doubling(layer: nn.Module, weights: Weights, x: Tensor, models: int) -> Tensor:
    weight, bias = (stack.flatten(0, 1) for stack in weights)
    return F.conv_transpose2d(x, weight, bias, stride=2, padding=1, groups=models)


_LAYERS: dict[type[nn.Module], Callable[[nn.Module, Weights, Tensor, int], Tensor]] = {
    nn.Linear: _linear,
    nn.ReLU: _relu,
    nn.Flatten: _flatten,
    nn.Unflatten: _unflatten,
    nn.Conv2d: _convolution,
    Doubling: _doubling,
}
