"""All benchmarks, one after another, and one table at the end: `make bench`."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

import torch

from tests.benchmarks.measure import ROOT, machine, written

CHECK = ("--quick",)


def main() -> None:
    """Run each script in a process of its own, so that no script warms another up."""
    scripts = [
        ["training"],
        ["sprites"],
        ["app"],
        ["fingers"],
        ["studio"],
        ["load"],
        ["kills"],
        ["likelihood"],
    ]
    scripts += [["disentanglement"], ["sweep"], ["threads"], ["engine"]]
    if torch.cuda.is_available():
        scripts += [[name, "--device", "cuda"] for name in ("training", "sprites", "batched")]
    options = [option for option in CHECK if option in sys.argv]
    results = [_run(script + options) for script in scripts]
    print(
        f"\nMeasured on {machine()}, Python {platform.python_version()}, torch"
        f" {torch.__version__}:\n"
    )
    print("| What | Median (least to most) | To reach |\n| --- | --- | --- |")
    for result in filter(None, results):
        for row in result["figures"]:
            print(f"| {row['what']} | {written(row)} | {row['goal']} |")
    if None in results:
        sys.exit("a benchmark failed; its message is above")


def _run(script: list[str]) -> dict | None:
    """Return what a script printed as JSON, and show the rest as it comes."""
    command = [sys.executable, "-m", f"tests.benchmarks.{script[0]}", *script[1:]]
    result = None
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("{"):
                result = json.loads(line)
            else:
                print(line, end="", flush=True)
    return result


if __name__ == "__main__":
    main()
