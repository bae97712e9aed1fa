import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from core.__main__ import STOPPED, main
from core.config import RunConfig
from core.recipes import recipe
from core.runs import load_or_train, open_run
from core.shelf import MORE_SEEDS, SHELF
from core.sweep import SWEEPS, read_sweep
from core.sweep.contract import Outcome
from core.sweep.drive import missing, train_missing
from core.sweep.records import RECORDS, note, place_of, reason_noted
from core.sweep.table import Table

GRID = """
[run]
data = "digits"
model = "vae"
hidden = [8]
epochs = 1

[grid]
latent_dim = [2, 3]
seed = [0, 1]
"""
HERE = ("--engine", "batched", "--device", "cpu")


def small(**changes: Any) -> RunConfig:
    return recipe("digits", "vae", **{"hidden": (8,), "epochs": 1} | changes)


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Return exit code, output and errors of a command."""
    try:
        code = main([str(word) for word in words])
    except SystemExit as left:
        code = int(left.code or 0)
    told = capsys.readouterr()
    return code, told.out, told.err


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(GRID)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one run of the grid."""
    folder = tmp_path_factory.mktemp("made")
    load_or_train(small(), folder, device="cpu")
    return folder


@pytest.mark.slow
def test_a_sweep_trains_what_is_nowhere_yet_and_makes_one_table(
    capsys: pytest.CaptureFixture[str], file: Path, tmp_path: Path, made: Path
):
    shelf = tmp_path / "shelf"
    shutil.copytree(made, shelf)
    load_or_train(small(seed=1), tmp_path / MORE_SEEDS, device="cpu")
    code, out, err = said(capsys, "--root", shelf, "sweep", file, *HERE)
    root = tmp_path / SWEEPS
    assert (code, out) == (0, f"4 kept: {root / 'small.csv'} {root / 'small.parquet'}\n")
    assert re.search(r"small 2/2 █+ 100%", err)
    assert {path.name for path in root.iterdir() if path.is_dir()} == {
        small(latent_dim=3, seed=s).key for s in (0, 1)
    }
    found = rows(root / "small.csv")
    names = [
        "key",
        "latent_dim",
        "seed",
        "nll",
        "kl",
        "elbo",
        "active",
        "seconds",
        "state",
        "reason",
    ]
    assert list(found[0]) == names
    assert [(row["latent_dim"], row["seed"], row["state"]) for row in found] == [
        ("2", "0", "kept"), ("2", "1", "kept"), ("3", "0", "kept"), ("3", "1", "kept"),
    ]  # fmt: skip
    assert float(found[0]["elbo"]) == open_run(small().key, shelf).metrics["elbo"]
    table = pyarrow.parquet.read_table(root / "small.parquet").to_pylist()
    assert [str(row["elbo"]) for row in table] == [row["elbo"] for row in found]
    assert [row["active"] in (0, 1, 2, 3) for row in table] == [True] * 4
    before = {path: path.stat().st_mtime_ns for path in root.rglob("run.json")}
    code, out, err = said(
        capsys, "--root", shelf, "sweep", file, *HERE, "--table", tmp_path / "mine.csv"
    )
    assert (code, err) == (0, "")
    assert rows(tmp_path / "mine.csv") == found
    assert {path: path.stat().st_mtime_ns for path in root.rglob("run.json")} == before


@pytest.mark.slow
def test_a_run_that_fails_is_recorded_with_its_reason_until_it_is_trained(
    capsys: pytest.CaptureFixture[str], file: Path, tmp_path: Path
):
    file.write_text(
        GRID.replace("[8]", "[32, 32, 32]").replace(
            "latent_dim = [2, 3]", "learning_rate = [1.0, 0.001]"
        )
    )
    root = tmp_path / "root"
    code, out, err = said(capsys, "sweep", file, *HERE, "--root", root)
    assert (code, out[:18]) == (2, "2 failed, 2 kept: ")
    reason = "training diverged in epoch 1: the nll is nan; lower the learning rate"
    diverged = [small(hidden=(32, 32, 32), learning_rate=1.0, seed=seed) for seed in (0, 1)]
    for config in diverged:
        assert f"failed: {config.key}: {reason}" in err
        record = json.loads((root / RECORDS / f"{config.key}.json").read_text())
        assert record == {"key": config.key, "reason": reason}
    assert [(row["state"], row["reason"]) for row in rows(root / "small.csv")] == [
        ("failed", reason)
    ] * 2 + [("kept", "")] * 2
    assert rows(root / "small.csv")[0]["elbo"] == ""
    note(root, Outcome(diverged[0]))
    assert reason_noted(root, diverged[0]) == ""
    assert reason_noted(root, diverged[1]) == reason


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (
            ("nowhere.toml",),
            "the sweep should be a TOML file, nowhere.toml cannot be read (No such file or"
            " directory)",
        ),
        (
            ("small.toml", "--engine", "rya"),
            "engine should be one of local, batched, ray, got 'rya', did you mean",
        ),
        (("small.toml", "--slots", "0"), "slots should be at least 1, got 0"),
        (("small.toml", "--slotz", "1"), "no option named --slotz, did you mean '--slots'?"),
        (("small.toml", "--table", "x.txt"), "the table should be named something.csv, got x.txt"),
        (("wrong.toml",), "wrong.toml: a sweep has no field 'sed', did you mean 'seed'?"),
        (
            ("gated.toml", "--engine", "batched"),
            "the batched engine trains AEs, VAEs and β-VAEs of mlp or conv layers",
        ),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_trained(
    capsys: pytest.CaptureFixture[str],
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    wanted: str,
):
    file.with_name("wrong.toml").write_text(GRID.replace("seed", "sed"))
    file.with_name("gated.toml").write_text(GRID.replace("[grid]", 'network = "gated"\n[grid]'))
    monkeypatch.chdir(file.parent)
    code, out, err = said(capsys, "--root", file.parent / "shelf", "sweep", *words)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith(f"latent-lab: {wanted}")
    assert list((file.parent / SWEEPS).glob("*/run.json")) == []


def test_a_mistyped_field_waits_for_no_library(file: Path):
    file.write_text(GRID.replace("seed", "sed"))
    watch = (
        "import atexit, sys; atexit.register(lambda: print(*{'torch', 'numpy', 'ray'} &"
        " {*sys.modules}))\n"
    )
    code = watch + "import runpy; runpy.run_module('core', run_name='__main__', alter_sys=True)"
    command = [sys.executable, "-W", "error", "-c", code, "sweep", str(file)]
    done = subprocess.run(command, cwd=SHELF.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "\n")


def test_the_help_explains_every_engine(capsys: pytest.CaptureFixture[str]):
    code, out, _ = said(capsys, "sweep", "--help")
    assert code == 0
    assert all(f"{name}: " in " ".join(out.split()) for name in ("local", "batched", "ray"))


WILD = """
[run]
data = "digits"
model = "vae"
hidden = [32, 32, 32]
epochs = 1

[grid]
learning_rate = [1, 0.001]
seed = [0, 1]
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "engine", [("--engine", "local", "--slots", "1", "--device", "cpu"), HERE]
)
def test_a_run_that_diverges_is_recorded_and_blocks_no_other(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, engine: tuple[str, ...]
):
    (tmp_path / "wild.toml").write_text(WILD)
    for _ in range(2):  # what failed is tried again
        code, out, err = said(
            capsys,
            "--root",
            tmp_path / "shelf",
            "sweep",
            tmp_path / "wild.toml",
            *engine,
            "--root",
            tmp_path / "root",
        )
        table = rows(tmp_path / "root" / "wild.csv")
        assert [row["state"] for row in table] == ["failed", "failed", "kept", "kept"]
        assert [row["reason"][:28] for row in table] == ["training diverged in epoch 1"] * 2 + [
            ""
        ] * 2
        assert err.count("failed: digits-vae-z2-s") == 2
        assert (code, out.split(":")[0]) == (2, "2 failed, 2 kept")


def test_a_kept_run_that_cannot_be_read_is_trained_again(tmp_path: Path, made: Path):
    root = shutil.copytree(made, tmp_path / "root")
    assert missing([small()], [root]) == []
    document = root / small().key / "run.json"
    text = json.loads(document.read_text())
    document.write_text(json.dumps(text | {"metrics": None}))
    assert missing([small()], [root]) == [small()]


def test_a_run_whose_numbers_cannot_be_read_leaves_the_others_in_the_table(
    tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch, file: Path
):
    def odd(*_: object, **__: object) -> None:
        raise ValueError("codes should be finite")

    monkeypatch.setattr("core.sweep.table.active", odd)
    sweep = read_sweep(file)
    states = [(row["state"], row["reason"]) for row in Table(sweep, tmp_path, [made]).rows()]
    assert sorted(states) == [("failed", "codes should be finite"), *[("missing", "")] * 3]


@pytest.mark.slow
def test_ctrl_c_stops_every_process_and_the_same_command_goes_on(file: Path, tmp_path: Path):
    file.write_text(GRID.replace("epochs = 1", "epochs = 100000"))
    root = tmp_path / "root"
    # Where the tests run in the background, Ctrl-C is ignored from the start.
    code = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "runpy.run_module('core', run_name='__main__', alter_sys=True)"
    command = [
        sys.executable,
        "-c",
        code,
        "sweep",
        str(file),
        "--slots",
        "1",
        "--device",
        "cpu",
        "--root",
        str(root),
    ]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd=SHELF.parent, start_new_session=True
    ) as process:
        assert process.stderr is not None
        assert "images/s" in process.stderr.readline()
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate()
    assert (process.returncode, err.strip()) == (130, STOPPED)
    until(lambda: not alive(process.pid))
    assert [row["state"] for row in rows(root / "small.csv")] == ["missing"] * 4


def alive(group: int) -> bool:
    """Return whether there is any process of a group."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def until(true: Callable[[], object], patience: float = 60) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


class Scripted:
    """An engine that does as told."""

    def __init__(self, steps: list[tuple[RunConfig, int | Outcome]]) -> None:
        self.steps = steps

    def run(self, configs: Any, root: Path, report: Any) -> Any:
        for config, what in self.steps:
            if isinstance(what, Outcome):
                yield what
            else:
                report(config, what)


def test_progress_counts_what_was_seen_and_leaves_out_what_a_failed_run_will_not_see(
    tmp_path: Path,
):
    first, last = small(epochs=2), small(epochs=3)
    told: list[tuple[int, int]] = []
    steps = [
        (first, 100),
        (last, 50),
        (first, Outcome(first, "why")),
        (last, 3000),
        (last, Outcome(last)),
    ]
    images = {first.data: 1000}
    ended = list(
        train_missing(
            [first, last],
            Scripted(steps),
            tmp_path,
            images,
            lambda done, total: told.append((done, total)),
        )
    )
    assert told == [(100, 5000), (150, 5000), (150, 3100), (3100, 3100), (3100, 3100)]
    assert [outcome.reason for outcome in ended] == ["why", ""]
    assert (reason_noted(tmp_path, first), reason_noted(tmp_path, last)) == ("why", "")


def test_a_damaged_run_is_missing_and_one_of_another_folder_is_not(made: Path, tmp_path: Path):
    copy = shutil.copytree(made, tmp_path / "copy")
    (copy / small().key / "codes.npz").unlink()
    assert missing([small()], [copy]) == [small()]
    assert missing([small()], [copy, made]) == []
    assert place_of(small(), [tmp_path, copy, made]) == made


def test_a_table_names_each_run_once_with_what_varies(made: Path, tmp_path: Path, file: Path):
    table = Table(read_sweep(file), tmp_path, [tmp_path, made])
    note(tmp_path, Outcome(small(seed=1), 'a comma, a "quote" and β'))
    found = table.rows()
    assert [row["state"] for row in found] == ["kept", "failed", "missing", "missing"]
    assert len({row["key"] for row in found}) == 4
    assert set(found[0]) == set(table.columns())
    table.write(tmp_path / "t.csv")
    assert rows(tmp_path / "t.csv")[1]["reason"] == 'a comma, a "quote" and β'


def test_without_pyarrow_the_table_is_csv_alone(
    made: Path, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert Table(read_sweep(file), made, [made]).write(tmp_path / "t.csv") == [tmp_path / "t.csv"]
