import errno
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.checkpoints import (
    Checkpoint,
    CheckpointError,
    check_writable,
    delete,
    folders,
    load,
    pack_arrays,
    pack_run,
    read_document,
    read_folder,
    save,
    survey,
    unpack_arrays,
    unpack_run,
    write_folder,
)
from core.checkpoints.arrays import UNREADABLE, pack_densely
from core.config import with_seed
from core.models import build
from core.recipes import recipe

CONFIG = recipe("digits", "vae", hidden=(8,), epochs=1)
OTHER = with_seed(CONFIG, 1)
FILES = ("run.json", "weights.safetensors", "history.npz", "codes.npz")


def checkpoint(seed: int = 0, of: int = 0) -> Checkpoint:
    """Return a small checkpoint whose numbers are all decided by `of`."""
    random, config = np.random.default_rng(of), with_seed(CONFIG, seed)
    weights = build(with_seed(CONFIG, of)).state_dict()
    codes = {
        name: random.random((7, 2)).astype(np.float16)
        for name in ("mean", "std", "train_mean", "train_std")
    }
    columns = (
        "nll",
        "kl",
        "test_nll",
        "test_kl",
        "test_mse",
        "squared_radius",
        "seconds",
        "images_per_second",
    )
    return Checkpoint(
        config=config,
        metrics={
            **{"nll": 21.5 + of, "kl": 2.1, "elbo": -23.6 - of, "kl_per_latent": [0.1, 2.0]},
            **{
                "mse": 0.1,
                "squared_radius": 2.0,
                "test_images": 7,
                "seconds": 1.0,
                "images_per_second": 9.0,
            },
        },
        weights={name: weight.half().numpy() for name, weight in weights.items()},
        history={
            **{name: random.random(1, np.float32) for name in columns},
            "kl_per_latent": random.random((1, 2), np.float32),
        },
        codes=codes | {"label": np.arange(7, dtype=np.uint8)},
        environment={"device": "cpu", "name": "β"},
    )


def assert_same(one: Checkpoint, other: Checkpoint) -> None:
    assert (one.config, one.metrics, one.environment) == (
        other.config,
        other.metrics,
        other.environment,
    )
    for arrays, others in ((one.history, other.history), (one.codes, other.codes)):
        assert list(arrays) == list(others)
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, others[name], strict=True)
    assert one.weights.keys() == other.weights.keys()
    for name, weight in one.weights.items():
        assert weight.dtype == other.weights[name].dtype
        np.testing.assert_array_equal(weight, other.weights[name])


def sentence(root: Path, key: str = CONFIG.key) -> str:
    """Return why a run is refused, which `survey` and `load` agree on, in one line."""
    with pytest.raises(CheckpointError) as caught:
        load(root, key)
    found = dict(survey(root))[key]
    assert str(found) == str(caught.value)
    assert "\n" not in str(found)
    return str(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path, checkpoint(1))
    return save(tmp_path, checkpoint())


def test_a_checkpoint_comes_back_exactly(tmp_path: Path):
    folder = save(tmp_path / "new" / "root", checkpoint())
    assert folder == tmp_path / "new" / "root" / CONFIG.key
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert_same(load(tmp_path / "new" / "root", CONFIG.key), checkpoint())


def test_what_is_saved_again_replaces_what_was_there(folder: Path):
    save(folder.parent, checkpoint(of=5))
    assert_same(load(folder.parent, CONFIG.key), checkpoint(of=5))
    assert sorted(path.name for path in folder.parent.iterdir()) == sorted([CONFIG.key, OTHER.key])


def test_the_same_checkpoint_is_the_same_bytes(folder: Path, tmp_path: Path):
    again = save(tmp_path / "elsewhere", checkpoint())
    assert all((folder / name).read_bytes() == (again / name).read_bytes() for name in FILES)


def test_everyone_may_read_what_was_saved(folder: Path):
    assert folder.stat().st_mode & 0o555 == 0o555


def test_survey_sorts_by_key_and_passes_over_what_is_no_run(folder: Path):
    root = folder.parent
    write_folder(root / "classifier-digits", {"kind": "classifier"}, {})
    (root / ".hidden").mkdir()
    (root / "a-file.json").write_text("{}")
    assert list(survey(root)) == sorted([(CONFIG.key, CONFIG), (OTHER.key, OTHER)])


def test_a_root_that_is_not_there_holds_nothing(tmp_path: Path):
    assert list(survey(tmp_path / "nowhere")) == []


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def prolong(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "damage", [truncate, empty, flip_a_bit, prolong, Path.unlink, become_a_folder]
)
def test_a_damaged_run_is_refused_in_one_sentence_and_the_others_still_open(
    folder: Path, name: str, damage: Callable[[Path], None]
):
    damage(folder / name)
    said = sentence(folder.parent)
    assert said.startswith(CONFIG.key)
    assert any(words in said for words in ("altered", "lacks", "damaged", "has no run.json"))
    assert "train it again" in said or "delete the folder" in said
    assert dict(survey(folder.parent))[OTHER.key] == OTHER
    assert_same(load(folder.parent, OTHER.key), checkpoint(1))


def test_every_altered_bit_of_a_file_is_noticed(folder: Path):
    path = folder / "weights.safetensors"
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(CheckpointError, match="was altered or cut short"):
            read_folder(folder)


def alter(folder: Path, change: Callable[[dict], object], *, seal: bool = True) -> None:
    """Change a document by hand; sealed, as somebody else's program would write it."""
    document = json.loads((folder / "run.json").read_text())
    claimed = document.pop("sha256")
    change(document)
    document["sha256"] = folders.digest_of(document) if seal else claimed
    (folder / "run.json").write_text(json.dumps(document))


def test_metrics_improved_by_hand_are_noticed(folder: Path):
    alter(folder, lambda document: document["metrics"].update(nll=0.1), seal=False)
    assert (
        sentence(folder.parent)
        == f"{CONFIG.key}/run.json was altered; delete the folder and train it again"
    )


def test_another_version_is_said_to_be_one(folder: Path):
    alter(folder, lambda document: document.update(format=2))
    assert sentence(folder.parent) == f"{CONFIG.key} should be of format 1, was 2; train it again"


def test_a_config_of_a_later_program_is_refused(folder: Path):
    alter(folder, lambda document: document["config"]["model"].update(flow="planar"))
    assert "has a config this version cannot read (field of model should be one of" in sentence(
        folder.parent
    )


def test_a_renamed_folder_is_told_its_name(folder: Path):
    folder.rename(folder.with_name("mine"))
    assert (
        sentence(folder.parent, "mine")
        == f"mine should be named {CONFIG.key}, after its config; rename the folder"
    )


@pytest.mark.parametrize(
    "text", ["", "[]", "1", "null", '"text"', "{}", "{", "[" * 100_000, "\0\0\0"]
)
def test_somebody_elses_run_json_is_refused(folder: Path, text: str):
    (folder / "run.json").write_text(text)
    assert sentence(folder.parent).startswith(f"{CONFIG.key}/run.json is damaged")


@pytest.mark.parametrize("files", [None, [], "codes.npz", 3])
def test_a_list_of_files_that_is_none_is_refused(folder: Path, files: object):
    alter(folder, lambda document: document.update(files=files))
    assert "run.json should list files" in sentence(folder.parent)


@pytest.mark.parametrize("missing", ["metrics", "environment", "files"])
def test_a_document_without_its_parts_is_refused_when_opened(folder: Path, missing: str):
    alter(folder, lambda document: document.update({missing: {}}) or document.pop(missing))
    with pytest.raises(CheckpointError, match=f"^{CONFIG.key}"):
        load(folder.parent, CONFIG.key)


def test_a_file_outside_the_folder_is_never_read(folder: Path):
    secret = folder.parent / "x"
    secret.write_bytes(b"secret")
    digest = hashlib.sha256(b"secret").hexdigest()
    for name in ("../x", str(secret), "..", "../../x"):
        alter(folder, lambda document, name=name: document.update(files={name: digest}))
        assert (
            sentence(folder.parent)
            == f"{CONFIG.key} lacks {name}; copy the folder again or train it again"
        )


@pytest.mark.parametrize("key", ["", ".", "..", "../elsewhere", ".hidden", "nested/run"])
def test_a_key_names_a_folder_of_the_root_and_nothing_else(folder: Path, key: str):
    root = folder.parent
    shutil.copytree(folder, root / ".hidden")
    shutil.copytree(folder, root / OTHER.key / "run")
    with pytest.raises(CheckpointError, match="no run named"):
        load(root, key)
    with pytest.raises(CheckpointError, match="no run named"):
        load(root, str(folder))


def test_a_mistyped_key_is_told_the_nearest(folder: Path):
    with pytest.raises(
        CheckpointError, match=f"no run named 'x{CONFIG.key}' in .*, did you mean '{CONFIG.key}'"
    ):
        load(folder.parent, "x" + CONFIG.key)


def test_what_is_no_run_is_not_opened_as_one(tmp_path: Path):
    write_folder(tmp_path / "classifier-digits", {"kind": "classifier"}, {})
    with pytest.raises(
        CheckpointError, match=r"^classifier-digits should be a run, is a classifier$"
    ):
        load(tmp_path, "classifier-digits")


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


class Trap:
    """Leaves a mark if it is ever unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.mark,)


def _poisoned(mark: Path) -> Iterator[bytes]:
    trap = np.array([Trap(mark)], dtype=object)
    buffer = io.BytesIO()
    np.savez(buffer, mean=trap)
    yield buffer.getvalue()
    yield _npy(trap)
    yield trap.dumps()


def test_a_pickle_is_refused_and_never_run(folder: Path, tmp_path: Path):
    document, files = read_folder(folder)
    for content in _poisoned(tmp_path / "sprung"):
        write_folder(folder, document, files | {"codes.npz": content})
        with pytest.raises(CheckpointError, match=f"^{CONFIG.key} is not a run of this lab"):
            load(tmp_path, CONFIG.key)
    assert not (tmp_path / "sprung").exists()


def test_the_pickle_above_would_have_run(tmp_path: Path):
    _, single, _ = _poisoned(tmp_path / "sprung")
    np.load(io.BytesIO(single), allow_pickle=True)
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"PK", b"not an npz", _npy(np.arange(3))])
def test_arrays_of_another_kind_are_refused(folder: Path, content: bytes):
    document, files = read_folder(folder)
    for name in ("codes.npz", "history.npz", "weights.safetensors"):
        write_folder(folder, document, files | {name: content})
        with pytest.raises(CheckpointError, match="is not a run of this lab"):
            load(folder.parent, CONFIG.key)


def test_arrays_come_back_with_their_types():
    arrays = {
        "half": np.ones((2, 3), np.float16),
        "none": np.empty((0, 4), np.int64),
        "a/b": np.array(True),
    }
    back = unpack_arrays(pack_arrays(arrays))
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array, strict=True)


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


@contextmanager
def broken_at(step: int, error: BaseException) -> Iterator[None]:
    """Let the n-th flush or rename fail inside the block."""
    calls = iter(range(1000))

    def counted(real: Callable) -> Callable:
        def fails(*arguments: object) -> object:
            if next(calls) == step:
                raise error
            return real(*arguments)

        return fails

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", counted(os.fsync))
        patch.setattr(Path, "rename", counted(Path.rename))
        yield


STEPS = 6
"""Four files are flushed, the old folder is renamed and the new one is."""


@pytest.mark.parametrize("step", range(STEPS))
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.EIO, "Input/output error")])
def test_a_save_that_breaks_off_leaves_the_old_run_and_no_folder_behind(
    folder: Path, step: int, error: BaseException
):
    root = folder.parent
    with broken_at(step, error), pytest.raises((KeyboardInterrupt, CheckpointError)):
        save(root, checkpoint(of=9))
    assert {key for key, _ in survey(root)} == {CONFIG.key, OTHER.key}
    assert_same(load(root, CONFIG.key), checkpoint())
    assert_same(load(root, OTHER.key), checkpoint(1))
    assert names(root) == sorted([CONFIG.key, OTHER.key])


def test_a_first_save_that_breaks_off_leaves_nothing(tmp_path: Path):
    for step in range(STEPS - 1):
        with broken_at(step, KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
            save(tmp_path, checkpoint())
        assert names(tmp_path) == []


def test_all_steps_of_a_save_were_broken_above(folder: Path):
    with broken_at(STEPS, KeyboardInterrupt()):
        save(folder.parent, checkpoint(of=9))
    assert_same(load(folder.parent, CONFIG.key), checkpoint(of=9))


def test_a_run_put_aside_by_a_cut_replacement_comes_back(folder: Path):
    root = folder.parent
    folder.rename(root / f".old-{CONFIG.key}")
    assert [key for key, _ in survey(root)] == sorted([CONFIG.key, OTHER.key])
    assert_same(load(root, CONFIG.key), checkpoint())


def test_a_run_put_aside_outlives_a_second_cut(folder: Path):
    root = folder.parent
    folder.rename(root / f".old-{CONFIG.key}")
    with broken_at(STEPS - 2, KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
        save(root, checkpoint(of=9))
    assert dict(survey(root))[CONFIG.key] == CONFIG
    assert_same(load(root, CONFIG.key), checkpoint())


def test_a_leftover_of_a_replacement_that_was_finished_gives_way(folder: Path):
    root = folder.parent
    shutil.copytree(folder, root / f".old-{CONFIG.key}")
    save(root, checkpoint(of=9))
    assert_same(load(root, CONFIG.key), checkpoint(of=9))
    assert names(root) == sorted([CONFIG.key, OTHER.key])


def test_a_survey_between_the_two_renames_costs_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    root, real = folder.parent, Path.rename

    def surveyed_between(self: Path, target: Path) -> Path:
        moved = real(self, target)
        if target.name.startswith(".old-"):
            monkeypatch.setattr(Path, "rename", real)
            assert dict(survey(root))[CONFIG.key] == CONFIG
        return moved

    monkeypatch.setattr(Path, "rename", surveyed_between)
    save(root, checkpoint(of=9))
    assert_same(load(root, CONFIG.key), checkpoint(of=9))
    assert names(root) == sorted([CONFIG.key, OTHER.key])


def test_a_shelf_that_may_only_be_read_still_opens(folder: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copytree(folder, folder.parent / ".old-gone")

    def refused(self: Path, target: Path) -> Path:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "rename", refused)
    assert len(list(survey(folder.parent))) == 2


def test_what_a_killed_process_left_is_cleared_away_after_an_hour(folder: Path):
    root = folder.parent
    for name, age in ((".new-dead-a", 7200), (".new-alive-b", 60)):
        (root / name).mkdir()
        (root / name / "weights.safetensors").write_bytes(b"half")
        os.utime(root / name, (time.time() - age, time.time() - age))
    assert {key for key, _ in survey(root)} == {CONFIG.key, OTHER.key}
    save(root, checkpoint(of=9))
    assert names(root) == sorted([".new-alive-b", CONFIG.key, OTHER.key])


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "the disk that holds {root} is full; free some space and train again"),
        (errno.EDQUOT, "the disk that holds {root} is full; free some space and train again"),
        (
            errno.EROFS,
            (
                "{root}/{key} cannot be written (Read-only file system); check the folder and its"
                " permissions"
            ),
        ),
    ],
)
def test_a_disk_that_takes_nothing_more_is_one_sentence(
    folder: Path, number: int, said: str, monkeypatch: pytest.MonkeyPatch
):
    root = folder.parent

    def full(file: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError) as caught:
        save(root, checkpoint(of=9))
    assert str(caught.value) == said.format(root=root, key=CONFIG.key)
    assert_same(load(root, CONFIG.key), checkpoint())
    assert names(root) == sorted([CONFIG.key, OTHER.key])


def test_a_place_that_cannot_be_written_is_found_out_beforehand(tmp_path: Path):
    (tmp_path / "file").write_text("")
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        for attempt in (check_writable, lambda root: save(root, checkpoint())):
            with pytest.raises(
                CheckpointError, match=r"cannot be written \(.+\); check the folder"
            ):
                attempt(root)
    check_writable(tmp_path / "fine")
    assert names(tmp_path / "fine") == []


def test_the_document_can_be_read_without_the_rest(folder: Path):
    (folder / "weights.safetensors").unlink()
    assert read_document(folder)["metrics"] == checkpoint().metrics


def test_weights_that_share_memory_are_saved_apart(tmp_path: Path):
    weight = np.random.default_rng(0).random((64, 8), np.float32)
    shared = {"encoder.1.weight": weight.T, "decoder.2.weight": weight}
    save(tmp_path, replace(checkpoint(), weights=checkpoint().weights | shared))
    back = load(tmp_path, CONFIG.key).weights
    assert all(np.array_equal(back[name], shared[name]) for name in shared)


SAVING = """
import itertools, os, signal, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_checkpoints import checkpoint, save

root = Path(sys.argv[1])
for attempt in range(12):
    child = os.fork()
    if not child:
        for number in itertools.count(attempt):
            save(root, checkpoint(of=number))
    time.sleep(0.05 + 0.003 * attempt)
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    print(attempt, flush=True)
    input()
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a process of its own, which needs fork")
def test_a_run_killed_while_it_is_replaced_over_and_over_is_whole_each_time(folder: Path):
    root, here = folder.parent, Path(__file__)
    command = [sys.executable, "-c", SAVING, str(root), str(here.parent)]
    kills = 0
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=here.parents[2]
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in process.stdout:
            kills += 1
            assert dict(survey(root)) == {CONFIG.key: CONFIG, OTHER.key: OTHER}
            kept = load(root, CONFIG.key)
            assert_same(kept, checkpoint(of=round(kept.metrics["nll"] - 21.5)))
            print(file=process.stdin, flush=True)
    assert (process.returncode, kills) == (0, 12)
    assert_same(load(root, OTHER.key), checkpoint(1))


def test_a_run_goes_to_another_shelf_as_a_zip_and_comes_back(tmp_path: Path):
    save(tmp_path / "here", checkpoint())
    key = checkpoint().config.key
    packed = pack_run(tmp_path / "here", key)
    assert unpack_run(tmp_path / "there", packed) == key
    assert (tmp_path / "there" / key / "codes.npz").read_bytes() == (
        tmp_path / "here" / key / "codes.npz"
    ).read_bytes()
    with pytest.raises(CheckpointError, match="is on the shelf already"):
        unpack_run(tmp_path / "there", packed)
    delete(tmp_path / "there", key)
    assert list((tmp_path / "there").iterdir()) == []
    with pytest.raises(CheckpointError, match="no run named"):
        delete(tmp_path / "there", key)


def test_arrays_packed_densely_come_back_the_same_from_the_same_smaller_bytes():
    frames = np.repeat(
        np.random.default_rng(0).integers(0, 255, (1, 280, 280), dtype=np.uint8), 6, axis=0
    )
    arrays = {
        "plane": frames,
        "epoch": np.arange(6, dtype=np.int32),
        "half_width": np.full(6, 1.5, np.float32),
    }
    dense = pack_densely(arrays)
    assert dense == pack_densely(arrays)
    assert len(dense) < len(pack_arrays(arrays)) / 2
    back = unpack_arrays(dense)
    assert list(back) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array, strict=True)
    with pytest.raises(UNREADABLE):
        unpack_arrays(dense[:200] + b"\xff" * 40 + dense[240:])
