"""Runs in a zip: read from any system, refused in one sentence, never written outside."""

import io
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.checkpoints import (
    CheckpointError,
    pack_arrays,
    pack_run,
    read_folder,
    unpack_run,
    write_folder,
)
from core.recipes import recipe
from core.shelf import SHELF

KEY = recipe("digits", "vae").key
NAMES = ("run.json", "weights.safetensors", "history.npz", "codes.npz", "film.npz")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that temporary folders are made in."""
    folder = tmp_path / "system" / "temporary"
    folder.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def contents() -> dict[str, bytes]:
    return {name: (SHELF / KEY / name).read_bytes() for name in NAMES}


def zipped(files: dict[str, bytes], **packed: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content, packed.get(name))
    return buffer.getvalue()


def run_named(pattern: str) -> dict[str, bytes]:
    """Return the files of a run, each named by a pattern."""
    return {pattern.format(name): content for name, content in contents().items()}


def without_numbers(array: np.ndarray, shape: tuple[int, ...]) -> bytes:
    """Return an npy whose header promises another shape than its numbers have."""
    buffer = io.BytesIO()
    header = {"descr": array.dtype.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue() + array.tobytes()


def with_codes(codes: bytes) -> bytes:
    """Return the zip of a run whose codes were exchanged, digests made right."""
    document, files = read_folder(SHELF / KEY)
    with tempfile.TemporaryDirectory() as place:
        folder = write_folder(Path(place) / KEY, document, files | {"codes.npz": codes})
        return zipped({f"{KEY}/{path.name}": path.read_bytes() for path in folder.iterdir()})


def flagged(content: bytes, flag: int) -> bytes:
    """Return a zip with a flag set in the headers of all its entries."""
    changed = bytearray(content)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = changed.find(signature)
        while at >= 0:
            changed[at + offset] |= flag & 0xFF
            changed[at + offset + 1] |= flag >> 8
            at = changed.find(signature, at + 4)
    return bytes(changed)


def not_utf8() -> bytes:
    """Return a zip with a name that says it is UTF-8 and is not."""
    return flagged(zipped({f"{KEY}/xx": b""}), 0x800).replace(b"/xx", b"/\xff\xfe")


def linked() -> bytes:
    """Return a zip with a symbolic link among a run's files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in contents().items():
            link = zipfile.ZipInfo(f"{KEY}/{name}")
            link.create_system, link.external_attr = (
                3,
                (0o120777 if name == "codes.npz" else 0o100644) << 16,
            )
            archive.writestr(link, content)
    return buffer.getvalue()


def crowded() -> bytes:
    return zipped({f"{KEY}/file{i}": b"" for i in range(1200)})


def twice() -> bytes:
    content = zipped(run_named(KEY + "/{}") | {f"{KEY}/codex.npz": b"again"})
    return content.replace(b"codex.npz", b"codes.npz")


def lying() -> bytes:
    """Return a zip whose entry declares 1 byte and unpacks to 100 million."""
    content = bytearray(zipped({f"{KEY}/run.json": bytes(100_000_000)}))
    at = content.find(b"PK\x01\x02")
    content[at + 24 : at + 28] = (1).to_bytes(4, "little")
    return bytes(content)


ODD: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "should be a zip"),
    "no zip": (lambda: b"PK\x03\x04 and nothing", "should be a zip"),
    "cut short": (lambda: zipped(run_named(KEY + "/{}"))[:-30], "should be a zip"),
    "nothing in it": (lambda: zipped({}), "one folder of one run"),
    "no folder": (lambda: zipped({"run.json": b"{}"}), "one folder of one run"),
    "two folders": (
        lambda: zipped({"a/run.json": b"{}", "b/run.json": b"{}"}),
        "one folder of one run",
    ),
    "a folder too deep": (lambda: zipped({"a/b/run.json": b"{}"}), "one folder of one run"),
    "no run": (lambda: zipped({"a/run.json": b"{}"}), "a/run.json is damaged"),
    "too large": (lambda: zipped({"a/weights": bytes(60_000_000)}), "at most 50,000,000 bytes"),
    "a way out": (lambda: zipped({"../slipped.txt": b"x"}), "one folder of one run"),
    "a run on its way out": (lambda: zipped(run_named("../{}")), "one folder of one run"),
    "a longer way out": (lambda: zipped(run_named("a/../../{}")), "one folder of one run"),
    "a way out behind a folder": (lambda: zipped({f"{KEY}/..": b"x"}), "one folder of one run"),
    "a way out with a backslash": (
        lambda: zipped({"..\\slipped.txt": b"x"}),
        "one folder of one run",
    ),
    "an absolute path": (lambda: zipped({"/slipped.txt": b"x"}), "one folder of one run"),
    "an absolute path of a folder": (
        lambda: zipped({"/tmp/slipped.txt": b"x"}),
        "one folder of one run",
    ),
    "a drive": (lambda: zipped({"C:/slipped.txt": b"x"}), "one folder of one run"),
    "a drive with a backslash": (
        lambda: zipped({"C:\\slipped.txt": b"x"}),
        "one folder of one run",
    ),
    "a network drive": (lambda: zipped({"\\\\host\\slipped.txt": b"x"}), "one folder of one run"),
    "the folder itself": (lambda: zipped({"./run.json": b"x"}), "one folder of one run"),
    "a hidden folder": (lambda: zipped({".unfinished/run.json": b"x"}), "one folder of one run"),
    "a link": (linked, "one folder of one run"),
    "a file twice": (twice, "one folder of one run"),
    "a name of 300 letters": (
        lambda: zipped({f"{KEY}/{'x' * 300}": b"x"}),
        "one folder of one run",
    ),
    "a folder of 300 letters": (
        lambda: zipped({f"{'x' * 300}/run.json": b"x"}),
        "one folder of one run",
    ),
    "a name that is no UTF-8": (not_utf8, "should be a zip"),
    "a password": (
        lambda: flagged(zipped(run_named(KEY + "/{}")), 0x1),
        "should need no password",
    ),
    "many entries": (crowded, "at most 1,000 entries"),
    "an entry that lies": (lying, "should unpack to 1 bytes as it declares"),
    "packed in another way": (
        lambda: zipped({f"{KEY}/run.json": b"{}"}, **{f"{KEY}/run.json": zipfile.ZIP_BZIP2}),
        "should be stored, deflated or packed by LZMA",
    ),
    "arrays with a password": (
        lambda: with_codes(flagged((SHELF / KEY / "codes.npz").read_bytes(), 0x1)),
        "should need no password",
    ),
    "arrays that are too large": (
        lambda: with_codes(pack_arrays({"mean": np.zeros(150_000_000, np.uint8)})),
        "is not a run of this lab",
    ),
    "arrays that promise too much": (
        lambda: with_codes(
            zipped({"mean.npy": without_numbers(np.zeros(3), (10_000_000_000_000,))})
        ),
        "declares an array of shape",
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_a_zip_that_is_no_run_is_refused_in_a_sentence_and_writes_nothing(
    name: str, tmp_path: Path, temporary: Path
):
    make, match = ODD[name]
    with pytest.raises(CheckpointError, match=match) as caught:
        unpack_run(tmp_path / "shelf", make())
    assert "\n" not in str(caught.value)
    assert [
        path for path in tmp_path.rglob("*") if path not in (temporary, temporary.parent)
    ] == []


@pytest.mark.parametrize(
    "pattern", ["{key}/{{}}", "./{key}/{{}}", "{key}\\{{}}", ".\\{key}\\{{}}"]
)
def test_a_run_is_read_whichever_way_a_system_writes_its_names(
    pattern: str, tmp_path: Path, temporary: Path
):
    oddments = {
        f"__MACOSX/{KEY}/._run.json": b"?",
        f"{KEY}/.DS_Store": b"?",
        f"{KEY}/Thumbs.db": b"?",
        "._a": b"?",
    }
    content = zipped(run_named(pattern.format(key=KEY)) | oddments)
    assert unpack_run(tmp_path / "shelf", content) == KEY
    shelf = tmp_path / "shelf" / KEY
    assert {path.name: path.read_bytes() for path in shelf.iterdir()} == contents()
    assert list(temporary.iterdir()) == []


def test_a_small_zip_takes_little_memory(tmp_path: Path):
    tracemalloc = pytest.importorskip("tracemalloc")
    content = with_codes(pack_arrays({"mean": np.zeros(150_000_000)}))
    assert len(content) < 2_000_000
    tracemalloc.start()
    with pytest.raises(CheckpointError, match="should unpack to at most"):
        unpack_run(tmp_path, content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000_000


def test_only_the_files_of_a_run_are_packed(tmp_path: Path):
    shutil.copytree(SHELF / KEY, tmp_path / KEY)
    (tmp_path / KEY / "notes").mkdir()
    (tmp_path / KEY / "secret.txt").write_text("x")
    with zipfile.ZipFile(io.BytesIO(pack_run(tmp_path, KEY))) as archive:
        assert sorted(archive.namelist()) == sorted(f"{KEY}/{name}" for name in NAMES)
