"""`python -m core fetch` with a few images from this machine in place of MNIST's.

    python -m tests.core.stand_in_fetcher ADDRESS FILE

It is the process that a server starts, but for what it takes for MNIST and where that lies.
"""

from __future__ import annotations

import sys

import pytest

from core.__main__ import main
from core.data import fetching
from tests.core.data.source import pass_for_mnist


def command(address: str) -> tuple[str, ...]:
    """Return the command that fetches from an address, before its argument."""
    return (sys.executable, "-m", "tests.core.stand_in_fetcher", address)


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as monkeypatch:
        pass_for_mnist(monkeypatch)
        monkeypatch.setattr(fetching, "SOURCES", (sys.argv[1],))
        sys.exit(main(["fetch", "--progress", sys.argv[2]]))
