"""A trainer that trains nothing, for tests of the queue: it starts at once, without torch.

    python stand_in_trainer.py FINISHED ROOT KEY SERVER

It reports on a job as `core.jobs` does. After the last epoch it puts the run of that key from the
folder FINISHED on the shelf. Only the standard library is used.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

EPOCH_SECONDS = 0.005
IMAGES = 1437
"""Number of images that an epoch counts."""


def main(finished: Path, root: Path, key: str, server: int) -> None:
    """Do the job that a server asks for."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stopping.append(number))

    path = root / ".jobs" / f"{key}.json"
    job = json.loads(path.read_text())
    epochs = job["config"]["train"]["epochs"]
    # The 22nd field of the file is when the process began; the second, in brackets, is its name.
    stat = Path("/proc/self/stat")
    born = int(stat.read_text().rpartition(")")[2].split()[19]) if stat.exists() else 0
    job |= {"state": "running", "pid": os.getpid(), "born": born, "total": epochs * IMAGES}
    write(path, job)

    for epoch in range(1, epochs + 1):
        time.sleep(EPOCH_SECONDS)
        if stopping or os.getppid() != server:
            write(path, job | {"state": "stopped", "images_per_second": 0.0})
            return
        job |= {"epoch": epoch, "seen": epoch * IMAGES, "images_per_second": 1000.0}
        write(path, job)

    shutil.copytree(finished / key, root / f".{key}")
    shutil.rmtree(root / key, ignore_errors=True)
    (root / f".{key}").rename(root / key)
    path.unlink()


def write(path: Path, job: dict[str, object]) -> None:
    """Write a job, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(job))
    part.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
