import os
from collections import Counter

import pytest

# What is computed here is so small that threads would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Tests read the runs that ship, wherever those of whoever runs them may lie.
os.environ.pop("LATENT_LAB_SHELF", None)

WEIGHTS = {"browser": 5, "slow": 1}
"""Mark -> roughly how many seconds a test with it takes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that processes that share them end together.

    Within a file the tests on a shelf of their own come last, since they empty the dashboard's
    caches.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    cost = Counter()
    for item in items:
        cost[item.path] += sum(WEIGHTS.get(mark.name, 0) for mark in item.iter_markers())
    items.sort(
        key=lambda item: (-cost[item.path], "other_shelf" in getattr(item, "fixturenames", ()))
    )
