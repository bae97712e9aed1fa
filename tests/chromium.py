"""The system's Chromium: where it is, and how to get it.

Browser tests and benchmarks drive it by Playwright, which downloads no browser of its own. This
file uses the standard library alone, so that `python3 -m tests.chromium` works before anything is
installed. It installs Debian's `chromium` where it may.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_APPLICATIONS = (
    "Chromium.app/Contents/MacOS/Chromium",
    "Google Chrome.app/Contents/MacOS/Google Chrome",
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
)
HOW_TO_INSTALL = (
    "Browser tests need Chromium or Chrome: `apt-get install chromium` on Debian,"
    " `brew install --cask chromium` on macOS, or google.com/chrome"
)


def find() -> str | None:
    """Return the path of Chromium or Chrome, or None."""
    on_path = [shutil.which(name) for name in NAMES]
    applications = [Path("/Applications") / name for name in MAC_APPLICATIONS]
    paths = [*filter(None, on_path), *(str(path) for path in applications if path.exists())]
    return paths[0] if paths else None


def require() -> str:
    """Return the path of Chromium; without one a test fails in CI and is skipped elsewhere."""
    import pytest

    path = find()
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(HOW_TO_INSTALL)
    return path


def install() -> None:
    """Install Debian's package where apt-get is there and asks no password, in three attempts."""
    before = _root()
    if before is None or not shutil.which("apt-get"):
        return
    print("Installing chromium for the browser tests.", flush=True)
    for pause in (5, 20, 0):
        if _apt(before, "update") and _apt(before, "install", "-y", "chromium"):
            return
        time.sleep(pause)


def _root() -> list[str] | None:
    """Return the words before a command that runs as root, or None where it cannot."""
    if os.name != "posix" or os.geteuid() == 0:
        return []
    allowed = (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0
    )
    return ["sudo", "-n"] if allowed else None


def _apt(before: list[str], *arguments: str) -> bool:
    command = [*before, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", *arguments]
    return subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0


if __name__ == "__main__":
    if find() is None:
        install()
    if find() is None:
        print(HOW_TO_INSTALL, file=sys.stderr)
