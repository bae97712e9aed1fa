"""Runs that were altered at random: each is refused in one sentence, or opens and draws.

    python -m tests.mutations --count 2000

A mutation flips bytes of a file, or changes its content and makes the digests right afterwards:
numbers of run.json, arrays and headers of an npz, names, types and numbers of the weights. The
suite tries 200 of them.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import shutil
import struct
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.checkpoints import (
    CheckpointError,
    pack_arrays,
    read_document,
    read_folder,
    survey,
    unpack_run,
)
from core.checkpoints.folders import digest_of, write_folder
from core.config import RunConfig
from core.explore.decoding import decode
from core.figures.latents import latent_scatter
from core.recipes import recipe, with_prior
from core.runs import open_run
from core.shelf import SHELF

RUNS = (
    recipe("digits", "vae"),
    recipe("digits", "noisy-ae", 10),
    with_prior("digits", 2, "mixture"),
)
MOST_MEMORY = 200_000_000
"""Bytes that looking at one run may take."""

Random = np.random.Generator


def mutate(folder: Path, random: Random) -> None:
    """Alter the run in a folder; one that would have another key goes by that one."""
    change = _one_of(
        [flip_bytes, change_document, change_arrays, change_npz, change_weights], random
    )
    with np.errstate(all="ignore"):
        change(folder, random)


def flip_bytes(folder: Path, random: Random) -> None:
    """Flip, cut or add bytes of a file; in half of the cases the digests are made right."""
    document, files = read_folder(folder)
    name = str(random.choice(sorted(files)))
    if random.random() < 0.2:
        path = folder / "run.json"
        path.write_bytes(_damaged(path.read_bytes(), random))
        return
    damaged = _damaged(files[name], random)
    if random.random() < 0.5:
        (folder / name).write_bytes(damaged)
    else:
        write_folder(folder, document, files | {name: damaged})


def change_document(folder: Path, random: Random) -> None:
    """Change, remove or add a value anywhere in run.json."""
    document, _ = read_folder(folder)
    place: Any = document
    while True:
        key = _one_of(list(place) if isinstance(place, dict) else list(range(len(place))), random)
        if isinstance(place[key], dict | list) and place[key] and random.random() < 0.9:
            place = place[key]
            continue
        break
    if random.random() < 0.2:
        del place[key]
    else:
        place[key] = _one_of(_odd_values(place[key]), random)
    _seal(folder, document)


def change_arrays(folder: Path, random: Random) -> None:
    """Change an array of an npz: its numbers, type, shape or name."""
    name = _one_of([path.name for path in folder.glob("*.npz")], random)
    with np.load(io.BytesIO((folder / name).read_bytes()), allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    key = _one_of(list(arrays), random)
    array = _one_of(_changed_arrays(arrays[key]), random)(random)
    if array is None:
        del arrays[key]
    else:
        arrays[_one_of([key] * 9 + ["other", "../out"], random)] = array
    _exchange(folder, name, pack_arrays(arrays))


def change_npz(folder: Path, random: Random) -> None:
    """Change the headers of an npz or its packed bytes, with a right checksum or without."""
    name = _one_of([path.name for path in folder.glob("*.npz")], random)
    with zipfile.ZipFile(folder / name) as archive:
        members = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    key = _one_of(list(members), random)
    members[key] = _damaged(members[key], random, first=128 if random.random() < 0.7 else None)
    buffer = io.BytesIO()
    method = _one_of(
        [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2], random
    )
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    packed = buffer.getvalue()
    if random.random() < 0.3:
        at = packed.rindex(b"PK\x01\x02")
        packed = packed[:at] + _damaged(packed[at:], random)
    _exchange(folder, name, packed)


def change_weights(folder: Path, random: Random) -> None:
    """Change the header or the numbers of the weights."""
    content = (folder / "weights.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header, numbers = json.loads(content[8 : 8 + length]), content[8 + length :]
    key = _one_of(list(header), random)
    match random.integers(6):
        case 0:
            header[key]["dtype"] = _one_of(["F32", "BF16", "I8", "F64", "F4", 3, None], random)
        case 1:
            header[key]["shape"] = _one_of(
                [[], [0], [2**40], [-1, 5], [1] * 70, "x", [1e300]], random
            )
        case 2:
            header[f"{key}x"] = header.pop(key)
        case 3:
            header[key] = _one_of(
                [{}, None, [], {"dtype": "F16", "shape": [1], "data_offsets": [0, 2**60]}], random
            )
        case 4:
            numbers = np.full(
                len(numbers) // 2, _one_of([np.nan, np.inf, 65504, -65504, 0], random), "<f2"
            ).tobytes()
        case _:
            numbers = _damaged(numbers, random)
    text = json.dumps(header).encode()
    size = _one_of([len(text)] * 8 + [0, 2**63], random)
    _exchange(folder, "weights.safetensors", struct.pack("<Q", size) + text + numbers)


def outcome(root: Path, key: str) -> str:
    """Return `refused` or `drawn`, after looking at a run in every way that the lab does.

    Raises:
        AssertionError: `survey` and `open_run` do not agree, or the sentence is none.
    """
    # A folder of another kind is passed over.
    found = dict(survey(root)).get(key, CheckpointError(f"{key} should be a run"))
    try:
        run = open_run(key, root)
    except CheckpointError as error:
        said = str(error)
        _check(said.startswith(str(found)), f"survey says {found}, open_run {said}")
        _check("\n" not in said and len(said) < 700, f"{said} is no sentence")
        return "refused"
    assert isinstance(found, RunConfig), found
    assert np.isfinite(decode(run.model, run.codes["mean"][:4])).all()
    mean, names = run.codes["mean"], tuple("0123456789")
    figure: Any = latent_scatter(
        mean[:, :2], run.codes["label"], names, axes=("z1", "z2"), prior_circles=True
    )
    figure.to_json()
    assert all(np.isfinite(value).all() for name, value in run.codes.items() if name != "label")
    f"{run.metrics['nll']:9.2f} {run.metrics['mse']:8.5f} {run.metrics['seconds']:8.0f}"
    return "drawn"


def attempt(seed: int) -> str:
    """Return how a run ends that was altered with a seed: refused or drawn, in words.

    Raises:
        AssertionError: it wrote beside its folder, took too much memory, or ended in another way.
    """
    random = np.random.default_rng(seed)
    config = RUNS[random.integers(len(RUNS))]
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "shelf"
        shutil.copytree(SHELF / config.key, root / config.key)
        mutate(root / config.key, random)
        (folder,) = root.iterdir()
        packed = _zipped(folder)
        before, resident = _names(Path(place)), peak_memory()
        end = outcome(root, folder.name)
        brought = _bring(Path(place) / "other", packed)
        peak = peak_memory() - resident
        assert end == brought, f"mutation {seed} is {end} on the shelf and {brought} as a zip"
        assert peak < MOST_MEMORY, f"mutation {seed} takes {peak:,} bytes"
        beside = {
            name
            for name in _names(Path(place)) - before
            if not name.startswith(f"other/{folder.name}")
        }
        assert beside <= {"other"}, f"mutation {seed} writes {beside}"
    return end


def peak_memory() -> int:
    """Return the most bytes of memory that this process has ever had in use."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


def _check(right: bool, what: str) -> None:
    if not right:
        raise AssertionError(what)


def _bring(root: Path, packed: bytes) -> str:
    try:
        unpack_run(root, packed)
    except CheckpointError:
        return "refused"
    return "drawn"


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in folder.iterdir():
            archive.writestr(f"{folder.name}/{path.name}", path.read_bytes())
    return buffer.getvalue()


def _names(place: Path) -> set[str]:
    return {path.relative_to(place).as_posix() for path in place.rglob("*")}


def _damaged(content: bytes, random: Random, first: int | None = None) -> bytes:
    changed = bytearray(content)
    end = min(len(changed), first or len(changed))
    match random.integers(4) if end else 3:
        case 0:
            del changed[int(random.integers(end)) :]
        case 1:
            changed[random.integers(end)] ^= 1 << random.integers(8)
        case 2:
            for _ in range(16):
                changed[random.integers(end)] = random.integers(256)
        case _:
            changed += random.bytes(int(random.integers(1, 40)))
    return bytes(changed)


def _odd_values(value: Any) -> list[Any]:
    odd: list[Any] = [
        None,
        True,
        -1,
        0,
        1e300,
        float("nan"),
        float("inf"),
        10**400,
        "",
        "x" * 2000,
        "\ud800",
        [],
        {},
    ]
    odd += [[value], {"a": value}, "../../x", "β\n" * 9, 2**31, 0.5, -0.0]
    if isinstance(value, int | float) and not isinstance(value, bool):
        odd += [value * 2, value + 1, -value] * 3
    return odd


def _changed_arrays(array: np.ndarray) -> list[Callable[[Random], np.ndarray | None]]:
    def filled(value: float) -> Callable[[Random], np.ndarray]:
        def changed(random: Random) -> np.ndarray:
            copy = array.copy()
            if copy.size:
                copy.reshape(-1)[random.integers(copy.size)] = np.asarray(value).astype(copy.dtype)
            return copy

        return changed

    return [
        *(filled(value) for value in (np.nan, np.inf, -np.inf, 60000, -1, 255, 11, 0)),
        lambda random: None,
        lambda random: array[: len(array) // 2],
        lambda random: array[:0],
        lambda random: array.T.copy(),
        lambda random: np.asfortranarray(array),
        lambda random: array[..., None],
        lambda random: array.astype(
            _one_of(["<f8", ">f4", "<i8", "|b1", "<U3", "<c8", "<f4"], random)
        ),
        lambda random: np.zeros(
            _one_of([(), (0,), (5_000_000,), (60_000_000,), (10_000, 300)], random), array.dtype
        ),
    ]


def _one_of(options: list[Any], random: Random) -> Any:
    return options[random.integers(len(options))]


def _exchange(folder: Path, name: str, content: bytes) -> None:
    document, files = read_folder(folder)
    write_folder(folder, document, files | {name: content})


def _seal(folder: Path, document: dict[str, Any]) -> None:
    """Write a document with a right digest, and name the folder after its config's key, if any."""
    (folder / "run.json").write_text(json.dumps(document | {"sha256": digest_of(document)}))
    try:
        key = RunConfig.from_dict(read_document(folder)["config"]).key
    except Exception:
        return
    folder.rename(folder.with_name(key))


def main() -> None:
    """Try as many mutations as asked for, and say how they ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations")
    parser.add_argument(
        "--count", type=int, default=2000, metavar="N", help="mutations (default: 2000)"
    )
    parser.add_argument(
        "--first", type=int, default=0, metavar="SEED", help="seed of the first (default: 0)"
    )
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.count)
    attempt(arguments.first)  # loads what is loaded once
    before = peak_memory()
    print(dict(Counter(attempt(seed) for seed in seeds)))
    print(f"the process grew by {(peak_memory() - before) / 1e6:,.0f} MB at most")


if __name__ == "__main__":
    main()
