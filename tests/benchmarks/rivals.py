"""Libraries that ours is held against, each in an environment of its own, .bench/NAME."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from tests.benchmarks.measure import ROOT

HERE = Path(__file__).parent


def environment(name: str) -> Path:
    """Return the folder of a library's environment."""
    return ROOT / ".bench" / name


def installed(name: str) -> Path | None:
    """Return the Python of a library's environment, which is made now where there is none.

    Args:
        name: of the library; NAME.txt beside this file says its packages.

    Returns:
        The path, or None where the library cannot be installed.
    """
    folder, packages = environment(name), (HERE / f"{name}.txt").read_text()
    python, stamp = folder / "bin" / "python", folder / "installed.txt"
    if stamp.exists() and stamp.read_text() == packages:
        return python
    print(f"installing {name} into .bench/{name}", file=sys.stderr)
    venv.create(folder, clear=True, with_pip=True)
    pip = [
        str(python),
        "-m",
        "pip",
        "install",
        "-qq",
        "--disable-pip-version-check",
        "-r",
        str(HERE / f"{name}.txt"),
    ]
    if subprocess.run(pip).returncode:
        print(f"{name} cannot be installed here: only our own figures follow", file=sys.stderr)
        return None
    stamp.write_text(packages)
    return python
