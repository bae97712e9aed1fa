"""Trained runs on disk, a folder each, written whole or not at all, verified, never pickled.

A run is on the shelf only if it opens: `core.checkpoints.checks` holds all that comes in against
its config. Weights, codes and histories are arrays; reading a run that ships needs no torch.

    <key>/run.json              config, metrics, library versions, SHA-256 of every other file and
                                of itself
    <key>/weights.safetensors   half precision
    <key>/history.npz           one array per column, a row per epoch
    <key>/codes.npz             posterior means and standard deviations, labels, factors
    <key>/film.npz              codes and decoded plane at chosen epochs, for two latents

    .unfinished/<key>/          a training that is not finished: run.json, state.safetensors in
                                full precision, history.npz, film.npz
"""

from core.checkpoints.arrays import Arrays, pack_arrays, unpack_arrays
from core.checkpoints.folders import (
    DOCUMENT,
    FORMAT,
    CheckpointError,
    check_writable,
    read_document,
    read_folder,
    write_file,
    write_folder,
)
from core.checkpoints.parcels import pack_run, unpack_run
from core.checkpoints.runs import (
    Checkpoint,
    check_folder,
    delete,
    forget_what_was_seen,
    load,
    load_film,
    run_names,
    save,
    survey,
)
from core.checkpoints.unfinished import (
    UNFINISHED,
    Unfinished,
    drop_unfinished,
    load_unfinished,
    save_unfinished,
    unfinished_keys,
)
from core.shelf import SHELF

__all__ = [
    "DOCUMENT",
    "FORMAT",
    "SHELF",
    "UNFINISHED",
    "Arrays",
    "Checkpoint",
    "CheckpointError",
    "Unfinished",
    "check_folder",
    "check_writable",
    "delete",
    "drop_unfinished",
    "forget_what_was_seen",
    "load",
    "load_film",
    "load_unfinished",
    "pack_arrays",
    "pack_run",
    "read_document",
    "read_folder",
    "run_names",
    "save",
    "save_unfinished",
    "survey",
    "unfinished_keys",
    "unpack_arrays",
    "unpack_run",
    "write_file",
    "write_folder",
]
