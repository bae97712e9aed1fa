"""From codes to images without torch: the layers of a decoder, one after the other, in numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.architecture import (
    Clip,
    Doubling,
    Glu,
    Layer,
    Linear,
    Pad,
    Relu,
    Reshape,
    Sigmoid,
    decoder_of,
    mean_of,
)
from core.opening import Run

Floats = NDArray[np.float32]


def decode(run: Run, codes: NDArray[np.floating]) -> Floats:
    """Return the expected images (N, H, W) of codes (N, L), in [0, 1].

    They are those of `core.explore.decoding.decode`, but for rounding. That one is faster for many
    images.

    Args:
        run: whose decoder.
        codes: (N, L).
    """
    x = np.asarray(codes, np.float32)
    for place, layer in enumerate([*decoder_of(run.config), mean_of(run.config.model)]):
        x = apply(layer, x, weights_of(run.weights, f"decoder.{place}") if layer.weighted else ())
    return x[:, 0]


def weights_of(weights: Mapping[str, NDArray[Any]], name: str) -> tuple[Floats, Floats]:
    """Return weight and bias of a layer in single precision.

    Args:
        weights: a model's state by name, as it is stored.
        name: of the layer.
    """
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    return weight.astype(np.float32), bias.astype(np.float32)


def apply(layer: Layer, x: Floats, weights: Sequence[Floats] = ()) -> Floats:
    """Return what a layer of a decoder makes of its input; shapes are those of the layer.

    Args:
        layer: of `core.architecture`.
        x: (B, ...).
        weights: weight and bias where the layer has them.

    Raises:
        TypeError: no decoder has such a layer.
    """
    if type(layer) not in _APPLIED:
        raise TypeError(f"a layer should be one of a decoder, got {layer}")
    return _APPLIED[type(layer)](layer, x, *weights)


def _sigmoid(x: Floats) -> Floats:
    # This form does not overflow.
    return np.float32(0.5) * (1 + np.tanh(x / 2))


def _doubled(x: Floats, weight: Floats, bias: Floats) -> Floats:
    """Return a transposed convolution, kernel 4, stride 2, padding 1.

    Every pixel adds its 4x4 patch to the image twice as large, patches two pixels apart.

    Args:
        x: (B, C, H, W).
        weight: (C, O, 4, 4).
        bias: (O,).

    Returns:
        (B, O, 2H, 2W).
    """
    count, _, height, width = x.shape
    patches = np.einsum("bchw,copq->pqbohw", x, weight, optimize=True)
    padded = np.zeros((count, len(bias), 2 * height + 2, 2 * width + 2), np.float32)
    for row in range(4):
        for column in range(4):
            rows, columns = slice(row, row + 2 * height, 2), slice(column, column + 2 * width, 2)
            padded[:, :, rows, columns] += patches[row, column]
    return padded[:, :, 1:-1, 1:-1] + bias[:, None, None]


def _glu(_: Glu, x: Floats) -> Floats:
    values, gates = np.split(x, 2, axis=1)
    return values * _sigmoid(gates)


_APPLIED: dict[type, Callable[..., Floats]] = {
    Linear: lambda _, x, weight, bias: x @ weight.T + bias,
    Relu: lambda _, x: np.maximum(x, 0),
    Glu: _glu,
    Pad: lambda layer, x: np.pad(x, [(0, 0), (0, layer.width - x.shape[1])]),
    Reshape: lambda layer, x: x.reshape(-1, *layer.shape),
    Doubling: lambda _, x, weight, bias: _doubled(x, weight, bias),
    Sigmoid: lambda _, x: _sigmoid(x),
    Clip: lambda _, x: np.clip(x, 0, 1),
}
"""Layer -> what it makes of its input, given the layer, the input and its weights."""
