"""Sweeps: a grid of runs, trained by one of several engines, gathered into one table.

    FILE.toml -> grid.Sweep -> engines.Engine.run -> folders of runs -> table.rows -> FILE.csv

<root>/<key>/                  each run, as `core.checkpoints` keeps it
<root>/.sweep/<key>.json       why a run failed, until it is trained
<root>/.sweep/<key>.seen       how far a run on a cluster is
"""

from core.sweep.engines import ENGINES, Options, engine_named
from core.sweep.grid import Sweep, read_sweep

SWEEPS = ".sweeps"
"""The folder beside the shelf that a sweep trains into, unless told otherwise."""

__all__ = ["ENGINES", "SWEEPS", "Options", "Sweep", "engine_named", "read_sweep"]
