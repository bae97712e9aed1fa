"""Whether a run opens: all that its files hold is held against its config before it is believed.

Names, types, shapes, ranges and finite numbers; and what the files would unpack to, before they
are unpacked.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import safetensors
import safetensors.numpy

from core.checkpoints.arrays import Arrays, Declared, declared_arrays, unpack_array
from core.config import RunConfig
from core.data.classes import class_names
from core.data.shapes import factor_sizes

WEIGHTS, HISTORY, CODES, FILM, STATE = (
    "weights.safetensors",
    "history.npz",
    "codes.npz",
    "film.npz",
    "state.safetensors",
)

MOST_IMAGES = 20_000
"""Codes that are kept of one set of images, at most."""
_MOST_FRAMES, _MOST_SIDE = 100, 640
_FAR = 1e15
"""Beyond every code and number of a training that went well; its square still is a float32."""
_LARGEST = float(np.finfo(np.float32).max)
_LONGEST_TEXT = 1000
_LONGEST_HEADER = 1_000_000

_HALF_OR_SINGLE = ("<f2", "<f4")
_OF_WEIGHTS = ("F16", "F32")
_OF_STATE = (*_OF_WEIGHTS, "F64", "I64", "U8")
"""Types of tensors, as safetensors names them."""


class Form(NamedTuple):
    """What an array should be.

    Args:
        dtypes: that it may have, as numpy writes them.
        shape: a number, or a range of them, for each axis.
        needed: whether it has to be there.
        low: its least number.
        high: its largest number.
        undefined: whether NaN may stand for what is not defined.
    """

    dtypes: tuple[str, ...]
    shape: tuple[int | range, ...]
    needed: bool = True
    low: float = -_FAR
    high: float = _FAR
    undefined: bool = False


def check_run(config: RunConfig, document: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """Make sure that a run opens: its model decodes its codes, and all numbers are there.

    This takes torch, which is imported here: reading a run that was checked before takes none.

    Args:
        config: of the run.
        document: its `run.json`.
        files: name -> bytes, as they lie on disk.

    Raises:
        ValueError: something is missing, superfluous, of another type or shape, out of range or
            not finite.
    """
    _check_file_names(files, needed=(WEIGHTS, HISTORY, CODES), film=_has_plane(config))
    images = _check_metrics(config, document.get("metrics"))
    _check_environment(document.get("environment"))
    check_history(config, files[HISTORY], config.train.epochs)
    codes = _read(CODES, files[CODES], _form_of_codes(config, images))
    if FILM in files:
        check_film(config, files[FILM], images)
    _check_model(config, files[WEIGHTS], codes)


def check_unfinished(config: RunConfig, files: Mapping[str, bytes]) -> None:
    """Make sure that a training that was put aside can be gone on with.

    Args:
        config: of the training.
        files: name -> bytes, as they lie on disk.

    Raises:
        ValueError: something is missing, superfluous, of another type or shape, out of range or
            not finite.
    """
    _check_file_names(files, needed=(STATE, HISTORY, FILM), film=True)
    declared = _declared_tensors(STATE, files[STATE], _OF_STATE)
    weights = {name: shape for name, shape in declared.items() if name.startswith("model.")}
    _check_shapes(
        STATE, {name.removeprefix("model."): shape for name, shape in weights.items()}, config
    )
    if declared.get("epoch") != ():
        raise ValueError(f"{STATE} should say how many epochs are done, does not")
    epochs = int(_tensors(STATE, files[STATE])["epoch"])
    if not 1 <= epochs <= config.train.epochs:
        raise ValueError(
            f"epoch in {STATE} should be between 1 and {config.train.epochs}, is {epochs}"
        )
    check_history(config, files[HISTORY], epochs)
    if declared_arrays(files[FILM]):
        check_film(config, files[FILM], MOST_IMAGES)


def check_history(config: RunConfig, content: bytes, epochs: int) -> None:
    """Make sure that a history has its columns, with a row for each of so many epochs.

    Raises:
        ValueError: it is not one of this config.
    """
    played, latents = config.model.posterior == "recognised", config.model.latent_dim
    column = Form(("<f4",), (epochs,), low=-_LARGEST, high=_LARGEST)
    undefined = column._replace(undefined=True)
    forms = {
        "nll": undefined if played else column,
        "kl": column if _is_charged(config) else undefined,
        "test_nll": column,
        "test_kl": column if _is_charged(config) else undefined,
        "kl_per_latent": column._replace(shape=(epochs, _split_latents(config))),
        "test_mse": column._replace(low=0),
        "squared_radius": column._replace(low=0),
        "code_scale": column._replace(low=0, needed=False),
        "seconds": column._replace(low=0),
        "images_per_second": column._replace(low=0, needed=False),
    }
    if played:
        forms |= {
            "code_error": column._replace(shape=(epochs, latents), low=0),
            "fooled": column._replace(low=0),
        }
    _read(HISTORY, content, forms)


def check_film(config: RunConfig, content: bytes, images: int) -> None:
    """Make sure that a film can be shown: frames of codes, and of the plane around them.

    Args:
        config: of a model with two latents.
        content: of the npz.
        images: of which there are codes.

    Raises:
        ValueError: it is not one of this config.
    """
    size = config.data.size
    frames, sides = range(1, _MOST_FRAMES + 1), range(size, _MOST_SIDE + 1, size)
    forms = {
        "epoch": Form(("<i4",), (frames,), low=0, high=config.train.epochs),
        "mean": Form(_HALF_OR_SINGLE, (frames, range(1, images + 1), 2)),
        "half_width": Form(("<f4",), (frames,), low=1e-6),
        "plane": Form(("|u1",), (frames, sides, sides)),
    }
    declared = _declared(FILM, content, forms)
    if (
        len({one.shape[0] for one in declared.values()}) > 1
        or len(set(declared["plane"].shape[1:])) > 1
    ):
        raise ValueError(f"{FILM} should have a code and a square plane for each epoch, has not")
    film = _unpacked(FILM, declared, forms)
    if (np.diff(film["epoch"]) <= 0).any():
        raise ValueError(f"the epochs of {FILM} should rise, do not")


def _check_file_names(files: Mapping[str, bytes], needed: tuple[str, ...], *, film: bool) -> None:
    if missing := [name for name in needed if name not in files]:
        raise ValueError(f"it should have {', '.join(needed)}, lacks {', '.join(missing)}")
    if more := [name for name in files if name not in needed and not (film and name == FILM)]:
        raise ValueError(
            f"it should have no other files than {', '.join(needed)}, has {_cut(more[0])}"
        )


def _check_metrics(config: RunConfig, metrics: Any) -> int:
    """Make sure that every metric is there, and return the number of test images."""
    if not isinstance(metrics, dict):
        raise ValueError("it should have a table of metrics, has none")
    _check_number("metric nll", metrics.get("nll"), signed=True)
    for name in ("mse", "squared_radius", "test_images", "seconds", "images_per_second"):
        _check_number(f"metric {name}", metrics.get(name))
    for name in ("kl", "elbo"):
        _check_charge(f"metric {name}", metrics.get(name, 0), charged=_is_charged(config))
    _check_numbers("metric kl_per_latent", metrics.get("kl_per_latent"), _split_latents(config))
    if config.model.posterior == "recognised":
        _check_number("metric fooled", metrics.get("fooled"))
        _check_numbers("metric code_error", metrics.get("code_error"), config.model.latent_dim)
    images = metrics["test_images"]
    if not isinstance(images, int) or not 1 <= images <= MOST_IMAGES:
        raise ValueError(
            f"metric test_images should be between 1 and {MOST_IMAGES:,}, is {_cut(images)}"
        )
    return images


def _check_charge(what: str, value: Any, *, charged: bool) -> None:
    """Make sure that a number is there where a KL is charged, and null elsewhere."""
    if charged:
        _check_number(what, value, signed=True)
    elif value is not None:
        raise ValueError(f"{what} should be null where no KL is charged, is not")


def _check_numbers(what: str, values: Any, count: int) -> None:
    if not isinstance(values, list | tuple) or len(values) != count:
        raise ValueError(f"{what} should be a list of {count} numbers, is not")
    for value in values:
        _check_number(what, value, signed=True)


def _check_number(what: str, value: Any, *, signed: bool = False) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{what} should be a number, is {_cut(value)}")
    if not abs(value) <= _FAR or (value < 0 and not signed):
        raise ValueError(
            f"{what} should be finite{'' if signed else ' and at least 0'}, is {_cut(value)}"
        )


def _check_environment(environment: Any) -> None:
    if not isinstance(environment, dict):
        raise ValueError("it should name the environment that it was trained in, does not")
    for name, value in environment.items():
        if not isinstance(value, str) or len(name) + len(value) > _LONGEST_TEXT:
            raise ValueError(f"{_cut(name)} of the environment should be a short text, is not")


def _form_of_codes(config: RunConfig, images: int) -> dict[str, Form]:
    latents, train = config.model.latent_dim, range(1, MOST_IMAGES + 1)
    classes = len(class_names(config.data))
    forms = {
        "mean": Form(_HALF_OR_SINGLE, (images, latents)),
        "std": Form(_HALF_OR_SINGLE, (images, latents), low=0),
        "label": Form(("|u1",), (images,), high=classes - 1),
        "train_mean": Form(_HALF_OR_SINGLE, (train, latents)),
        "train_std": Form(_HALF_OR_SINGLE, (train, latents), low=0),
    }
    if config.data.name == "sprites":
        sizes = factor_sizes(config.data.size)
        forms["factors"] = Form(("|u1",), (images, len(sizes)))
    return forms


def _check_model(config: RunConfig, content: bytes, codes: Arrays) -> None:
    """Make sure that the model can be restored, and decodes its codes and random ones."""
    from core.checkpoints.decoding import check_decodes

    if len(codes["train_mean"]) != len(codes["train_std"]):
        raise ValueError(f"{CODES} should have a deviation for each code, has not")
    if (
        config.data.name == "sprites"
        and (codes["factors"] >= factor_sizes(config.data.size)).any()
    ):
        raise ValueError(f"factors in {CODES} should be those of the sprites, are not")
    _check_shapes(WEIGHTS, _declared_tensors(WEIGHTS, content, _OF_WEIGHTS), config)
    weights = _tensors(WEIGHTS, content)
    if weights.get("posterior.squared_radius", np.zeros(())) < 0:
        raise ValueError(f"posterior.squared_radius in {WEIGHTS} should be at least 0, is not")
    check_decodes(config, weights, codes["mean"])


def _check_shapes(what: str, declared: Mapping[str, tuple[int, ...]], config: RunConfig) -> None:
    """Make sure that weights are those of the model that a config describes."""
    from core.models import weights_of

    # An encoder and a decoder with a layer for each width: before a model of a million layers is
    # put together.
    layers = 2 * len(config.model.hidden)
    expected = weights_of(config) if layers <= len(declared) else {}
    if declared != expected:
        names = [
            name for name in {*declared, *expected} if declared.get(name) != expected.get(name)
        ]
        named = f", {_cut(min(names))} for one is not" if names else ""
        raise ValueError(f"{what} should hold the weights that fit its config{named}")


def _tensors(what: str, content: bytes) -> Arrays:
    """Return the tensors of a safetensors file, each finite."""
    try:
        tensors = safetensors.numpy.load(content)
    except (safetensors.SafetensorError, RuntimeError, KeyError, ValueError) as error:
        raise ValueError(f"{what} cannot be read: {_cut(error)}") from error
    for name, tensor in sorted(tensors.items()):
        if not np.isfinite(tensor).all():
            raise ValueError(f"{name} in {what} should be finite, is not")
    return tensors


def _declared_tensors(
    what: str, content: bytes, dtypes: tuple[str, ...]
) -> dict[str, tuple[int, ...]]:
    """Return the names and shapes in a safetensors file, whose header has to be sound.

    Source: the format's description, https://github.com/huggingface/safetensors#format.
    """
    (length,) = struct.unpack("<Q", content[:8].rjust(8, b"\xff"))
    if length > min(_LONGEST_HEADER, len(content) - 8):
        raise ValueError(f"{what} should begin with a header, does not")
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise ValueError(f"{what} should begin with a header, does not")
    return {
        name: _shape(what, name, value, dtypes)
        for name, value in header.items()
        if name != "__metadata__"
    }


def _shape(what: str, name: str, declared: Any, dtypes: tuple[str, ...]) -> tuple[int, ...]:
    if not isinstance(declared, dict):
        raise ValueError(f"{_cut(name)} in {what} should say its type and shape, does not")
    dtype, shape = declared.get("dtype"), declared.get("shape")
    if dtype not in dtypes:
        raise ValueError(
            f"{_cut(name)} in {what} should be of type {' or '.join(dtypes)}, is {_cut(dtype)}"
        )
    if not isinstance(shape, list) or not all(type(side) is int for side in shape):
        raise ValueError(f"{_cut(name)} in {what} should say its shape, does not")
    return tuple(shape)


def _read(what: str, content: bytes, forms: Mapping[str, Form]) -> Arrays:
    """Return the arrays of an npz, each of the form it should have."""
    return _unpacked(what, _declared(what, content, forms), forms)


def _declared(what: str, content: bytes, forms: Mapping[str, Form]) -> dict[str, Declared]:
    """Return the arrays of an npz, not unpacked, of the right names, types and shapes."""
    try:
        declared = declared_arrays(content)
    except ValueError as error:
        raise ValueError(f"{what} cannot be read: {_cut(error)}") from error
    needed = {name for name, form in forms.items() if form.needed}
    if not needed <= declared.keys() <= forms.keys():
        has = ", ".join(declared) or "nothing"
        raise ValueError(f"{what} should hold {', '.join(forms)}, holds {_cut(has)}")
    for name, array in declared.items():
        _check_form(f"{name} in {what}", array, forms[name])
    return declared


def _check_form(what: str, array: Declared, form: Form) -> None:
    """Make sure that an array declares the type and the shape that it should have."""
    if array.dtype.str not in form.dtypes:
        types = " or ".join(str(np.dtype(dtype)) for dtype in form.dtypes)
        raise ValueError(f"{what} should be {types}, is {array.dtype}")
    if not _fits(array.shape, form.shape):
        shape = ", ".join(map(_in_words, form.shape))
        raise ValueError(f"{what} should have shape ({shape}), has {array.shape}")


def _unpacked(what: str, declared: Mapping[str, Declared], forms: Mapping[str, Form]) -> Arrays:
    """Return declared arrays, whose numbers are finite and in range."""
    arrays: Arrays = {}
    for name, one in declared.items():
        try:
            array = unpack_array(one)
        except ValueError as error:
            raise ValueError(f"{what} cannot be read: {_cut(error)}") from error
        form = forms[name]
        largest = float(np.finfo(array.dtype).max) if array.dtype.kind == "f" else math.inf
        defined = array[~np.isnan(array)] if form.undefined else array
        # Asked so that NaN is out of every range.
        if not ((defined >= max(form.low, -largest)) & (defined <= min(form.high, largest))).all():
            raise ValueError(
                f"{name} in {what} should be finite and between {form.low:g} and {form.high:g},"
                " is not"
            )
        arrays[name] = array
    return arrays


def _fits(shape: tuple[int, ...], wanted: tuple[int | range, ...]) -> bool:
    if len(shape) != len(wanted):
        return False
    pairs = zip(shape, wanted, strict=True)
    return all(side in one if isinstance(one, range) else side == one for side, one in pairs)


def _in_words(side: int | range) -> str:
    return f"{side.start} to {side.stop - 1}" if isinstance(side, range) else str(side)


def _is_charged(config: RunConfig) -> bool:
    """Return whether the model is charged a KL."""
    return config.model.posterior == "learned"


def _split_latents(config: RunConfig) -> int:
    """Return how many latents have a KL of their own: all if the prior is a product, or none."""
    is_product = _is_charged(config) and config.model.components is None
    return config.model.latent_dim if is_product else 0


def _has_plane(config: RunConfig) -> bool:
    return config.model.latent_dim == 2


def _cut(value: object) -> str:
    """Return a value that somebody else wrote, short enough for a sentence."""
    text = str(value)
    return text if len(text) <= 100 else f"{text[:100]} ..."
