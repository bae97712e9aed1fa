"""Every command of the README, the docs and `--help` is run as it is written.

Those that would train for long or download are stopped before they do.
"""

import contextlib
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.request import urlopen

import pytest
import torch

from core.__main__ import main
from core.config import DataConfig
from core.data import ImageSet, Split, fetching
from core.shelf import SHELF
from core.sweep.local import Local
from core.training import Training
from tests.core.data import source

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
DOCS = [path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))]
"""The blocks of docs/extending.md, the only ones there, are run by `tests/test_extending.py`."""

RUN = {
    "make",
    "python -m core export mnist-ae-z10 mnist-vae-z10",
    "python -m core list",
    "python -m core shelf",
    "python -m core show digits-vae-z2",
    "python -m core show mnist-vae-z2",
    "python -m core train digits vae",
    "python -m core train mnist beta-vae --latents 10 --beta 8",
    "python -m core train sprites beta-vae --latents 10 --device cuda",
}
"""Run as they are written, on a copy of the shelf: runs that lie there are not trained."""

SERVED = {".venv/bin/streamlit run dashboard.py"}
"""Run as they are written until the page is served, and then ended."""

FETCHED = {"python -m core fetch"}
"""Run as they are written, with a few images on this machine in place of MNIST."""

STOPPED = {
    "python -m core measure --train": "trains for hours, on images of MNIST too",
    "python -m core sweep core/sweep/sprites.toml": "trains for hours",
    "python -m core train mnist beta-vae --latents 10 --beta 8 --epochs 30": (
        "trains for minutes, on images of MNIST"
    ),
    "python -m core train sprites infogan --latents 10": "trains for minutes",
}
"""Command -> why it goes no further than to its first step."""

HELD_BACK = {
    "make run": ("downloads packages", "make --dry-run run VENV=none"),
    "make test": ("downloads packages and runs these tests", "make --dry-run test VENV=none"),
    "make check": ("downloads packages", "make --dry-run check VENV=none"),
    "make fast": ("downloads packages and runs these tests", "make --dry-run fast VENV=none"),
    "make shelf": ("trains for hours", "make --dry-run shelf VENV=none"),
    "make bench": ("measures for an hour", "make --dry-run bench VENV=none"),
    "apt-get install chromium": ("needs a network and root", "apt-get --help install chromium"),
    "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt": (
        "downloads packages",
        (
            "python3 -m venv --help .venv && .venv/bin/pip install --dry-run --no-index -r"
            " requirements.txt"
        ),
    ),
    ".venv/bin/pip install -r requirements-dev.txt": (
        "downloads packages",
        ".venv/bin/pip install --dry-run --no-index -r requirements-dev.txt",
    ),
    "pip install -r requirements-ray.txt": (
        "downloads packages",
        "pip install --dry-run --no-index -r requirements-ray.txt",
    ),
    (
        ".venv/bin/ruff format --check . && .venv/bin/ruff check ."
        " && .venv/bin/basedpyright && .venv/bin/pytest"
    ): (
        "runs these tests",
        (
            ".venv/bin/ruff format --check --help . && .venv/bin/ruff check --help ."
            " && .venv/bin/basedpyright --version && .venv/bin/pytest --version"
        ),
    ),
    "python -m tests.benchmarks.engine --firefox": (
        "needs Firefox and measures for a minute",
        "python -m tests.benchmarks.engine --firefox --help",
    ),
    "python -m tests.benchmarks.kills": (
        "measures for minutes",
        "python -m tests.benchmarks.kills --help",
    ),
    "python -m tests.benchmarks.training --device cuda": (
        "needs a GPU",
        "python -m tests.benchmarks.training --device cuda --help",
    ),
    "python -m tests.test_extending": (
        "writes into the docs",
        "python -m tests.test_extending --help",
    ),
}
"""Command -> why it is held back, and the same command with options that hold it back."""


def shell_lines() -> set[str]:
    """Return the commands in the blocks of the README, without their comments."""
    lines = "".join(block for language, block in blocks() if language == "sh").splitlines()
    return {re.sub(r"\s+#.*", "", line) for line in lines}


def blocks() -> list[tuple[str, str]]:
    """Return language and text of each block of the README."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def commands_in_sentences() -> set[str]:
    """Return the commands that the README and the docs name between their blocks."""
    text = "\n".join([README, *DOCS])
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    spans = re.findall(
        r"`((?:(?:\S*python3?|make|pip|apt-get)(?:\s[^`]*)?|streamlit run\s[^`]+))`", text
    )
    return {" ".join(span.split()) for span in spans}


@cache
def commands_in_help() -> frozenset[str]:
    """Return the commands that `--help` shows, of the program and of each of its commands."""
    whole = help_of()
    names = re.findall(r"^    ([a-z]+)  ", whole, flags=re.MULTILINE)
    assert {"train", "sweep", "show"} <= {*names}
    texts = [whole, *(help_of(name) for name in names)]
    return frozenset(
        re.findall(r"^ +(python -m core .+?)(?:  .*)?$", "\n".join(texts), flags=re.MULTILINE)
    )


def help_of(*command: str) -> str:
    """Return what `--help` prints of a command."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), pytest.raises(SystemExit) as exit_:
        main([*command, "--help"])
    assert exit_.value.code == 0
    return output.getvalue()


def test_every_command_that_is_written_is_run_or_listed_with_the_reason_why_not():
    listed = [*RUN, *SERVED, *FETCHED, *STOPPED, *HELD_BACK]
    assert len(listed) == len(set(listed))
    assert shell_lines() | commands_in_sentences() | commands_in_help() == set(listed)


def test_every_block_is_commands_code_or_the_drawing_of_the_floors():
    assert [language for language, _ in blocks()].count("") == 1
    assert {language for language, _ in blocks()} == {"sh", "python", ""}


@pytest.mark.parametrize("written", HELD_BACK)
def test_what_is_held_back_is_the_same_command_with_options(written: str):
    words = iter(HELD_BACK[written][1].split())
    assert all(word in words for word in written.split()), "a word is missing, or stands elsewhere"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the project, its environment, and a copy of the runs that ship."""
    folder = tmp_path_factory.mktemp("checkout")
    for path in ROOT.iterdir():
        if path.name not in (".git", ".venv", SHELF.name, ".seeds", ".sweeps"):
            (folder / path.name).symlink_to(path)
    (folder / ".venv").symlink_to(sys.prefix)
    shutil.copytree(SHELF, folder / SHELF.name, ignore=shutil.ignore_patterns(".*"))
    return folder


def environment(checkout: Path) -> dict[str, str]:
    """Return the variables of a shell with the lab's environment, on a machine without MNIST."""
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    inherited = dict(os.environ)
    for name in ("LATENT_LAB_DATA", "MAKEFLAGS"):
        inherited.pop(name, None)
    own = {
        "PATH": folders,
        "LATENT_LAB_SHELF": str(checkout / SHELF.name),
        "XDG_CACHE_HOME": str(checkout / "cache"),
    }
    return inherited | own


def run(command: list[str], checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=checkout,
        env=environment(checkout),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def skip_without(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not on this machine")


@pytest.mark.slow
@pytest.mark.parametrize("line", sorted(RUN))
def test_a_command_runs_as_it_is_written(checkout: Path, line: str):
    skip_without(line.split()[0])
    before = {path.name for path in (checkout / SHELF.name).iterdir()}
    done = run(["bash", "-c", line], checkout)
    lines = done.stderr.splitlines()
    complaints = [line for line in lines if not line.startswith("measuring ")]
    assert (done.returncode, complaints) == (0, [])
    assert done.stdout
    assert {path.name for path in (checkout / SHELF.name).iterdir()} == before, (
        "nothing should have been trained"
    )


@pytest.mark.slow
@pytest.mark.parametrize("code", [block for language, block in blocks() if language == "python"])
def test_code_runs_as_it_is_written(checkout: Path, code: str):
    done = run(
        [sys.executable, "-W", "error", "-c", code + "\nassert run.metrics['elbo'] < 0\n"],
        checkout,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("line", sorted(SERVED))
def test_the_lab_is_served_by_the_command_as_it_is_written(checkout: Path, line: str):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"PORT": str(port), "ADDRESS": "127.0.0.1", "HEADLESS": "true"}
    variables = environment(checkout) | {
        f"STREAMLIT_SERVER_{name}": value for name, value in settings.items()
    }
    with _started(line, checkout, variables) as process:
        until = time.monotonic() + 60
        while not _answers(f"http://127.0.0.1:{port}/_stcore/health"):
            assert process.poll() is None
            assert time.monotonic() < until, "the lab should answer within a minute"
            time.sleep(0.05)
        assert b"<title>Streamlit" in urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(timeout=60) == 0


@contextlib.contextmanager
def _started(
    line: str, checkout: Path, variables: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    with (checkout / "server.log").open("w") as log:
        process = subprocess.Popen(
            ["bash", "-c", line],
            cwd=checkout,
            env=variables,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(address: str) -> bool:
    try:
        return urlopen(address, timeout=5).status == 200
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("written", HELD_BACK)
def test_a_command_that_is_held_back_by_its_own_options_ends_well(checkout: Path, written: str):
    line = HELD_BACK[written][1]
    skip_without(line.split()[0])
    done = run(["bash", "-c", line], checkout)
    assert done.returncode == 0, done.stderr
    assert not (checkout / "none").exists()


@pytest.mark.parametrize("line", sorted(FETCHED))
def test_the_images_are_fetched_by_the_command_as_it_is_written(
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.delenv("LATENT_LAB_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    source.pass_for_mnist(monkeypatch)
    words = line.removeprefix("python -m core ").split()
    with source.serving(source.files()) as server:
        monkeypatch.setattr(fetching, "SOURCES", (server.address,))
        assert [main(words), main(words)] == [0, 0]
    assert len(server.asked) == 2
    told = capsys.readouterr()
    assert told.out.splitlines() == ["MNIST's images to train on are on this machine"] * 2
    assert "fetching MNIST" in told.err
    assert "100%" in told.err


class FirstStep(Exception):
    """A training has come to its first step."""


@pytest.mark.slow
@pytest.mark.parametrize("line", sorted(STOPPED))
def test_a_command_that_takes_long_comes_to_its_first_step(
    line: str, checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("core.data.load", few_images)
    monkeypatch.setattr(Training, "epochs", at_the_first_step)
    monkeypatch.setattr(Local, "run", at_the_first_step)
    shelf = tmp_path / SHELF.name
    shelf.symlink_to(checkout / SHELF.name)
    words = ["--root", str(shelf), *line.removeprefix("python -m core ").split()]
    with pytest.raises(FirstStep):
        main(words)


def at_the_first_step(*arguments: object, **options: object) -> None:
    raise FirstStep


def few_images(config: DataConfig, **options: object) -> Split:
    """Return black images of the right size, in place of drawn or downloaded ones."""
    pixels = torch.zeros(8, 1, config.size, config.size, dtype=torch.uint8)
    images = ImageSet(pixels=pixels, labels=torch.zeros(8, dtype=torch.int64))
    return Split(images, images)
