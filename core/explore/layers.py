"""A run's encoder and decoder in numpy, from its config and stored weights: slow, short, exact.

It says what the engine in the browser should compute, and encodes the pseudo-inputs of a VampPrior
where torch is not at hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.architecture import (
    BOX,
    LEAST_VARIANCE,
    Doubling,
    Flatten,
    Halving,
    Layer,
    Layers,
    Linear,
    Pad,
    Reshape,
    decoder_of,
    encoder_of,
    mean_of,
)
from core.config import RunConfig

Floats = NDArray[np.float32]
Weights = Mapping[str, NDArray[Any]]
"""A model's state by name, in any precision."""

NODES = 24
"""Places at which the width of a squashed posterior is integrated."""


def decode(config: RunConfig, weights: Weights, codes: NDArray[np.floating]) -> Floats:
    """Return the expected images (N, H, W) of codes (N, L), in [0, 1].

    Args:
        config: of the run.
        weights: of its decoder at least.
        codes: (N, L).
    """
    layers = (*decoder_of(config), mean_of(config.model))
    return _evaluate("decoder", layers, weights, np.asarray(codes, np.float32))[:, 0]


def encode(
    config: RunConfig, weights: Weights, images: NDArray[np.floating]
) -> tuple[Floats, Floats]:
    """Return means and standard deviations (N, L) of images' posteriors, 0 of points.

    Args:
        config: of the run.
        weights: of its encoder at least, and R of fixed noise.
        images: (N, H, W), in [0, 1].
    """
    x = np.asarray(images, np.float32)[:, None]
    output = _evaluate("encoder", encoder_of(config), weights, x)
    description = posterior_of(config, weights)
    return _POSTERIORS[description["kind"]](output, config.model.latent_dim, description)


def posterior_of(config: RunConfig, weights: Weights) -> dict[str, Any]:
    """Return how an encoder's outputs are read, as plain values: a kind and its numbers.

    Args:
        config: of the run.
        weights: R of fixed noise, `posterior.squared_radius`, at least.
    """
    model = config.model
    if model.posterior == "fixed":
        radius = float(weights["posterior.squared_radius"])
        return {"kind": "fixed", "std": math.sqrt(model.eta * radius)}
    if model.posterior == "recognised":
        return {"kind": "recognised", "least": LEAST_VARIANCE}
    if model.prior == "uniform":
        nodes, shares = np.polynomial.hermite_e.hermegauss(NODES)
        shares /= shares.sum()
        return {
            "kind": "squashed",
            "box": BOX,
            "nodes": nodes.tolist(),
            "weights": shares.tolist(),
        }
    return {"kind": model.posterior}


def _evaluate(part: str, layers: Layers, weights: Weights, x: Floats) -> Floats:
    for place, layer in enumerate(layers):
        names = ("weight", "bias") if layer.weighted else ()
        own = (weights[f"{part}.{place}.{name}"].astype(np.float32) for name in names)
        x = LAYERS[layer.kind](layer, x, *own)
    return x


def _linear(layer: Linear, x: Floats, weight: Floats, bias: Floats) -> Floats:
    return x @ weight.T + bias


def _relu(layer: Layer, x: Floats) -> Floats:
    return np.maximum(x, 0)


def _glu(layer: Layer, x: Floats) -> Floats:
    value, gate = np.split(x, 2, axis=1)
    return value * _sigmoid(layer, gate)


def _pad(layer: Pad, x: Floats) -> Floats:
    return np.pad(x, ((0, 0), (0, layer.width - x.shape[1])))


def _flatten(layer: Flatten, x: Floats) -> Floats:
    return x.reshape(len(x), -1)


def _reshape(layer: Reshape, x: Floats) -> Floats:
    return x.reshape(len(x), *layer.shape)


def _halving(layer: Halving, x: Floats, weight: Floats, bias: Floats) -> Floats:
    count, _, high, wide = x.shape
    framed = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    y = np.zeros((count, layer.after, high // 2, wide // 2), np.float32)
    for down, right in np.ndindex(4, 4):
        pixels = framed[:, :, down : down + high : 2, right : right + wide : 2]
        y += np.einsum("bchw,oc->bohw", pixels, weight[:, :, down, right])
    return y + bias[:, None, None]


def _doubling(layer: Doubling, x: Floats, weight: Floats, bias: Floats) -> Floats:
    count, _, high, wide = x.shape
    framed = np.zeros((count, layer.after, 2 * high + 2, 2 * wide + 2), np.float32)
    for down, right in np.ndindex(4, 4):
        pixels = framed[:, :, down : down + 2 * high : 2, right : right + 2 * wide : 2]
        pixels += np.einsum("bchw,co->bohw", x, weight[:, :, down, right])
    return framed[:, :, 1:-1, 1:-1] + bias[:, None, None]


def _sigmoid(layer: Layer, x: Floats) -> Floats:
    half = np.float32(0.5)
    return half * (np.tanh(half * x) + np.float32(1))


def _clip(layer: Layer, x: Floats) -> Floats:
    return x.clip(0, 1)


LAYERS: dict[str, Callable[..., Floats]] = {
    "linear": _linear,
    "relu": _relu,
    "glu": _glu,
    "pad": _pad,
    "flatten": _flatten,
    "reshape": _reshape,
    "halving": _halving,
    "doubling": _doubling,
    "sigmoid": _sigmoid,
    "clip": _clip,
}
"""Kind of layer -> its outputs for a layer, inputs x and its weights."""


Moments = tuple[Floats, Floats]


def _point(output: Floats, latents: int, description: Mapping[str, Any]) -> Moments:
    return output, np.zeros_like(output)


def _fixed(output: Floats, latents: int, description: Mapping[str, Any]) -> Moments:
    return output, np.full_like(output, description["std"])


def _learned(output: Floats, latents: int, description: Mapping[str, Any]) -> Moments:
    mean, log_var = output[:, :latents], output[:, latents:]
    return mean, np.exp(0.5 * log_var)


def _squashed(output: Floats, latents: int, description: Mapping[str, Any]) -> Moments:
    base, width = _learned(output, latents, description)

    def squash(u: NDArray[Any]) -> NDArray[Any]:
        return description["box"] * (2 * _normal_cdf(u) - 1)

    mean = squash(base / np.sqrt(1 + width**2))
    z = squash(base[..., None] + width[..., None] * np.array(description["nodes"], np.float32))
    variance = (z - mean[..., None]) ** 2 @ np.array(description["weights"], np.float32)
    return mean, np.sqrt(variance)


def _normal_cdf(u: NDArray[Any]) -> Floats:
    flat = [0.5 * math.erfc(-value / math.sqrt(2)) for value in u.ravel().tolist()]
    return np.array(flat, np.float32).reshape(u.shape)


def _recognised(output: Floats, latents: int, description: Mapping[str, Any]) -> Moments:
    mean, width = output[:, :latents], output[:, latents : 2 * latents]
    share = 0.5 * (1 + np.tanh(0.5 * width))
    return mean, np.exp(0.5 * math.log(description["least"]) * share)


_POSTERIORS: dict[str, Callable[..., Moments]] = {
    "point": _point,
    "fixed": _fixed,
    "learned": _learned,
    "squashed": _squashed,
    "recognised": _recognised,
}
