"""Runs, codes and pictures as one piece of bytes that the engine in the browser opens.

It is a safetensors file, which numpy writes in one call and few lines of JavaScript read. Weights
are in half precision, as runs keep them. Layers, names, colours and whatever else is plain lie as
JSON in its `__metadata__`, since Streamlit sends either bytes or JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from core.architecture import Layers, decoder_of, described, encoder_of, mean_of
from core.config import RunConfig
from core.explore.layers import Weights, posterior_of

KINDS = frozenset(
    {"linear", "relu", "glu", "pad", "flatten", "reshape", "doubling", "sigmoid", "clip"}
)
"""The kinds of layers that `engine.js` computes."""

_TAKEN = frozenset(
    {
        *("name", "label", "latents", "size", "decoder", "encoder", "posterior"),
        *("tensors", "decode", "encode"),
    }
)
"""What a run has in the browser anyway, so that no option may be called so."""

_NARROWED = {"float64": np.float32, "int64": np.int32, "bool": np.uint8}
_SENT = ("float16", "float32", "uint8", "int32")
_LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True, eq=False)
class Entry:
    """One run of a bundle, and what comes with it.

    Args:
        config: of the run.
        weights: the model's state by name: `Checkpoint.weights`, or those of a run in training.
        label: of the run on the screen; its model's own when left out.
        encoder: whether its encoder comes along; see `encodable`.
        options: plain values, ready for JSON, that the run has in the browser: a colour, say.
        tensors: arrays, `run.tensors` in the browser: codes (N, L), labels (N,), a prior's table.
    """

    config: RunConfig
    weights: Weights
    label: str | None = None
    encoder: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def encodable(config: RunConfig) -> bool:
    """Return whether the browser can encode a run's images: its encoder is fully connected."""
    return all(layer.kind in KINDS for layer in encoder_of(config))


def pack(
    entries: Sequence[Entry],
    tensors: Mapping[str, NDArray[Any]] | None = None,
    options: Mapping[str, Any] | None = None,
) -> bytes:
    """Return a bundle, for `openBundle` in the browser.

    Args:
        entries: the runs.
        tensors: arrays that all runs share, float, uint8 or int32: pictures, center and spread of
            a grid.
        options: plain values, ready for JSON, `meta` in the browser.

    Raises:
        ValueError: a layer cannot be computed in the browser, a weight is missing, an array is of
            a kind that cannot be sent, or an option's name is taken.
    """
    arrays = {f"tensors/{name}": _sent(name, array) for name, array in (tensors or {}).items()}
    runs = []
    for place, entry in enumerate(entries):
        runs.append(_described(entry))
        prefix = f"runs/{place}"
        for name, array in _weights(entry).items():
            arrays[f"{prefix}/weights/{name}"] = array
        for name, array in entry.tensors.items():
            arrays[f"{prefix}/tensors/{name}"] = _sent(name, array)
    plain = {"meta": dict(options or {}), "runs": runs}
    note = json.dumps(plain, ensure_ascii=False, allow_nan=False)
    return safetensors.numpy.save(arrays, {"bundle": note})


def _described(entry: Entry) -> dict[str, Any]:
    config = entry.config
    if taken := sorted(_TAKEN & entry.options.keys()):
        raise ValueError(f"options of {config.key} should have other names than {taken}")
    run = {
        **entry.options,
        "name": config.key,
        "label": entry.label or config.model.label,
        "latents": config.model.latent_dim,
        "size": config.data.size,
        "decoder": _layers(config, "decoder", (*decoder_of(config), mean_of(config.model))),
    }
    if entry.encoder:
        run["encoder"] = _layers(config, "encoder", encoder_of(config))
        run["posterior"] = posterior_of(config, entry.weights)
    return run


def _layers(config: RunConfig, part: str, layers: Layers) -> list[dict[str, Any]]:
    if strange := sorted({layer.kind for layer in layers} - KINDS):
        raise ValueError(
            f"the {part} of {config.key} should be made of {', '.join(sorted(KINDS))} to run in"
            f" the browser, has {', '.join(strange)}"
        )
    return described(part, layers)


def _weights(entry: Entry) -> dict[str, NDArray[Any]]:
    rows = described("decoder", decoder_of(entry.config))
    if entry.encoder:
        rows += described("encoder", encoder_of(entry.config))
    weighted = [row for row in rows if "weight" in row]
    names = [row["weight"] for row in weighted] + [row["bias"] for row in weighted]
    if missing := sorted(set(names) - entry.weights.keys()):
        raise ValueError(f"{entry.config.key} should have the weights {names}, lacks {missing}")
    return {name: _narrowed(np.asarray(entry.weights[name], order="C")) for name in names}


def _narrowed(weight: NDArray[Any]) -> NDArray[Any]:
    """Return a weight in half precision where that holds it, as runs are kept."""
    if np.abs(weight).max() > _LARGEST:
        return weight.astype(np.float32)
    return weight.astype(np.float16)


def _sent(name: str, array: NDArray[Any]) -> NDArray[Any]:
    array = np.asarray(array, order="C")
    sent = array.astype(_NARROWED.get(array.dtype.name, array.dtype))
    if sent.dtype.name not in _SENT:
        raise ValueError(
            f"tensor {name} should be of {', '.join(_SENT)} or a wider one of these, is of"
            f" {array.dtype}"
        )
    return sent
