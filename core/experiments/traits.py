"""What training reached, over seeds: the numbers that ship with a run, for the runs that do not ship too."""

from __future__ import annotations

from core.experiments.kept import Study

TRAITS = Study("traits", "v1", "core.experiments.measuring.traits:measure")
